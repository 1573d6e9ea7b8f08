"""The nightly merge: one sorted file per probe and day; and the end of days past retention."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from collector.store.archive import Archive, columns, file_rows
from collector.store.journal import ArchiveFile, Journal
from collector.store.views import View, Views
from probes.catalog import Catalog

log = logging.getLogger(__name__)


class Merger:
    """Replaces many files by one, in the order that survives a crash. One caller at a time."""

    def __init__(
        self,
        catalog: Catalog,
        journal: Journal,
        archive: Archive,
        views: Views,
        writer: ThreadPoolExecutor,
    ) -> None:
        self._catalog = catalog
        self._journal = journal
        self._archive = archive
        self._views = views
        self._writer = writer

    def merge(self, before: date) -> list[ArchiveFile]:
        """Merge every day before `before` that has more than its one day file."""
        merged = []
        for (probe, day), files in self._scattered(before).items():
            merged.append(self._merge(probe, day, files))
        return merged

    def _scattered(self, before: date) -> dict[tuple[str, str], list[ArchiveFile]]:
        with self._views.use() as view:
            files = view.files
        days: dict[tuple[str, str], list[ArchiveFile]] = {}
        for file in files:
            # A probe that this version no longer knows keeps its files as they are.
            if file.day < before.isoformat() and file.probe in self._catalog:
                days.setdefault((file.probe, file.day), []).append(file)
        return {
            key: found for key, found in days.items() if len(found) > 1 or found[0].kind != "day"
        }

    def _merge(self, probe_name: str, day: str, files: Sequence[ArchiveFile]) -> ArchiveFile:
        probe = self._catalog[probe_name]
        rows = file_rows([self._archive.path(f) for f in files], columns(probe))
        merged = self._archive.write(probe, day, "day", uuid.uuid4().hex[:12], rows)
        expected = sum(f.rows for f in files)
        if merged.rows != expected:
            self._archive.remove([merged])
            raise RuntimeError(f"{probe_name} {day}: {expected} rows became {merged.rows}")
        self._exchange(files, [merged])
        log.info("merged %d files of %s on %s", len(files), probe_name, day)
        return merged

    def expire(self, before: date) -> list[ArchiveFile]:
        """Forget and delete every file of a day before `before`."""
        with self._views.use() as view:
            old = [f for f in view.files if f.day < before.isoformat()]
        if old:
            self._exchange(old, [])
            log.info("removed %d files of days before %s", len(old), before)
        return old

    def _exchange(self, old: Sequence[ArchiveFile], new: Iterable[ArchiveFile]) -> None:
        new = list(new)
        paths = [f.path for f in old]
        self._writer.submit(self._journal.replace_files, paths, new).result()
        with self._views.use() as view:
            kept = [f for f in view.files if f.path not in set(paths)]
            windows = view.windows
        self._views.replace(View([*kept, *new], windows))
        self._archive.remove(old)
