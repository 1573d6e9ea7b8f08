"""The archive: Parquet files that any tool can read, a folder per probe, and how they are written.

A file is written under a temporary name, fsynced, renamed, and its folder fsynced. It counts only
once the manifest (collector.store.journal) knows it; files that the manifest does not know are set
aside in `orphans/`, never deleted.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from collector.store.columns import Clock
from collector.store.hot import Window, quoted, series_table, status_table
from collector.store.journal import ArchiveFile
from probes.catalog import AnyProbe

log = logging.getLogger(__name__)

# Measured, with what was tried beside it: docs/decisions/2026-11-23-archive-encoding.md.
PARQUET = "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, ROW_GROUP_SIZE 122880"
LEVEL = {"part": 3, "day": 18, "hour": 18}
"""Of compression: a part lasts for a day at most, what is merged at night for months."""


Step = Callable[[str], None]
"""Told what was just completed."""


def columns(probe: AnyProbe) -> list[str]:
    """The columns of a probe's table, in order; `at` is UTC in ms, `received_at` UTC in seconds."""
    return [
        "at",
        "received_at",
        "school",
        "agent",
        "session",
        "target",
        *sorted(probe.labels),
        "outcome",
        "reason",
        "version",
        "clock",
        *(m.name for m in probe.measures),
    ]


def order(probe: AnyProbe) -> str:
    """SQL: series by series, each in the order of time; a school's rows lie together."""
    return ", ".join(map(quoted, ("school", "agent", "target", *sorted(probe.labels), "at")))


def hot_rows(probe: AnyProbe, window: Window, names: Iterable[str]) -> str:
    """SQL for the rows of `probe` in a window, in the archive's columns `names`."""
    labels = {name: f"s.{quoted(name)}" for name in ("school", "agent", "target", *probe.labels)}
    source = {
        "at": 'make_timestamp_ms(h."at")::TIMESTAMP_MS',
        "received_at": "(b.received // 1000)::INTEGER",
        "session": "b.session",
        "outcome": "t.outcome",
        "reason": "t.reason",
        "version": "s.version",
        "clock": "h.clock",
        **labels,
        **{m.name: f"h.{quoted(m.name)}" for m in probe.measures},
    }
    names = list(names)
    selected = ", ".join(f"{source[n]} AS {quoted(n)}" for n in names)
    joins = f" JOIN {series_table(probe.name)} s ON s.id = h.series"
    if {"session", "received_at"} & set(names):
        joins += " JOIN batch b ON b.id = h.batch"
    if {"outcome", "reason"} & set(names):
        joins += f" JOIN {status_table(probe.name)} t ON t.id = h.status"
    return f"SELECT {selected} FROM {window.table(probe.name)} h{joins}"


def file_rows(paths: Iterable[Path], names: Iterable[str]) -> str:
    """SQL for the rows of archive files; a column that older files lack is NULL."""
    names = list(map(quoted, names))
    listed = ", ".join(_literal(str(path)) for path in paths)
    lacking = ", ".join(f"NULL AS {n}" for n in names)
    return (
        f"SELECT {', '.join(names)} FROM (FROM read_parquet([{listed}], union_by_name = true) "
        f"UNION ALL BY NAME SELECT {lacking} WHERE FALSE)"
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class Archive:
    """Writes files below `folder`; knows nothing of the journal.

    `step` is told what was just completed, by the names in STEPS.
    """

    STEPS = ("copied", "synced", "renamed", "listed", "removed")

    def __init__(
        self, folder: Path, db: duckdb.DuckDBPyConnection, step: Step = lambda _: None
    ) -> None:
        self.folder = folder
        self._db = db
        self._step = step
        _make_durably(folder)

    def path(self, file: ArchiveFile) -> Path:
        return self.folder / file.path

    def days(self, rows: str) -> list[str]:
        """The UTC days (YYYY-MM-DD) that the rows of an SQL query fall on."""
        found = self._db.execute(
            f'SELECT DISTINCT "at"::DATE AS day FROM ({rows}) ORDER BY day'
        ).fetchall()
        return [day.isoformat() for (day,) in found]

    def columns_of(self, paths: Iterable[Path]) -> list[str]:
        """The names of all columns that any of the files has."""
        listed = ", ".join(_literal(str(path)) for path in paths)
        found = self._db.execute(
            f"SELECT * FROM read_parquet([{listed}], union_by_name = true) LIMIT 0"
        ).description
        return [name for name, *_ in found or ()]

    def write(self, probe: AnyProbe, day: str, kind: str, name: str, rows: str) -> ArchiveFile:
        """Write one day of `rows`, sorted, durably; raises OSError or duckdb.Error on failure."""
        # A tool that reads a probe's folder should find its readings there, and nothing else.
        folder = f"{probe.name}.hourly" if kind == "hour" else probe.name
        relative = Path(folder) / f"{day}-{kind}-{name}.parquet"
        final = self.folder / relative
        _make_durably(final.parent)
        temporary = final.with_suffix(".tmp")
        # What DuckDB reads from a file is in microseconds; written so, it takes a fifth more.
        of_day = (
            f'SELECT * REPLACE ("at"::TIMESTAMP_MS AS "at") FROM ({rows}) '
            f'WHERE "at"::DATE = {_literal(day)}::DATE'
        )
        try:
            self._db.execute(
                f"COPY ({of_day} ORDER BY {order(probe)}) TO {_literal(str(temporary))} "
                f"({PARQUET}, COMPRESSION_LEVEL {LEVEL[kind]})"
            )
            self._step("copied")
            _sync(temporary)
            self._step("synced")
            temporary.rename(final)
            self._step("renamed")
            _sync(final.parent)
            self._step("listed")
            count, first, last = self._extent(final)
        except Exception:
            temporary.unlink(missing_ok=True)
            final.unlink(missing_ok=True)
            raise
        return ArchiveFile(
            path=relative.as_posix(),
            probe=probe.name,
            day=day,
            kind=kind,
            rows=count,
            bytes=final.stat().st_size,
            first_at=first,
            last_at=last,
        )

    def _extent(self, path: Path) -> tuple[int, int, int]:
        row = self._db.execute(
            'SELECT count(*), coalesce(min(epoch_ms("at")), 0), coalesce(max(epoch_ms("at")), 0) '
            f"FROM read_parquet({_literal(str(path))})"
        ).fetchone()
        assert row is not None
        return int(row[0]), int(row[1]), int(row[2])

    def set_aside_orphans(self, known: Iterable[ArchiveFile]) -> list[Path]:
        """Move files that the manifest does not know to `orphans/`; returns where they are now."""
        expected = {file.path for file in known}
        moved = []
        for path in sorted(self.folder.glob("*/*")):
            relative = path.relative_to(self.folder)
            if relative.parts[0] == "orphans" or relative.as_posix() in expected:
                continue
            orphan = self.folder / "orphans" / f"{relative.parts[0]}-{path.name}"
            orphan.parent.mkdir(exist_ok=True)
            path.rename(orphan)
            log.warning("archive file %s is not in the manifest; moved to %s", relative, orphan)
            moved.append(orphan)
        return moved

    @contextmanager
    def removing(self, new: list[ArchiveFile]) -> Iterator[None]:
        """If the block fails, what it put into `new` is deleted: on a full disk, each try would
        leave its files behind. Not if the journal failed in a way that may have listed them.
        """
        try:
            yield
        except Exception as exc:
            if not isinstance(exc, sqlite3.Error) or exc.sqlite_errorname == "SQLITE_FULL":
                self.remove(new)
            raise

    def remove(self, files: Iterable[ArchiveFile]) -> None:
        """Delete files that no view names any more."""
        for file in files:
            self.path(file).unlink(missing_ok=True)
            self._step("removed")


def _make_durably(folder: Path) -> None:
    """A file is no safer than the name of the folder that it is in."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        _sync(folder.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


KNOWN_CLOCK = f"clock <> {int(Clock.UNKNOWN)}"
"""SQL: the instant of the row is known."""
