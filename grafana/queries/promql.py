"""Questions in MetricsQL, which VictoriaMetrics answers where Grafana asks for PromQL."""

from __future__ import annotations

from typing import assert_never

from grafana.queries.question import (
    Events,
    Latest,
    LatestReading,
    Overall,
    Question,
    Series,
    Statistic,
    Tally,
    TallyTrend,
    Total,
    Trend,
    Where,
)
from probes.model import Better

_ACROSS = {
    Statistic.MEAN: "avg",
    Statistic.MIN: "min",
    Statistic.MAX: "max",
    Statistic.LAST: "max",
    Statistic.COUNT: "sum",
}
_OVER_TIME = {
    Statistic.MEAN: "avg_over_time",
    Statistic.MIN: "min_over_time",
    Statistic.MAX: "max_over_time",
    Statistic.LAST: "last_over_time",
    Statistic.COUNT: "count_over_time",
}


def render(question: Question) -> str:
    match question:
        case Latest(series, by, within, scale):
            found = _last(series, by, within) + (f" * {scale}" if scale != 1 else "")
        case LatestReading():
            found = _latest_reading(question)
        case Tally(series, each, by, code, within):
            said = "" if code is None else f" == {code}"
            found = f"count{_by(by)} ({_last(series, (*by, *each), within)}{said})"
        case Total(series, each, by, within):
            found = f"sum{_by(by)} ({_last(series, (*by, *each), within)})"
        case Trend(series, by, statistic, present):
            found = _statistic(series, by, statistic, "$__interval")
            found = f"({found}) * 0 + 1" if present else found
        case TallyTrend(series, each, code):
            found = f"count ({_last(series, each, '$__interval')} == {code})"
        case Overall(series, by, statistic):
            found = _statistic(series, by, statistic, "$__range")
        case Events(series, tags):
            found = _last(series, tags, "$__interval")
        case _:
            assert_never(question)
    return found


def tag_values(tag: str, series: Series) -> str:
    """Grafana's own function: the values of a tag, for a variable."""
    return f"label_values({_select(series)}, {tag})"


def _latest_reading(question: LatestReading) -> str:
    """Of the series that differ only in what is not asked for, those that spoke last."""
    selected = f"{_select(question.series)}[{question.within}]"
    value, spoke = f"last_over_time({selected})", f"tlast_over_time({selected})"
    key = ", ".join((*question.by, *question.each))
    newest = f"{spoke} == on ({key}) group_left () max by ({key}) ({spoke})"
    across = "min" if question.better is Better.HIGHER else "max"
    return f"{across}{_by(question.by)} ({value} and ({newest}))"


def _last(series: Series, by: tuple[str, ...], within: str) -> str:
    return _statistic(series, by, Statistic.LAST, within)


def _statistic(series: Series, by: tuple[str, ...], statistic: Statistic, window: str) -> str:
    inner = f"{_OVER_TIME[statistic]}({_select(series)}[{window}])"
    return f"{_ACROSS[statistic]}{_by(by)} ({inner})"


def _select(series: Series) -> str:
    name = f"{series.measurement}_{series.field}"
    conditions = ",".join(map(_condition, series.where))
    return f"{name}{{{conditions}}}" if conditions else name


def _condition(where: Where) -> str:
    if where.variable:
        return f'{where.tag}=~"${where.variable}"'
    if where.pattern:
        return f'{where.tag}=~"{where.pattern}"'
    return f'{where.tag}="{where.value}"'


def _by(tags: tuple[str, ...]) -> str:
    return f" by ({', '.join(dict.fromkeys(tags))})" if tags else ""
