"""Stored readings as lines: the same from the hot window and from a file of the archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.export.stored import StoredLines
from collector.store import SchoolPeriod
from collector.store.memory import StoredReading
from collector.store.storehouse import Storehouse
from probes.model import Outcome
from tests.collector.export.parsed import Parsed, parsed
from tests.collector.store.stock import stock
from tests.collector.store.vocabulary import CATALOG

AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
Lines = Callable[[Sequence[StoredReading]], list[Parsed]]


def reading(**changes: object) -> StoredReading:
    fields: dict[str, object] = {
        "probe": "echo", "school": "s1", "agent": "a1", "session": "x", "target": "gateway",
        "at": AT, "values": {"loss_ratio": 0.25, "rtt_seconds": 0.004},
    }  # fmt: skip
    return StoredReading(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.fixture(params=["hot", "sealed", "merged"])
def lines(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lines]:
    house = Storehouse(tmp_path / "data", CATALOG, lambda: 0)

    def make(readings: Sequence[StoredReading]) -> list[Parsed]:
        stock(house, readings)
        house.store.set_periods([SchoolPeriod("s1", AT, AT + timedelta(minutes=40), "lesson")])
        stored = StoredLines(CATALOG, house.cursor(), house.views, house.archive, house.timetable)
        stored.set_counties({"s1": "340199"})
        if request.param == "hot":
            return [parsed(line) for line in stored.tail(0)[1]]
        files = house.seal()
        if request.param == "merged":
            house.merge(AT.date() + timedelta(days=9), 10_000)
            files = [f for f in house.journal.files() if f.kind == "day"]
        return [
            parsed(line)
            for file in files
            for schools in stored.slices(file, 0)
            for line in stored.of_schools(file, 0, schools) or ()
        ]

    yield make
    house.close()


def test_reading_becomes_one_line_with_its_period_and_county(lines: Lines) -> None:
    assert lines([reading()]) == [
        Parsed(
            "echo",
            {"county": "340199", "school": "s1", "agent": "a1", "target": "gateway",
             "version": "1", "period": "lesson", "clock": "known"},
            {"outcome_code": 1, "loss_ratio": 0.25, "rtt_seconds": 0.004},
            round(AT.timestamp() * 1000),
        )
    ]  # fmt: skip


def test_metric_that_was_not_measured_is_absent(lines: Lines) -> None:
    (line,) = lines([reading(values={"loss_ratio": 1.0}, outcome=Outcome.FAILED, reason="silent")])
    assert line.fields == {"outcome_code": 0, "loss_ratio": 1.0}


def test_reading_that_did_not_run_says_that_and_nothing_else(lines: Lines) -> None:
    (line,) = lines([reading(values={}, outcome=Outcome.NOT_RUN, reason="no_route")])
    assert line.fields == {"outcome_code": 2}


def test_reading_of_unknown_instant_is_marked(lines: Lines) -> None:
    (line,) = lines([reading(known=False)])
    assert line.tags["clock"] == "unknown"


def test_reading_outside_the_timetable_is_off(lines: Lines) -> None:
    (line,) = lines([reading(at=AT + timedelta(hours=2))])
    assert line.tags["period"] == "off"


def test_school_that_left_the_register_has_no_county(lines: Lines) -> None:
    (line,) = lines([reading(school="s2")])
    assert "county" not in line.tags


def test_label_and_target_with_spaces_and_commas_stay_one_tag_each(lines: Lines) -> None:
    labels = {"interface": '以太网 2, "LAN"=x'}
    (line,) = lines(
        [reading(probe="rate", labels=labels, target="a b", values={"received_bits_per_second": 1})]
    )
    assert (line.tags["interface"], line.tags["target"]) == (labels["interface"], "a b")


def test_empty_label_is_no_tag(lines: Lines) -> None:
    (line,) = lines(
        [reading(probe="rate", labels={"interface": ""}, values={"received_bits_per_second": 1})]
    )
    assert "interface" not in line.tags


def test_reading_of_one_device_by_its_mac_address_stays_here(lines: Lines) -> None:
    def seen(mac: str) -> StoredReading:
        return reading(probe="sighting", labels={"mac": mac}, values={"seen": 1})

    told = lines([seen("8c:ec:4b:00:00:01"), seen("all"), seen("-")])
    assert sorted(line.tags["mac"] for line in told) == ["-", "all"]


def test_every_reading_becomes_one_line(lines: Lines) -> None:
    readings = [
        reading(agent=f"a{n % 7}", at=AT + timedelta(seconds=n), values={"loss_ratio": n / 1000})
        for n in range(300)
    ]
    found = lines(readings)
    assert sorted(line.at for line in found) == [round(r.at.timestamp() * 1000) for r in readings]
    assert {(line.at, line.fields["loss_ratio"], line.tags["agent"]) for line in found} == {
        (round(r.at.timestamp() * 1000), r.values["loss_ratio"], r.agent) for r in readings
    }
