"""The rows that a question is about, as one SQL relation over archive files and the hot window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from collector.store import PeriodKind
from collector.store.archive import KNOWN_CLOCK, Archive, file_rows, hot_rows
from collector.store.hot import quoted
from collector.store.question import Question
from collector.store.views import View


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def rows(
    question: Question,
    view: View,
    archive: Archive,
    since: datetime,
    until: datetime,
    period: PeriodKind | None,
    extra: Sequence[str] = (),
) -> tuple[str, dict[str, object]]:
    """(SQL, its parameters) of rows with `at`, the question's columns, `extra` and `value`.

    Only rows whose metric was measured, whose instant is known, and that lie in [since, until) and
    in `period`.
    """
    probe = question.probe
    names = list(
        dict.fromkeys(("at", "school", "clock", *question.columns, *extra, question.metric))
    )
    start, end = milliseconds(since), milliseconds(until)
    paths = [
        archive.path(f)
        for f in view.files
        if f.probe == probe.name and f.last_at >= start and f.first_at < end
    ]
    parts = [file_rows(paths, names)] if paths else []
    parts += [
        hot_rows(probe, window, names) for window in view.windows if probe.name in window.tables
    ]
    if not parts:
        return "", {}
    parameters: dict[str, object] = {"since": start, "until": end}
    conditions = [
        '"at" >= make_timestamp_ms($since)::TIMESTAMP_MS',
        '"at" < make_timestamp_ms($until)::TIMESTAMP_MS',
        KNOWN_CLOCK,
        f"{quoted(question.metric)} IS NOT NULL",
    ]
    for i, (column, allowed) in enumerate(question.where.items()):
        conditions.append(f"list_contains($where{i}, {quoted(column)})")
        parameters[f"where{i}"] = list(allowed)
    columns = ", ".join(
        ['epoch_ms("at") AS "at"']
        + [quoted(n) for n in names if n not in ("at", "clock", question.metric)]
        + [f"{quoted(question.metric)} AS value"]
    )
    sql = (
        f"SELECT {columns} FROM ({' UNION ALL BY NAME '.join(parts)}) "
        f"WHERE {' AND '.join(conditions)}"
    )
    if period is not None:
        sql = _in_period(sql, period)
        parameters["period"] = period
    return sql, parameters


def _in_period(sql: str, period: PeriodKind) -> str:
    """Rows of `sql` that fall into a kind of period; an instant in no period is `off`."""
    joined = (
        f"SELECT r.*, CASE WHEN r.\"at\" < p.until THEN p.kind ELSE 'off' END AS kind "
        f'FROM ({sql}) r ASOF LEFT JOIN period p ON r.school = p.school AND r."at" >= p.since'
    )
    condition = "kind IS NULL OR kind = 'off'" if period == "off" else "kind = $period"
    chosen = f"SELECT * EXCLUDE (kind) FROM ({joined}) WHERE {condition}"
    return chosen if period != "off" else chosen + " AND $period = 'off'"
