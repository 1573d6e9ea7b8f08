"""Readings as lines, made by DuckDB: a line takes it a fraction of what Python needs for one."""

from __future__ import annotations

from collector.export.line import tag_value, tag_value_sql
from collector.store.columns import Clock
from collector.store.hot import quoted
from collector.store.timetable import PERIOD, with_period
from config.measurement import CLOCK_KNOWN, CLOCK_UNKNOWN, OUTCOME_FIELD, OUTCOMES
from probes.catalog import AnyProbe

SITE, NEAR = "site", "near"
"""Tables that the caller's connection must have: (school, tags), see `site_tags`, and the part of
the timetable that touches the rows."""


def names(probe: AnyProbe) -> list[str]:
    """The columns that the relation for `lines` must have, `at` as a timestamp."""
    return [
        *("at", "school", "agent", "target", *sorted(probe.labels)),
        *("outcome", "version", "clock", *(metric.name for metric in probe.measures)),
    ]


def site_tags(school: str, county: str) -> str:
    """The tags that all readings of a school have in common."""
    return f",county={tag_value(county)},school={tag_value(school)}"


def lines(probe: AnyProbe, rows: str) -> str:
    """SQL for one line a row of the relation `rows`."""
    timed = with_period(f'SELECT * REPLACE (epoch_ms("at") AS "at") FROM ({rows})', NEAR)
    return (
        f"SELECT {_tags(probe)} || ' ' || {_fields(probe)} || ' ' || t.\"at\" "
        f"FROM ({timed}) t LEFT JOIN {SITE} s ON s.school = t.school"
    )


def _tags(probe: AnyProbe) -> str:
    """READING_TAGS and labels. What an agent names is made safe; its id is the register's own."""
    site = f"coalesce(s.tags, ',school=' || {tag_value_sql('t.school')})"
    values = {
        "agent": "t.agent",
        "target": tag_value_sql("t.target"),
        "version": "t.version",
        "period": f"t.{PERIOD}",
        "clock": f"if(t.clock = {int(Clock.UNKNOWN)}, '{CLOCK_UNKNOWN}', '{CLOCK_KNOWN}')",
        **{name: tag_value_sql(f"t.{quoted(name)}") for name in sorted(probe.labels)},
    }
    # A tag cannot be empty; concat takes what is NULL for nothing.
    tags = [f"',{name}=' || nullif(({sql})::VARCHAR, '')" for name, sql in values.items()]
    return f"concat('{probe.name}', {site}, {', '.join(tags)})"


def _fields(probe: AnyProbe) -> str:
    codes = " ".join(f"WHEN '{word}' THEN '{code.number}'" for word, code in OUTCOMES.items())
    fields = [f"'{OUTCOME_FIELD}=' || CASE t.outcome {codes} END"]
    fields += [f"'{m.name}=' || t.{quoted(m.name)}" for m in probe.measures]
    return f"concat_ws(',', {', '.join(fields)})"
