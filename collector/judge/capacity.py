"""What the store knows of the capacity of a school's line, ready to be judged.

The names of the capacity probe stand here and nowhere else in the judge. Only what a gateway
measured at the IP layer counts, and where none measures what a dedicated sentinel did over a wire
and the counters of the line confirm (wired_readings.py). A PC's Wi-Fi, a wired PC or a TCP rate
never stands for the line.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from statistics import median
from typing import Literal
from zoneinfo import ZoneInfo

from collector.judge.model import Window
from collector.register.model import School
from collector.store import MetricRef, Point, Statistic, Store
from config.calendar import Calendar
from probes.catalog import Catalog
from probes.text import Text

CAPACITY = MetricRef("capacity", "capacity_bits_per_second")
USED = MetricRef("capacity", "used_bits_per_second")
AVAILABLE = MetricRef("capacity", "available_bits_per_second")
SPENT = MetricRef("capacity", "spent_bytes")
"""In every reading that says anything, also in one without a capacity: 0 where nothing was sent."""
DIRECTION, VALIDITY, TIER, WHY = "direction", "validity", "tier", "why"
LAYER, VANTAGE = "layer", "vantage"
VALID, LOWER_BOUND, INCONCLUSIVE, BLOCKED = "valid", "lower_bound", "inconclusive", "blocked"
PASSIVE = "t0"
IP, GATEWAY, WIRED = "ip", "gateway", "wired"
COUNTED: Mapping[str, tuple[str, ...]] = {LAYER: (IP,), VANTAGE: (GATEWAY,)}
"""What a reading must be to say anything of a line, where a gateway measures."""
BY_GATEWAY = Text("网关", "gateway")
Line = Literal["line", "education_network"]
LINE: Line = "line"
"""The target that is the primary line."""
EDUCATION_NETWORK: Line = "education_network"
"""The target that is a second uplink; it never adds to the primary line."""
Direction = Literal["down", "up"]
AT_A_TIME = 32
"""Schools in one question for single readings: some 300 000 of them."""

NO_PROBE = Text(
    "当前版本没有 capacity 探测，实际带宽无从判定。",
    "This version has no probe `capacity`, so what is delivered cannot be judged.",
)


@dataclass(frozen=True, slots=True)
class Day:
    """The valid readings of one school day, in bits a second."""

    day: date
    n: int
    median: float
    least: float


@dataclass(frozen=True, slots=True)
class Sample:
    """Capacity readings of one school and direction, on the school days of a window.

    Attributes:
        valid: readings that are the capacity.
        bounds: readings that the capacity is known to reach at least.
        valid_days, all_days: school days with a valid reading, and with any.
        by_day: each school day with a valid reading, in order.
        coverage: share of the lessons with a valid reading; None while there was no lesson.
        lessons: how many lessons that is of.
        instead: what came that does not count, in words; None where everything counts.
        tried, blocked: measurements that loaded the line, and those of them that were blocked.
        vantage: where the readings were taken, in words; None without any.
    """

    since: datetime
    until: datetime
    valid: Sequence[float] = ()
    bounds: Sequence[float] = ()
    valid_days: int = 0
    all_days: int = 0
    newest: datetime | None = None
    coverage: float | None = None
    by_day: tuple[Day, ...] = ()
    lessons: int = 0
    instead: Text | None = None
    tried: int = 0
    blocked: int = 0
    vantage: Text | None = None

    @property
    def median_of_valid(self) -> float | None:
        return median(self.valid) if self.valid else None

    @property
    def median_of_all(self) -> float | None:
        """Not above the true median: a bound stands in for something at least as large."""
        every = [*self.valid, *self.bounds]
        return median(every) if every else None


Reader = Callable[[Store, Sequence[str], Direction, Line, datetime, datetime], list[Point]]
"""The readings of schools in [since, until) that count, by (school, validity)."""


@dataclass(slots=True)
class _Pile:
    valid: dict[date, list[float]] = field(default_factory=dict)
    bounds: dict[date, list[float]] = field(default_factory=dict)
    taken: list[datetime] = field(default_factory=list)
    newest: datetime | None = None


def is_measured(catalog: Catalog) -> bool:
    return CAPACITY.probe in catalog


def by_gateways(
    store: Store, codes: Sequence[str], direction: Direction, line: Line, since: datetime,
    until: datetime,
) -> list[Point]:  # fmt: skip
    where = {
        **COUNTED,
        "school": codes,
        "target": (line,),
        DIRECTION: direction,
        VALIDITY: (VALID, LOWER_BOUND),
    }
    # A step of one second leaves every reading by itself: the median is of readings, not of means.
    return store.series(
        CAPACITY, Statistic("p50"), ("school", VALIDITY), timedelta(seconds=1), since, until, where
    )


def gather(
    store: Store,
    *,
    calendar: Calendar,
    schools: Sequence[School],
    direction: Direction,
    window: Window,
    now: datetime,
    line: Line = LINE,
    read: Reader = by_gateways,
    vantage: Callable[[str], Text] = lambda _school: BY_GATEWAY,
) -> dict[str, Sample]:
    """A Sample for every school, an empty one where nothing was read."""
    found: dict[str, Sample] = {}
    for some in some_at_a_time(schools):
        zone, name = ZoneInfo(some[0].time_zone), some[0].calendar
        since, until = bounds_of(window, zone, now)
        points = read(store, [school.code for school in some], direction, line, since, until)
        days = frozenset(calendar.school_days(name, window.first, window.last))
        piles = _pile_up(points, zone, days)
        stretches = calendar.expand(name, since, until, str(zone)) if since < until else []
        # A lesson that is cut off by `until` goes on, and may still get its reading.
        lessons = [(a, b) for a, b, kind in stretches if kind == "lesson" and b < until]
        for school in some:
            pile = piles.get(school.code, _Pile())
            sample = _sample(pile, lessons, since, until)
            where = vantage(school.code) if sample.all_days else None
            found[school.code] = replace(sample, vantage=where)
    return found


def some_at_a_time(schools: Sequence[School]) -> Iterator[list[School]]:
    """Schools of one calendar and time zone, so few that their readings of a month fit in memory
    beside everything else."""
    groups: dict[tuple[str, str], list[School]] = defaultdict(list)
    for school in schools:
        groups[school.time_zone, school.calendar].append(school)
    for members in groups.values():
        for start in range(0, len(members), AT_A_TIME):
            yield members[start : start + AT_A_TIME]


def _pile_up(points: list[Point], zone: ZoneInfo, days: frozenset[date]) -> dict[str, _Pile]:
    piles: dict[str, _Pile] = defaultdict(_Pile)
    for point in points:
        day = point.at.astimezone(zone).date()
        if day not in days:
            continue
        school, validity = point.key
        pile = piles[school]
        pile.newest = max(pile.newest or point.at, point.at)
        kind = pile.valid if validity == VALID else pile.bounds
        kind.setdefault(day, []).extend([point.value] * point.n)
        if validity == VALID:
            pile.taken.append(point.at)
    return piles


def _sample(
    pile: _Pile, lessons: Sequence[tuple[datetime, datetime]], since: datetime, until: datetime
) -> Sample:
    met = sum(holds_any(pile.taken, lesson) for lesson in lessons)
    return Sample(
        since=since,
        until=until,
        valid=array("d", chain.from_iterable(pile.valid.values())),
        bounds=array("d", chain.from_iterable(pile.bounds.values())),
        valid_days=len(pile.valid),
        all_days=len(pile.valid.keys() | pile.bounds.keys()),
        newest=pile.newest,
        coverage=met / len(lessons) if lessons else None,
        by_day=tuple(Day(d, len(v), median(v), min(v)) for d, v in sorted(pile.valid.items())),
        lessons=len(lessons),
    )


def holds_any(ordered: Sequence[datetime], span: tuple[datetime, datetime]) -> bool:
    """Whether one of the instants, which are in order, lies in [since, until)."""
    place = bisect_left(ordered, span[0])
    return place < len(ordered) and ordered[place] < span[1]


def bounds_of(window: Window, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """The window as instants, [since, until), never beyond `now`."""
    since = datetime.combine(window.first, time(), zone).astimezone(UTC)
    until = datetime.combine(window.last + timedelta(days=1), time(), zone).astimezone(UTC)
    return since, max(since, min(until, now))
