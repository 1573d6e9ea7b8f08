"""A store in plain Python for tests: slow, obvious, and held to the same contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from collector.store import (
    Expectation,
    Key,
    LastRun,
    Latest,
    MetricRef,
    PeriodKind,
    Point,
    SchoolPeriod,
    Statistic,
    Summary,
    Where,
)
from collector.store.question import SERIES, Question, ask
from probes.catalog import Catalog
from probes.model import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReading:
    """A reading as a store keeps it; `known` is whether its instant is."""

    probe: str
    at: datetime
    school: str
    agent: str
    values: dict[str, float]
    target: str = "local"
    labels: dict[str, str] | None = None
    session: str = "session-1"
    known: bool = True
    outcome: Outcome = Outcome.OK
    reason: str = ""

    def column(self, name: str) -> str:
        """A label that was not given is empty, as an agent sends it."""
        if self.labels and name in self.labels:
            return self.labels[name]
        return str(getattr(self, name, ""))


class MemoryStore:
    """See the Store protocol for what is promised."""

    def __init__(self, catalog: Catalog, readings: Iterable[StoredReading] = ()) -> None:
        self._catalog = catalog
        self.readings = list(readings)
        self._periods: list[SchoolPeriod] = []
        self._expectations: list[Expectation] = []

    def set_periods(self, periods: Sequence[SchoolPeriod]) -> None:
        self._periods = list(periods)

    def set_expectations(self, expectations: Sequence[Expectation]) -> None:
        self._expectations = list(expectations)

    def latest(self, metric: MetricRef, by: Sequence[str], where: Where) -> dict[Key, Latest]:
        question = ask(self._catalog, metric, by, where, SERIES)
        found: dict[Key, Latest] = {}
        for reading in self._chosen(question):
            key = tuple(reading.column(c) for c in question.by)
            if key not in found or found[key].at < reading.at:
                found[key] = Latest(reading.at, reading.values[question.metric])
        return found

    def last_runs(self, probe: str, school: str | None = None) -> list[LastRun]:
        newest: dict[tuple[str, str], StoredReading] = {}
        for r in self.readings:
            key = (r.agent, r.target)
            if r.probe != probe or not r.known or school not in (None, r.school):
                continue
            if key not in newest or newest[key].at < r.at:
                newest[key] = r
        return [
            LastRun(r.school, r.agent, r.probe, r.target, r.at, r.outcome, r.reason)
            for r in newest.values()
        ]

    def summarise(
        self,
        metric: MetricRef,
        statistic: Statistic,
        by: Sequence[str],
        since: datetime,
        until: datetime,
        where: Where,
        period: PeriodKind | None = None,
    ) -> dict[Key, Summary]:
        question = ask(self._catalog, metric, by, where)
        groups: dict[Key, list[StoredReading]] = defaultdict(list)
        for reading in self._between(question, since, until, period):
            groups[tuple(reading.column(c) for c in question.by)].append(reading)
        return {
            key: Summary(
                value=_statistic(statistic, [r.values[question.metric] for r in group]),
                n=len(group),
                runs=len({(r.agent, r.target, r.at) for r in group}),
                expected=self._expected(question, key, since, until, period),
                first=min(r.at for r in group),
                last=max(r.at for r in group),
            )
            for key, group in groups.items()
        }

    def series(
        self,
        metric: MetricRef,
        statistic: Statistic,
        by: Sequence[str],
        step: timedelta,
        since: datetime,
        until: datetime,
        where: Where,
        period: PeriodKind | None = None,
    ) -> list[Point]:
        question = ask(self._catalog, metric, by, where)
        groups: dict[tuple[Key, datetime], list[float]] = defaultdict(list)
        for reading in self._between(question, since, until, period):
            bucket = since + (reading.at - since) // step * step
            key = tuple(reading.column(c) for c in question.by)
            groups[key, bucket].append(reading.values[question.metric])
        return [
            Point(key, at, _statistic(statistic, values), len(values))
            for (key, at), values in sorted(groups.items())
        ]

    def _chosen(self, question: Question) -> list[StoredReading]:
        return [
            r
            for r in self.readings
            if r.probe == question.probe.name
            and r.known
            and question.metric in r.values
            and all(r.column(c) in allowed for c, allowed in question.where.items())
        ]

    def _between(
        self, question: Question, since: datetime, until: datetime, period: PeriodKind | None
    ) -> list[StoredReading]:
        return [
            r
            for r in self._chosen(question)
            if since <= r.at < until and (period is None or self._kind(r.school, r.at) == period)
        ]

    def _kind(self, school: str, at: datetime) -> PeriodKind:
        for period in self._periods:
            if period.school == school and period.since <= at < period.until:
                return period.kind
        return "off"

    def _expected(
        self,
        question: Question,
        key: Key,
        since: datetime,
        until: datetime,
        period: PeriodKind | None,
    ) -> float | None:
        group = dict(zip(question.by, key, strict=True))
        total = 0.0
        for e in self._expectations:
            own = {"school": e.school, "agent": e.agent, "target": e.target}
            if e.probe != question.probe.name or any(
                group.get(c, v) != v or v not in question.where.get(c, (v,)) for c, v in own.items()
            ):
                continue
            start, end = max(since, e.since), min(until, e.until or until)
            total += self._seconds(e.school, start, end, period) / e.every
        return total or None

    def _seconds(
        self, school: str, since: datetime, until: datetime, period: PeriodKind | None
    ) -> float:
        whole = max(0.0, (until - since).total_seconds())
        if period is None:
            return whole
        inside = sum(
            max(0.0, (min(until, p.until) - max(since, p.since)).total_seconds())
            for p in self._periods
            if p.school == school and period in (p.kind, "off")
        )
        return whole - inside if period == "off" else inside


_SIMPLE: Mapping[str, Callable[[list[float]], float]] = {
    "mean": fmean,
    "min": min,
    "max": max,
    "sum": sum,
    "count": len,
}


def _statistic(statistic: Statistic, values: list[float]) -> float:
    if statistic.name in _SIMPLE:
        return float(_SIMPLE[statistic.name](values))
    if statistic.name == "time_share":
        return fmean(_holds(v, statistic.operator, statistic.bound) for v in values)
    return _percentile(sorted(values), int(statistic.name[1:]) / 100)


def _holds(value: float, operator: str, bound: float) -> bool:
    return {
        "<": value < bound,
        "<=": value <= bound,
        ">": value > bound,
        ">=": value >= bound,
    }[operator]


def _percentile(ordered: list[float], share: float) -> float:
    """Linear interpolation between the two nearest values (type 7 of Hyndman and Fan)."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
