"""What every store of readings answers. One contract suite runs over all implementations.

Values are pooled over raw readings: a percentile is of all readings in the group, never an average
of averages. Readings whose clock is not known are stored, and left out of every answer here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Literal, Protocol, Self

from probes.model import Outcome
from probes.text import BanjunError, Text

Key = tuple[str, ...]
Where = Mapping[str, str | Sequence[str]]
"""Column (school, agent, session, target or a label of the probe) -> the values it may have."""
PeriodKind = Literal["lesson", "break", "school_day", "off"]

PLAIN = ("mean", "min", "max", "sum", "count", "p05", "p10", "p20", "p50", "p90", "p95", "p99")
_TIME_SHARE = re.compile(r"time_share\((<=|>=|<|>)\s*(-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\)")


class QueryError(BanjunError):
    """A question that names something the store does not have."""


@dataclass(frozen=True, slots=True)
class MetricRef:
    """A metric of a probe, written `probe.metric`."""

    probe: str
    metric: str

    @classmethod
    def parse(cls, text: str) -> Self:
        probe, dot, metric = text.partition(".")
        if not (probe and dot and metric):
            raise QueryError(
                Text(
                    f"“{text}”不是指标；请写成 探测.指标，例如 icmp_echo.loss_ratio。",
                    f"{text!r} is not a metric; write probe.metric, such as icmp_echo.loss_ratio.",
                )
            )
        return cls(probe, metric)

    def __str__(self) -> str:
        return f"{self.probe}.{self.metric}"


@dataclass(frozen=True, slots=True)
class Statistic:
    """One of PLAIN, or `time_share` with an operator and a bound: the share of readings that
    satisfy it."""

    name: str
    operator: str = ""
    bound: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Self:
        if text in PLAIN:
            return cls(text)
        if (match := _TIME_SHARE.fullmatch(text.strip())) and isfinite(float(match[2])):
            return cls("time_share", match[1], float(match[2]))
        known = ", ".join(PLAIN)
        raise QueryError(
            Text(
                f"没有统计量“{text}”；可用的有：{known}, time_share(>=0.7)。",
                f"There is no statistic {text!r}; known: {known}, time_share(>=0.7).",
            )
        )


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest known value of a series. `at` is the corrected instant of the measurement."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Summary:
    """A statistic with its evidence.

    Attributes:
        n: how many values were pooled.
        runs: how many runs of the probe they come from.
        expected: how many runs the configuration in force asked for; None where it is not known.
        approximate: a percentile that this store cannot give exactly.
    """

    value: float
    n: int
    runs: int
    expected: float | None
    first: datetime
    last: datetime
    approximate: bool = False

    @property
    def coverage(self) -> float | None:
        """Share of the expected runs that were seen, at most 1; None when nothing was expected."""
        if not self.expected:
            return None
        return min(1.0, self.runs / self.expected)


@dataclass(frozen=True, slots=True)
class Point:
    """A statistic over [at, at + step); steps without readings are absent."""

    key: Key
    at: datetime
    value: float
    n: int


@dataclass(frozen=True, slots=True)
class LastRun:
    """How the newest run of a probe against a target ended: why a value is absent, when it is.

    Attributes:
        reason: empty when the outcome is ok.
        part: which part of a probe that looks at several; empty of one that does not, and of a
            run that came to none.
    """

    school: str
    agent: str
    probe: str
    target: str
    at: datetime
    outcome: Outcome
    reason: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class SchoolPeriod:
    """A stretch of a school's timetable; instants in no period are `off`."""

    school: str
    since: datetime
    until: datetime
    kind: PeriodKind


@dataclass(frozen=True, slots=True)
class Expectation:
    """`agent` was asked to run `probe` against `target` each `every` seconds in [since, until)."""

    school: str
    agent: str
    probe: str
    target: str
    every: float
    since: datetime
    until: datetime | None


class Store(Protocol):
    """Readings, summarised. Every method may block; call it in a thread.

    `by` and `where` name columns: school, agent, target or labels of the probe. Raises QueryError
    for a name that the probe does not have.
    """

    def latest(self, metric: MetricRef, by: Sequence[str], where: Where) -> dict[Key, Latest]:
        """The newest value per group; a reading from the future never becomes the newest."""
        ...

    def last_runs(self, probe: str, school: str | None = None) -> list[LastRun]:
        """One per (agent, target, part) of `probe` that is known to have run."""
        ...

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
        """One Summary per group that has at least one value in [since, until)."""
        ...

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
        """Points in order of key and time, for charts."""
        ...

    def set_periods(self, periods: Sequence[SchoolPeriod]) -> None:
        """Replace the timetable; it holds for all readings, also those taken before."""
        ...

    def set_expectations(self, expectations: Sequence[Expectation]) -> None:
        """Replace what was asked of the agents."""
        ...
