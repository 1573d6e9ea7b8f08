"""A made-up town to judge: schools, a catalog with a capacity probe, and a store of readings.

The store answers only what judging asks of it; the contract suite of stores is elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import ClassVar

from collector.register.model import Agent, Link, School
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
from probes.catalog import AnyProbe, Catalog
from probes.model import Better, Metric, Probe, Role, Unit
from probes.text import Text

MBIT = 1_000_000
_NO_WORDS = Text("", "")


class Capacity(Probe[object]):
    name = "capacity"
    title = _NO_WORDS
    measures = (
        Metric(
            name="capacity_bits_per_second",
            unit=Unit.BITS_PER_SECOND,
            better=Better.HIGHER,
            title=_NO_WORDS,
            meaning=_NO_WORDS,
            resolution=1,
        ),
    )
    labels: ClassVar[dict[str, Text]] = {"direction": _NO_WORDS, "validity": _NO_WORDS}
    roles = frozenset({Role.GATEWAY})


class PostureFirewall(Probe[object]):
    name = "posture_firewall"
    title = _NO_WORDS
    measures = (
        Metric(
            name="firewall_active",
            unit=Unit.BOOLEAN,
            better=Better.HIGHER,
            title=_NO_WORDS,
            meaning=_NO_WORDS,
            resolution=1,
        ),
    )
    roles = frozenset({Role.GATEWAY, Role.PC})


def catalog(*, with_capacity: bool = True) -> Catalog:
    probes: list[AnyProbe] = [PostureFirewall]
    return Catalog([*probes, Capacity] if with_capacity else probes)


@dataclass(frozen=True)
class Taken:
    metric: MetricRef
    at: datetime
    value: float
    columns: dict[str, str]


@dataclass
class TownStore:
    """Implements `Store` over a list."""

    taken: list[Taken] = field(default_factory=list)
    expected: float | None = None
    runs: list[LastRun] = field(default_factory=list)

    def firewall(self, school: str, agent: str, at: datetime, value: float) -> None:
        ref = MetricRef("posture_firewall", "firewall_active")
        self.taken.append(Taken(ref, at, value, {"school": school, "agent": agent}))

    def capacity(
        self,
        school: str,
        days: Iterable[date],
        mbits: Sequence[float],
        *,
        validity: str = "valid",
        direction: str = "down",
    ) -> None:
        """One reading for each of `mbits` on each of the days, from 8 in the morning."""
        ref = MetricRef("capacity", "capacity_bits_per_second")
        columns = {"school": school, "direction": direction, "validity": validity}
        for day in days:
            for number, mbit in enumerate(mbits):
                at = datetime(day.year, day.month, day.day, 0, 10 * number, tzinfo=UTC)
                self.taken.append(Taken(ref, at, mbit * MBIT, columns))

    def _grouped(
        self, metric: MetricRef, by: Sequence[str], where: Where
    ) -> dict[Key, list[Taken]]:
        found: dict[Key, list[Taken]] = defaultdict(list)
        for taken in self.taken:
            if taken.metric == metric and all(
                taken.columns[name] in ([allowed] if isinstance(allowed, str) else allowed)
                for name, allowed in where.items()
            ):
                found[tuple(taken.columns[name] for name in by)].append(taken)
        return found

    def latest(self, metric: MetricRef, by: Sequence[str], where: Where) -> dict[Key, Latest]:
        newest = {
            key: max(group, key=lambda taken: taken.at)
            for key, group in self._grouped(metric, by, where).items()
        }
        return {key: Latest(taken.at, taken.value) for key, taken in newest.items()}

    def last_runs(self, probe: str, school: str | None = None) -> list[LastRun]:
        return [r for r in self.runs if r.probe == probe and school in (None, r.school)]

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
        found = {}
        for key, group in self._grouped(metric, by, where).items():
            inside = [t for t in group if since <= t.at < until]
            if inside:
                ats = [t.at for t in inside]
                middle = median(t.value for t in inside)
                n = len(inside)
                found[key] = Summary(middle, n, n, self.expected, min(ats), max(ats))
        return found

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
        return [
            Point(key, taken.at, taken.value, 1)
            for key, group in sorted(self._grouped(metric, by, where).items())
            for taken in sorted(group, key=lambda t: t.at)
            if since <= taken.at < until
        ]

    def set_periods(self, periods: Sequence[SchoolPeriod]) -> None:
        raise NotImplementedError

    def set_expectations(self, expectations: Sequence[Expectation]) -> None:
        raise NotImplementedError


def school(
    code: str,
    area: str = "urban",
    classes: int | None = 12,
    contract: int | None = 100,
    *,
    shared: int = 0,
    adcode: str = "340199",
) -> School:
    """A school with one primary line; `contract` in Mbit/s."""
    line = Link(
        name="wan",
        contract_down_bits_per_second=None if contract is None else contract * MBIT,
        shared_classes=shared,
    )
    return School(
        code=code,
        name=f"{code}校",
        adcode=adcode,
        type_code="211",
        urban_code="111" if area == "urban" else "220",
        policy_area=area,
        classes=None if classes is None else {"primary": classes},
        links=(line,),
        revision=f"r-{code}",
    )


def with_links(one: School, *links: Link) -> School:
    return replace(one, links=links)


def agent(id: str, school: str, role: Role = Role.PC, *, revoked: bool = False) -> Agent:
    return Agent(
        id=id,
        school=school,
        role=role,
        key_sha256=b"",
        enrolled_at=datetime(2026, 9, 1, tzinfo=UTC),
        revoked=revoked,
    )
