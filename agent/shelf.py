"""One SQLite database of records, batches and gaps, on disk or in memory. The spool's inside.

It says what the tables hold and how they change together. When to seal, what to drop and what to do
about a broken disk is the spool's business.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.disk_fault import damaged
from agent.sealing import Kept, Loss, Sealed
from probes.wire import Gap, digest

Key = tuple[str, int]

DEAD_BYTES = 1024 * 1024
"""Refused batches are kept that far, for a person to look at."""
MERGE_WITHIN = 3_600_000
"""Losses for one reason, not further apart than this (ms), become one gap."""
MAX_GAPS = 100
"""Beyond this, losses of one reason are merged however far apart they are."""
ROW_BYTES = 100
"""What a row costs beside its payload, near enough."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS note (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS record (
  id INTEGER PRIMARY KEY, boot TEXT NOT NULL, bulk INTEGER NOT NULL, at INTEGER NOT NULL,
  record BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS batch (
  id INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, seq INTEGER NOT NULL,
  boot TEXT NOT NULL, bulk INTEGER NOT NULL, n INTEGER NOT NULL, since INTEGER NOT NULL,
  until INTEGER NOT NULL, kept INTEGER NOT NULL, size INTEGER NOT NULL, sha256 BLOB NOT NULL,
  body BLOB NOT NULL, UNIQUE (session, seq));
CREATE INDEX IF NOT EXISTS batch_facts ON batch (bulk, id, n, since, until, kept, size);
CREATE TABLE IF NOT EXISTS gap (
  id TEXT PRIMARY KEY, since INTEGER NOT NULL, until INTEGER NOT NULL, count INTEGER NOT NULL,
  reason TEXT NOT NULL, sent INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead (
  id INTEGER PRIMARY KEY, session TEXT NOT NULL, seq INTEGER NOT NULL, why TEXT NOT NULL,
  body BLOB NOT NULL);
"""
_BATCH = "session, seq, boot, bulk, n, since, until, sha256, body"


@dataclass(frozen=True, slots=True)
class Depth:
    """What waits to be delivered. `oldest_at` (wall, ms) is None when nothing does."""

    batches: int = 0
    readings: int = 0
    unsealed: int = 0
    bytes: int = 0
    oldest_at: int | None = None
    gaps: int = 0
    dead: int = 0

    def __add__(self, other: Depth) -> Depth:
        oldest = [at for at in (self.oldest_at, other.oldest_at) if at is not None]
        return Depth(
            batches=self.batches + other.batches,
            readings=self.readings + other.readings,
            unsealed=self.unsealed + other.unsealed,
            bytes=self.bytes + other.bytes,
            oldest_at=min(oldest, default=None),
            gaps=self.gaps + other.gaps,
            dead=self.dead + other.dead,
        )


class Shelf:
    """Raises sqlite3.DatabaseError from every method; a change is then not made at all.

    Args:
        path: the file; None = in memory.
        as_it_is: neither checked nor prepared, for reading what is left of a damaged file.
    """

    def __init__(self, path: Path | None, *, as_it_is: bool = False) -> None:
        unclean = path is not None and path.with_name(f"{path.name}-wal").exists()
        # Calls come one at a time from a worker thread, which is not the one that opened it.
        self._db = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False, timeout=0.5
        )
        if as_it_is:
            return
        try:
            self._prepare(unclean)
        except sqlite3.DatabaseError:
            self._db.close()
            raise

    def _prepare(self, unclean: bool) -> None:
        self._db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA cache_size = -512")
        self._db.execute("PRAGMA wal_autocheckpoint = 256")
        self._db.execute("PRAGMA journal_size_limit = 1048576")
        if unclean and self._one("PRAGMA quick_check(1)")[0] != "ok":
            raise damaged("quick_check found damage")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def change(self, *, durable: bool = False) -> Iterator[None]:
        """All of it or nothing. `durable`: on the disk itself, not only safe from `kill -9`."""
        self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _one(self, sql: str, parameters: Sequence[object] = ()) -> tuple[object, ...]:
        row: tuple[object, ...] = self._db.execute(sql, parameters).fetchone()
        return row

    # Records

    def add(self, rows: Iterable[Kept]) -> None:
        self._db.executemany(
            "INSERT INTO record (boot, bulk, at, record) VALUES (?, ?, ?, ?)",
            [(row.boot, row.bulk, row.at, row.record) for row in rows],
        )

    def records(self, limit: int) -> tuple[list[Kept], int]:
        """The oldest records, and the id of the last of them (0 if there are none)."""
        found = self._db.execute(
            "SELECT id, boot, bulk, at, record FROM record ORDER BY id LIMIT ?", (limit,)
        ).fetchall()
        rows = [Kept(boot, bool(bulk), at, record) for _, boot, bulk, at, record in found]
        return rows, found[-1][0] if found else 0

    def drop_records(self, through: int) -> None:
        self._db.execute("DELETE FROM record WHERE id <= ?", (through,))

    # Batches

    def put(self, batches: Iterable[Sealed], kept: int) -> None:
        """Keep batches, from `kept` on (ms of the spool's age); one that is there already stays."""
        self._db.executemany(
            f"INSERT OR IGNORE INTO batch ({_BATCH}, kept, size) "  # noqa: S608 - a constant
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (*(getattr(b, name) for name in _BATCH.split(", ")), kept, len(b.body) + ROW_BYTES)
                for b in batches
            ],
        )

    def oldest(
        self, limit: int, max_bytes: int, skip: Collection[Key], *, bulk: bool = True
    ) -> list[Sealed]:
        """The oldest batches; at least one if there is any, then as many as both limits allow.

        Without `bulk`, only those with rare readings.
        """
        found: list[Sealed] = []
        size = 0
        for row in self._db.execute(
            f"SELECT {_BATCH} FROM batch WHERE bulk <= ? ORDER BY id",  # noqa: S608
            (int(bulk),),
        ):
            batch = _sealed(row)
            if batch.key in skip:
                continue
            size += len(batch.body)
            if len(found) == limit or (found and size > max_bytes):
                break
            found.append(batch)
        return found

    def find(self, key: Key) -> Sealed | None:
        row = self._db.execute(
            f"SELECT {_BATCH} FROM batch WHERE session = ? AND seq = ?",  # noqa: S608
            key,
        ).fetchone()
        return None if row is None else _sealed(row)

    def readable(self) -> list[Sealed]:
        """What can still be read of a damaged database: whole batches, from both ends."""
        found: dict[Key, Sealed] = {}
        for order in ("ASC", "DESC"):
            try:
                for row in self._db.execute(f"SELECT {_BATCH} FROM batch ORDER BY id {order}"):  # noqa: S608
                    batch = _sealed(row)
                    if digest(batch.body) == batch.sha256:
                        found.setdefault(batch.key, batch)
            except sqlite3.DatabaseError:
                continue
        return list(found.values())

    def drop(self, keys: Iterable[Key]) -> None:
        self._db.executemany("DELETE FROM batch WHERE session = ? AND seq = ?", list(keys))

    def bury(self, batch: Sealed, why: str) -> None:
        """Set a batch aside that will never be delivered; the oldest of them make room."""
        self._db.execute(
            "INSERT INTO dead (session, seq, why, body) VALUES (?, ?, ?, ?)",
            (batch.session, batch.seq, why, batch.body),
        )
        self.drop([batch.key])
        kept = 0
        for row_id, size in self._db.execute(
            "SELECT id, length(body) FROM dead ORDER BY id DESC"
        ).fetchall():
            kept += size
            if kept > DEAD_BYTES:
                self._db.execute("DELETE FROM dead WHERE id = ?", (row_id,))

    # Making room

    def used_bytes(self) -> int:
        batches = self._one("SELECT coalesce(sum(size), 0) FROM batch")[0]
        records = self._one(
            f"SELECT coalesce(sum(length(record) + {ROW_BYTES}), 0) FROM record"  # noqa: S608
        )[0]
        return int(str(batches)) + int(str(records))

    def drop_kept_before(self, kept: int) -> list[Loss]:
        """Remove batches that were kept before `kept` (ms of the spool's age)."""
        since, until, n = self._db.execute(
            "SELECT min(since), max(until), sum(n) FROM batch WHERE kept < ?", (kept,)
        ).fetchone()
        if n is None:
            return []
        self._db.execute("DELETE FROM batch WHERE kept < ?", (kept,))
        return [Loss(since, until, n, "too_old")]

    def drop_oldest(self, excess: int, reason: str) -> list[Loss]:
        """Remove the oldest bulk readings, then the oldest others, to free `excess` bytes."""
        losses = []
        for bulk in (1, 0):
            for table, columns in (
                ("batch", "id, size, since, until, n"),
                ("record", f"id, length(record) + {ROW_BYTES}, at, at, 1"),
            ):
                doomed = []
                for row_id, size, since, until, n in self._db.execute(
                    f"SELECT {columns} FROM {table} WHERE bulk = ? ORDER BY id",  # noqa: S608
                    (bulk,),
                ):
                    if excess <= 0:
                        break
                    doomed.append((row_id,))
                    losses.append(Loss(since, until, n, reason))
                    excess -= size
                self._db.executemany(f"DELETE FROM {table} WHERE id = ?", doomed)  # noqa: S608
        return losses

    def give_back_pages(self) -> None:
        """Return free pages to the file system, a few at a time."""
        if int(str(self._one("PRAGMA freelist_count")[0])) > 256:
            # Not execute(): it takes a single step, which returns a single page.
            self._db.executescript("PRAGMA incremental_vacuum(512)")

    # Gaps

    def add_gap(self, loss: Loss, new_id: str) -> None:
        """Record a loss, merged into a gap of the same reason that has not been sent yet."""
        near = self._db.execute(
            "SELECT id, since, until, count FROM gap WHERE reason = ? AND NOT sent AND "
            "((since <= ? AND until >= ?) OR (SELECT count(*) FROM gap) >= ?) LIMIT 1",
            (loss.reason, loss.until + MERGE_WITHIN, loss.since - MERGE_WITHIN, MAX_GAPS),
        ).fetchone()
        if near is None:
            self.put_gaps([Gap(loss.since, loss.until, loss.count, loss.reason, new_id)])
            return
        gap_id, since, until, count = near
        self._db.execute(
            "UPDATE gap SET since = ?, until = ?, count = ? WHERE id = ?",
            (min(since, loss.since), max(until, loss.until), count + loss.count, gap_id),
        )

    def put_gaps(self, gaps: Iterable[Gap], *, sent: bool = False) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO gap (id, since, until, count, reason, sent) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [(g.id, g.since, g.until, g.count, g.reason, sent) for g in gaps],
        )

    def gaps(self, limit: int) -> list[Gap]:
        return [
            Gap(since, until, count, reason, gap_id)
            for gap_id, since, until, count, reason in self._db.execute(
                "SELECT id, since, until, count, reason FROM gap ORDER BY since, id LIMIT ?",
                (limit,),
            )
        ]

    def mark_sent(self, ids: Iterable[str]) -> None:
        """From now on these never change: the collector may have stored them."""
        self._db.executemany("UPDATE gap SET sent = 1 WHERE id = ?", [(i,) for i in ids])

    def drop_gaps(self, ids: Iterable[str]) -> None:
        self._db.executemany("DELETE FROM gap WHERE id = ?", [(i,) for i in ids])

    # Notes

    def note(self, key: str) -> str | None:
        row = self._db.execute("SELECT value FROM note WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def set_note(self, key: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO note (key, value) VALUES (?, ?)", (key, value))

    def depth(self) -> Depth:
        batches, readings, since = self._db.execute(
            "SELECT count(*), coalesce(sum(n), 0), min(since) FROM batch"
        ).fetchone()
        unsealed, at = self._db.execute("SELECT count(*), min(at) FROM record").fetchone()
        return Depth(
            batches=batches,
            readings=readings,
            unsealed=unsealed,
            bytes=self.used_bytes(),
            oldest_at=min((v for v in (since, at) if v is not None), default=None),
            gaps=self._db.execute("SELECT count(*) FROM gap").fetchone()[0],
            dead=self._db.execute("SELECT count(*) FROM dead").fetchone()[0],
        )


def _sealed(row: Sequence[object]) -> Sealed:
    session, seq, boot, bulk, n, since, until, sha256, body = row
    if not (isinstance(body, bytes) and isinstance(sha256, bytes) and isinstance(session, str)):
        raise damaged("a batch has columns of the wrong type")
    return Sealed(session, seq, boot, bool(bulk), n, since, until, sha256, body)  # type: ignore[arg-type]
