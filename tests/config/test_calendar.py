from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendar import Calendar, Stretch
from config.calendar_file import CALENDAR_FILE, load_calendar
from config.public_holidays import statutory_year
from config.strict import PolicyError

CHINA = "Asia/Shanghai"


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return load_calendar()


def changed(folder: Path, old: str, new: str) -> Path:
    """The shipped calendar with one change."""
    text = CALENDAR_FILE.read_text("utf-8")
    assert old in text
    path = folder / "calendar.toml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


def day_of(calendar: Calendar, day: date, name: str = "default") -> list[tuple[str, str, str]]:
    since = datetime.combine(day, datetime.min.time(), ZoneInfo(CHINA)).astimezone(UTC)
    stretches = calendar.expand(name, since, since + timedelta(days=1), CHINA)
    return [(clock(s.since), clock(s.until), s.kind) for s in stretches]


def clock(at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(CHINA)):%H:%M}"


def lessons(calendar: Calendar, day: date) -> list[tuple[str, str]]:
    return [(since, until) for since, until, kind in day_of(calendar, day) if kind == "lesson"]


def test_school_day_has_lessons_breaks_and_a_rest(calendar: Calendar) -> None:
    assert day_of(calendar, date(2026, 11, 23)) == [
        ("07:40", "08:20", "school_day"),
        ("08:20", "09:00", "lesson"),
        ("09:00", "09:10", "break"),
        ("09:10", "09:50", "lesson"),
        ("09:50", "10:20", "break"),
        ("10:20", "11:00", "lesson"),
        ("11:00", "11:10", "break"),
        ("11:10", "11:50", "lesson"),
        ("11:50", "14:00", "school_day"),
        ("14:00", "14:40", "lesson"),
        ("14:40", "14:50", "break"),
        ("14:50", "15:30", "lesson"),
        ("15:30", "15:40", "break"),
        ("15:40", "16:20", "lesson"),
        ("16:20", "17:30", "school_day"),
    ]


def test_plain_saturday_is_off(calendar: Calendar) -> None:
    assert day_of(calendar, date(2026, 11, 21)) == []


def test_national_day_is_off(calendar: Calendar) -> None:
    assert day_of(calendar, date(2026, 10, 1)) == []


def test_working_day_given_off_in_exchange_is_off(calendar: Calendar) -> None:
    assert date(2026, 10, 7).weekday() == 2
    assert not calendar.is_school_day("default", date(2026, 10, 7))


def test_make_up_saturday_has_the_lessons_of_the_day_it_stands_for(calendar: Calendar) -> None:
    # 2026-10-10 stands for Wednesday the 7th, and Wednesdays have six lessons.
    assert len(lessons(calendar, date(2026, 10, 10))) == 6
    assert len(lessons(calendar, date(2026, 5, 9))) == 7


def test_make_up_day_outside_the_terms_is_off(calendar: Calendar) -> None:
    assert date(2026, 2, 14) in calendar.notices[2026].work
    assert day_of(calendar, date(2026, 2, 14)) == []


def test_afternoon_is_later_under_summer_bells(calendar: Calendar) -> None:
    assert lessons(calendar, date(2026, 6, 1))[4] == ("14:30", "15:10")
    assert lessons(calendar, date(2026, 11, 23))[4] == ("14:00", "14:40")


def test_winter_bells_hold_over_the_turn_of_the_year(calendar: Calendar) -> None:
    assert lessons(calendar, date(2026, 1, 5))[0] == ("08:20", "09:00")
    assert lessons(calendar, date(2026, 4, 30))[0] == ("08:20", "09:00")


def test_named_calendar_has_its_own_bells(calendar: Calendar) -> None:
    assert ("20:10", "21:30", "lesson") in day_of(calendar, date(2026, 11, 23), "senior")


def test_unknown_calendar_is_named_with_those_that_exist(calendar: Calendar) -> None:
    with pytest.raises(PolicyError, match=r"'night'.*default, senior"):
        calendar.is_school_day("night", date(2026, 11, 23))


def test_year_without_published_make_up_days_is_provisional_and_says_so(
    calendar: Calendar,
) -> None:
    assert not calendar.provisional(2026)
    assert calendar.provisional(2040)
    why = calendar.why_provisional(2040)
    assert why is not None
    assert "2040" in why.zh
    assert "暂定" in why.zh


def test_year_that_the_terms_do_not_cover_is_provisional(calendar: Calendar) -> None:
    why = calendar.why_provisional(2024)
    assert why is not None
    assert "terms" in why.en


def test_statutory_holidays_stand_in_for_a_missing_notice(calendar: Calendar) -> None:
    assert 2040 not in calendar.notices
    assert not calendar.is_school_day("default", date(2040, 10, 1))


def test_usual_terms_stand_in_for_years_without_dated_terms(calendar: Calendar) -> None:
    assert calendar.is_school_day("default", date(2018, 12, 3))
    assert not calendar.is_school_day("default", date(2018, 8, 1))


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_notice_agrees_with_the_holidays_package(calendar: Calendar, year: int) -> None:
    notice, package = calendar.notices[year], statutory_year(year)
    assert notice.work == package.work
    assert {d for d in notice.off if d.weekday() < 5} == {d for d in package.off if d.weekday() < 5}


def test_package_supplies_the_make_up_days_of_older_years(calendar: Calendar) -> None:
    # 2018-12-29, a Saturday, stands for Monday the 31st.
    assert len(lessons(calendar, date(2018, 12, 29))) == 7
    assert not calendar.is_school_day("default", date(2018, 12, 31))


def test_corrected_timetable_changes_a_past_day(calendar: Calendar, tmp_path: Path) -> None:
    corrected = load_calendar(changed(tmp_path, '["08:20", "09:00"]', '["08:15", "08:55"]'))
    assert lessons(corrected, date(2026, 11, 16))[0] == ("08:15", "08:55")
    assert corrected.revision != calendar.revision


def test_single_day_can_be_closed_or_opened_with_a_reason(tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        "closed = []\nopened = []",
        'closed = [{ day = 2026-11-23, why = "大雪停课" }]\n'
        'opened = [{ day = 2026-11-28, follows = 2026-11-25, why = "补大雪停课" }]',
    )
    corrected = load_calendar(path)
    assert lessons(corrected, date(2026, 11, 23)) == []
    assert len(lessons(corrected, date(2026, 11, 28))) == 6


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("longest_break_minutes = 40", "longest_brake_minutes = 40", "longest_break_minutes"),
        ('until = "04-30"', 'until = "04-20"', "bells"),
        ('["08:20", "09:00"]', '["09:20", "09:00"]', "lessons"),
        ('["08:20", "09:00"]', '["8点", "09:00"]', "lessons"),
        ("lessons_on = [7, 7, 6, 7, 6, 0, 0]", "lessons_on = [7, 7, 6]", "lessons_on"),
        ("[2025-09-01, 2026-01-30]", "[2026-09-01, 2026-01-30]", "terms"),
        ("[calendar.default]", "[calendar.usual]", "calendar"),
        ("year = 2024", 'year = 2024\nsource = "-"', "source"),
    ],
)
def test_mistake_is_refused_naming_file_and_key(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    with pytest.raises(PolicyError, match=rf"calendar\.toml: .*{named}"):
        load_calendar(changed(tmp_path, old, new))


@given(
    start=st.datetimes(datetime(2025, 9, 1), datetime(2027, 1, 31)),
    hours=st.integers(1, 24 * 9),
    cut=st.floats(0, 1),
)
def test_expanding_in_two_parts_gives_the_same_lesson_time(
    calendar: Calendar, start: datetime, hours: int, cut: float
) -> None:
    since = start.replace(tzinfo=UTC)
    until = since + timedelta(hours=hours)
    middle = since + (until - since) * cut
    whole = calendar.expand("default", since, until, CHINA)
    parts = calendar.expand("default", since, middle, CHINA) + calendar.expand(
        "default", middle, until, CHINA
    )
    assert total(whole, "lesson") == total(parts, "lesson")
    assert all(a.until <= b.since for a, b in pairwise(whole))
    assert all(since <= s.since < s.until <= until for s in whole)


def total(stretches: list[Stretch], kind: str) -> timedelta:
    return sum((s.until - s.since for s in stretches if s.kind == kind), timedelta())
