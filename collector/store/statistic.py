"""Statistics as SQL aggregates over a column `value`, or over n, total, low and high of many."""

from __future__ import annotations

from dataclasses import dataclass

from collector.store import Statistic

_SIMPLE = {
    "mean": "avg(value)",
    "min": "min(value)",
    "max": "max(value)",
    "sum": "sum(value)",
    "count": "count(value)::DOUBLE",
}
_ROLLED = {
    "mean": "sum(total) / sum(n)",
    "min": "min(low)",
    "max": "max(high)",
    "sum": "sum(total)",
    "count": "sum(n)::DOUBLE",
}
ROLLED = frozenset(_ROLLED)
"""What can be had from totals."""


@dataclass(frozen=True, slots=True)
class Aggregates:
    """SQL of a statistic and of its evidence: how many values, from when to when."""

    statistic: str
    n: str
    first: str
    last: str


def aggregates(statistic: Statistic, rolled: bool) -> Aggregates:
    """Over readings, or over totals if `rolled`, which a statistic in ROLLED permits."""
    if rolled:
        return Aggregates(_ROLLED[statistic.name], "sum(n)::BIGINT", "min(first)", "max(last)")
    return Aggregates(_aggregate(statistic), "count(value)", 'min("at")', 'max("at")')


def _aggregate(statistic: Statistic) -> str:
    """Percentiles interpolate linearly between the two nearest values (type 7 of Hyndman, Fan)."""
    if statistic.name in _SIMPLE:
        return _SIMPLE[statistic.name]
    if statistic.name == "time_share":
        return f"avg((value {statistic.operator} {statistic.bound!r})::INTEGER)"
    return f"quantile_cont(value, {int(statistic.name[1:]) / 100})"
