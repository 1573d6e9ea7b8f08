"""Readings of two probes, numbered, and how many of them a store's own queries see."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from collector.store import MetricRef, SchoolPeriod, Statistic
from collector.store.memory import StoredReading
from collector.store.storehouse import Storehouse

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)
LESSON = SchoolPeriod("s1", NOON, NOON + timedelta(seconds=30), "lesson")
_COUNTED = ("echo.rtt_seconds", "rate.received_bits_per_second")


def echo(n: int, at: datetime, agent: str = "a1") -> StoredReading:
    values = {"rtt_seconds": float(n), "loss_ratio": random.random()}
    return StoredReading(
        school="s1", agent=agent, probe="echo", target="t", at=at, values=values
    )  # fmt: skip


def rate(n: int, at: datetime, agent: str = "a1") -> StoredReading:
    return StoredReading(
        school="s1", agent=agent, probe="rate", target="t", at=at,
        values={"received_bits_per_second": n + random.random()}, labels={"interface": "eth0"},
    )  # fmt: skip


def readings(first: int) -> list[StoredReading]:
    """One probe on two days and another on the second of them, with numbers from `first` on."""
    found = []
    for n in range(first, first + 12):
        at = NOON + timedelta(days=n % 2, seconds=n)
        found.append(echo(n, at, f"a{n % 3}"))
        if n % 2:
            found.append(rate(n, at, f"a{n % 3}"))
    return found


def many_readings(first: int) -> list[StoredReading]:
    """Two probes on one day, in values that do not compress."""
    instants = [(n, NOON + timedelta(seconds=n)) for n in range(first, first + 3000)]
    return [make(n, at) for n, at in instants for make in (echo, rate)]


def answered(house: Storehouse) -> int:
    """How many values the store's own queries see."""
    span = NOON - timedelta(days=9), NOON + timedelta(days=9)
    found = 0
    for metric in _COUNTED:
        answer = house.store.summarise(MetricRef.parse(metric), Statistic("count"), [], *span, {})
        found += sum(summary.n for summary in answer.values())
    return found
