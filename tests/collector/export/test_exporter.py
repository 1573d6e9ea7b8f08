"""The exporter on a real store, with an engine that fails in the ways that engines do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.export.exporter import LOOK_SECONDS, SETTLE_SECONDS, Exporter
from collector.export.sending import Sender
from collector.export.stored import StoredLines
from collector.store.memory import StoredReading
from collector.store.storehouse import Storehouse
from tests.collector.export.engine_double import EngineDouble
from tests.collector.store.stock import stock
from tests.collector.store.vocabulary import CATALOG

BEGIN = datetime(2026, 11, 22, 23, 50, tzinfo=UTC)
EVERY = 5.0


class NoFacts:
    def at(self) -> datetime | None:
        return None

    def lines(self, since: datetime) -> list[str]:
        raise NotImplementedError


class Site:
    """A store, its exporter and an engine, with a clock that the test turns."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.seconds = 0.0
        self.engine = EngineDouble()
        self.facts: object = NoFacts()
        self._made = 0
        self.open()

    def open(self) -> None:
        self.house = Storehouse(self._folder, CATALOG, self.wall)
        self.house.store.set_periods([])
        house = self.house
        stored = StoredLines(CATALOG, house.cursor(), house.views, house.archive, house.timetable)
        stored.set_counties({"s1": "340199"})
        self.exporter = Exporter(
            house.journal, house.writer, stored, self.facts,  # type: ignore[arg-type]
            self.engine, Sender(self.engine), EVERY, self.wall, lambda: self.seconds,
        )  # fmt: skip

    def wall(self) -> int:
        return round((BEGIN.timestamp() + self.seconds) * 1000)

    def reopen(self) -> None:
        self.house.close()
        self.open()

    def measure(self, count: int = 20) -> None:
        """So many readings, ten seconds apart, of three agents; the clock goes with them."""
        readings = []
        for _ in range(count):
            self._made += 1
            self.seconds += 10
            readings.append(
                StoredReading(
                    probe="echo", school="s1", agent=f"a{self._made % 3}", session="x",
                    target="gateway", at=BEGIN + timedelta(seconds=self.seconds),
                    values={"loss_ratio": self._made / 1000},
                )
            )  # fmt: skip
        stock(self.house, readings, each=4)

    def settle(self) -> None:
        """Rounds until nothing is left to do; the engine must be there."""
        for _ in range(100):
            self.seconds += 0.001
            if self.exporter.round() == EVERY:
                return
        raise AssertionError("there is always more to do")

    def later(self, seconds: float) -> None:
        self.seconds += seconds
        self.exporter.round()

    def complete(self) -> bool:
        """Whether the engine holds every reading."""
        held = {re.findall(r"loss_ratio=([0-9.]+)", line)[0] for line in self.engine.lines}
        return held == {f"{n / 1000}" for n in range(1, self._made + 1)}

    def owed(self) -> int:
        with self.house.journal.debts() as debts:
            return len(debts.unsent())


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "data")
    yield made
    made.house.close()


def test_new_readings_are_told_once(site: Site) -> None:
    site.measure()
    site.settle()
    site.measure()
    site.settle()
    assert site.complete()
    assert set(site.engine.told.values()) == {1}


def test_nothing_is_told_before_periods_are_known(tmp_path: Path) -> None:
    site = Site(tmp_path / "data")
    house = Storehouse(tmp_path / "other", CATALOG, site.wall)
    stored = StoredLines(CATALOG, house.cursor(), house.views, house.archive, house.timetable)
    stored.set_counties({})
    exporter = Exporter(
        house.journal,
        house.writer,
        stored,
        NoFacts(),
        site.engine,
        Sender(site.engine),
        EVERY,
        site.wall,
        lambda: 0.0,
    )
    assert exporter.round() < EVERY
    assert site.engine.writes == 0
    house.close()
    site.house.close()


def test_sealing_sends_nothing_again(site: Site) -> None:
    site.measure()
    site.settle()
    site.house.seal()
    site.settle()
    assert site.complete()
    assert set(site.engine.told.values()) == {1}


def test_readings_that_were_sealed_while_the_engine_was_away_follow(site: Site) -> None:
    site.measure()
    site.settle()
    site.engine.away = True
    for _ in range(3):
        site.measure()
        site.house.seal()
        site.later(60)
    assert not site.complete()
    site.engine.away = False
    site.settle()
    assert site.complete()
    assert site.owed() == 0


def test_what_was_told_long_before_the_outage_is_not_told_again(site: Site) -> None:
    site.measure()
    site.settle()
    site.engine.flush()
    site.later(SETTLE_SECONDS + LOOK_SECONDS)
    site.engine.away = True
    site.measure()
    site.house.seal()
    site.engine.away = False
    site.settle()
    assert site.complete()
    assert max(site.engine.told.values()) == 1


def test_readings_that_were_merged_while_the_engine_was_away_follow(site: Site) -> None:
    site.engine.away = True
    for _ in range(3):
        site.measure()
        site.house.seal()
        site.later(60)
    site.house.merge((BEGIN + timedelta(days=3)).date(), 10_000)
    site.engine.away = False
    site.settle()
    assert site.complete()


def test_engine_that_goes_away_between_two_writes_gets_the_rest_later(site: Site) -> None:
    site.engine.away = True
    for _ in range(4):
        site.measure()
        site.house.seal()
    site.engine.away = False
    site.engine.fails_after = 2
    site.later(LOOK_SECONDS)
    assert not site.complete()
    site.engine.away, site.engine.fails_after = False, None
    site.settle()
    assert site.complete()


def test_collector_that_restarts_goes_on_where_it_was(site: Site) -> None:
    site.measure()
    site.settle()
    site.measure()
    site.reopen()
    site.settle()
    assert site.complete()
    assert set(site.engine.told.values()) == {1}


def test_engine_that_crashed_gets_its_last_minutes_again(site: Site) -> None:
    site.measure()
    site.settle()
    site.engine.flush()
    site.measure(3)
    site.settle()
    site.engine.crash()
    site.later(LOOK_SECONDS)
    site.settle()
    assert site.complete()


def test_engine_that_crashed_after_a_sealing_gets_its_last_minutes_again(site: Site) -> None:
    site.measure()
    site.settle()
    site.house.seal()
    site.engine.crash()
    site.later(LOOK_SECONDS)
    site.settle()
    assert site.complete()


def test_engine_that_crashed_while_the_collector_was_down_gets_them_too(site: Site) -> None:
    site.measure(3)
    site.settle()
    site.engine.crash()
    site.reopen()
    site.settle()
    assert site.complete()


def test_what_the_engine_has_held_for_long_is_not_sent_again_after_its_crash(site: Site) -> None:
    site.measure()
    site.settle()
    site.engine.flush()
    site.later(SETTLE_SECONDS + 1)
    old = set(site.engine.lines)
    site.measure(3)
    site.settle()
    site.engine.crash()
    site.later(LOOK_SECONDS)
    site.settle()
    assert site.complete()
    assert {site.engine.told[line] for line in old} == {1}


def test_line_that_the_engine_refuses_holds_up_no_other(site: Site) -> None:
    site.engine.refuses = "loss_ratio=0.007 "
    site.measure()
    site.settle()
    assert len(site.engine.lines) == 19
    assert site.exporter.figures()["export_refused_lines"] == 1


def test_lines_that_are_too_old_for_the_engine_are_counted_and_not_sent_one_by_one(
    site: Site,
) -> None:
    site.engine.drops_all = True
    site.measure()
    site.settle()
    assert site.engine.writes == 1
    assert site.exporter.figures()["export_refused_lines"] == 20


def test_engine_that_is_away_is_asked_less_and_less_often(site: Site) -> None:
    site.measure()
    site.engine.away = True
    waits = [site.exporter.round() for _ in range(6)]
    assert waits == sorted(waits)
    assert EVERY < waits[0] < waits[-1] == 60


def test_engine_says_when_to_come_again(site: Site) -> None:
    site.measure()
    site.exporter.round()
    site.measure()
    site.engine.away, site.engine.retry_after = True, 120
    assert site.exporter.round() == 120


def test_trouble_is_shown_until_it_is_over(site: Site) -> None:
    site.measure()
    site.engine.away = True
    site.exporter.round()
    assert site.exporter.figures()["export_trouble"] is not None
    site.engine.away = False
    site.settle()
    assert site.exporter.figures()["export_trouble"] is None


def test_lag_grows_while_the_engine_is_away_and_ends_with_it(site: Site) -> None:
    site.measure()
    site.settle()
    site.engine.away = True
    site.measure()
    site.later(600)
    assert site.exporter.figures()["export_lag_seconds"] == pytest.approx(795, abs=10)
    site.engine.away = False
    site.settle()
    assert site.exporter.figures()["export_lag_seconds"] == 0


def test_all_from_a_day_on_can_be_sent_again(site: Site) -> None:
    site.measure(120)  # over midnight
    site.settle()
    site.house.seal()
    site.measure(5)
    site.settle()
    site.engine.loose.clear()
    second = (BEGIN + timedelta(days=1)).date()
    rows = site.exporter.owe_all(second)
    site.settle()
    midnight = datetime(2026, 11, 23, tzinfo=UTC).timestamp() * 1000
    again = [line for line, times in site.engine.told.items() if times == 2]
    assert rows == len([line for line in again if int(line.split()[-1]) >= midnight]) - 5
    assert {int(line.split()[-1]) >= midnight for line in again} == {True}


def test_everything_can_be_sent_to_an_engine_that_lost_its_disk(site: Site) -> None:
    site.measure(120)
    site.settle()
    site.house.seal()
    site.measure(5)
    site.settle()
    site.engine.loose.clear()
    site.exporter.owe_all(BEGIN.date())
    site.settle()
    assert site.complete()


def test_export_that_is_turned_off_owes_nothing(site: Site) -> None:
    site.engine.away = True
    site.measure()
    site.house.seal()
    assert site.owed() == 1
    with site.house.journal.debts() as debts:
        debts.stop()
    assert site.owed() == 0
    site.measure()
    site.house.seal()
    assert site.owed() == 0


def test_day_that_expires_is_owed_no_more(site: Site) -> None:
    site.engine.away = True
    site.measure()
    site.house.seal()
    site.house.merge((BEGIN + timedelta(days=3)).date(), 0)
    assert site.owed() == 0


def test_rows_that_the_engine_threw_away_are_reported(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.settle()
    site.engine.dropped = 7
    site.later(LOOK_SECONDS)
    assert "threw 7 rows away" in caplog.text
    assert site.exporter.figures()["export_refused_lines"] == 7


def test_rows_that_an_engine_threw_away_before_this_start_are_not_reported_again(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.settle()
    site.engine.dropped = 7
    site.reopen()
    site.settle()
    assert "rows away" not in caplog.text
    assert site.exporter.figures()["export_refused_lines"] == 0


def test_rows_that_an_engine_threw_away_stay_counted_when_it_starts_anew(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.settle()
    site.engine.dropped = 7
    site.later(LOOK_SECONDS)
    site.engine.crash()
    site.engine.dropped = 2
    site.later(LOOK_SECONDS + 1)
    assert "threw 2 rows away" in caplog.text
    assert site.exporter.figures()["export_refused_lines"] == 9


class Facts:
    """One judgement a minute, and what flips were asked for."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.asked: list[datetime] = []

    def at(self) -> datetime | None:
        return BEGIN + timedelta(minutes=self._site.seconds // 60)

    def lines(self, since: datetime) -> list[str]:
        self.asked.append(since)
        return [f"verdict verdict_code=1.0 {round(self._site.seconds)}"]


def test_each_judgement_is_told_once(site: Site) -> None:
    site.facts = Facts(site)
    site.reopen()
    for _ in range(6):
        site.later(20)
    verdicts = [line for line in site.engine.told if line.startswith("verdict")]
    assert len(verdicts) == 3


def test_flips_of_an_outage_are_asked_for_when_it_is_over(site: Site) -> None:
    facts = site.facts = Facts(site)
    site.reopen()
    site.later(60)
    before = facts.at()
    site.engine.away = True
    site.later(7200)
    site.engine.away = False
    site.later(60)
    assert before is not None
    assert facts.asked[-1] <= before


def test_flips_that_an_engine_may_have_lost_in_its_crash_are_asked_for_again(site: Site) -> None:
    facts = site.facts = Facts(site)
    site.reopen()
    site.later(60)
    told = facts.at()
    site.engine.away = True
    site.later(7200)
    site.engine.away = False
    site.engine.crash()
    site.later(60)
    assert told is not None
    assert facts.asked[-1] <= told - timedelta(seconds=SETTLE_SECONDS)
