"""The rows that a question is about, as one SQL relation over archive files and the hot window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from collector.store import PeriodKind
from collector.store.archive import KNOWN_CLOCK, Archive, file_rows, hot_rows
from collector.store.hot import quoted
from collector.store.journal import ArchiveFile
from collector.store.question import Question
from collector.store.rollup import HOUR_MS, KIND, Rollups, totals
from collector.store.timetable import PERIOD, Timetable, milliseconds, with_period
from collector.store.views import View

_DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Span:
    """[since, until) in ms, of all periods or of one kind only; `hourly` if the answer is made of
    whole hours wherever the span's own ends allow it."""

    since: int
    until: int
    period: PeriodKind | None
    hourly: bool = False

    @classmethod
    def of(
        cls, since: datetime, until: datetime, period: PeriodKind | None, hourly: bool = False
    ) -> Span:
        return cls(milliseconds(since), milliseconds(until), period, hourly)

    def has_whole_hours(self, file: ArchiveFile) -> bool:
        """Whether the span takes every hour of a day file wholly or not at all."""
        day = file.first_at // _DAY_MS * _DAY_MS
        ends = (max(self.since, day), min(self.until, day + _DAY_MS))
        return self.hourly and all(end % HOUR_MS == 0 for end in ends)


@dataclass(frozen=True, slots=True)
class Rows:
    """SQL and its parameters.

    Each row has `at` in ms, the columns that were asked for, and `value`; or, if `rolled`, what
    several values add up to: n, total, low, high, first and last instead.
    """

    sql: str
    parameters: dict[str, object]
    rolled: bool = False


def rows(
    question: Question,
    view: View,
    archive: Archive,
    span: Span,
    timetable: Timetable,
    extra: Sequence[str] = (),
) -> Rows | None:
    """Rows with the question's columns and `extra`; None if there are none for certain.

    Only those whose metric was measured, whose instant is known, and that lie in the span.
    """
    keys = list(dict.fromkeys(("school", *question.columns, *extra)))
    hours, files = _divided(question, view, span, timetable)
    conditions, parameters = chosen_by(question)
    parameters |= {"since": span.since, "until": span.until}
    if span.period is not None:
        parameters["period"] = span.period
    paths = [archive.path(f) for f in files]
    raw = _readings(question, view, paths, keys, conditions, span.period)
    if not hours:
        return Rows(raw, parameters) if raw else None
    conditions += ['"at" >= $since', '"at" < $until']
    if span.period is not None:
        conditions.append(f"{PERIOD} = $period")
    listed = ", ".join(['"at"', *map(quoted, keys)])
    rolled = (
        f"SELECT {listed}, n, total, low, high, first, last "
        f"FROM ({totals([archive.path(f) for f in hours], question.metric, keys)}) "
        f"WHERE {' AND '.join(conditions)}"
    )
    if raw:
        rolled += f' UNION ALL SELECT {listed}, 1, value, value, value, "at", "at" FROM ({raw})'
    return Rows(rolled, parameters, rolled=True)


def _divided(
    question: Question, view: View, span: Span, timetable: Timetable
) -> tuple[list[ArchiveFile], list[ArchiveFile]]:
    """Roll-ups to take, and files of readings for the rest."""
    ours = [f for f in view.files if f.probe == question.probe.name]
    rolled = span.hourly and "session" not in question.columns
    rollups = Rollups(ours if rolled else (), timetable)
    hours, files = [], []
    for file in ours:
        if file.kind == KIND or file.last_at < span.since or file.first_at >= span.until:
            continue
        rollup = None
        if span.has_whole_hours(file):
            rollup = rollups.of(file, by_period=span.period is not None)
        if rollup is None:
            files.append(file)
        else:
            hours.append(rollup)
    return hours, files


def _readings(
    question: Question,
    view: View,
    paths: Sequence[Path],
    keys: Sequence[str],
    chosen: Sequence[str],
    period: PeriodKind | None,
) -> str:
    """SQL for `at` in ms, `keys` and `value`; empty if there is nothing to read."""
    probe, metric = question.probe, quoted(question.metric)
    names = ["at", "clock", *keys, question.metric]
    parts = [file_rows(paths, names)] if paths else []
    parts += [
        hot_rows(probe, window, names) for window in view.windows if probe.name in window.tables
    ]
    if not parts:
        return ""
    conditions = [
        '"at" >= make_timestamp_ms($since)::TIMESTAMP_MS',
        '"at" < make_timestamp_ms($until)::TIMESTAMP_MS',
        KNOWN_CLOCK,
        f"{metric} IS NOT NULL",
        *chosen,
    ]
    columns = ['epoch_ms("at") AS "at"', *map(quoted, keys), f"{metric} AS value"]
    sql = (
        f"SELECT {', '.join(columns)} FROM ({' UNION ALL BY NAME '.join(parts)}) "
        f"WHERE {' AND '.join(conditions)}"
    )
    if period is None:
        return sql
    return f"SELECT * EXCLUDE ({PERIOD}) FROM ({with_period(sql)}) WHERE {PERIOD} = $period"


def chosen_by(question: Question) -> tuple[list[str], dict[str, object]]:
    """The question's `where` as SQL conditions, and their parameters."""
    conditions = [f"list_contains($where{i}, {quoted(c)})" for i, c in enumerate(question.where)]
    return conditions, {f"where{i}": list(v) for i, v in enumerate(question.where.values())}
