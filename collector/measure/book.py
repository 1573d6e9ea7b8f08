"""What must outlive the process of what is lent: who holds the role sentinel, which permits are
out, and how many bytes each school has spent in which month.

SQLite with synchronous=FULL in a thread of its own: what is lent is written down before it is told.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TypeVar

from collector.fleet.sentinels import Holder

T = TypeVar("T")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sentinel (
    school TEXT PRIMARY KEY, agent TEXT NOT NULL, epoch INTEGER NOT NULL, seconds REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS permit (
    id TEXT PRIMARY KEY, agent TEXT NOT NULL, school TEXT NOT NULL, month TEXT NOT NULL,
    bits_per_second REAL NOT NULL, most_bytes INTEGER NOT NULL, until REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (
    school TEXT NOT NULL, month TEXT NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (school, month)
) WITHOUT ROWID;
"""
_SPEND = """
INSERT INTO spent VALUES (?, ?, ?)
ON CONFLICT (school, month) DO UPDATE SET bytes = bytes + excluded.bytes
"""
_LEND = "INSERT INTO permit VALUES (?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Lent:
    """A permit that is out.

    Attributes:
        month: that it counts for, `2026-11`.
        most_bytes: what it counts for until it is known what was spent.
        until: Unix seconds.
    """

    id: str
    agent: str
    school: str
    month: str
    bits_per_second: float
    most_bytes: int
    until: float


class Book:
    """Raises sqlite3.Error where it cannot be written; then nothing has changed."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)
        self._writer = ThreadPoolExecutor(1, "measure-book")

    def close(self) -> None:
        self._writer.shutdown()
        self._db.close()

    # At the start

    def holders(self) -> Mapping[str, Holder]:
        """By school."""
        rows = self._db.execute("SELECT school, agent, epoch, seconds FROM sentinel")
        return {school: Holder(agent, epoch, seconds) for school, agent, epoch, seconds in rows}

    def lent(self) -> Sequence[Lent]:
        return [Lent(*row) for row in self._db.execute("SELECT * FROM permit")]

    def spent(self) -> Mapping[tuple[str, str], int]:
        """(school, month) -> bytes of the permits that were given back."""
        rows = self._db.execute("SELECT school, month, bytes FROM spent")
        return {(school, month): size for school, month, size in rows}

    # While it runs

    async def hold(self, school: str, holder: Holder) -> None:
        row = (school, holder.agent, holder.epoch, holder.seconds)
        await self._write(
            lambda: self._db.execute("INSERT OR REPLACE INTO sentinel VALUES (?, ?, ?, ?)", row)
        )

    async def lend(self, lent: Lent) -> None:
        await self._write(lambda: self._db.execute(_LEND, astuple(lent)))

    async def settle(self, lent: Lent, spent_bytes: int) -> None:
        """A permit is out no more, and has cost so much."""
        await self._write(lambda: self._settle(lent, spent_bytes))

    async def forget_before(self, month: str) -> None:
        """What was spent in months before `month`."""
        await self._write(lambda: self._db.execute("DELETE FROM spent WHERE month < ?", (month,)))

    def _settle(self, lent: Lent, spent_bytes: int) -> None:
        self._db.execute("BEGIN")
        try:
            gone = self._db.execute("DELETE FROM permit WHERE id = ?", (lent.id,))
            if gone.rowcount:
                self._db.execute(_SPEND, (lent.school, lent.month, spent_bytes))
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    async def _write(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)
