"""What lessons had to themselves, and in which the line was full.

One school week, 33 lessons of 40 minutes, with a look each minute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from collector.judge.judge import Judge
from collector.judge.model import Figure
from collector.judge.periods import school_periods
from collector.register.model import Link, School
from collector.store.memory import MemoryStore
from config.calendar import Calendar
from config.policy import Policies
from tests.collector.judge.town import MBIT, catalog, school
from tests.fakes.capacity_probe import capacity_reading

NOW = datetime(2026, 11, 23, 0, 10, tzinfo=UTC)
"""Monday before the first lesson: last week is complete."""
MONDAY = datetime(2026, 11, 15, 16, tzinfo=UTC)
WINDOW = datetime(2026, 10, 24, 16, tzinfo=UTC)
"""Midnight of the first of the thirty days that are judged."""
CODE = "A"
MINUTE = timedelta(minutes=1)


class Week:
    """A line of 100 Mbit/s: `used` Mbit/s by number of lesson and minute, None for a lost look."""

    def __init__(self, calendar: Calendar, policies: Policies, one: School | None = None) -> None:
        self.school = one or school(CODE, classes=10)
        self.store = MemoryStore(catalog())
        periods = school_periods(calendar, [self.school], WINDOW, NOW)
        self.store.set_periods(periods)
        self.lessons = [p for p in periods if p.kind == "lesson" and p.since >= MONDAY]
        self.before = len([p for p in periods if p.kind == "lesson"]) - len(self.lessons)
        self.judge = Judge(catalog(), policies, calendar)

    def use(self, used: Callable[[int, int], float | None], **labels: str) -> None:
        for number, lesson in enumerate(self.lessons):
            for minute in range(40):
                carried = used(number, minute)
                if carried is None:
                    continue
                reading = capacity_reading(
                    CODE,
                    lesson.since + minute * MINUTE,
                    used=carried,
                    available=100 - carried,
                    **{"tier": "t0", "validity": "inconclusive", "why": "not_full", **labels},  # type: ignore[arg-type]
                )
                self.store.readings.append(reading)

    def read(self, lessons: int, mbit: float = 100, **labels: str) -> None:
        """One reading of the capacity in each of the first so many lessons."""
        for lesson in self.lessons[:lessons]:
            at = lesson.since + 17 * MINUTE
            self.store.readings.append(capacity_reading(CODE, at, mbit, **labels))  # type: ignore[arg-type]

    def figures(self) -> dict[str, Figure]:
        found = self.judge.judge([self.school], self.store, [], NOW.date(), NOW)
        return {shown.indicator: shown.figure for shown in found.figures}


@pytest.fixture
def week(calendar: Calendar, policies: Policies) -> Week:
    return Week(calendar, policies)


def test_four_fifths_of_the_lesson_looks_reach_what_is_called_available(week: Week) -> None:
    week.use(lambda lesson, minute: 70.0 if minute < 7 else 20.0)  # 17.5 % of the looks are busy
    figures = week.figures()
    whole = figures["available_bits_per_second_p20_in_lessons"]
    assert (whole.value, whole.n) == (80 * MBIT, 33 * 40)
    each = figures["available_bits_per_second_per_class_p20_in_lessons"]
    assert each.value == 8 * MBIT
    assert "10 个班，每班 8 Mbit/s" in each.reason.zh
    week.store.readings.clear()
    week.use(lambda lesson, minute: 70.0 if minute < 9 else 20.0)  # 22.5 %
    assert week.figures()["available_bits_per_second_p20_in_lessons"].value == 30 * MBIT


def test_nights_breaks_uploads_and_pcs_play_no_part_in_what_is_available(week: Week) -> None:
    week.use(lambda lesson, minute: 20.0)
    week.use(lambda lesson, minute: 99.0, direction="up")
    week.use(lambda lesson, minute: 99.0, vantage="wifi", agent="pc-1")
    night = MONDAY + timedelta(days=1)
    week.store.readings += [
        capacity_reading(CODE, night + n * MINUTE, used=100, available=0) for n in range(480)
    ]
    found = week.figures()["available_bits_per_second_p20_in_lessons"]
    assert (found.value, found.n) == (80 * MBIT, 33 * 40)


def test_nothing_is_available_that_was_not_read(week: Week) -> None:
    for name in (
        "available_bits_per_second_p20_in_lessons",
        "available_bits_per_second_per_class_p20_in_lessons",
        "congested_lessons_count",
    ):
        assert week.figures()[name].value is None


def test_lesson_is_congested_when_use_comes_to_the_capacity_for_a_while(week: Week) -> None:
    week.use(lambda lesson, minute: 95.0 if lesson < 4 and minute in (11, 12) else 40.0)
    found = week.figures()["congested_lessons_count"]
    assert (found.value, found.n) == (4.0, 33)
    assert "33 节有数据，其中 4 节线路被用满（12.1%）" in found.reason.zh


def test_one_full_look_is_a_download_and_no_congested_lesson(week: Week) -> None:
    week.use(lambda lesson, minute: 100.0 if minute == 11 else 40.0)
    assert week.figures()["congested_lessons_count"].value == 0


def test_lesson_at_four_fifths_is_not_congested(week: Week) -> None:
    week.use(lambda lesson, minute: 80.0)
    assert week.figures()["congested_lessons_count"].value == 0


def test_upload_congests_a_lesson_too(week: Week) -> None:
    week.use(lambda lesson, minute: 10.0)
    week.use(lambda lesson, minute: 100.0 if lesson == 3 else 1.0, direction="up")
    assert week.figures()["congested_lessons_count"].value == 1


def test_passive_look_that_saw_the_line_full_makes_a_congested_lesson(week: Week) -> None:
    week.read(5, 60, tier="t0")
    found = week.figures()["congested_lessons_count"]
    assert (found.value, found.n) == (5.0, 5)


def test_lessons_of_which_nothing_is_known_are_neither_congested_nor_free(week: Week) -> None:
    week.use(lambda lesson, minute: 95.0 if lesson < 4 else None)
    found = week.figures()["congested_lessons_count"]
    assert (found.value, found.n) == (4.0, 4)
    assert found.coverage == 4 / (33 + week.before)


def test_use_without_a_known_capacity_congests_nothing(week: Week) -> None:
    for lesson in week.lessons:
        week.store.readings.append(capacity_reading(CODE, lesson.since, used=500))
    assert week.figures()["congested_lessons_count"].value is None


def test_coverage_counts_lessons_with_a_valid_reading_of_the_line(week: Week) -> None:
    week.read(30)
    week.read(30, tier="t0")  # a second one in the same lesson adds nothing
    week.read(33, validity="lower_bound")
    week.read(33, vantage="wifi", agent="pc-1")
    found = week.figures()["capacity_coverage_ratio_in_lessons"]
    lessons = 33 + week.before
    assert found.value == 30 / lessons
    assert f"{lessons} 节课中 30 节有读数；本项目要求 95%，尚未达到。" in found.reason.zh


def test_coverage_of_a_window_without_lessons_is_not_known(
    calendar: Calendar, policies: Policies
) -> None:
    judge = Judge(catalog(), policies, calendar)
    august = datetime(2026, 8, 20, 4, tzinfo=UTC)
    found = judge.judge([school(CODE)], MemoryStore(catalog()), [], august.date(), august)
    figures = {shown.indicator: shown.figure for shown in found.figures}
    assert figures["capacity_coverage_ratio_in_lessons"].value is None


EDU = Link(name="edu", role="edu_net", contract_down_bits_per_second=50 * MBIT)


def test_school_without_an_education_network_is_told_nothing_of_one(week: Week) -> None:
    assert not [name for name in week.figures() if name.startswith("education_network")]


def test_education_network_has_its_own_figures_and_adds_nothing_to_the_line(
    calendar: Calendar, policies: Policies
) -> None:
    one = school(CODE, classes=10)
    week = Week(calendar, policies, replace(one, links=(*one.links, EDU)))
    week.read(33, 48, target="education_network")
    week.read(11, target="education_network", validity="blocked", why="nothing_arrived")
    figures = week.figures()
    assert figures["education_network_bits_per_second"].value == 48 * MBIT
    reachable = figures["education_network_reachable_ratio"]
    assert (reachable.value, reachable.n) == (0.75, 44)
    judged = week.judge.judge([week.school], week.store, [], NOW.date(), NOW)
    delivered = {leg.value for v in judged.schools for leg in v.finding.legs[1:2]}
    assert delivered == {None}
    contracted = {leg.value for v in judged.schools for leg in v.finding.legs[:1]}
    assert contracted == {100 * MBIT, 10 * MBIT}
