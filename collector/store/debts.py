"""What a time-series engine beside the store still has to be told, kept in the journal.

Batches that are not sealed yet are told in order of their ids: `sent` is the last one the engine
acknowledged. An engine may acknowledge before it is durable, so `settled` follows only when it has
run on long enough; what lies between is in doubt, and is told again if the engine started anew.
What is sealed before it is settled becomes a debt: an archive file, and from which time of receipt
on its rows count. Sealing never waits for an engine, however long that is away.

Telling twice does no harm: a series has one value at an instant.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.store.journal import ArchiveFile

SCHEMA = """
CREATE TABLE IF NOT EXISTS export (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    settled INTEGER NOT NULL, sent INTEGER NOT NULL, engine TEXT NOT NULL, judged INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS owed (
    path TEXT NOT NULL, since INTEGER NOT NULL, sent_at INTEGER,
    PRIMARY KEY (path, since)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the engine was told.

    Attributes:
        settled, sent: journal ids of batches.
        engine: which run of the engine that was; empty where it cannot be told apart.
        judged: UTC ms of the newest judgement that was sent with all flips before it.
    """

    settled: int
    sent: int
    engine: str = ""
    judged: int = 0


@dataclass(frozen=True, slots=True)
class Debt:
    """Rows of an archive file that were received at or after `since`, UTC in seconds.

    `sent_at`: when they were sent, UTC ms; None while they are not.
    """

    path: str
    since: int
    sent_at: int | None = None


class Debts:
    """Reads and writes inside the journal's own transactions."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def progress(self) -> Progress | None:
        """None if nothing was ever exported."""
        row = self._db.execute("SELECT settled, sent, engine, judged FROM export").fetchone()
        return Progress(*row) if row else None

    def begin(self) -> None:
        """Export from now on, with what is not sealed yet; what was already begun goes on."""
        self._db.execute("INSERT OR IGNORE INTO export VALUES (1, 0, 0, '', 0)")

    def advance(self, before: int, after: int) -> None:
        """Batches up to `after` were sent; unless somebody went back meanwhile."""
        self._db.execute("UPDATE export SET sent=? WHERE sent=?", (after, before))

    def judged(self, at: int) -> None:
        self._db.execute("UPDATE export SET judged=?", (at,))

    def met(self, engine: str) -> None:
        self._db.execute("UPDATE export SET engine=?", (engine,))

    def stop(self) -> None:
        """Nothing is exported any more, and nothing is owed."""
        self._db.execute("DELETE FROM export")
        self._db.execute("DELETE FROM owed")

    def unsent(self) -> list[Debt]:
        return self._debts("sent_at IS NULL")

    def _debts(self, condition: str) -> list[Debt]:
        rows = self._db.execute(
            f"SELECT path, since, sent_at FROM owed WHERE {condition} ORDER BY path, since"
        )
        return [Debt(*row) for row in rows]

    def owe(self, debts: Iterable[Debt]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO owed VALUES (?,?,?)",
            [(debt.path, debt.since, debt.sent_at) for debt in debts],
        )

    def sent(self, debt: Debt, now: int) -> None:
        self._db.execute(
            "UPDATE owed SET sent_at=? WHERE path=? AND since=?", (now, debt.path, debt.since)
        )

    def settle(self, batch: int, before: int) -> None:
        """Safe in the engine: batches up to `batch`, and debts paid before that instant, UTC ms."""
        self._db.execute("UPDATE export SET settled=max(settled, min(?, sent))", (batch,))
        self._db.execute("DELETE FROM owed WHERE sent_at < ?", (before,))

    def doubt(self) -> None:
        """The engine started anew: what was not settled has to be sent again."""
        self._db.execute("UPDATE owed SET sent_at=NULL")
        self._db.execute("UPDATE export SET sent=settled")

    def unsend(self, first: int) -> None:
        """The batch `first` is there again; it and all after it are to be sent."""
        self._db.execute(
            "UPDATE export SET sent=min(sent, ?), settled=min(settled, ?)", (first - 1, first - 1)
        )

    def sealed(self, until: int, files: Sequence[ArchiveFile], now: int) -> None:
        """The batches up to `until`, which are still in the journal, are in these files now."""
        progress = self.progress()
        if progress is None:
            return
        # Those in doubt first: where both begin in the same second, the unsent ones must stay.
        doubtful = self._received_after(progress.settled, min(progress.sent, until))
        unsent = self._received_after(progress.sent, until)
        for since, sent_at in ((doubtful, now), (unsent, None)):
            if since is not None:
                self.owe(Debt(file.path, since, sent_at) for file in files)

    def _received_after(self, sealed: int, until: int) -> int | None:
        """When the first of the batches (sealed, until] came, in whole seconds; None = no batch."""
        (first,) = self._db.execute(
            "SELECT min(received) FROM batch WHERE id > ? AND id <= ?", (sealed, until)
        ).fetchone()
        return None if first is None else int(first) // 1000

    def replaced(self, old: Sequence[str], new: Sequence[ArchiveFile]) -> None:
        """Debts on files that became `new`, or nothing, are debts on that."""
        places = ",".join("?" * len(old))
        rows = self._db.execute(
            f"SELECT path, since, sent_at FROM owed WHERE path IN ({places})", old
        ).fetchall()
        self._db.execute(f"DELETE FROM owed WHERE path IN ({places})", old)
        debts = [Debt(*row) for row in rows]
        for file in new:
            unsent = [d.since for d in debts if d.sent_at is None]
            times = [d.sent_at for d in debts if d.sent_at is not None]
            if times:
                doubtful = min(d.since for d in debts if d.sent_at is not None)
                self.owe([Debt(file.path, doubtful, max(times))])
            if unsent:
                self.owe([Debt(file.path, min(unsent))])
