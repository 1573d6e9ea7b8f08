"""What a lesson notices of measuring. The school's line is measured thirty times as often as it is
elsewhere, while a PC has a meeting and another counts its round trips.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import pytest

from collector.register.model import School
from tests import stalls
from tests.lab import lesson, pupils
from tests.lab.county import County
from tests.lab.network import WORLD, Network
from tests.lab.programs import Programs
from tests.lab.space import Space, Spaces, lab

pytestmark = [pytest.mark.long, pytest.mark.root, pytest.mark.server("ip", "tc", "iperf3", "ping")]
CODE = "9934000001"
MBIT, MEETING_MBIT = 50, 10
ACTIVE_SECONDS = 20
PING_SECONDS, PINGS, ROUNDS = 0.01, 200, 25
PATIENCE = 90.0
_PORT = 5201
_TRIP = re.compile(r"time=([0-9.]+) ms")


@dataclass(frozen=True)
class Lesson:
    """`added`: milliseconds of each round trip beyond their median; `runs` of each tier."""

    added: list[float]
    runs: dict[str, float]

    def beyond(self, ms: float) -> float:
        """The share of the time, as trips are even in it, for which so much was added."""
        return sum(added > ms for added in self.added) / len(self.added)


@pytest.fixture(scope="module")
def held() -> Iterator[Lesson]:
    with lab() as (spaces, folder):
        programs = Programs(folder)
        try:
            yield _hold(spaces, folder, programs)
        finally:
            programs.end_all()


def _hold(spaces: Spaces, folder: Path, programs: Programs) -> Lesson:
    network = Network(spaces)
    county = County(network, folder, programs)
    now = datetime.now(UTC)
    school = School(code=CODE, name=CODE, adcode="340199", time_zone=lesson.zone_of_noon(now))
    often = lesson.policies(now.date(), every=5, active=ACTIVE_SECONDS, watch=4)
    county.prepare([school], often, lesson.SETTINGS)
    county.start_collector()
    line = network.line()
    line.shape(MBIT, MBIT)
    net = network.school(line)
    programs.start("far-end", pupils.server(network.world, _PORT))
    pupils.wait_until_it_listens(network.world, _PORT)
    meeting = pupils.udp(MEETING_MBIT, _PORT, pupils.ALL_DAY)
    programs.start("meeting", net.pcs[0].command(*meeting))
    county.enrol(CODE, net.gateway)
    programs.wait(lambda: bool(_runs(county)), "the line was measured", PATIENCE)
    return Lesson(_added(net.pcs[0]), _runs(county))


def _runs(county: County) -> dict[str, float]:
    """How often the line was loaded, by tier."""
    rows = county.ask(
        "/v1/query", metric="capacity.spent_bytes", statistic="count", by="tier", since="1h"
    )
    return {row["tier"]: row["value"] for row in rows or [] if row["tier"] in ("t1", "t2")}


def _added(pc: Space) -> list[float]:
    """Rounds over which the machine stood still do not count; so many more are made, at most."""
    rounds: list[list[float]] = []
    for _ in range((1 + stalls.RERUNS) * ROUNDS):
        stalls.watch.forget()
        taken = _trips(pc)
        if not stalls.watch.saw_one():
            rounds.append(taken)
        if len(rounds) == ROUNDS:
            break
    trips = [ms for taken in rounds for ms in taken]
    assert len(trips) > 0.99 * PINGS * ROUNDS
    middle = median(trips)
    return [ms - middle for ms in trips]


def _trips(pc: Space) -> list[float]:
    words = ("ping", "-n", "-i", str(PING_SECONDS), "-c", str(PINGS), WORLD)
    told = subprocess.run(
        pc.command(*words), capture_output=True, text=True, timeout=60, check=True
    )
    return [float(ms) for ms in _TRIP.findall(told.stdout)]


def test_trains_pass_in_both_directions(held: Lesson) -> None:
    assert held.runs["t1"] >= 4


def test_streams_never_start(held: Lesson) -> None:
    assert "t2" not in held.runs


def test_round_trips_grow_for_a_hundredth_of_the_time_at_most(held: Lesson) -> None:
    assert held.beyond(ms=3) <= 0.01


def test_round_trips_grow_by_30_ms_at_most(held: Lesson) -> None:
    # One of a thousand is the machine's own: it runs the whole county.
    assert held.beyond(ms=30) <= 0.001
