"""The remote lessons of some days as spans of time: the list held against the timetable.

A make-up day has the lessons of the day that it stands for; a holiday has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from collector.register.model import School
from collector.remote.model import RemoteLesson
from config.calendar import Calendar

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Occasion:
    """One lesson of the list on one day, [since, until) in UTC."""

    lesson: RemoteLesson
    day: date
    since: datetime
    until: datetime


def occasions(
    lessons: Iterable[RemoteLesson], school: School, calendar: Calendar, first: date, last: date
) -> list[Occasion]:
    """Of the school's `lessons` from `first` to `last`, both included, in order."""
    own = list(lessons)
    found: list[Occasion] = []
    day = first
    while own and day <= last:
        found += _on(day, own, school, calendar)
        day += _DAY
    return sorted(found, key=lambda occasion: occasion.since)


def _on(
    day: date, lessons: Iterable[RemoteLesson], school: School, calendar: Calendar
) -> Iterator[Occasion]:
    followed = calendar.followed(school.calendar, day)
    if followed is None:
        return
    hours = calendar.lesson_hours(school.calendar, day)
    zone = ZoneInfo(school.time_zone)
    for lesson in lessons:
        if lesson.weekday != followed.weekday() or not lesson.runs_on(day):
            continue
        start, end = lesson.start, lesson.end
        if 0 < lesson.number <= len(hours):
            start, end = hours[lesson.number - 1]
        if start is not None and end is not None:
            since, until = (datetime.combine(day, at, zone).astimezone(UTC) for at in (start, end))
            yield Occasion(lesson, day, since, until)
