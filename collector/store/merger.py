"""The nightly merge: one sorted file per probe and day, its hourly roll-up, and the end of days
past retention."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import duckdb

from collector.store.archive import Archive, Step, columns, file_rows
from collector.store.journal import ArchiveFile, Journal
from collector.store.rollup import KIND, Rollups, hourly, number
from collector.store.timetable import Timetable
from collector.store.views import View, Views
from probes.catalog import Catalog

log = logging.getLogger(__name__)

ROLLED_AT_ONCE = 200
"""Roll-ups made in one night at most. A new timetable makes all of them stale, the newest are made
again first, and questions about the others are answered from the readings meanwhile."""


class MergeError(Exception):
    """Some days could not be merged and stay in parts, readable as they were."""


class Merger:
    """Replaces many files by one, in the order that survives a crash. One caller at a time.

    `step` is told what was just completed, by the names in STEPS.
    """

    STEPS = ("merged", "exchanged", "shown")

    def __init__(
        self,
        catalog: Catalog,
        journal: Journal,
        archive: Archive,
        views: Views,
        timetable: Timetable,
        writer: ThreadPoolExecutor,
        step: Step = lambda _: None,
    ) -> None:
        self._catalog = catalog
        self._journal = journal
        self._archive = archive
        self._views = views
        self._timetable = timetable
        self._writer = writer
        self._step = step

    def merge(self, before: date) -> list[ArchiveFile]:
        """Merge every day before `before` that has more than its one day file; then roll up.

        Raises MergeError after the others are done: one damaged file keeps no other day waiting.
        """
        merged, failed = [], []
        for (probe, day), files in self._scattered(before).items():
            try:
                merged.append(self._merge(probe, day, files))
            except (duckdb.Error, OSError, RuntimeError):
                log.exception("%s on %s stays as it is", probe, day)
                failed.append(f"{probe} {day}")
        for file, stale in self._without_rollup(before)[:ROLLED_AT_ONCE]:
            self._roll_up(file, stale)
        if failed:
            raise MergeError(f"{len(failed)} days could not be merged: {', '.join(failed)}")
        return merged

    def _scattered(self, before: date) -> dict[tuple[str, str], list[ArchiveFile]]:
        with self._views.use() as view:
            files = view.files
        days: dict[tuple[str, str], list[ArchiveFile]] = {}
        for file in files:
            # A probe that this version no longer knows keeps its files as they are.
            if file.day < before.isoformat() and file.probe in self._catalog and file.kind != KIND:
                days.setdefault((file.probe, file.day), []).append(file)
        return {
            key: found for key, found in days.items() if len(found) > 1 or found[0].kind != "day"
        }

    def _without_rollup(self, before: date) -> list[tuple[ArchiveFile, list[ArchiveFile]]]:
        """Day files, newest first, with the roll-ups of another file or timetable."""
        if not self._timetable.known:
            return []
        with self._views.use() as view:
            files = view.files
        rollups = Rollups(files, self._timetable)
        found = [
            (file, [f for f in files if (f.kind, f.probe, f.day) == (KIND, file.probe, file.day)])
            for file in files
            if file.kind == "day" and file.day < before.isoformat() and file.probe in self._catalog
            if rollups.of(file) is None
        ]
        return sorted(found, key=lambda pair: pair[0].day, reverse=True)

    def _roll_up(self, file: ArchiveFile, stale: Sequence[ArchiveFile]) -> None:
        probe = self._catalog[file.probe]
        digest = self._timetable.digest(file.day)
        rows = hourly(probe, self._archive.path(file))
        made = self._archive.write(probe, file.day, KIND, f"{number(file)}-{digest}", rows)
        if digest is None or self._timetable.digest(file.day) != digest:
            self._archive.remove([made])  # the timetable changed meanwhile: which one is in it?
            return
        self._exchange(stale, [made])
        log.info("rolled up %s on %s", file.probe, file.day)

    def _merge(self, probe_name: str, day: str, files: Sequence[ArchiveFile]) -> ArchiveFile:
        probe = self._catalog[probe_name]
        paths = [self._archive.path(f) for f in files]
        known = columns(probe)
        # A metric that the catalog lost since is kept: the archive outlives the version.
        lost = [name for name in self._archive.columns_of(paths) if name not in known]
        rows = file_rows(paths, [*known, *lost])
        merged = self._archive.write(probe, day, "day", uuid.uuid4().hex[:12], rows)
        expected = sum(f.rows for f in files)
        if merged.rows != expected:
            self._archive.remove([merged])
            raise RuntimeError(f"{probe_name} {day}: {expected} rows became {merged.rows}")
        self._step("merged")
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

    def _exchange(self, old: Sequence[ArchiveFile], new: list[ArchiveFile]) -> None:
        paths = [f.path for f in old]
        with self._archive.removing(new):
            self._writer.submit(self._journal.replace_files, paths, new).result()
        self._step("exchanged")
        with self._views.use() as view:
            kept = [f for f in view.files if f.path not in set(paths)]
            windows = view.windows
        self._views.replace(View([*kept, *new], windows))
        self._step("shown")
        self._archive.remove(old)
