"""The commit point: raw batches in SQLite, fsynced before anything is acknowledged.

Beside the batches it holds what must change in the same transaction as their removal: the manifest
of archive files, and which sequence numbers were stored. One thread writes; SQLite in WAL mode with
synchronous=FULL makes each commit durable.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from collector.store import debts
from collector.store.arrival import Arrival
from collector.store.debts import Debts
from collector.store.seen import Seen

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch (
    id INTEGER PRIMARY KEY,
    agent TEXT NOT NULL, school TEXT NOT NULL, session TEXT NOT NULL, seq INTEGER NOT NULL,
    sha256 BLOB NOT NULL, received INTEGER NOT NULL, base INTEGER, rows INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS unreadable (
    id INTEGER PRIMARY KEY,
    agent TEXT NOT NULL, school TEXT NOT NULL, session TEXT NOT NULL, seq INTEGER NOT NULL,
    sha256 BLOB NOT NULL, received INTEGER NOT NULL, base INTEGER, rows INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS seen (
    agent TEXT NOT NULL, session TEXT NOT NULL, intervals TEXT NOT NULL, last_at INTEGER NOT NULL,
    PRIMARY KEY (agent, session)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS boot (
    agent TEXT NOT NULL, boot TEXT NOT NULL, base INTEGER NOT NULL, last_at INTEGER NOT NULL,
    PRIMARY KEY (agent, boot)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gap (
    agent TEXT NOT NULL, id TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
    count INTEGER NOT NULL, reason TEXT NOT NULL, received INTEGER NOT NULL,
    PRIMARY KEY (agent, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS file (
    path TEXT PRIMARY KEY, probe TEXT NOT NULL, day TEXT NOT NULL, kind TEXT NOT NULL,
    rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
    first_at INTEGER NOT NULL, last_at INTEGER NOT NULL
) WITHOUT ROWID;
"""
_SEEN_KEPT_MS = 35 * 24 * 3600 * 1000
ROWS_AT_ONCE = 64
"""SQLite gives up the interpreter lock at every statement, and the event loop takes it: a statement
a row made a commit of 128 wait 128 times."""
_LOST = "SELECT coalesce(sum(count), 0) FROM gap"
_COLUMNS = "agent, school, session, seq, sha256, received, base, rows, body"


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """A Parquet file that the manifest knows; times in UTC ms, inclusive.

    `kind`: part (as sealed), day (merged and sorted) or hour (hourly roll-up).
    """

    path: str
    probe: str
    day: str
    kind: str
    rows: int
    bytes: int
    first_at: int
    last_at: int


@dataclass(frozen=True, slots=True)
class GapRecord:
    """Readings that an agent lost for good, as it reported them; times in ms."""

    agent: str
    id: str
    since: int
    until: int
    count: int
    reason: str
    received: int


class Journal:
    """Owns journal.sqlite3. While a collector runs, only its one writer thread calls it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._debts = Debts(connection)
        # Kept at hand, for who asks while the writer thread is busy or its disk hangs.
        self._batches = self._number("SELECT count(*) FROM batch")
        self._unreadable = self._number("SELECT count(*) FROM unreadable")
        self._lost = self._number(_LOST)

    @classmethod
    def open(cls, path: Path) -> Self:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # A batch of 2 KB would fill half a default page, and be written as a whole one.
        connection.execute("PRAGMA page_size=16384")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_autocheckpoint=1000")
        connection.executescript(_SCHEMA)
        connection.executescript(debts.SCHEMA)
        connection.execute(
            "INSERT OR IGNORE INTO meta VALUES ('generation', ?)", (uuid.uuid4().hex,)
        )
        return cls(connection)

    @property
    def generation(self) -> str:
        """Changes when the collector is restored from a backup."""
        (value,) = self._db.execute("SELECT value FROM meta WHERE name='generation'").fetchone()
        return str(value)

    def commit(
        self,
        arrivals: Sequence[Arrival],
        boots: Sequence[tuple[str, str, int, int]] = (),
        gaps: Sequence[GapRecord] = (),
    ) -> None:
        """Store all of it durably, or raise sqlite3.Error and nothing; sets each arrival's id.

        Without anything to store it writes a mark, so that it shows whether the disk can be
        written.
        """
        with self._transaction():
            for number, arrival in enumerate(arrivals, start=self._last_id() + 1):
                arrival.id = number
            for start in range(0, len(arrivals), ROWS_AT_ONCE):
                self._insert(arrivals[start : start + ROWS_AT_ONCE])
            self._db.executemany("INSERT OR REPLACE INTO boot VALUES (?,?,?,?)", boots)
            self._db.executemany(
                "INSERT OR IGNORE INTO gap VALUES (?,?,?,?,?,?,?)",
                [(g.agent, g.id, g.since, g.until, g.count, g.reason, g.received) for g in gaps],
            )
            if not (arrivals or boots or gaps):
                self._db.execute("INSERT OR REPLACE INTO meta VALUES ('tried', strftime('%s'))")
        self._batches += len(arrivals)
        if gaps:
            self._lost = self._number(_LOST)

    def _insert(self, arrivals: Sequence[Arrival]) -> None:
        places = ",".join(["(?,?,?,?,?,?,?,?,?,?)"] * len(arrivals))
        values: list[object] = []
        for a in arrivals:
            values += (a.id, a.agent, a.school, a.session, a.seq, a.sha256, a.received, a.base)
            values += (a.rows, a.body)
        self._db.execute(f"INSERT INTO batch (id, {_COLUMNS}) VALUES {places}", values)

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db)

    def _last_id(self) -> int:
        """The highest that was ever given: no two batches bear the same."""
        (last,) = self._db.execute(
            "SELECT max(coalesce((SELECT max(id) FROM batch), 0),"
            " coalesce((SELECT max(id) FROM unreadable), 0),"
            " coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE name='sealed'), 0))"
        ).fetchone()
        return int(last)

    def batches(self, until: int = 2**62) -> Iterator[Arrival]:
        """What is not sealed yet, oldest first."""
        rows = self._db.execute(
            f"SELECT id, {_COLUMNS} FROM batch WHERE id <= ? ORDER BY id", (until,)
        )
        for number, agent, school, session, seq, sha256, received, base, count, body in rows:
            yield Arrival(
                id=number, agent=agent, school=school, session=session, seq=seq, sha256=sha256,
                received=received, base=base, rows=count, body=body,
            )  # fmt: skip

    def retry_unreadable(self) -> None:
        """Batches that could not be read before are read once more: a new version may know them."""
        with self._transaction():
            (first,) = self._db.execute("SELECT min(id) FROM unreadable").fetchone()
            if first is not None:
                self._debts.unsend(first)
            self._db.execute("INSERT INTO batch SELECT * FROM unreadable")
            self._db.execute("DELETE FROM unreadable")
        self._batches, self._unreadable = self._batches + self._unreadable, 0

    def set_aside(self, ids: Sequence[int]) -> None:
        """Keep these batches where they hold up nothing."""
        with self._transaction():
            for number in ids:
                self._db.execute("INSERT INTO unreadable SELECT * FROM batch WHERE id=?", (number,))
                self._db.execute("DELETE FROM batch WHERE id=?", (number,))
        self._batches -= len(ids)
        self._unreadable += len(ids)

    def unreadable(self) -> int:
        """How many batches are set aside; from any thread."""
        return self._unreadable

    def readings_lost(self) -> int:
        """How many readings agents have reported lost for good; from any thread."""
        return self._lost

    def _number(self, sql: str) -> int:
        (number,) = self._db.execute(sql).fetchone()
        return int(number)

    def row_counts(self, until: int) -> list[tuple[int, int]]:
        """(batch id, rows) of every batch with an id up to `until`."""
        return self._db.execute(
            "SELECT id, rows FROM batch WHERE id <= ? ORDER BY id", (until,)
        ).fetchall()

    def identities(self) -> Iterator[tuple[tuple[str, str, int], bytes]]:
        """(agent, session, seq) and hash of every batch that is held whole."""
        for table in ("batch", "unreadable"):
            for agent, session, seq, sha256 in self._db.execute(
                f"SELECT agent, session, seq, sha256 FROM {table}"
            ):
                yield (agent, session, seq), sha256

    def count(self) -> int:
        """Batches that are not sealed yet; from any thread."""
        return self._batches

    def seal(
        self, until: int, files: Sequence[ArchiveFile], now: int
    ) -> list[tuple[str, str, int]]:
        """In one transaction: the files are the archive, and the batches up to `until` are gone.

        Returns the keys of those batches.
        """
        keys = [
            (agent, session, seq)
            for agent, session, seq in self._db.execute(
                "SELECT agent, session, seq FROM batch WHERE id <= ?", (until,)
            )
        ]
        with self._transaction():
            self._add_files(files)
            self._debts.sealed(until, files, now)
            self._mark_seen(keys, now)
            self._db.execute("DELETE FROM batch WHERE id <= ?", (until,))
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('sealed', ?)", (str(until),))
        self._batches -= len(keys)
        return keys

    def _mark_seen(self, keys: Sequence[tuple[str, str, int]], now: int) -> None:
        numbers: dict[tuple[str, str], list[int]] = {}
        for agent, session, seq in keys:
            numbers.setdefault((agent, session), []).append(seq)
        for (agent, session), seqs in numbers.items():
            seen = self._seen(agent, session)
            for seq in sorted(seqs):
                seen.add(seq)
            self._db.execute(
                "INSERT OR REPLACE INTO seen VALUES (?,?,?,?)",
                (agent, session, json.dumps(seen.intervals()), now),
            )
        for table in ("seen", "boot"):
            self._db.execute(f"DELETE FROM {table} WHERE last_at < ?", (now - _SEEN_KEPT_MS,))

    def _seen(self, agent: str, session: str) -> Seen:
        row = self._db.execute(
            "SELECT intervals FROM seen WHERE agent=? AND session=?", (agent, session)
        ).fetchone()
        return Seen((a, b) for a, b in json.loads(row[0])) if row else Seen()

    def seen(self) -> dict[tuple[str, str], Seen]:
        """Sequence numbers of sealed batches, by (agent, session)."""
        return {
            (agent, session): Seen((a, b) for a, b in json.loads(intervals))
            for agent, session, intervals in self._db.execute(
                "SELECT agent, session, intervals FROM seen"
            )
        }

    def boots(self) -> dict[tuple[str, str], int]:
        """(agent, boot) -> the collector's clock minus that boot's clock, ms."""
        return {
            (a, b): base for a, b, base in self._db.execute("SELECT agent, boot, base FROM boot")
        }

    def gaps(self) -> list[GapRecord]:
        rows = self._db.execute(
            "SELECT agent, id, since, until, count, reason, received FROM gap ORDER BY since"
        )
        return [GapRecord(*row) for row in rows]

    def files(self) -> list[ArchiveFile]:
        rows = self._db.execute(
            "SELECT path, probe, day, kind, rows, bytes, first_at, last_at FROM file ORDER BY path"
        )
        return [ArchiveFile(*row) for row in rows]

    def replace_files(self, old: Iterable[str], new: Sequence[ArchiveFile]) -> None:
        """In one transaction: `new` takes the place of `old`."""
        paths = list(old)
        with self._transaction():
            self._db.executemany("DELETE FROM file WHERE path=?", [(path,) for path in paths])
            self._add_files(new)
            self._debts.replaced(paths, [file for file in new if file.kind == "day"])

    def _add_files(self, files: Sequence[ArchiveFile]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO file VALUES (?,?,?,?,?,?,?,?)",
            [
                (f.path, f.probe, f.day, f.kind, f.rows, f.bytes, f.first_at, f.last_at)
                for f in files
            ],
        )

    @contextmanager
    def debts(self) -> Iterator[Debts]:
        """What an engine beside the store is owed; what the block changes is one transaction."""
        with self._transaction():
            yield self._debts

    def close(self) -> None:
        self._db.close()


class _Transaction:
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK when anything fails, the COMMIT included."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            try:
                self._db.execute("COMMIT")
                return
            except sqlite3.Error:
                self._rollback()
                raise
        self._rollback()

    def _rollback(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
