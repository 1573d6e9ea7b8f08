"""What a panel wants to know, without saying in which language an engine is asked.

Grafana's variables stand for what the person chose; no question names a school, an area or an
agent. What was not measured gives no row and no point, never a zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from config.measurement import CLOCK_KNOWN
from probes.model import Better

RECENT = "10m"
"""How far back the latest value may lie: what is judged each minute may come five minutes late."""


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on a tag: one of what the person chose, a pattern, or exactly this."""

    tag: str
    variable: str = ""
    pattern: str = ""
    value: str = ""


def chosen(*tags: str) -> tuple[Where, ...]:
    """Each tag is one of those that the variable of its name holds."""
    return tuple(Where(tag, variable=tag) for tag in tags)


@dataclass(frozen=True, slots=True)
class Series:
    """A field of a measurement, where all conditions hold."""

    measurement: str
    field: str
    where: tuple[Where, ...] = ()


def reading(probe: str, metric: str, where: tuple[Where, ...]) -> Series:
    """A metric of a probe, or its outcome; readings whose instant is not known are left out."""
    return Series(probe, metric, (*where, Where("clock", value=CLOCK_KNOWN)))


class Statistic(StrEnum):
    """How the values of an interval become one; the values of several series likewise."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    LAST = "last"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Latest:
    """What was last judged for each combination of `by`, no older than `within`; times `scale`.

    `by` must tell all series apart that are written at the same time.
    """

    series: Series
    by: tuple[str, ...]
    within: str = RECENT
    scale: int = 1


@dataclass(frozen=True, slots=True)
class LatestReading:
    """The last reading for each combination of `by`, no older than `within`.

    A series of readings ends with its period, and the next lesson is another series: what counts
    is the one that spoke last. Where `each`, the probe's labels, tells several apart, the worse of
    them is the answer; `better` says which that is.
    """

    series: Series
    by: tuple[str, ...]
    within: str
    each: tuple[str, ...] = ()
    better: Better = Better.NEITHER


@dataclass(frozen=True, slots=True)
class Tally:
    """How many series (one for each combination of `each`) last said `code`, or anything at all."""

    series: Series
    each: tuple[str, ...]
    by: tuple[str, ...] = ()
    code: int | None = None
    within: str = RECENT


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of the last values of all series (one for each combination of `each`)."""

    series: Series
    each: tuple[str, ...]
    by: tuple[str, ...] = ()
    within: str = RECENT


@dataclass(frozen=True, slots=True)
class Trend:
    """One value for each interval of the chart and combination of `by`; none where there is none.

    `present`: 1 wherever there is a value, whatever it is.
    """

    series: Series
    by: tuple[str, ...]
    statistic: Statistic = Statistic.MEAN
    present: bool = False


@dataclass(frozen=True, slots=True)
class TallyTrend:
    """A `Tally` for each interval of the chart."""

    series: Series
    each: tuple[str, ...]
    code: int


@dataclass(frozen=True, slots=True)
class Overall:
    """One value over the whole time that the dashboard shows, for each combination of `by`."""

    series: Series
    by: tuple[str, ...]
    statistic: Statistic = Statistic.MEAN


@dataclass(frozen=True, slots=True)
class Events:
    """Every line of the time shown, with these tags. VictoriaMetrics tells its instant by the
    interval of the chart, InfluxDB exactly."""

    series: Series
    tags: tuple[str, ...]


Question = Latest | LatestReading | Tally | Total | Trend | TallyTrend | Overall | Events
OVER_TIME = (Trend, TallyTrend, Events)
"""Questions whose answer is more than one instant."""
