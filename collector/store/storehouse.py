"""The embedded default as one part: journal, hot window, archive and the store over them.

It opens in whatever state a crash left behind: what the journal holds is filled in again, and files
that the manifest does not know are set aside.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb

from collector.store.archive import Archive, Step
from collector.store.arrival import Arrival
from collector.store.columns import Columns, Joiner
from collector.store.embedded import EmbeddedStore
from collector.store.hot import Filling, HotWindow, Window, filling
from collector.store.journal import ArchiveFile, Journal
from collector.store.merger import Merger
from collector.store.recall import recall_latest
from collector.store.rollup import KIND
from collector.store.sealer import Sealer
from collector.store.timetable import Timetable
from collector.store.views import View, Views
from probes.catalog import Catalog

log = logging.getLogger(__name__)

BatchKeys = Iterable[tuple[str, str, int]]
_REPLAY_BATCHES = 2000


class ArchiveSize(NamedTuple):
    """How much there is; a row is a reading, roll-ups do not count as rows."""

    files: int
    rows: int
    bytes: int


class Storehouse:
    """Owns the store's files below one folder and the threads that work on them."""

    def __init__(
        self,
        folder: Path,
        catalog: Catalog,
        now: Callable[[], int],
        memory_limit: str = "1GB",
        step: Step = lambda _: None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.journal = Journal.open(folder / "journal.sqlite3")
        self._db = duckdb.connect(
            config={
                "memory_limit": memory_limit,
                "threads": 2,
                "temp_directory": str(folder / "spill"),
                "autoinstall_known_extensions": False,  # never fetches anything
            }
        )
        self.writer = ThreadPoolExecutor(1, "journal")
        self.joiner = Joiner(catalog)
        self.hot = HotWindow(self._db.cursor(), catalog, self.joiner.sources)
        self.archive = Archive(folder / "archive", self._db.cursor(), step)
        files = self.journal.files()
        self.archive.set_aside_orphans(files)
        self.views = Views(View(files, self.hot.windows))
        self._committed: list[Filling] = []
        self._committed_lock = threading.Lock()
        self._filling = threading.Lock()
        self._maintaining = threading.Lock()
        self.on_sealed: Callable[[BatchKeys], None] = lambda _: None
        self._sealer = Sealer(
            catalog,
            self.journal,
            self.hot,
            self.archive,
            self.views,
            self._db.cursor(),
            self.writer,
            now,
            self._rebuild,
            self._tell_sealed,
            step,
        )
        self.timetable = Timetable(self._db.cursor())
        self._merger = Merger(
            catalog, self.journal, self.archive, self.views, self.timetable, self.writer, step
        )
        self.store = EmbeddedStore(
            catalog, self._db.cursor(), self.hot, self.archive, self.views, self.timetable
        )
        recall_latest(self._db.cursor(), catalog, self.archive, files, self.hot)
        self.journal.retry_unreadable()
        self._replay(list(self.journal.batches()), None)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """One more connection to the tables of readings and periods, for one thread."""
        return self._db.cursor()

    def take(self, arrivals: list[Arrival], joined: list[Columns]) -> None:
        """What was just committed; called in the writer thread. It is queryable after `fill`."""
        commit = filling(arrivals, joined)
        with self._committed_lock:
            self._committed.append(commit)

    def fill(self) -> None:
        """Move what was committed into the hot window; blocks, call it in a thread."""
        with self._filling:
            with self._committed_lock:
                committed, self._committed = self._committed, []
            self.hot.fill(committed)

    def seal(self) -> list[ArchiveFile]:
        """Fill, then turn the hot window into Parquet; blocks, call it in a thread."""
        self.fill()
        with self._maintaining:
            return self._sealer.seal()

    def merge(self, today: date, retention_days: int) -> None:
        """Drop days past retention and merge finished ones; blocks, call it in a thread."""
        with self._maintaining:
            # In this order: on a disk that is nearly full, the one makes room for the other.
            self._merger.expire(self._credible(today) - timedelta(days=retention_days))
            self._merger.merge(today)

    def _credible(self, today: date) -> date:
        """A clock that leaps ahead must not delete half a year: at most a day after the newest."""
        with self.views.use() as view:
            newest = max((f.day for f in view.files), default=None)
        return min(today, date.fromisoformat(newest) + timedelta(days=1)) if newest else today

    def archive_size(self) -> ArchiveSize:
        with self.views.use() as view:
            files = view.files
        return ArchiveSize(
            files=len(files),
            rows=sum(f.rows for f in files if f.kind != KIND),
            bytes=sum(f.bytes for f in files),
        )

    def _tell_sealed(self, keys: BatchKeys) -> None:
        self.on_sealed(keys)

    def _rebuild(self, window: Window) -> Window:
        again = self.hot.spare()
        until = window.last_batch
        batches = self.writer.submit(lambda: list(self.journal.batches(until))).result()
        self._replay(batches, again)
        return again

    def _replay(self, batches: Sequence[Arrival], window: Window | None) -> None:
        for start in range(0, len(batches), _REPLAY_BATCHES):
            chunk = batches[start : start + _REPLAY_BATCHES]
            rows = [a.rows for a in chunk]
            joined = self.joiner.join(chunk)
            sound = [a for a, n in zip(chunk, rows, strict=True) if a.fault is None and a.rows == n]
            if len(sound) < len(chunk):
                self._set_aside([a for a in chunk if a not in sound])
                joined = self.joiner.join(sound)
            self.hot.fill([filling(sound, joined)], window)

    def _set_aside(self, unreadable: Sequence[Arrival]) -> None:
        """A probe or a reason is gone from the catalog: keep the batch, and hold up nobody else."""
        for arrival in unreadable:
            log.error(
                "journal batch %d of agent %s cannot be read and is set aside: %s",
                arrival.id,
                arrival.agent,
                arrival.fault or f"it has {arrival.rows} rows, other than when it was stored",
            )
        ids = [arrival.id for arrival in unreadable]
        self.writer.submit(self.journal.set_aside, ids).result()

    def close(self) -> None:
        """Stop the threads and close the files; what is not sealed stays in the journal."""
        self.writer.shutdown()
        self.journal.close()
        self._db.close()


def today() -> date:
    """The archive's day: UTC."""
    return datetime.now(UTC).date()
