"""A corrected timetable corrects last week's lesson figures, and no reading is touched.

Which instants are lessons is config's business, and how stores answer that of their contract.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collector.judge.periods import school_periods
from collector.register.model import School
from collector.store import MetricRef, PeriodKind, Statistic, Summary
from collector.store.memory import StoredReading
from collector.store.storehouse import Storehouse
from config.calendar_file import CALENDAR_FILE, load_calendar
from tests.collector.store.stock import stock
from tests.collector.store.vocabulary import CATALOG

SCHOOL = School(code="9934000001", name="示例实验学校", adcode="340199")
ZONE = ZoneInfo(SCHOOL.time_zone)
MONDAY = datetime(2026, 11, 16, tzinfo=ZONE)
"""Of last week: in term, no holiday, 33 lessons of 40 minutes in the example timetable."""
NEXT_MONDAY = MONDAY + timedelta(days=7)
STEP = timedelta(minutes=10)
LESSON_READINGS = 33 * 4
LOSS = MetricRef("echo", "loss_ratio")

FIRST_LESSON = ('["08:20", "09:00"]', '["08:00", "08:40"]')
CLOSED_WEDNESDAY = ("closed = []", 'closed = [{ day = 2026-11-18, why = "停电" }]')


def last_week() -> list[StoredReading]:
    """One each ten minutes; everything is lost from 08:00 to 08:20, and nothing at other times."""
    instants = [MONDAY + n * STEP for n in range(7 * 24 * 6)]
    return [
        StoredReading(
            probe="echo",
            at=at.astimezone(UTC),
            school=SCHOOL.code,
            agent="agent-1",
            values={"loss_ratio": float(at.hour == 8 and at.minute < 20)},
        )
        for at in instants
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def house(folder: Path) -> Iterator[Storehouse]:
    """Last week in every state that readings live in: merged, sealed, and in the journal."""
    opened = Storehouse(folder, CATALOG, lambda: round(NEXT_MONDAY.timestamp() * 1000))
    readings = last_week()
    stock(opened, readings[:300])
    opened.seal()
    opened.merge(date(2026, 11, 24), retention_days=190)
    stock(opened, readings[300:600])
    opened.seal()
    stock(opened, readings[600:])
    yield opened
    opened.close()


def enter(house: Storehouse, calendar: Path) -> None:
    """What the collector does when it starts, or the register or the day changes."""
    since, until = MONDAY - timedelta(days=190), NEXT_MONDAY + timedelta(days=60)
    house.store.set_periods(school_periods(load_calendar(calendar), [SCHOOL], since, until))


def corrected(folder: Path, correction: tuple[str, str]) -> Path:
    """The shipped calendar with one change."""
    text = CALENDAR_FILE.read_text("utf-8")
    assert correction[0] in text
    path = folder / "corrected.toml"
    path.write_text(text.replace(*correction, 1), "utf-8")
    return path


def figure(house: Storehouse, statistic: str, period: PeriodKind | None) -> Summary:
    """Of last week's loss."""
    found = house.store.summarise(
        LOSS, Statistic.parse(statistic), ["school"], MONDAY, NEXT_MONDAY, {}, period
    )
    return found[SCHOOL.code,]


def content(folder: Path) -> dict[str, str]:
    """Every file of the store with the hash of what it holds; -shm is memory, not content."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".sqlite3-shm")
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_moved_lesson_moves_last_weeks_figures(house: Storehouse, tmp_path: Path) -> None:
    enter(house, CALENDAR_FILE)
    before = figure(house, "mean", "lesson")
    enter(house, corrected(tmp_path, FIRST_LESSON))
    after = figure(house, "mean", "lesson")
    assert before.n == after.n == LESSON_READINGS
    assert before.value == 0
    # Two lost readings on each of five mornings are in lessons now.
    assert after.value == pytest.approx(10 / LESSON_READINGS)


def test_day_that_was_closed_leaves_last_weeks_lessons(house: Storehouse, tmp_path: Path) -> None:
    enter(house, CALENDAR_FILE)
    before = figure(house, "count", "off")
    enter(house, corrected(tmp_path, CLOSED_WEDNESDAY))
    after = figure(house, "count", "off")
    lessons = figure(house, "count", "lesson")
    assert lessons.value == LESSON_READINGS - 6 * 4
    assert after.value - before.value == (17 * 60 + 30 - (7 * 60 + 40)) / 10  # 07:40 to 17:30


@pytest.mark.parametrize("correction", [FIRST_LESSON, CLOSED_WEDNESDAY])
def test_correction_touches_no_reading(
    house: Storehouse, folder: Path, tmp_path: Path, correction: tuple[str, str]
) -> None:
    enter(house, CALENDAR_FILE)
    figure(house, "mean", "lesson")
    files, of_all_time = content(folder), figure(house, "mean", None)
    assert [kind for kind in ("-day-", "-part-") if kind in " ".join(files)] == ["-day-", "-part-"]
    assert house.journal.count() > 0

    enter(house, corrected(tmp_path, correction))
    figure(house, "mean", "lesson")
    house.store.latest(LOSS, ["school"], {})
    assert content(folder) == files
    assert figure(house, "mean", None) == of_all_time
    assert of_all_time.n == len(last_week())
