"""The embedded store: DuckDB over the archive and the hot window answers; SQLite commits."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np

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
from collector.store.question import Question, ask
from collector.store.relation import milliseconds, rows
from collector.store.statistic import aggregate
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
    ) -> None:
        self._catalog = catalog
        self._db = db
        self._hot = hot
        self._archive = archive
        self._views = views
        self._reference = threading.Lock()
        db.execute("CREATE TABLE period (school VARCHAR, since BIGINT, until BIGINT, kind VARCHAR)")
        expected_runs.create(db)

    def latest(self, metric: MetricRef, by: Sequence[str], where: Where) -> dict[Key, Latest]:
        question = ask(self._catalog, metric, by, where)
        values, instants = self._hot.latest.of(metric.probe, metric.metric)
        known = np.flatnonzero(~np.isnan(values))
        if not len(known):
            return {}
        columns = [c for c in question.columns if c != "session"]
        listed = ", ".join(["id", *map(quoted, columns)])
        found: dict[Key, Latest] = {}
        cursor = self._db.cursor()
        for number, *keys in cursor.execute(
            f"SELECT {listed} FROM {series_table(metric.probe)}"
        ).fetchall():
            if number >= len(values) or np.isnan(values[number]):
                continue
            row = dict(zip(columns, keys, strict=True))
            if any(row[c] not in allowed for c, allowed in question.where.items()):
                continue
            key = tuple(row[c] for c in question.by)
            at = datetime.fromtimestamp(int(instants[number]) / 1000, UTC)
            if key not in found or found[key].at < at:
                found[key] = Latest(at, float(values[number]))
        return found

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
        with self._views.use() as view:
            chosen, parameters = rows(
                question,
                view,
                self._archive,
                since,
                until,
                period,
                ("agent", "target", *question.probe.labels),
            )
            if not chosen:
                return {}
            cursor = self._db.cursor()
            found = cursor.execute(_summary_sql(question, statistic, chosen), parameters).fetchall()
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
        with self._views.use() as view:
            chosen, parameters = rows(question, view, self._archive, since, until, period)
            if not chosen:
                return []
            keys = "".join(f"{quoted(c)}, " for c in question.by)
            parameters["step"] = round(step.total_seconds() * 1000)
            found = (
                self._db.cursor()
                .execute(
                    f'SELECT {keys} $since + ("at" - $since) // $step * $step AS bucket, '
                    f"{aggregate(statistic)}, count(value) FROM ({chosen}) "
                    "GROUP BY ALL ORDER BY ALL",
                    parameters,
                )
                .fetchall()
            )
        return [
            Point(tuple(row[:-3]), _instant(row[-3]), float(row[-2]), int(row[-1])) for row in found
        ]

    def set_periods(self, periods: Sequence[SchoolPeriod]) -> None:
        with self._reference:
            cursor = self._db.cursor()
            cursor.execute("BEGIN")
            cursor.execute("DELETE FROM period")
            cursor.execute(
                "INSERT INTO period SELECT unnest($1), unnest($2), unnest($3), unnest($4)",
                [
                    [p.school for p in periods],
                    [milliseconds(p.since) for p in periods],
                    [milliseconds(p.until) for p in periods],
                    [p.kind for p in periods],
                ],
            )
            cursor.execute("COMMIT")

    def set_expectations(self, expectations: Sequence[Expectation]) -> None:
        with self._reference:
            cursor = self._db.cursor()
            cursor.execute("BEGIN")
            expected_runs.replace(cursor, expectations)
            cursor.execute("COMMIT")


def _summary_sql(question: Question, statistic: Statistic, chosen: str) -> str:
    """Groups with (statistic, n, first, last, runs).

    A run of a probe with labels writes a row per label value; the runs of a series are then those
    of the label value that was seen most often.
    """
    by = [quoted(c) for c in question.by]
    keys = "".join(f"{c}, " for c in by)
    totals = (
        f"SELECT {keys} {aggregate(statistic)} AS statistic, count(value) AS n, "
        'min("at") AS first, '
        f'max("at") AS last FROM chosen GROUP BY ALL'
    )
    if not question.probe.labels:
        return f"WITH chosen AS ({chosen}) SELECT *, n FROM ({totals})"
    run = list(dict.fromkeys((*by, '"agent"', '"target"')))
    labelled = ", ".join(dict.fromkeys((*run, *map(quoted, sorted(question.probe.labels)))))
    counts = f"SELECT {labelled}, count(*) AS c FROM chosen GROUP BY ALL"
    most = f"SELECT {', '.join(run)}, max(c) AS most FROM ({counts}) GROUP BY ALL"
    runs = f"SELECT {keys} sum(most) AS runs FROM ({most}) GROUP BY ALL"
    join = "USING (" + ", ".join(by) + ")" if by else "ON TRUE"
    return (
        f"WITH chosen AS ({chosen}), totals AS ({totals}), runs AS ({runs}) "
        f"SELECT {keys} statistic, n, first, last, runs FROM totals JOIN runs {join}"
    )


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
