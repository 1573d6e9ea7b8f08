"""How many runs the configuration in force asked for: the denominator of every coverage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from collector.store import Expectation, Key, PeriodKind
from collector.store.question import Question
from collector.store.timetable import milliseconds

_KNOWN = ("school", "agent", "target")


def create(db: duckdb.DuckDBPyConnection) -> None:
    db.execute(
        "CREATE TABLE expectation (school VARCHAR, agent VARCHAR, probe VARCHAR, target VARCHAR, "
        "every DOUBLE, since BIGINT, until BIGINT)"
    )


def replace(db: duckdb.DuckDBPyConnection, expectations: Sequence[Expectation]) -> None:
    forever = 2**62
    db.execute("DELETE FROM expectation")
    db.execute(
        "INSERT INTO expectation SELECT "
        "unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7)",
        [
            [e.school for e in expectations],
            [e.agent for e in expectations],
            [e.probe for e in expectations],
            [e.target for e in expectations],
            [e.every for e in expectations],
            [milliseconds(e.since) for e in expectations],
            [forever if e.until is None else milliseconds(e.until) for e in expectations],
        ],
    )


def runs(
    db: duckdb.DuckDBPyConnection,
    question: Question,
    since: datetime,
    until: datetime,
    period: PeriodKind | None,
) -> dict[Key, float]:
    """Expected runs by the part of the group's key that an expectation knows (no labels)."""
    by = [c for c in question.by if c in _KNOWN]
    parameters: dict[str, object] = {
        "probe": question.probe.name,
        "since": milliseconds(since),
        "until": milliseconds(until),
    }
    conditions = ["probe = $probe"]
    for i, (column, allowed) in enumerate(question.where.items()):
        if column in _KNOWN:
            conditions.append(f"list_contains($where{i}, e.{column})")
            parameters[f"where{i}"] = list(allowed)
    keys = "".join(f"e.{c}, " for c in by)
    whole = "greatest(0, least(e.until, $until) - greatest(e.since, $since))"
    source, amount = "expectation e", whole
    if period is not None:
        parameters["period"] = period
        source, amount = _with_periods(period)
    rows = db.execute(
        f"SELECT {keys} sum({amount} / 1000.0 / e.every) FROM {source} "
        f"WHERE {' AND '.join(conditions)} GROUP BY ALL",
        parameters,
    ).fetchall()
    return {tuple(row[:-1]): float(row[-1]) for row in rows if row[-1]}


def _with_periods(period: PeriodKind) -> tuple[str, str]:
    inside = "greatest(0, least(e.until, p.until, $until) - greatest(e.since, p.since, $since))"
    if period != "off":
        return "expectation e JOIN period p ON p.school = e.school AND p.kind = $period", inside
    covered = f"(SELECT coalesce(sum({inside}), 0) FROM period p WHERE p.school = e.school)"
    whole = "greatest(0, least(e.until, $until) - greatest(e.since, $since))"
    return "expectation e", f"if($period = 'off', {whole} - {covered}, 0)"


def of_group(question: Question, key: Key, expected: dict[Key, float]) -> float | None:
    known = tuple(value for c, value in zip(question.by, key, strict=True) if c in _KNOWN)
    return expected.get(known)
