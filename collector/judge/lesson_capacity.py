"""In which lessons a line was full, and in which it was not."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.judge.capacity import (
    AVAILABLE,
    CAPACITY,
    COUNTED,
    DIRECTION,
    LINE,
    PASSIVE,
    TIER,
    USED,
    VALID,
    VALIDITY,
)
from collector.judge.presence.model import Span
from collector.store import MetricRef, Statistic, Store, Where

STEP = timedelta(minutes=5)
FULL = 0.9
"""From this share of its capacity on a line is full: the short peaks within it already wait."""

_Stretches = Mapping[tuple[str, datetime], float]
"""By direction and begin."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Lessons of a window: all, those of which anything is known, those in which it was full."""

    lessons: int
    known: int
    full: int


def crowds(
    store: Store,
    lessons: Mapping[str, Sequence[Span]],
    since: datetime,
    until: datetime,
) -> dict[str, Crowd]:
    """By school, for the schools of `lessons`.

    Full, if in a stretch the p95 of use came to FULL of the capacity, up or down.
    """
    where = {**COUNTED, "school": tuple(lessons), "target": (LINE,)}
    used = _stretches(store, USED, "p95", since, until, where)
    free = _stretches(store, AVAILABLE, "p05", since, until, where)
    # Of a line that its users fill a passive look reads the capacity: the strongest sign there is.
    passive = {**where, TIER: (PASSIVE,), VALIDITY: (VALID,)}
    filled = _stretches(store, CAPACITY, "count", since, until, passive)
    return {
        code: _crowd(held, used.get(code, {}), free.get(code, {}), filled.get(code, {}))
        for code, held in lessons.items()
    }


def _stretches(
    store: Store,
    metric: MetricRef,
    statistic: str,
    since: datetime,
    until: datetime,
    where: Where,
) -> dict[str, _Stretches]:
    found: dict[str, dict[tuple[str, datetime], float]] = defaultdict(dict)
    by, kind = ("school", DIRECTION), Statistic(statistic)
    for point in store.series(metric, kind, by, STEP, since, until, where, "lesson"):
        school, direction = point.key
        found[school][direction, point.at] = point.value
    return dict(found)


def _crowd(
    lessons: Sequence[Span], used: _Stretches, free: _Stretches, filled: _Stretches
) -> Crowd:
    both = used.keys() & free.keys()
    seen = [at for _, at in filled]
    full = [at for way, at in both if _is_full(used[way, at], free[way, at])]
    return Crowd(
        lessons=len(lessons),
        known=_count(lessons, [*seen, *(at for _, at in both)]),
        full=_count(lessons, [*seen, *full]),
    )


def _is_full(used: float, free: float) -> bool:
    """What is free is the capacity less what is used, so that both together are the capacity."""
    return used > 0 and used >= FULL * (used + max(0.0, free))


def _count(lessons: Sequence[Span], stretches: Iterable[datetime]) -> int:
    """The lessons that one of the stretches touches."""
    begins = sorted(set(stretches))
    return sum(_touches(begins, lesson) for lesson in lessons)


def _touches(begins: Sequence[datetime], lesson: Span) -> bool:
    place = bisect_left(begins, lesson.since - STEP + timedelta(microseconds=1))
    return place < len(begins) and begins[place] < lesson.until
