"""The instrument `capacity` on loopback: what it asks for, what it tells, what it never tells."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import probes.instruments.capacity as capacity_module
import probes.measuring.active as active_module
from probes.instruments.capacity import (
    AVAILABLE,
    CAPACITY,
    SPENT,
    USED,
    Capacity,
    CapacitySettings,
)
from probes.measuring.active import Measured
from probes.measuring.line import line_of
from probes.measuring.permit import Direction, Permit, Tier, Wanted
from probes.model import Outcome, ProbeError, Reading, Target
from probes.train.estimate import Outcome as Told
from tests.collector.measure.measuring import serving

from .conftest import Measure

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="the loopback is called lo on Linux"),
]

LINE = Target("line", "127.0.0.1")


class Office:
    """Gives what it was made with, or refuses."""

    def __init__(self, permit: Permit | None = None, refusal: str = "") -> None:
        self._permit = permit
        self._refusal = refusal
        self.asked = list[Wanted]()
        self.given_back = list[int]()

    async def ask(self, wanted: Wanted) -> Permit:
        self.asked.append(wanted)
        if self._permit is None:
            raise ProbeError(self._refusal)
        return self._permit

    async def give_back(self, permit: Permit, spent_bytes: int) -> None:
        self.given_back.append(spent_bytes)


def gateway(office: Office | None, **settings: Any) -> Capacity:
    given: dict[str, Any] = {
        "watch_seconds": 4,
        "active_seconds": 1,
        "is_gateway": True,
        "interface": "lo",
    }
    return Capacity(CapacitySettings(**(given | settings)), office)


def labels(readings: list[Reading], name: str) -> list[str]:
    return [reading.labels[name] for reading in readings if reading.labels]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity_module, "FIRST_SECONDS", 0.0)


def told(monkeypatch: pytest.MonkeyPatch, *found: Measured) -> None:
    """Have a measurement that loads the line come out like this."""

    async def measure(*_: Any) -> tuple[Measured, ...]:
        return found

    monkeypatch.setattr(active_module, "measure", measure)


def permit() -> Permit:
    return Permit("1", "127.0.0.1", 9, "token", Tier.STREAMS, 10**7, 1e9, 60)


async def test_gateway_without_an_office_tells_what_is_used_and_loads_nothing(
    measure: Measure,
) -> None:
    readings = await measure(gateway(None), LINE)
    assert labels(readings, "tier") == ["t0", "t0"]
    assert labels(readings, "validity") == ["inconclusive", "inconclusive"]
    assert all(USED in reading.values for reading in readings)
    assert all(CAPACITY not in reading.values for reading in readings)
    assert all(reading.values[SPENT] == 0 for reading in readings)


async def test_real_trains_and_streams_go_both_ways(measure: Measure) -> None:
    async with serving() as here:
        office = Office(here.permit(most_bytes=40_000_000))
        readings = await measure(gateway(office), LINE)
    loading = [reading for reading in readings if reading.labels["tier"] != "t0"]
    assert {reading.labels["direction"] for reading in loading} == {"down", "up"}
    assert office.asked == [Wanted("line", Tier.STREAMS, None)]
    assert office.given_back == [sum(reading.values[SPENT] for reading in loading)]
    assert office.given_back[0] > 0


async def test_refusal_is_told_beside_what_was_watched(measure: Measure) -> None:
    readings = await measure(gateway(Office(refusal="over_budget")), LINE)
    assert [(reading.outcome, reading.reason) for reading in readings] == [
        (Outcome.OK, ""),
        (Outcome.OK, ""),
        (Outcome.NOT_RUN, "over_budget"),
    ]


async def test_pc_without_leave_measures_nothing() -> None:
    with pytest.raises(ProbeError, match="not_sentinel"):
        await gateway(Office(refusal="not_sentinel"), is_gateway=False).measure(LINE)


@pytest.mark.parametrize(
    ("is_wireless", "vantage"), [(True, "wifi"), (False, "wired"), (None, "wired")]
)
async def test_pc_never_stands_for_the_line(
    monkeypatch: pytest.MonkeyPatch, is_wireless: bool | None, vantage: str
) -> None:
    told(monkeypatch, Measured(Direction.DOWN, Tier.TRAINS, Told.VALID, "", 50e6))
    line = replace(line_of("lo"), is_wireless=is_wireless)
    monkeypatch.setattr(capacity_module, "line_of", lambda _: line)
    readings = await gateway(Office(permit()), is_gateway=False).measure(LINE)
    assert labels(readings, "vantage") == [vantage]


async def test_what_is_blocked_is_told_as_blocked_and_has_no_rate(
    measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(monkeypatch, Measured(Direction.UP, Tier.TRAINS, Told.BLOCKED, "udp_blocked"))
    *_, blocked = await measure(gateway(Office(permit())), LINE)
    assert (blocked.outcome, blocked.reason) == (Outcome.FAILED, "blocked")
    assert (blocked.labels["validity"], blocked.labels["why"]) == ("blocked", "udp_blocked")
    assert CAPACITY not in blocked.values
    assert AVAILABLE not in blocked.values


async def test_lower_bound_says_nothing_of_what_is_available(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told(
        monkeypatch,
        Measured(Direction.DOWN, Tier.STREAMS, Told.LOWER_BOUND, "machine_limited", 1e9),
    )
    *_, bound = await gateway(Office(permit())).measure(LINE)
    assert bound.values[CAPACITY] == 1e9
    assert AVAILABLE not in bound.values


async def test_valid_capacity_is_remembered_to_say_what_is_available(
    measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    valid = Measured(Direction.DOWN, Tier.STREAMS, Told.VALID, "", 50e6, 0.01, 0.02)
    told(monkeypatch, valid)
    office = Office(permit())
    probe = gateway(office, active_seconds=3600)
    await measure(probe, LINE)
    down, up, *more = await measure(probe, LINE)
    assert down.values[AVAILABLE] == pytest.approx(50e6 - down.values[USED])
    assert AVAILABLE not in up.values
    assert more == []  # the next one that loads the line is due in an hour


async def test_what_the_line_carries_is_asked_for_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told(
        monkeypatch,
        Measured(Direction.DOWN, Tier.STREAMS, Told.VALID, "", 80e6),
        Measured(Direction.UP, Tier.TRAINS, Told.VALID, "", 20e6),
    )
    office = Office(permit())
    probe = gateway(office, active_seconds=1)
    await probe.measure(LINE)
    await probe.measure(LINE)
    assert [wanted.bits_per_second for wanted in office.asked] == [None, 80e6]


async def test_server_that_is_full_is_no_fault_of_the_line() -> None:
    async with serving() as here:
        given = here.permit()
        office = Office(given)
        first = gateway(office)
        await first.measure(LINE)
        *_, again = await gateway(Office(given)).measure(LINE)  # the token is used up
    assert (again.outcome, again.reason) == (Outcome.NOT_RUN, "server_refused")


def test_worst_run_still_ends_before_its_deadline() -> None:
    longest = CapacitySettings(watch_seconds=15)
    assert Capacity(longest).longest_seconds() < Capacity.deadline_seconds


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(Capacity)
