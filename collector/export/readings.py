"""Readings as lines, made by DuckDB: a line takes it a fraction of what Python needs for one.

What is the same for all readings of a series is put together first; `lines` adds the rest.
"""

from __future__ import annotations

from collector.export.line import tag_value, tag_value_sql
from collector.store.columns import Clock, statuses
from collector.store.hot import Window, quoted, series_table
from collector.store.timetable import PERIOD, with_period
from config.measurement import (
    CLOCK_KNOWN,
    CLOCK_UNKNOWN,
    DEVICE_LABEL,
    OF_NO_DEVICE,
    OUTCOME_FIELD,
    OUTCOMES,
)
from probes.catalog import AnyProbe
from probes.model import Outcome

SITE, NEAR = "site", "near"
"""Tables that the caller's connection must have: (school, tags), see `site_tags`, and the part of
the timetable that touches the rows."""
TAGS = "series_tags"
"""A column: the measurement and the tags that all readings of a series have; NULL where they are
about one device by its MAC address, which stays here."""


def site_tags(school: str, county: str) -> str:
    """The tags that all readings of a school have in common."""
    return f",county={tag_value(county)},school={tag_value(school)}"


def tags_table(probe: AnyProbe) -> str:
    """The name of a table (id, school, TAGS) of the series in the hot window."""
    return quoted(f"tags_{probe.name}")


def tags_of_series(probe: AnyProbe, known: int) -> str:
    """SQL for what `tags_table` lacks, if it knows the first `known` series."""
    return (
        f"SELECT t.id, t.school, {_series_tags(probe)} AS {TAGS} "
        f"FROM {series_table(probe.name)} t LEFT JOIN {SITE} s ON s.school = t.school "
        f"WHERE t.id >= {known}"
    )


def of_window(probe: AnyProbe, window: Window, batches: str) -> str:
    """SQL for the relation of `lines`: rows of the hot window; `batches` is a condition."""
    failed = 1 + (len(statuses(probe)) - 1) // 2
    code = (
        f"CASE WHEN status = 0 THEN {_code(Outcome.OK)} "
        f"WHEN status < {failed} THEN {_code(Outcome.FAILED)} ELSE {_code(Outcome.NOT_RUN)} END"
    )
    return (
        f'SELECT h."at", g.school, g.{TAGS}, h.clock, {code} AS {OUTCOME_FIELD}{_metrics(probe)} '
        f"FROM {window.table(probe.name)} h JOIN {tags_table(probe)} g ON g.id = h.series "
        f"WHERE {batches}"
    )


def names(probe: AnyProbe) -> list[str]:
    """The columns that the relation for `of_rows` must have, `at` as a timestamp."""
    return [
        *("at", "school", "agent", "target", *sorted(probe.labels)),
        *("outcome", "version", "clock", *(metric.name for metric in probe.measures)),
    ]


def of_rows(probe: AnyProbe, rows: str) -> str:
    """SQL for the relation of `lines`, of rows as the archive has them."""
    codes = " ".join(f"WHEN '{outcome}' THEN {_code(outcome)}" for outcome in Outcome)
    return (
        f'SELECT epoch_ms(t."at") AS "at", t.school, {_series_tags(probe)} AS {TAGS}, t.clock, '
        f"CASE t.outcome {codes} END AS {OUTCOME_FIELD}{_metrics(probe)} "
        f"FROM ({rows}) t LEFT JOIN {SITE} s ON s.school = t.school"
    )


def lines(probe: AnyProbe, relation: str) -> str:
    """SQL for one line a row."""
    unsure = f"if(clock = {int(Clock.UNKNOWN)}, '{CLOCK_UNKNOWN}', '{CLOCK_KNOWN}')"
    fields = [f"'{OUTCOME_FIELD}=' || {OUTCOME_FIELD}"]
    # A metric that is NULL was not measured: concat_ws leaves it out.
    fields += [f"'{m.name}=' || {quoted(m.name)}" for m in probe.measures]
    return (
        f"SELECT {TAGS} || ',period=' || {PERIOD} || ',clock=' || {unsure} || ' ' "
        f"|| concat_ws(',', {', '.join(fields)}) || ' ' || \"at\" "
        f"FROM ({with_period(relation, NEAR)}) WHERE {TAGS} IS NOT NULL"
    )


def _series_tags(probe: AnyProbe) -> str:
    """What an agent names is made safe; its id is the register's own."""
    site = f"coalesce(s.tags, ',school=' || {tag_value_sql('t.school')})"
    values = {
        "agent": "t.agent",
        "target": tag_value_sql("t.target"),
        "version": "t.version",
        **{name: tag_value_sql(f"t.{quoted(name)}") for name in sorted(probe.labels)},
    }
    # A tag cannot be empty; concat takes what is NULL for nothing.
    tags = [f"',{name}=' || nullif(({sql})::VARCHAR, '')" for name, sql in values.items()]
    text = f"concat('{probe.name}', {site}, {', '.join(tags)})"
    if DEVICE_LABEL not in probe.labels:
        return text
    of_all = ", ".join(f"'{word}'" for word in OF_NO_DEVICE)
    return f"CASE WHEN t.{quoted(DEVICE_LABEL)} IN ({of_all}) THEN {text} END"


def _metrics(probe: AnyProbe) -> str:
    return "".join(f", {quoted(metric.name)}" for metric in probe.measures)


def _code(outcome: Outcome) -> int:
    return OUTCOMES[outcome].number
