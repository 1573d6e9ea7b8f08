"""The timetabled lessons of a judgement's window, and of which hours of them anything is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from collector.judge.capacity import bounds_of
from collector.judge.model import Window
from collector.judge.presence.model import Span
from collector.register.model import School
from config.calendar import Calendar

UNDERWAY = timedelta(minutes=10)
"""Two batches of a PC: beats younger than this may still be on their way."""
HOUR = timedelta(hours=1)


class Lessons:
    """Per calendar and time zone, expanded once. Lives as long as one judgement."""

    def __init__(self, calendar: Calendar, window: Window, now: datetime) -> None:
        self._calendar = calendar
        self._window = window
        self._now = now
        self._lessons: dict[tuple[str, str], list[Span]] = {}

    def bounds(self, school: School) -> Span:
        """The window as instants, up to where beats have had time to arrive."""
        since, until = bounds_of(self._window, ZoneInfo(school.time_zone), self._now)
        settled = (self._now - UNDERWAY).replace(second=0, microsecond=0)
        return Span(since, max(since, min(until, settled)))

    def of(self, school: School) -> list[Span]:
        key = (school.calendar, school.time_zone)
        if key not in self._lessons:
            span = self.bounds(school)
            stretches = self._calendar.expand(
                school.calendar, span.since, span.until, school.time_zone
            )
            self._lessons[key] = [Span(a, b) for a, b, kind in stretches if kind == "lesson"]
        return self._lessons[key]


def from_then(spans: Iterable[Span], since: datetime) -> list[Span]:
    """What of `spans` lies after `since`."""
    return [Span(max(s.since, since), s.until) for s in spans if s.until > since]


def by_hour(spans: Iterable[Span]) -> Iterator[tuple[datetime, float]]:
    """Each hour of UTC that `spans` touch, and how many seconds of it."""
    for span in spans:
        at = span.since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        while at < span.until:
            part = span.within(Span(at, at + HOUR))
            yield at, part.length.total_seconds()
            at += HOUR


def seconds(spans: Iterable[Span]) -> float:
    return sum(span.length.total_seconds() for span in spans)
