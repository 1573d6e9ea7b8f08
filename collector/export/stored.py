"""Lines of stored readings: what is new in the hot window, and what is in a file of the archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

import duckdb

from collector.export import readings
from collector.store.archive import Archive, file_rows
from collector.store.hot import Window, quoted
from collector.store.journal import ArchiveFile
from collector.store.timetable import Timetable
from collector.store.views import Views
from probes.catalog import AnyProbe, Catalog

BATCHES_AT_ONCE = 5000
ROWS_AT_ONCE = 50_000


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
        self._tagged: dict[str, int] = {}

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
            "SELECT unnest($1::VARCHAR[]) AS school, unnest($2::VARCHAR[]) AS tags",
            [list(counties), [readings.site_tags(*each) for each in counties.items()]],
        )
        self._counties = dict(counties)
        self._tagged.clear()

    def tail(self, sent: int) -> tuple[int, list[str]]:
        """Lines of the next batches after `sent`, as far as they are not sealed, and the last one's
        id; (`sent`, []) when there is none."""
        with self._views.use() as view:
            newest = max((window.last_batch for window in view.windows), default=0)
            until = self._last_of_next(sent, newest)
            if until is None:
                return sent, []
            batches = f"batch > {sent} AND batch <= {until}"
            tables = [
                (self._catalog[name], window)
                for window in view.windows
                for name in sorted(window.tables)
            ]
            self._look_near(*self._extent(tables, batches))
            found: list[str] = []
            for probe, window in tables:
                self._tag(probe)
                found += self._lines(probe, readings.of_window(probe, window, batches))
            return until, found

    def _tag(self, probe: AnyProbe) -> None:
        """Put the tags of new series together; no series ever changes."""
        table = readings.tags_table(probe)
        if probe.name not in self._tagged:
            self._db.execute(
                f"CREATE OR REPLACE TEMP TABLE {table} AS {readings.tags_of_series(probe, 0)}"
            )
        else:
            known = self._tagged[probe.name]
            self._db.execute(f"INSERT INTO {table} {readings.tags_of_series(probe, known)}")
        row = self._db.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert row is not None
        self._tagged[probe.name] = row[0]

    def _last_of_next(self, sent: int, newest: int) -> int | None:
        row = self._db.execute(
            "SELECT max(id) FROM (SELECT id FROM batch WHERE id > $1 AND id <= $2 "
            "ORDER BY id LIMIT $3)",
            [sent, newest, BATCHES_AT_ONCE],
        ).fetchone()
        return None if row is None or row[0] is None else int(row[0])

    def _extent(self, tables: Sequence[tuple[AnyProbe, Window]], batches: str) -> tuple[int, int]:
        """The first and the last instant of the rows, in ms."""
        parts = [
            f'SELECT "at" FROM {window.table(probe.name)} WHERE {batches}'
            for probe, window in tables
        ]
        row = self._db.execute(
            f'SELECT min("at"), max("at") FROM ({" UNION ALL ".join(parts)})'
        ).fetchone()
        assert row is not None
        return row[0] or 0, row[1] or 0

    def _look_near(self, first: int, last: int) -> None:
        """Of a timetable of half a year, the join would sort all for every few readings."""
        self._db.execute(
            f"CREATE OR REPLACE TEMP TABLE {readings.NEAR} AS SELECT * FROM period "
            f"WHERE until > {first} AND since <= {last}"
        )

    def file(self, path: str) -> ArchiveFile | None:
        """The file of that path; None if it was merged or removed, or is about to be shown, or if
        the catalog has lost its probe."""
        with self._views.use() as view:
            found = next((file for file in view.files if file.path == path), None)
        return found if found is not None and found.probe in self._catalog else None

    def slices(self, file: ArchiveFile, since: int) -> list[list[str]]:
        """The schools that have rows in it that were received at or after `since`, as many together
        as make a good portion."""
        with self._views.use() as view:
            if file not in view.files:
                return []
            rows = file_rows([self._archive.path(file)], ["school", "received_at"])
            sql = f"SELECT DISTINCT school FROM ({rows}) WHERE received_at >= $1 ORDER BY school"
            schools = [school for (school,) in self._db.execute(sql, [since]).fetchall()]
        each = max(1, len(schools) // ceil(file.rows / ROWS_AT_ONCE))
        return [schools[start : start + each] for start in range(0, len(schools), each)]

    def of_schools(self, file: ArchiveFile, since: int, schools: Sequence[str]) -> list[str] | None:
        """Lines of these schools' rows; None if the file is no longer there."""
        with self._views.use() as view:
            if file not in view.files:
                return None
            probe = self._catalog[file.probe]
            self._look_near(file.first_at, file.last_at)
            names = ", ".join(map(quoted, readings.names(probe)))
            rows = file_rows([self._archive.path(file)], [*readings.names(probe), "received_at"])
            chosen = (
                f"SELECT {names} FROM ({rows}) "
                "WHERE school >= $first AND school <= $last AND received_at >= $since"
            )
            return self._lines(
                probe,
                readings.of_rows(probe, chosen),
                {"first": schools[0], "last": schools[-1], "since": since},
            )

    def _lines(
        self, probe: AnyProbe, rows: str, parameters: Mapping[str, object] | None = None
    ) -> list[str]:
        found = self._db.execute(readings.lines(probe, rows), parameters).fetchall()
        return [line for (line,) in found]
