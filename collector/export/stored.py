"""Lines of stored readings: what is new in the hot window, and what is in a file of the archive."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from collector.export import readings
from collector.store.archive import Archive, file_rows, hot_rows
from collector.store.hot import quoted
from collector.store.journal import ArchiveFile
from collector.store.timetable import Timetable
from collector.store.views import Views
from probes.catalog import Catalog

BATCHES_AT_ONCE = 2000


class StoredLines:
    """One caller at a time; `db` is a cursor of its own on the store's database."""

    def __init__(
        self,
        catalog: Catalog,
        db: duckdb.DuckDBPyConnection,
        views: Views,
        archive: Archive,
        timetable: Timetable,
    ) -> None:
        self._catalog = catalog
        self._db = db
        self._views = views
        self._archive = archive
        self._timetable = timetable
        self._counties: Mapping[str, str] | None = None

    @property
    def ready(self) -> bool:
        """Whether a reading's period and county are known."""
        return self._timetable.known and self._counties is not None

    def set_counties(self, counties: Mapping[str, str]) -> None:
        """The adcode of each school, by its code."""
        if counties == self._counties:
            return
        self._db.execute(
            f"CREATE OR REPLACE TEMP TABLE {readings.SITE} AS "
            "SELECT unnest($1::VARCHAR[]) AS school, unnest($2::VARCHAR[]) AS county",
            [list(counties), list(counties.values())],
        )
        self._counties = dict(counties)

    def tail(self, sent: int) -> tuple[int, list[str]]:
        """Lines of the next batches after `sent`, as far as they are not sealed, and the last one's
        id; (`sent`, []) when there is none."""
        with self._views.use() as view:
            newest = max((window.last_batch for window in view.windows), default=0)
            until = self._last_of_next(sent, newest)
            if until is None:
                return sent, []
            found: list[str] = []
            for window in view.windows:
                for name in sorted(window.tables):
                    probe = self._catalog[name]
                    rows = hot_rows(probe, window, ["batch", *readings.names(probe)])
                    chosen = f"SELECT * FROM ({rows}) WHERE batch > {sent} AND batch <= {until}"
                    found += self._lines(readings.lines(probe, chosen))
            return until, found

    def _last_of_next(self, sent: int, newest: int) -> int | None:
        row = self._db.execute(
            "SELECT max(id) FROM (SELECT id FROM batch WHERE id > $1 AND id <= $2 "
            "ORDER BY id LIMIT $3)",
            [sent, newest, BATCHES_AT_ONCE],
        ).fetchone()
        return None if row is None or row[0] is None else int(row[0])

    def file(self, path: str) -> ArchiveFile | None:
        """The file of that path; None if it was merged or removed, or is about to be shown, or if
        the catalog has lost its probe."""
        with self._views.use() as view:
            found = next((file for file in view.files if file.path == path), None)
        return found if found is not None and found.probe in self._catalog else None

    def schools(self, file: ArchiveFile, since: int) -> list[str]:
        """Who has rows in it that were received at or after `since`."""
        with self._views.use() as view:
            if file not in view.files:
                return []
            rows = file_rows([self._archive.path(file)], ["school", "received_at"])
            sql = f"SELECT DISTINCT school FROM ({rows}) WHERE received_at >= $1 ORDER BY school"
            return [school for (school,) in self._db.execute(sql, [since]).fetchall()]

    def of_school(self, file: ArchiveFile, since: int, school: str) -> list[str] | None:
        """Lines of one school's rows; None if the file is no longer there."""
        with self._views.use() as view:
            if file not in view.files:
                return None
            probe = self._catalog[file.probe]
            wanted = [*readings.names(probe), "received_at"]
            rows = file_rows([self._archive.path(file)], wanted)
            chosen = (
                f"SELECT {', '.join(map(quoted, readings.names(probe)))} FROM ({rows}) "
                "WHERE school = $school AND received_at >= $since"
            )
            return self._lines(readings.lines(probe, chosen), {"school": school, "since": since})

    def _lines(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[str]:
        return [line for (line,) in self._db.execute(sql, parameters).fetchall()]
