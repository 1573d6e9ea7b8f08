"""In which lessons a line was full, and in which it was not.

Asked once for all schools of a time zone, in stretches of five minutes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
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
from collector.judge.scene import Scene
from collector.register.model import School
from collector.store import Key, MetricRef

STEP = timedelta(minutes=5)
FULL = 0.9
"""From this share of its capacity on a line is full: the short peaks within it already wait."""
_OF_LINE = {**COUNTED, "target": (LINE,)}


@dataclass(frozen=True, slots=True)
class Crowd:
    """Lessons of a window: all, those of which anything is known, those in which it was full."""

    lessons: int
    known: int
    full: int


def crowd(school: School, scene: Scene) -> Crowd:
    """Full, if in a stretch the p95 of use came to FULL of the capacity, up or down."""
    lessons = scene.lessons(school)
    used, free = (_stretches(school, scene, m, s) for m, s in ((USED, "p95"), (AVAILABLE, "p05")))
    # Of a line that its users fill a passive look reads the capacity: the strongest sign there is.
    filled = [at for _, at in _passive(school, scene)]
    known = sorted({at for _, at in used.keys() & free.keys()})
    both = used.keys() & free.keys()
    full = sorted({at for key, at in both if _is_full(used[key, at], free[key, at])})
    return Crowd(
        lessons=len(lessons),
        known=_count(lessons, known, filled),
        full=_count(lessons, full, filled),
    )


def _stretches(
    school: School, scene: Scene, metric: MetricRef, statistic: str
) -> dict[tuple[Key, datetime], float]:
    """By direction and begin of the stretch."""
    points = scene.lesson_readings.series(school, metric, statistic, (DIRECTION,), STEP, _OF_LINE)
    return {(point.key, point.at): point.value for point in points}


def _passive(school: School, scene: Scene) -> set[tuple[Key, datetime]]:
    where = {**_OF_LINE, TIER: (PASSIVE,), VALIDITY: (VALID,)}
    points = scene.lesson_readings.series(school, CAPACITY, "count", (DIRECTION,), STEP, where)
    return {(point.key, point.at) for point in points}


def _is_full(used: float, free: float) -> bool:
    """What is free is the capacity less what is used, so that both together are the capacity."""
    return used > 0 and used >= FULL * (used + max(0.0, free))


def _count(lessons: Sequence[Span], *stretches: Iterable[datetime]) -> int:
    """The lessons that one of the stretches touches."""
    begins = sorted({at for each in stretches for at in each})
    return sum(_touches(begins, lesson) for lesson in lessons)


def _touches(begins: Sequence[datetime], lesson: Span) -> bool:
    place = bisect_left(begins, lesson.since - STEP + timedelta(microseconds=1))
    return place < len(begins) and begins[place] < lesson.until
