"""Statistics as SQL aggregates over a column `value`."""

from __future__ import annotations

from collector.store import Statistic

_SIMPLE = {
    "mean": "avg(value)",
    "min": "min(value)",
    "max": "max(value)",
    "sum": "sum(value)",
    "count": "count(value)::DOUBLE",
}


def aggregate(statistic: Statistic) -> str:
    """Percentiles interpolate linearly between the two nearest values (type 7 of Hyndman, Fan)."""
    if statistic.name in _SIMPLE:
        return _SIMPLE[statistic.name]
    if statistic.name == "time_share":
        return f"avg((value {statistic.operator} {statistic.bound!r})::INTEGER)"
    return f"quantile_cont(value, {int(statistic.name[1:]) / 100})"
