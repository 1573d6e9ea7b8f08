from __future__ import annotations

from datetime import UTC, date, datetime, time

from collector.remote.model import Kind, RemoteLesson
from collector.remote.occasions import occasions
from config.calendar_file import load_calendar
from tests.collector.judge.town import school

CALENDAR = load_calendar()
SCHOOL = school("1499000001")
TUESDAY = RemoteLesson(line=2, school=SCHOOL.code, weekday=1, kind=Kind.GIVE, number=3)


def days(lesson: RemoteLesson, first: date, last: date) -> list[date]:
    return [found.day for found in occasions([lesson], SCHOOL, CALENDAR, first, last)]


def test_numbered_lesson_has_the_bells_of_its_season() -> None:
    november = occasions([TUESDAY], SCHOOL, CALENDAR, date(2026, 11, 17), date(2026, 11, 17))
    (lesson,) = november
    assert lesson.since == datetime(2026, 11, 17, 2, 20, tzinfo=UTC)  # 10:20 in Shanghai
    assert lesson.until == datetime(2026, 11, 17, 3, 0, tzinfo=UTC)


def test_holiday_has_no_lesson_and_its_make_up_day_has() -> None:
    """Tuesday 6 October 2026 is off; Sunday 20 September has its lessons."""
    found = days(TUESDAY, date(2026, 9, 14), date(2026, 10, 18))
    assert found == [date(2026, 9, d) for d in (15, 20, 22, 29)] + [date(2026, 10, 13)]


def test_lesson_runs_between_its_first_and_last_day() -> None:
    bounded = RemoteLesson(
        line=2, school=SCHOOL.code, weekday=1, kind=Kind.GIVE, start=time(14), end=time(14, 45),
        since=date(2026, 11, 10), until=date(2026, 11, 17),
    )  # fmt: skip
    found = occasions([bounded], SCHOOL, CALENDAR, date(2026, 11, 1), date(2026, 11, 30))
    assert [one.day.day for one in found] == [10, 17]
    assert found[0].since == datetime(2026, 11, 10, 6, 0, tzinfo=UTC)


def test_lesson_that_the_day_does_not_have_never_comes() -> None:
    wednesday = RemoteLesson(line=2, school=SCHOOL.code, weekday=2, kind=Kind.GIVE, number=7)
    assert days(wednesday, date(2026, 11, 1), date(2026, 11, 30)) == []
    assert days(TUESDAY, date(2026, 7, 10), date(2026, 8, 25)) == []
