"""Sealing: the hot window becomes Parquet, and its batches leave the journal.

The order is what makes a crash anywhere a redo or an orphan, never a loss or a double count: the
files are durable before the manifest names them, and the manifest and the removal from the journal
are one transaction.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import duckdb

from collector.store.archive import Archive, Step, columns, hot_rows
from collector.store.hot import HotWindow, Window
from collector.store.journal import ArchiveFile, Journal
from collector.store.views import View, Views
from probes.catalog import Catalog

log = logging.getLogger(__name__)


class Sealer:
    """Seals closed windows, oldest first. One caller at a time.

    `sealed` is told the batch keys that left the journal; `step` is told what was just completed,
    by the names in STEPS.
    """

    STEPS = ("cut", "compared", "written", "journalled", "swapped", "dropped")

    def __init__(
        self,
        catalog: Catalog,
        journal: Journal,
        hot: HotWindow,
        archive: Archive,
        views: Views,
        db: duckdb.DuckDBPyConnection,
        writer: ThreadPoolExecutor,
        now: Callable[[], int],
        rebuild: Callable[[Window], Window],
        sealed: Callable[[Iterable[tuple[str, str, int]]], None],
        step: Step = lambda _: None,
    ) -> None:
        self._catalog = catalog
        self._journal = journal
        self._hot = hot
        self._archive = archive
        self._views = views
        self._db = db
        self._writer = writer
        self._now = now
        self._rebuild = rebuild
        self._sealed = sealed
        self._step = step

    def seal(self) -> list[ArchiveFile]:
        """Seal everything that is in the window now; returns the new files.

        A window that could not be sealed before, because the disk was full, comes first.
        """
        windows = self._hot.cut()
        self._show()
        self._step("cut")
        return [file for window in windows for file in self._seal(window)]

    def _seal(self, window: Window) -> list[ArchiveFile]:
        window = self._compared(window)
        self._step("compared")
        written: list[ArchiveFile] = []
        with self._archive.removing(written):
            self._write(window, written)
            self._require_all(window, written)
            self._step("written")
            keys = self._writer.submit(
                self._journal.seal, window.last_batch, written, self._now()
            ).result()
        self._sealed(keys)
        self._step("journalled")
        self._hot.windows.remove(window)
        self._show(written)
        self._step("swapped")
        self._hot.drop(window)
        self._hot.forget_batches(window.last_batch)
        self._step("dropped")
        log.info("sealed %d rows into %d files", sum(f.rows for f in written), len(written))
        return written

    def _show(self, new: Iterable[ArchiveFile] = ()) -> None:
        with self._views.use() as view:
            files = view.files
        self._views.replace(View((*files, *new), self._hot.windows))

    def _compared(self, window: Window) -> Window:
        """The window, made again from the journal if it does not hold what the journal holds."""
        expected = dict(self._writer.submit(self._journal.row_counts, window.last_batch).result())
        if self._hot.row_counts(window, self._db) == expected:
            return window
        log.error("the hot window differs from the journal; making it again from the journal")
        again = self._rebuild(window)
        if self._hot.row_counts(again, self._db) != expected:
            self._hot.drop(again)
            raise RuntimeError("the journal and what was made from it differ; nothing was sealed")
        self._hot.substitute(window, again)
        self._show()
        self._hot.drop(window)
        return again

    def _require_all(self, window: Window, written: Sequence[ArchiveFile]) -> None:
        """The files are joined from several tables; a row that has no partner must not get lost."""
        counts = self._writer.submit(self._journal.row_counts, window.last_batch).result()
        expected, found = sum(rows for _, rows in counts), sum(f.rows for f in written)
        if found != expected:
            raise RuntimeError(f"{found} rows were written of {expected}; nothing was sealed")

    def _write(self, window: Window, written: list[ArchiveFile]) -> None:
        """One file per probe and day, each in `written` as soon as it is there."""
        name = uuid.uuid4().hex[:12]
        for probe_name in sorted(window.tables):
            probe = self._catalog[probe_name]
            rows = hot_rows(probe, window, columns(probe))
            for day in self._archive.days(rows):
                written.append(self._archive.write(probe, day, "part", name, rows))
