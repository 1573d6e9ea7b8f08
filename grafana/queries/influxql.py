"""Questions in InfluxQL, as InfluxDB 1.x understands it, and the InfluxQL of versions 2 and 3."""

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

MOST_EVENTS = 500
"""Rows of a table of events; the newest."""
_IN_RANGE = "$timeFilter"


def render(question: Question, column: str) -> str:
    """`column`: the name that the values get."""
    match question:
        case Latest(series, by, within, scale):
            wanted = f'last("{series.field}")' + (f" * {scale}" if scale != 1 else "")
            found = _select(wanted, column, series, _recent(within)) + _group(by)
        case LatestReading(series, by, within, each, better):
            across = "min" if better is Better.HIGHER else "max"
            found = _of_lasts(across, column, series, (*by, *each), within) + _group(by)
        case Tally(series, each, by, code, within):
            said = "" if code is None else f' WHERE "v" = {code}'
            found = f"{_of_lasts('count', column, series, (*by, *each), within)}{said}{_group(by)}"
        case Total(series, each, by, within):
            found = f"{_of_lasts('sum', column, series, (*by, *each), within)}{_group(by)}"
        case Trend(series, by, statistic, present):
            wanted = _call(statistic, series) + (" * 0 + 1" if present else "")
            found = f"{_select(wanted, column, series, _IN_RANGE)}{_by_interval(by)} fill(null)"
        case TallyTrend(series, each, code):
            found = _tally_trend(series, each, code, column)
        case Overall(series, by, statistic):
            found = f"{_select(_call(statistic, series), column, series, _IN_RANGE)}{_group(by)}"
        case Events(series, tags):
            found = _events(series, tags, column)
        case _:
            assert_never(question)
    return found


def tag_values(tag: str, series: Series) -> str:
    """For a variable. Not bounded by time: InfluxDB lists the values of all it holds."""
    where = " AND ".join(map(_condition, series.where))
    wanted = f'SHOW TAG VALUES FROM "{series.measurement}" WITH KEY = "{tag}"'
    return f"{wanted} WHERE {where}" if where else wanted


def _of_lasts(call: str, column: str, series: Series, each: tuple[str, ...], within: str) -> str:
    lasts = _select(f'last("{series.field}")', "v", series, _recent(within)) + _group(each)
    return f'SELECT {call}("v") AS "{column}" FROM ({lasts})'


def _tally_trend(series: Series, each: tuple[str, ...], code: int, column: str) -> str:
    lasts = _select(f'last("{series.field}")', "v", series, _IN_RANGE) + _by_interval(each)
    said = f'"v" = {code} AND {_IN_RANGE}'
    counted = f'SELECT count("v") AS "{column}" FROM ({lasts} fill(none)) WHERE {said}'
    return f"{counted}{_by_interval(())} fill(null)"


def _events(series: Series, tags: tuple[str, ...], column: str) -> str:
    columns = ", ".join([f'"{series.field}" AS "{column}"', *map(_quoted, tags)])
    found = f'SELECT {columns} FROM "{series.measurement}"{_where(series, _IN_RANGE)}'
    return f"{found} ORDER BY time DESC LIMIT {MOST_EVENTS}"


def _select(wanted: str, column: str, series: Series, time: str) -> str:
    return f'SELECT {wanted} AS "{column}" FROM "{series.measurement}"{_where(series, time)}'


def _recent(within: str) -> str:
    """Up to the end of what the dashboard shows, which is not always now."""
    return f"time > ${{__to}}ms - {within} AND time <= ${{__to}}ms"


def _call(statistic: Statistic, series: Series) -> str:
    return f'{statistic}("{series.field}")'


def _where(series: Series, time: str) -> str:
    return " WHERE " + " AND ".join([*map(_condition, series.where), time])


def _condition(where: Where) -> str:
    if where.variable:
        return f'"{where.tag}" =~ /^${{{where.variable}:regex}}$/'
    if where.pattern:
        return f'"{where.tag}" =~ /^({where.pattern})$/'
    return f"\"{where.tag}\" = '{where.value}'"


def _group(tags: tuple[str, ...]) -> str:
    terms = list(map(_quoted, dict.fromkeys(tags)))
    return f" GROUP BY {', '.join(terms)}" if terms else ""


def _by_interval(tags: tuple[str, ...]) -> str:
    return f" GROUP BY {', '.join(['time($__interval)', *map(_quoted, tags)])}"


def _quoted(tag: str) -> str:
    return f'"{tag}"'
