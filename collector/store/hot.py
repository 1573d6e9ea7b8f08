"""The hot window: readings since the last sealing, as in-memory DuckDB tables, one per probe.

A window is a generation of tables. Sealing closes the current window and opens the next, writes the
closed one to Parquet and drops it whole. Everything here can be made again from the journal.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from collector.store.arrival import Arrival
from collector.store.columns import (
    CLOCK_TOLERANCE_MS,
    Clock,
    Columns,
    Ints,
    KnownHead,
    Segment,
    statuses,
)
from collector.store.latest import LatestValues
from probes.catalog import AnyProbe, Catalog

_RECENT_KEPT = 200_000

SeriesKey = tuple[str | int, ...]


def quoted(name: str) -> str:
    """`name` as an SQL identifier: a metric may be called like a keyword."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(slots=True, eq=False)
class Filled:
    """Checked columns of one commit, on their way into the window."""

    columns: Columns
    batch: Ints


def filled(arrivals: Sequence[Arrival], joined: Iterable[Columns]) -> list[Filled]:
    """Replace positions among `arrivals` by journal numbers, which exist after the commit."""
    ids = np.array([a.id for a in arrivals], "i8")
    return [Filled(columns, ids[columns.batch]) for columns in joined]


class Window:
    """One generation of tables; `tables` are the probes that have rows in it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.tables: set[str] = set()
        self.last_batch = 0

    def table(self, probe: str) -> str:
        return quoted(f"hot_{self.number}_{probe}")


class SeriesBook:
    """Numbers the distinct (school, agent, version, target, labels) of each probe."""

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        self._db = db
        self._numbers: dict[str, dict[SeriesKey, int]] = {}
        self._recent: dict[tuple[str, str, KnownHead], Ints] = {}

    def numbers(self, probe: AnyProbe, segments: Sequence[Segment]) -> list[Ints]:
        """Per segment, the series number of each of its keys; new series are written to DuckDB."""
        # An agent sends the same head in nearly every batch: one look-up instead of one a key.
        names = [(s.arrival.agent, s.arrival.school, s.head) for s in segments]
        try:
            return [self._recent[name] for name in names]
        except KeyError:
            self._learn(probe, names)
            return [self._recent[name] for name in names]

    def _learn(self, probe: AnyProbe, names: Sequence[tuple[str, str, KnownHead]]) -> None:
        unknown = {name: None for name in names if name not in self._recent}
        listed: list[list[SeriesKey]] = [
            [(school, agent, head.version, *key) for key in head.keys]
            for agent, school, head in unknown
        ]
        flat = self.number(probe, [series for each in listed for series in each])
        if len(self._recent) > _RECENT_KEPT:
            # What this very call needs must stay.
            self._recent = {name: self._recent[name] for name in names if name not in unknown}
        ends = np.cumsum([len(each) for each in listed])
        self._recent.update(zip(unknown, np.split(flat, ends[:-1]), strict=True))

    def number(self, probe: AnyProbe, series: Sequence[SeriesKey]) -> Ints:
        """The numbers of series (school, agent, version, target, labels…)."""
        book = self._numbers.get(probe.name)
        if book is None:
            self._create(probe)
            book = self._numbers[probe.name] = {}
        fresh: dict[SeriesKey, int] = {}
        for key in series:
            if key not in book:
                fresh.setdefault(key, len(book) + len(fresh))
        if fresh:
            self._write(list(fresh), len(book), probe)
            # Only now: a number that DuckDB does not have would make its rows invisible.
            book.update(fresh)
        return np.array([book[key] for key in series], "i8")

    def _create(self, probe: AnyProbe) -> None:
        labels = "".join(f", {quoted(name)} VARCHAR" for name in sorted(probe.labels))
        self._db.execute(
            f"CREATE TABLE {series_table(probe.name)} "
            f"(id BIGINT, school VARCHAR, agent VARCHAR, version INTEGER, target VARCHAR{labels})"
        )
        self._db.execute(
            f"CREATE TABLE {status_table(probe.name)} AS "
            "SELECT unnest($1) AS id, unnest($2) AS outcome, unnest($3) AS reason",
            [
                list(range(len(statuses(probe)))),
                [outcome for outcome, _ in statuses(probe)],
                [reason for _, reason in statuses(probe)],
            ],
        )

    def _write(self, new: list[SeriesKey], first: int, probe: AnyProbe) -> None:
        columns = [list(range(first, first + len(new))), *map(list, zip(*new, strict=True))]
        places = ", ".join(f"unnest(${i})" for i in range(1, len(columns) + 1))
        self._db.execute(f"INSERT INTO {series_table(probe.name)} SELECT {places}", columns)


def series_table(probe: str) -> str:
    return quoted(f"series_{probe}")


def status_table(probe: str) -> str:
    return quoted(f"status_{probe}")


class HotWindow:
    """Fills the current window and hands closed ones to the sealer. Thread-safe."""

    def __init__(self, db: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
        self._db = db
        self._catalog = catalog
        self._lock = threading.Lock()
        self._series = SeriesBook(db)
        self._numbered = 1
        self.latest = LatestValues(catalog)
        self.windows = [Window(1)]
        """Oldest first; the last one is being filled."""
        db.execute("CREATE TABLE batch (id BIGINT, session VARCHAR, received BIGINT)")

    def fill(
        self, arrivals: Sequence[Arrival], parts: Sequence[Filled], window: Window | None = None
    ) -> None:
        """Add committed batches, to the current window unless another is given.

        The caller keeps their order: ids only ever grow.
        """
        if not arrivals:
            return
        with self._lock:
            self._list(arrivals, again=window is not None)
            window = window or self.windows[-1]
            alike: dict[tuple[str, tuple[str, ...]], list[Filled]] = {}
            for part in parts:
                alike.setdefault((part.columns.probe.name, part.columns.metrics), []).append(part)
            for group in alike.values():
                self._insert(window, group)
            window.last_batch = max(window.last_batch, arrivals[-1].id)

    def _list(self, arrivals: Sequence[Arrival], again: bool) -> None:
        """`again`: some may be in the table of batches already."""
        # DuckDB finds the local variable by its name; numpy costs a sixth of a list per element.
        arriving = {
            "id": np.array([a.id for a in arrivals], "i8"),
            "session": np.array([a.session for a in arrivals], object),
            "received": np.array([a.received for a in arrivals], "i8"),
        }
        new = "WHERE id NOT IN (SELECT id FROM batch)" if again else ""
        self._db.execute(f"INSERT INTO batch SELECT id, session, received FROM arriving {new}")
        del arriving

    def _insert(self, window: Window, group: Sequence[Filled]) -> None:
        probe, metrics = group[0].columns.probe, group[0].columns.metrics
        segments = [s for part in group for s in part.columns.segments]
        numbers = self._series.numbers(probe, segments)
        starts = np.cumsum([0, *(len(n) for n in numbers[:-1])])
        key = np.concatenate([part.columns.key for part in group])
        rows = np.concatenate([part.columns.rows for part in group])
        series = np.concatenate(numbers)[key + np.repeat(starts, rows)]
        at = np.concatenate([part.columns.at for part in group])
        clock = np.concatenate([part.columns.clock for part in group])
        values = np.concatenate([part.columns.values for part in group])
        status = np.concatenate([part.columns.status for part in group])
        received = np.concatenate([part.columns.received for part in group])
        # Of unknown instant, or from the future: never the newest.
        usable = (clock != Clock.UNKNOWN) & (at <= received + CLOCK_TOLERANCE_MS)
        self.latest.update(
            probe, metrics, series[usable], at[usable], status[usable], values[usable]
        )
        arriving: dict[str, NDArray[Any]] = {
            "batch": np.concatenate([part.batch for part in group]),
            "series": series,
            "at": at,
            "clock": clock,
            "status": status,
        }
        transposed = np.ascontiguousarray(values.T)
        arriving |= {f"v{i}": transposed[i] for i in range(len(metrics))}
        self._ensure_table(window, probe)
        named = ", ".join(["batch", "series", '"at"', "clock", "status", *map(quoted, metrics)])
        # NaN is how a column of numbers says absent.
        given = ", ".join(
            ["batch", "series", '"at"', "clock", "status"]
            + [f"nullif(v{i}, 'NaN'::DOUBLE)" for i in range(len(metrics))]
        )
        # DuckDB finds the local variable by its name; registering it costs half as much again.
        self._db.execute(
            f"INSERT INTO {window.table(probe.name)} ({named}) SELECT {given} FROM arriving"
        )

    def recall(self, probe: AnyProbe, newest: Sequence[tuple[Any, ...]]) -> None:
        """Take rows of (series key…, then value and instant of each metric) as latest values."""
        width = 4 + len(probe.labels)
        with self._lock:
            series = self._series.number(probe, [row[:width] for row in newest])
            for i, metric in enumerate(probe.measures):
                pairs = [(row[width + 2 * i], row[width + 2 * i + 1]) for row in newest]
                values = np.array([[np.nan if v is None else v] for v, _ in pairs], float)
                at = np.array([0 if t is None else t for _, t in pairs], "i8")
                self.latest.take(probe, (metric.name,), series, at, values)

    def _ensure_table(self, window: Window, probe: AnyProbe) -> None:
        if probe.name in window.tables:
            return
        metrics = "".join(f", {quoted(m.name)} DOUBLE" for m in probe.measures)
        self._db.execute(
            f"CREATE TABLE {window.table(probe.name)} (batch BIGINT, series BIGINT, "
            f'"at" BIGINT, clock UTINYINT, status UTINYINT{metrics})'
        )
        window.tables.add(probe.name)

    def cut(self) -> list[Window]:
        """Close the current window, if it has rows, and open the next; returns the closed ones."""
        with self._lock:
            if self.windows[-1].last_batch:
                self._numbered += 1
                self.windows.append(Window(self._numbered))
            return self.windows[:-1]

    def spare(self) -> Window:
        """A window beside the others, to be filled again from the journal."""
        with self._lock:
            self._numbered += 1
            return Window(self._numbered)

    def row_counts(self, window: Window, db: duckdb.DuckDBPyConnection) -> dict[int, int]:
        """Rows per batch id in `window`, over all probes."""
        if not window.tables:
            return {}
        union = " UNION ALL ".join(
            f"SELECT batch FROM {window.table(p)}" for p in sorted(window.tables)
        )
        rows = db.execute(f"SELECT batch, count(*) FROM ({union}) GROUP BY batch").fetchall()
        return dict(rows)

    def substitute(self, window: Window, other: Window) -> None:
        """Let `other` stand in the place of `window`."""
        with self._lock:
            self.windows[self.windows.index(window)] = other

    def drop(self, window: Window) -> None:
        """Free a window that no query uses any more."""
        with self._lock:
            if window in self.windows:
                self.windows.remove(window)
            for probe in window.tables:
                self._db.execute(f"DROP TABLE {window.table(probe)}")
            window.tables.clear()

    def forget_batches(self, until: int) -> None:
        """Sealed batches need no row in the table of batches any more."""
        with self._lock:
            self._db.execute("DELETE FROM batch WHERE id <= $1", [until])
