"""The timetable of every school as the store wants it; agents are sent the same stretches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from collector.register.model import School
from collector.store import SchoolPeriod
from config.calendar import Calendar, Stretch


def school_periods(
    calendar: Calendar, schools: Iterable[School], since: datetime, until: datetime
) -> list[SchoolPeriod]:
    """Lessons, breaks and the rest of school days of each school in [since, until).

    Raises PolicyError for a school whose calendar does not exist.
    """
    stretches: dict[tuple[str, str], list[Stretch]] = {}
    found: list[SchoolPeriod] = []
    for school in schools:
        key = (school.calendar, school.time_zone)
        if key not in stretches:
            stretches[key] = calendar.expand(school.calendar, since, until, school.time_zone)
        found += [SchoolPeriod(school.code, *stretch) for stretch in stretches[key]]
    return found
