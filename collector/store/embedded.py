"""The embedded store: DuckDB over the archive and the hot window answers; SQLite commits."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import isnan

import duckdb

from collector.store import (
    Expectation,
    Key,
    LastRun,
    Latest,
    MetricRef,
    PeriodKind,
    Point,
    SchoolPeriod,
    Statistic,
    Summary,
    Where,
)
from collector.store import expected as expected_runs
from collector.store.archive import Archive
from collector.store.hot import HotWindow, quoted, series_table
from collector.store.last_runs import last_runs
from collector.store.question import SERIES, Question, ask
from collector.store.relation import Span, chosen_by, rows
from collector.store.rollup import HOUR_MS
from collector.store.statistic import ROLLED, Aggregates, aggregates
from collector.store.timetable import Timetable, milliseconds
from collector.store.views import Views
from probes.catalog import Catalog


class EmbeddedStore:
    """Answers from the current view; see the Store protocol for what is promised."""

    def __init__(
        self,
        catalog: Catalog,
        db: duckdb.DuckDBPyConnection,
        hot: HotWindow,
        archive: Archive,
        views: Views,
        timetable: Timetable,
    ) -> None:
        self._catalog = catalog
        self._db = db
        self._hot = hot
        self._archive = archive
        self._views = views
        self._timetable = timetable
        self._reference = threading.Lock()
        expected_runs.create(db)

    def latest(self, metric: MetricRef, by: Sequence[str], where: Where) -> dict[Key, Latest]:
        question = ask(self._catalog, metric, by, where, SERIES)
        chosen, parameters = chosen_by(question)
        listed = ", ".join(["id", *map(quoted, question.by)])
        values, instants = (
            each.tolist() for each in self._hot.latest.of(metric.probe, metric.metric)
        )
        if not values:
            return {}
        # Joining the arrays in SQL would take longer than the one pass over what was chosen.
        series = (
            self._db.cursor()
            .execute(
                f"SELECT {listed} FROM {series_table(metric.probe)} "
                f"WHERE {' AND '.join(['TRUE', *chosen])}",
                parameters,
            )
            .fetchall()
        )
        newest: dict[Key, int] = {}
        for number, *key in series:
            if number >= len(values) or isnan(values[number]):
                continue
            group = tuple(key)
            if group not in newest or instants[newest[group]] < instants[number]:
                newest[group] = number
        return {key: Latest(_instant(instants[n]), values[n]) for key, n in newest.items()}

    def last_runs(self, probe: str, school: str | None = None) -> list[LastRun]:
        return last_runs(self._db.cursor(), self._catalog[probe], self._hot.latest, school)

    def summarise(
        self,
        metric: MetricRef,
        statistic: Statistic,
        by: Sequence[str],
        since: datetime,
        until: datetime,
        where: Where,
        period: PeriodKind | None = None,
    ) -> dict[Key, Summary]:
        question = ask(self._catalog, metric, by, where)
        span = Span.of(since, until, period, hourly=statistic.name in ROLLED)
        with self._views.use() as view:
            extra = ("agent", "target", *question.probe.labels)
            chosen = rows(question, view, self._archive, span, self._timetable, extra)
            if chosen is None:
                return {}
            cursor = self._db.cursor()
            sql = _summary_sql(question, aggregates(statistic, chosen.rolled), chosen.sql)
            found = cursor.execute(sql, chosen.parameters).fetchall()
            asked = expected_runs.runs(cursor, question, since, until, period)
        width = len(question.by)
        return {
            tuple(row[:width]): Summary(
                value=float(row[width]),
                n=int(row[width + 1]),
                runs=int(row[width + 4]),
                expected=expected_runs.of_group(question, tuple(row[:width]), asked),
                first=_instant(row[width + 2]),
                last=_instant(row[width + 3]),
            )
            for row in found
        }

    def series(
        self,
        metric: MetricRef,
        statistic: Statistic,
        by: Sequence[str],
        step: timedelta,
        since: datetime,
        until: datetime,
        where: Where,
        period: PeriodKind | None = None,
    ) -> list[Point]:
        question = ask(self._catalog, metric, by, where)
        step_ms = round(step.total_seconds() * 1000)
        whole = statistic.name in ROLLED and step_ms % HOUR_MS == milliseconds(since) % HOUR_MS == 0
        span = Span.of(since, until, period, hourly=whole)
        with self._views.use() as view:
            chosen = rows(question, view, self._archive, span, self._timetable)
            if chosen is None:
                return []
            keys = "".join(f"{quoted(c)}, " for c in question.by)
            what = aggregates(statistic, chosen.rolled)
            found = (
                self._db.cursor()
                .execute(
                    f'SELECT {keys} $since + ("at" - $since) // $step * $step AS bucket, '
                    f"{what.statistic}, {what.n} FROM ({chosen.sql}) GROUP BY ALL ORDER BY ALL",
                    {**chosen.parameters, "step": step_ms},
                )
                .fetchall()
            )
        return [
            Point(tuple(row[:-3]), _instant(row[-3]), float(row[-2]), int(row[-1])) for row in found
        ]

    def set_periods(self, periods: Sequence[SchoolPeriod]) -> None:
        self._timetable.replace(periods)

    def set_expectations(self, expectations: Sequence[Expectation]) -> None:
        with self._reference:
            cursor = self._db.cursor()
            cursor.execute("BEGIN")
            expected_runs.replace(cursor, expectations)
            cursor.execute("COMMIT")


def _summary_sql(question: Question, what: Aggregates, chosen: str) -> str:
    """Groups with (statistic, n, first, last, runs); none if nothing was chosen.

    A run of a probe with labels writes a row per label value; the runs of a series are then those
    of the label value that was seen most often.
    """
    by = [quoted(c) for c in question.by]
    keys = "".join(f"{c}, " for c in by)
    totals = (
        f"SELECT {keys} {what.statistic} AS statistic, {what.n} AS n, {what.first} AS first, "
        f"{what.last} AS last FROM chosen GROUP BY ALL HAVING count(*) > 0"
    )
    if not question.probe.labels:
        return f"WITH chosen AS ({chosen}) SELECT *, n FROM ({totals})"
    run = list(dict.fromkeys((*by, '"agent"', '"target"')))
    labelled = ", ".join(dict.fromkeys((*run, *map(quoted, sorted(question.probe.labels)))))
    counts = f"SELECT {labelled}, {what.n} AS c FROM chosen GROUP BY ALL"
    most = f"SELECT {', '.join(run)}, max(c) AS most FROM ({counts}) GROUP BY ALL"
    runs = f"SELECT {keys} sum(most) AS runs FROM ({most}) GROUP BY ALL"
    join = "USING (" + ", ".join(by) + ")" if by else "ON TRUE"
    return (
        f"WITH chosen AS ({chosen}), totals AS ({totals}), runs AS ({runs}) "
        f"SELECT {keys} statistic, n, first, last, runs FROM totals JOIN runs {join}"
    )


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
