"""Readings taken during lessons in the window of a judgement, each question put once for all
schools of a time zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from collector.judge.capacity import bounds_of
from collector.judge.model import Window
from collector.register.model import School
from collector.store import Key, MetricRef, Statistic, Store, Summary, Where

_Question = tuple[str, MetricRef, str, tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]
_LESSON: Literal["lesson"] = "lesson"


class LessonReadings:
    """Lives as long as one judgement and is used by one thread."""

    def __init__(
        self, store: Store, schools: Sequence[School], window: Window, now: datetime
    ) -> None:
        self._store = store
        self._window = window
        self._now = now
        self._codes: dict[str, list[str]] = defaultdict(list)
        for school in schools:
            self._codes[school.time_zone].append(school.code)
        self._summaries: dict[_Question, dict[str, dict[Key, Summary]]] = {}
        self._days: dict[_Question, dict[str, int]] = {}

    def span(self, school: School) -> tuple[datetime, datetime]:
        return bounds_of(self._window, ZoneInfo(school.time_zone), self._now)

    def summaries(
        self,
        school: School,
        metric: MetricRef,
        statistic: str,
        by: Sequence[str],
        where: Mapping[str, Sequence[str]],
    ) -> dict[Key, Summary]:
        """By the columns of `by`; empty where nothing was read."""
        asked = _question(school, metric, statistic, by, where)
        if asked not in self._summaries:
            since, until = self.span(school)
            found = self._store.summarise(
                metric,
                Statistic(statistic),
                ("school", *by),
                since,
                until,
                self._where(school, where),
                _LESSON,
            )
            of_school: dict[str, dict[Key, Summary]] = defaultdict(dict)
            for key, summary in found.items():
                of_school[key[0]][key[1:]] = summary
            self._summaries[asked] = dict(of_school)
        return self._summaries[asked].get(school.code, {})

    def days(self, school: School, metric: MetricRef, where: Mapping[str, Sequence[str]]) -> int:
        """On how many days there was a reading."""
        asked = _question(school, metric, "count", (), where)
        if asked not in self._days:
            since, until = self.span(school)
            points = self._store.series(
                metric,
                Statistic("count"),
                ("school",),
                timedelta(days=1),
                since,
                until,
                self._where(school, where),
                _LESSON,
            )
            counts: dict[str, int] = defaultdict(int)
            for point in points:
                counts[point.key[0]] += 1
            self._days[asked] = dict(counts)
        return self._days[asked].get(school.code, 0)

    def _where(self, school: School, where: Mapping[str, Sequence[str]]) -> Where:
        return {**where, "school": self._codes[school.time_zone]}


def _question(
    school: School,
    metric: MetricRef,
    statistic: str,
    by: Sequence[str],
    where: Mapping[str, Sequence[str]],
) -> _Question:
    plain = tuple((column, tuple(values)) for column, values in sorted(where.items()))
    return school.time_zone, metric, statistic, tuple(by), plain
