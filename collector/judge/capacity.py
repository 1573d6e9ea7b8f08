"""What the store knows of the capacity of a school's line, ready to be judged.

The names of the capacity probe stand here and nowhere else in the judge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Literal
from zoneinfo import ZoneInfo

from collector.judge.model import Window
from collector.register.model import School
from collector.store import MetricRef, Point, Statistic, Store, Summary
from config.calendar import Calendar
from probes.catalog import Catalog
from probes.text import Text

CAPACITY = MetricRef("capacity", "capacity_bits_per_second")
DIRECTION = "direction"
VALIDITY = "validity"
VALID = "valid"
LOWER_BOUND = "lower_bound"
Direction = Literal["down", "up"]

NO_PROBE = Text(
    "尚无带宽容量测量：当前版本没有 capacity 探测，实际带宽无从判定。",
    "There is no capacity measurement yet: this version has no probe `capacity`, so what is "
    "delivered cannot be judged.",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """Capacity readings of one school and direction, on the school days of a window.

    Attributes:
        valid: readings that are the capacity.
        bounds: readings that the capacity is known to reach at least.
        valid_days, all_days: school days with a valid reading, and with any.
    """

    since: datetime
    until: datetime
    valid: tuple[float, ...] = ()
    bounds: tuple[float, ...] = ()
    valid_days: int = 0
    all_days: int = 0
    newest: datetime | None = None
    coverage: float | None = None

    @property
    def median_of_valid(self) -> float | None:
        return median(self.valid) if self.valid else None

    @property
    def median_of_all(self) -> float | None:
        """Not above the true median: a bound stands in for something at least as large."""
        every = self.valid + self.bounds
        return median(every) if every else None


@dataclass(slots=True)
class _Pile:
    valid: list[float] = field(default_factory=list)
    bounds: list[float] = field(default_factory=list)
    valid_days: set[date] = field(default_factory=set)
    all_days: set[date] = field(default_factory=set)
    newest: datetime | None = None


def is_measured(catalog: Catalog) -> bool:
    return CAPACITY.probe in catalog


def gather(
    store: Store,
    *,
    calendar: Calendar,
    schools: Sequence[School],
    direction: Direction,
    window: Window,
    now: datetime,
) -> dict[str, Sample]:
    """A Sample for every school, an empty one where nothing was read."""
    groups: dict[tuple[str, str], list[School]] = defaultdict(list)
    for school in schools:
        groups[school.time_zone, school.calendar].append(school)
    found: dict[str, Sample] = {}
    for (zone, name), members in groups.items():
        days = frozenset(calendar.school_days(name, window.first, window.last))
        codes = [school.code for school in members]
        found |= _gather_alike(
            store,
            codes=codes,
            direction=direction,
            window=window,
            zone=ZoneInfo(zone),
            days=days,
            now=now,
        )
    return found


def _gather_alike(
    store: Store,
    *,
    codes: list[str],
    direction: Direction,
    window: Window,
    zone: ZoneInfo,
    days: frozenset[date],
    now: datetime,
) -> dict[str, Sample]:
    """Samples of schools that share a calendar and a time zone."""
    since, until = bounds_of(window, zone, now)
    where = {"school": codes, DIRECTION: direction, VALIDITY: [VALID, LOWER_BOUND]}
    median_ = Statistic("p50")
    # A step of one second leaves every reading by itself: the median is of readings, not of means.
    points = store.series(
        CAPACITY, median_, ("school", VALIDITY), timedelta(seconds=1), since, until, where
    )
    summaries = store.summarise(CAPACITY, median_, ("school",), since, until, where)
    piles = _pile_up(points, zone, days)
    return {
        code: _sample(piles.get(code, _Pile()), summaries.get((code,)), since, until)
        for code in codes
    }


def _pile_up(points: list[Point], zone: ZoneInfo, days: frozenset[date]) -> dict[str, _Pile]:
    piles: dict[str, _Pile] = defaultdict(_Pile)
    for point in points:
        day = point.at.astimezone(zone).date()
        if day not in days:
            continue
        school, validity = point.key
        pile = piles[school]
        pile.all_days.add(day)
        pile.newest = max(pile.newest or point.at, point.at)
        if validity == VALID:
            pile.valid += [point.value] * point.n
            pile.valid_days.add(day)
        else:
            pile.bounds += [point.value] * point.n
    return piles


def _sample(pile: _Pile, summary: Summary | None, since: datetime, until: datetime) -> Sample:
    return Sample(
        since=since,
        until=until,
        valid=tuple(pile.valid),
        bounds=tuple(pile.bounds),
        valid_days=len(pile.valid_days),
        all_days=len(pile.all_days),
        newest=pile.newest,
        coverage=summary.coverage if summary else None,
    )


def bounds_of(window: Window, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """The window as instants, [since, until), never beyond `now`."""
    since = datetime.combine(window.first, time(), zone).astimezone(UTC)
    until = datetime.combine(window.last + timedelta(days=1), time(), zone).astimezone(UTC)
    return since, max(since, min(until, now))
