"""Readings as lines, made by DuckDB: a line takes it a tenth of what Python needs for one."""

from __future__ import annotations

from collector.export.line import tag_value_sql
from collector.store.columns import Clock
from collector.store.hot import quoted
from collector.store.timetable import PERIOD, with_period
from config.measurement import OUTCOME_FIELD, OUTCOMES, READING_TAGS, UNSURE_CLOCK
from probes.catalog import AnyProbe

SITE, NEAR = "site", "near"
"""Tables that the caller's connection must have: (school, county), and the part of the timetable
that touches the rows."""


def names(probe: AnyProbe) -> list[str]:
    """The columns that the relation for `lines` must have, `at` as a timestamp."""
    return [
        *("at", "school", "agent", "target", *sorted(probe.labels)),
        *("outcome", "version", "clock", *(metric.name for metric in probe.measures)),
    ]


def lines(probe: AnyProbe, rows: str) -> str:
    """SQL for one line a row of the relation `rows`."""
    timed = with_period(f'SELECT * REPLACE (epoch_ms("at") AS "at") FROM ({rows})', NEAR)
    return (
        f"SELECT {_tags(probe)} || ' ' || {_fields(probe)} || ' ' || t.\"at\" "
        f"FROM ({timed}) t LEFT JOIN {SITE} s ON s.school = t.school"
    )


def _tags(probe: AnyProbe) -> str:
    columns = {
        **{name: tag_value_sql(f"t.{quoted(name)}") for name in (*READING_TAGS, *probe.labels)},
        "county": "s.county",
        "version": "t.version",
        "period": f"t.{PERIOD}",
    }
    # A tag cannot be empty; concat takes what is NULL for nothing.
    tags = [
        f"',{name}=' || nullif(({columns[name]})::VARCHAR, '')"
        for name in (*READING_TAGS, *sorted(probe.labels))
    ]
    name, value = UNSURE_CLOCK
    unsure = f"CASE WHEN t.clock = {int(Clock.UNKNOWN)} THEN ',{name}={value}' END"
    return f"concat('{probe.name}', {', '.join(tags)}, {unsure})"


def _fields(probe: AnyProbe) -> str:
    codes = " ".join(f"WHEN '{word}' THEN '{code.number}'" for word, code in OUTCOMES.items())
    fields = [f"'{OUTCOME_FIELD}=' || CASE t.outcome {codes} END"]
    fields += [f"'{m.name}=' || t.{quoted(m.name)}" for m in probe.measures]
    return f"concat_ws(',', {', '.join(fields)})"
