"""School timetables: which instants are lesson, break, school day or off.

Periods are a pure function of calendar.toml and the public holidays: whoever corrects the data
corrects history. Only the collector uses this; agents get their periods expanded. What happens in a
period (may a probe run, does a fault count) is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from config.public_holidays import PublicYear, statutory_year
from config.strict import PolicyError
from probes.text import Text

PeriodKind = Literal["lesson", "break", "school_day", "off"]
MonthDay = tuple[int, int]
_DAY = timedelta(days=1)


class Stretch(NamedTuple):
    """[since, until) in UTC. An instant in no stretch is `off`."""

    since: datetime
    until: datetime
    kind: PeriodKind


@dataclass(frozen=True, slots=True)
class Bells:
    """The bell schedule of a season, which may run over the turn of the year.

    Attributes:
        day: when the school day begins and ends; what is neither lesson nor break in it (before the
            first bell, lunch, after-school service) is `school_day`.
    """

    name: str
    since: MonthDay
    until: MonthDay
    day: tuple[time, time]
    lessons: tuple[tuple[time, time], ...]

    def holds_on(self, day: date) -> bool:
        return _in_season((day.month, day.day), self.since, self.until)


@dataclass(frozen=True, slots=True)
class Timetable:
    """One named calendar.

    Attributes:
        terms: dated terms, first and last day. Between the first and the last of them they alone
            count; outside, `usual_terms` stand in and the year is provisional.
        lessons_on: how many of the day's lessons are held, Monday first; 0 = no school.
        closed: days without school beyond the public holidays.
        opened: days with school -> the day whose lessons they follow.
    """

    name: str
    title: Text
    terms: tuple[tuple[date, date], ...]
    usual_terms: tuple[tuple[MonthDay, MonthDay], ...]
    lessons_on: tuple[int, ...]
    longest_break: timedelta
    bells: tuple[Bells, ...]
    closed: frozenset[date]
    opened: Mapping[date, date]

    def in_term(self, day: date) -> bool:
        if self.terms_known_on(day):
            return any(since <= day <= until for since, until in self.terms)
        at = (day.month, day.day)
        return any(_in_season(at, since, until) for since, until in self.usual_terms)

    def terms_known_on(self, day: date) -> bool:
        if not self.terms:
            return False
        return min(s for s, _ in self.terms) <= day <= max(u for _, u in self.terms)


@dataclass(frozen=True, slots=True)
class Calendar:
    """All named timetables over the public holidays."""

    timetables: Mapping[str, Timetable]
    notices: Mapping[int, PublicYear]
    revision: str

    def expand(self, name: str, since: datetime, until: datetime, time_zone: str) -> list[Stretch]:
        """Lessons, breaks and the rest of school days in [since, until), in order, cut to it.

        Raises PolicyError for a calendar that does not exist.
        """
        zone = ZoneInfo(time_zone)
        last = until.astimezone(zone).date()
        found: list[Stretch] = []
        day = since.astimezone(zone).date()
        while day <= last:
            for start, end, kind in self._day(name, day):
                begin, finish = (
                    datetime.combine(day, at, zone).astimezone(UTC) for at in (start, end)
                )
                if begin < until and finish > since:
                    found.append(Stretch(max(begin, since), min(finish, until), kind))
            day += _DAY
        return found

    def is_school_day(self, name: str, day: date) -> bool:
        return self._lessons_held(name, day) > 0

    def is_working_day(self, day: date) -> bool:
        """Whether offices work: public holidays and make-up days count, terms do not."""
        # A notice may reach back into December, as in `_followed`.
        years = (day.year, day.year + 1) if day.month == 12 else (day.year,)
        notices = [self._public(year) for year in years]
        if any(day in notice.work for notice in notices):
            return True
        return day.weekday() < 5 and not any(day in notice.off for notice in notices)

    def school_days(self, name: str, first: date, last: date) -> Iterator[date]:
        """The school days from `first` to `last`, both included."""
        day = first
        while day <= last:
            if self.is_school_day(name, day):
                yield day
            day += _DAY

    def provisional(self, year: int, name: str = "default") -> bool:
        return self.why_provisional(year, name) is not None

    def why_provisional(self, year: int, name: str = "default") -> Text | None:
        """Why the periods of `year` may still change; None when they are settled."""
        if not self._public(year).published:
            return Text(
                f"{year} 年的放假调休安排尚未录入，课时为暂定：按法定节假日推算，调休上课日未知。",
                f"The {year} holiday notice has not been entered, so its periods are provisional: "
                "statutory holidays only, make-up days unknown.",
            )
        timetable = self.timetable(name)
        if not all(timetable.terms_known_on(d) for d in (date(year, 1, 1), date(year, 12, 31))):
            return Text(
                f"校历“{name}”没有录入 {year} 年全年的学期，课时为暂定："
                "按通常的开学和放假日期推算。",
                f"Calendar {name!r} has no terms for all of {year}; its periods are provisional: "
                "the usual term dates stand in.",
            )
        return None

    def timetable(self, name: str) -> Timetable:
        try:
            return self.timetables[name]
        except KeyError:
            known = ", ".join(self.timetables)
            raise PolicyError(
                Text(
                    f"没有名为“{name}”的校历；可用的有：{known}。",
                    f"There is no calendar {name!r}; known calendars: {known}.",
                )
            ) from None

    def _public(self, year: int) -> PublicYear:
        return self.notices.get(year) or statutory_year(year)

    def followed(self, name: str, day: date) -> date | None:
        """The day whose lessons `day` has: itself, or that which a make-up day stands for.

        None for a day without lessons.
        """
        follows = self._followed(self.timetable(name), day)
        held = follows and self.timetable(name).lessons_on[follows.weekday()]
        return follows if held else None

    def lesson_hours(self, name: str, day: date) -> tuple[tuple[time, time], ...]:
        """When the lessons of `day` begin and end, in the school's own time, in order."""
        held = self._lessons_held(name, day)
        return self._bells(name, day).lessons[:held] if held else ()

    def _bells(self, name: str, day: date) -> Bells:
        return next(b for b in self.timetable(name).bells if b.holds_on(day))

    def _lessons_held(self, name: str, day: date) -> int:
        """How many lessons `day` has; a make-up day has those of the day it stands for."""
        follows = self.followed(name, day)
        return self.timetable(name).lessons_on[follows.weekday()] if follows else 0

    def _followed(self, timetable: Timetable, day: date) -> date | None:
        """Whether or not any lesson is held on that weekday."""
        if day in timetable.closed:
            return None
        if follows := timetable.opened.get(day):
            return follows
        if not timetable.in_term(day):
            return None
        # A notice may reach back into December: the new year's holiday, or its make-up day.
        years = (day.year, day.year + 1) if day.month == 12 else (day.year,)
        notices = [self._public(year) for year in years]
        if any(day in notice.off for notice in notices):
            return None
        return next((n.work[day] for n in notices if day in n.work), day)

    def _day(self, name: str, day: date) -> Iterator[tuple[time, time, PeriodKind]]:
        held = self._lessons_held(name, day)
        if not held:
            return
        timetable = self.timetable(name)
        bells = self._bells(name, day)
        opening, closing = bells.day
        previous = opening
        for number, (start, end) in enumerate(bells.lessons[:held]):
            if previous < start:
                short = _between(previous, start) <= timetable.longest_break
                yield previous, start, "break" if number and short else "school_day"
            yield start, end, "lesson"
            previous = end
        if previous < closing:
            yield previous, closing, "school_day"


def _in_season(at: MonthDay, since: MonthDay, until: MonthDay) -> bool:
    if since <= until:
        return since <= at <= until
    return at >= since or at <= until


def _between(start: time, end: time) -> timedelta:
    return datetime.combine(date.min, end) - datetime.combine(date.min, start)
