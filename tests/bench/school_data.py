"""Readings with the entropy of a school's machines, each agent with its own.

Rates follow the bells, shares walk slowly, round trips scatter, most counts rest at zero. The
entropy that a series really has is computed and printed with every benchmark that uses it.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from probes.catalog import Catalog
from probes.model import Metric, Unit
from probes.wire import Record, round_to

MINUTE_MS = 60_000
INTERFACES = ("eth0", "eth1")
TARGETS = ("collector", "platform")


@dataclass(frozen=True, slots=True)
class Series:
    """One line of an agent's minute: a probe with its target and labels."""

    probe: str
    target: str
    labels: dict[str, str]
    metrics: tuple[Metric, ...]


def minute_of(catalog: Catalog, probes: Iterable[str]) -> list[Series]:
    """What a gateway's minute consists of."""
    found = []
    for name in probes:
        probe = catalog[name]
        targets = TARGETS if probe.aimed else ("local",)
        values = INTERFACES if "interface" in probe.labels else ("datagram",)
        for target in targets:
            for value in values if probe.labels else ("",):
                labels = dict.fromkeys(probe.labels, value)
                found.append(Series(name, target, labels, probe.measures))
    return found


class School:
    """The state of one agent's series; `minute` gives its next readings."""

    def __init__(self, minute: list[Series], seed: int) -> None:
        self._minute = minute
        self._random = random.Random(seed)
        self._walks: dict[tuple[int, str], float] = {}

    def minute(self, at: int) -> Iterator[Record]:
        for number, series in enumerate(self._minute):
            values = {m.name: self._value(number, m) for m in series.metrics}
            yield Record(
                probe=series.probe,
                at=at + 40 * number + self._random.randrange(8),
                target=series.target,
                labels=series.labels,
                values=values,
            )

    def _value(self, number: int, metric: Metric) -> float:
        value = round_to(self._raw(number, metric), metric.resolution)
        low = -math.inf if metric.minimum is None else metric.minimum
        high = math.inf if metric.maximum is None else metric.maximum
        return min(max(value, low), high)

    def _raw(self, number: int, metric: Metric) -> float:
        dice = self._random
        match metric.unit:
            case Unit.BOOLEAN:
                return 0.0 if dice.random() < 0.001 else 1.0
            case Unit.RATIO if "loss" in metric.name or "error" in metric.name:
                return 0.25 if dice.random() < 0.01 else 0.0
            case Unit.RATIO:
                return self._walk(number, metric, 0.4, 0.004)
            case Unit.SECONDS if "uptime" in metric.name:
                key = (number, metric.name)
                self._walks[key] = self._walks.get(key, 1e6 * dice.random()) + 60
                return self._walks[key]
            case Unit.SECONDS:
                return 0.002 * math.exp(dice.gauss(0, 0.15))
            case Unit.BITS_PER_SECOND if "speed" in metric.name or "link" in metric.name:
                return 1e9
            case Unit.BITS_PER_SECOND:
                return 2e7 * math.exp(dice.gauss(0, 0.5))
            case Unit.BYTES:
                return self._walk(number, metric, 4e9, 1e6)
            case Unit.CELSIUS:
                return self._walk(number, metric, 50, 0.2)
        return 1.0 if dice.random() < 0.02 else 0.0

    def _walk(self, number: int, metric: Metric, start: float, step: float) -> float:
        key = (number, metric.name)
        value = self._walks.get(key, start * (0.5 + self._random.random()))
        if self._random.random() < 0.3:
            value += self._random.gauss(0, step)
        self._walks[key] = value
        return value


def entropy_bits(values: Iterable[float]) -> float:
    """Empirical entropy of the differences between neighbours, in bits a value."""
    listed = list(values)
    steps = Counter(b - a for a, b in zip(listed, listed[1:], strict=False))
    total = sum(steps.values())
    return -sum(n / total * math.log2(n / total) for n in steps.values())
