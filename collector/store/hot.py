"""The hot window: readings since the last sealing, as in-memory DuckDB tables, one per probe.

A window is a generation of tables. Sealing closes the current window and opens the next, writes the
closed one to Parquet and drops it whole. Everything here can be made again from the journal.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
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
    statuses,
)
from collector.store.latest import LatestValues
from collector.store.sources import Sources
from probes.catalog import AnyProbe, Catalog

_RECENT_KEPT = 200_000
_NO_IDS = np.array([], "i8")

SeriesKey = tuple[str | int, ...]


def quoted(name: str) -> str:
    """`name` as an SQL identifier: a metric may be called like a keyword."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(slots=True, eq=False)
class Filling:
    """What one commit brings into the window.

    Attributes:
        id, session, received: per batch, the journal's number and what it is listed with.
        columns: `batch` holds the journal's numbers here.
    """

    id: Ints
    session: NDArray[np.object_]
    received: Ints
    columns: list[Columns]


def filling(arrivals: Sequence[Arrival], joined: list[Columns]) -> Filling:
    """Of arrivals that were committed, or are at fault, and their columns; takes these over."""
    ids = np.array([a.id for a in arrivals], "i8")
    for columns in joined:
        columns.batch = ids[columns.batch]
    sound = [a for a in arrivals if a.fault is None]
    return Filling(
        np.array([a.id for a in sound], "i8"),
        np.array([a.session for a in sound], object),
        np.array([a.received for a in sound], "i8"),
        joined,
    )


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

    def __init__(self, db: duckdb.DuckDBPyConnection, sources: Sources) -> None:
        self._db = db
        self._sources = sources
        self._numbers: dict[str, dict[SeriesKey, int]] = {}
        self._recent: dict[int, Ints] = {}

    def numbers(self, probe: AnyProbe, sources: Sequence[int]) -> list[Ints]:
        """Per source, the series number of each of its head's keys; new series are written to
        DuckDB. Raises KeyError for a source that nobody knows any more.
        """
        try:
            return [self._recent[source] for source in sources]
        except KeyError:
            self._learn(probe, sources)
            return [self._recent[source] for source in sources]

    def _learn(self, probe: AnyProbe, sources: Sequence[int]) -> None:
        unknown = [source for source in sources if source not in self._recent]
        listed: list[list[SeriesKey]] = [
            [(school, agent, head.version, *key) for key in head.keys]
            for agent, school, head in map(self._sources.__getitem__, unknown)
        ]
        flat = self.number(probe, [series for each in listed for series in each])
        if len(self._recent) > _RECENT_KEPT:
            # What this very call needs must stay.
            self._recent = {s: self._recent[s] for s in sources if s in self._recent}
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

    def __init__(self, db: duckdb.DuckDBPyConnection, catalog: Catalog, sources: Sources) -> None:
        self._db = db
        self._catalog = catalog
        self._lock = threading.Lock()
        self._series = SeriesBook(db, sources)
        self._numbered = 1
        self.latest = LatestValues(catalog)
        self.windows = [Window(1)]
        """Oldest first; the last one is being filled."""
        db.execute("CREATE TABLE batch (id BIGINT, session VARCHAR, received BIGINT)")

    def fill(self, commits: Sequence[Filling], window: Window | None = None) -> None:
        """Add committed batches, to the current window unless another is given.

        The caller keeps their order: ids only ever grow.
        """
        ids = np.concatenate([_NO_IDS, *(commit.id for commit in commits)])
        if not len(ids):
            return
        with self._lock:
            self._list(ids, commits, again=window is not None)
            window = window or self.windows[-1]
            alike: dict[tuple[str, tuple[str, ...]], list[Columns]] = {}
            for columns in (c for commit in commits for c in commit.columns):
                alike.setdefault((columns.probe.name, columns.metrics), []).append(columns)
            for group in alike.values():
                self._insert(window, group)
            window.last_batch = max(window.last_batch, int(ids[-1]))

    def _list(self, ids: Ints, commits: Sequence[Filling], again: bool) -> None:
        """`again`: some may be in the table of batches already."""
        # DuckDB finds the local variable by its name; numpy costs a sixth of a list per element.
        arriving = {
            "id": ids,
            "session": np.concatenate([commit.session for commit in commits]),
            "received": np.concatenate([commit.received for commit in commits]),
        }
        new = "WHERE id NOT IN (SELECT id FROM batch)" if again else ""
        self._db.execute(f"INSERT INTO batch SELECT id, session, received FROM arriving {new}")
        del arriving

    def _insert(self, window: Window, group: Sequence[Columns]) -> None:
        probe, metrics = group[0].probe, group[0].metrics
        series = self._series_of(group)
        at = np.concatenate([part.at for part in group])
        clock = np.concatenate([part.clock for part in group])
        values = np.concatenate([part.values for part in group])
        status = np.concatenate([part.status for part in group])
        received = np.concatenate([part.received for part in group])
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

    def _series_of(self, group: Sequence[Columns]) -> Ints:
        """Per row, the number of its series."""
        source = np.concatenate([part.source for part in group])
        rows = np.concatenate([part.rows for part in group])
        key = np.concatenate([part.key for part in group])
        distinct, which = np.unique(source, return_inverse=True)
        numbers = self._series.numbers(group[0].probe, distinct.tolist())
        starts = np.cumsum([0, *(len(n) for n in numbers[:-1])])
        series: Ints = np.concatenate(numbers)[key + np.repeat(starts[which], rows)]
        return series

    def recall(self, probe: AnyProbe, newest: Sequence[tuple[Any, ...]]) -> None:
        """Take rows of (series key…, value and instant of each metric, outcome, reason and instant
        of the newest run) as the latest. How a run ended that is not declared any more is not
        known."""
        width = 4 + len(probe.labels)
        known = {ending: n for n, ending in enumerate(statuses(probe))}
        with self._lock:
            series = self._series.number(probe, [row[:width] for row in newest])
            for i, metric in enumerate(probe.measures):
                pairs = [(row[width + 2 * i], row[width + 2 * i + 1]) for row in newest]
                values = np.array([[np.nan if v is None else v] for v, _ in pairs], float)
                at = np.array([0 if t is None else t for _, t in pairs], "i8")
                self.latest.take(probe, (metric.name,), series, at, values)
            ended = [(known.get((row[-3], row[-2] or "")), row[-1]) for row in newest]
            told = np.array([status is not None for status, _ in ended], bool)
            status = np.array([status or 0 for status, _ in ended], "u1")
            at = np.array([instant or 0 for _, instant in ended], "i8")
            self.latest.note(probe, series[told], at[told], status[told])

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
