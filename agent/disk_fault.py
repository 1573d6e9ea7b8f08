"""What a failing SQLite call says about the disk under it."""

from __future__ import annotations

import sqlite3
from enum import Enum


class DiskFault(Enum):
    """How much of a database is still of use."""

    CORRUPT = "the file is not a whole database any more"
    UNWRITABLE = "nothing can be written now, but what is there can be read"
    BROKEN = "the disk failed under the connection, which is of no more use"


_MEANING = {
    sqlite3.SQLITE_CORRUPT: DiskFault.CORRUPT,
    sqlite3.SQLITE_NOTADB: DiskFault.CORRUPT,
    sqlite3.SQLITE_FULL: DiskFault.UNWRITABLE,
    sqlite3.SQLITE_READONLY: DiskFault.UNWRITABLE,
    sqlite3.SQLITE_BUSY: DiskFault.UNWRITABLE,
    sqlite3.SQLITE_LOCKED: DiskFault.UNWRITABLE,
    sqlite3.SQLITE_IOERR: DiskFault.BROKEN,
    sqlite3.SQLITE_CANTOPEN: DiskFault.BROKEN,
    sqlite3.SQLITE_PERM: DiskFault.BROKEN,
    sqlite3.SQLITE_PROTOCOL: DiskFault.BROKEN,
}


def disk_fault_or_none(error: sqlite3.DatabaseError) -> DiskFault | None:
    """None for an error that is a mistake of ours, not of the disk."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # Python's own complaint: a text in the file that is no text any more.
        return DiskFault.CORRUPT if type(error) is sqlite3.OperationalError else None
    return _MEANING.get(code & 0xFF)


def damaged(message: str) -> sqlite3.DatabaseError:
    """The error that SQLite itself would raise on stumbling over the damage."""
    error = sqlite3.DatabaseError(message)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error
