"""A line that is throttled in mid-run raises a state within minutes, and nothing else does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.judge.moment import Sources
from collector.judge.observe import observe
from collector.judge.watch import Watch
from collector.register.model import State, Watched
from collector.register.register import Register
from collector.store.memory import MemoryStore, StoredReading
from config.calendar import Calendar
from config.policy_folder import POLICY_FOLDER, CountyFolder
from config.strict import PolicyError
from config.threshold import Threshold
from config.threshold_file import load_thresholds
from probes.model import Role
from tests.collector.judge.town import agent, school
from tests.fakes.capacity_probe import capacity_reading, with_capacity

CATALOG = with_capacity()
FILE = "threshold-line-delivery.toml"
A = "9934000001"
START = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
UP, DEGRADED, UNKNOWN = State.UP, State.DEGRADED, State.UNKNOWN


class Line:
    """A gateway on a contract of 100 Mbit/s, measured every ten minutes, judged every minute."""

    def __init__(self, folder: Path, calendar: Calendar) -> None:
        self.schools = [school(A)]
        self.agents = [agent("gw", A, Role.GATEWAY)]
        self.store = MemoryStore(CATALOG)
        self.now = START
        self.register = Register.open(folder / "register.sqlite3", lambda: self.now)
        thresholds = load_thresholds(CATALOG)
        rows = {row.id: row for row in thresholds.rows}
        sources = Sources(self.store, CATALOG, calendar, rows, START - timedelta(days=1))
        self.watch = Watch(self.register, sources, thresholds.revision, timedelta(days=190))

    def run(self, minutes: int, mbit: float | None, **labels: str) -> None:
        for _ in range(minutes):
            self.now += MINUTE
            at = self.now - timedelta(seconds=20)
            heard = StoredReading(
                probe="host_resources", at=at, school=A, agent="gw",
                values={"disk_free_bytes": 50e9},
            )  # fmt: skip
            self.store.readings.append(heard)
            if mbit is not None and self.now.minute % 10 == 0:
                self.store.readings.append(capacity_reading(A, at, mbit, **labels))  # type: ignore[arg-type]
            self.watch.judge(self.schools, self.agents, self.now)

    def flips(self) -> list[tuple[State, State]]:
        found = reversed(self.register.flips(limit=100))
        return [(f.before, f.after) for f in found if f.watched.threshold == "line_delivery"]

    @property
    def state(self) -> State:
        standings = self.watch.states.of(A)
        return next(s.state for s in standings if s.threshold.id == "line_delivery")


@pytest.fixture
def line(tmp_path: Path, calendar: Calendar) -> Iterator[Line]:
    made = Line(tmp_path, calendar)
    yield made
    made.register.close()


def test_throttled_line_flips_within_half_an_hour_and_recovers(line: Line) -> None:
    line.run(60, 98)
    assert (line.state, line.flips()) == (UP, [])
    throttled = line.now
    line.run(30, 40)
    assert line.flips() == [(UP, DEGRADED)]
    (flip,) = (f for f in line.register.flips() if f.watched.threshold == "line_delivery")
    assert flip.at - throttled <= 25 * MINUTE
    assert (flip.value, flip.bound, flip.unit, flip.n) == (0.4, 0.9, "ratio", 3)
    line.run(40, 98)
    assert line.flips() == [(UP, DEGRADED), (DEGRADED, UP)]


def test_one_odd_reading_raises_nothing(line: Line) -> None:
    line.run(60, 98)
    line.run(10, 5)
    line.run(60, 98)
    assert line.flips() == []


@pytest.mark.parametrize(
    "labels",
    [
        {"vantage": "wifi"},
        {"vantage": "wired"},
        {"layer": "transport"},
        {"direction": "up"},
        {"target": "education_network"},
        {"validity": "lower_bound"},
    ],
)
def test_what_is_not_the_line_raises_nothing(line: Line, labels: dict[str, str]) -> None:
    line.run(60, 98)
    for _ in range(6):
        line.run(10, 5, **labels)
        line.store.readings.append(capacity_reading(A, line.now - MINUTE, 98))
    assert line.flips() == []


def test_silence_about_the_line_is_unknown_and_neither_good_nor_bad(line: Line) -> None:
    line.run(60, 98)
    line.run(130, None)
    assert line.flips() == [(UP, UNKNOWN)]


def test_line_without_a_contract_has_no_state(line: Line) -> None:
    bare = replace(line.schools[0].links[0], contract_down_bits_per_second=None)
    line.schools = [replace(line.schools[0], links=(bare,))]
    line.run(60, 5)
    assert [s for s in line.watch.states.of(A) if s.threshold.id == "line_delivery"] == []


def threshold(folder: Path, old: str, new: str) -> Threshold:
    text = (POLICY_FOLDER / FILE).read_text("utf-8")
    assert old in text
    (folder / FILE).write_text(text.replace(old, new), "utf-8")
    (row,) = load_thresholds(CATALOG, folder).rows
    return row


@pytest.mark.parametrize(("statistic", "share"), [("p50", 0.8), ("min", 0.7), ("max", 0.9)])
def test_only_the_newest_readings_count(tmp_path: Path, statistic: str, share: float) -> None:
    row = threshold(tmp_path, 'statistic = "p50"', f'statistic = "{statistic}"')
    values = (10, 20, 70, 90, 80)
    store = MemoryStore(
        CATALOG, [capacity_reading(A, START + n * MINUTE, v) for n, v in enumerate(values)]
    )
    found = observe(store, row, {A: school(A)}, START, START + timedelta(hours=1))
    seen = found[Watched(A, "gw", "line", "line_delivery")]
    assert (seen.value, seen.n, seen.last) == (share, 3, START + 4 * MINUTE)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("newest = 3", "newest = 0", "newest"),
        ("newest = 3", "newest = 99", "newest"),
        ('statistic = "p50"', 'statistic = "p95"', "newest"),
        ('vantage = ["gateway"]', 'side = ["gateway"]', r"labels\.side"),
        ('vantage = ["gateway"]', 'vantage = "gateway"', r"labels\.vantage"),
    ],
)
def test_mistake_is_refused_naming_file_and_key(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    with pytest.raises(PolicyError, match=rf"{FILE}.*{named}"):
        threshold(tmp_path, old, new)


def test_tolerance_of_the_alert_is_that_of_the_finding(tmp_path: Path) -> None:
    """Two files name it; whoever changes one is told of the other."""
    from config.line_file import load_lines

    shutil.copy(POLICY_FOLDER / FILE, tmp_path)
    (row,) = load_thresholds(CATALOG, tmp_path).rows
    assert row.degraded is not None
    assert row.degraded.value == load_lines(CountyFolder(tmp_path / "none")).delivery.tolerance
