"""Whether the machine was shut down or lost its power, from the system's own diary of boots.

The diary is wtmp (a file of fixed records, until Debian 12) or wtmpdb (SQLite, from Debian 13);
on Windows the System event log.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from probes.model import ProbeError

WTMP = Path("/var/log/wtmp")
WTMPDB = Path("/var/lib/wtmpdb/wtmp.db")

RECORD_BYTES = 384
_MAX_BYTES = 16 * 1024 * RECORD_BYTES
_HEAD = struct.Struct("=hxxi32s4s32s")
"""Type, process, line, id and user of glibc's utmp record; the rest is of no use here."""

_RUN_LEVEL, _BOOT_TIME = 1, 2
_HALT_OR_REBOOT = frozenset(b"06")
_WTMPDB_BOOT = 1


def last_stop_clean(wtmp: Path = WTMP, wtmpdb: Path = WTMPDB) -> bool | None:
    """True after a shutdown, False after a crash or power cut; None when no diary tells."""
    if sys.platform == "win32":
        return _from_event_log()
    # logrotate may have cut wtmp between the two boots.
    clean = from_wtmp(_tail(wtmp.with_name(wtmp.name + ".1")) + _tail(wtmp))
    return clean if clean is not None else _from_wtmpdb(wtmpdb)


def from_wtmp(data: bytes) -> bool | None:
    """Whether a shutdown stands between the last boot and the one before it.

    A shutdown just before the last boot counts without the earlier boot. Whole records only; a torn
    one at the end and records that make no sense are passed over.
    """
    seen_boot = False
    whole = len(data) - len(data) % RECORD_BYTES
    for start in range(whole - RECORD_BYTES, -1, -RECORD_BYTES):
        kind, process, _, _, user = _HEAD.unpack_from(data, start)
        if kind == _BOOT_TIME:
            if seen_boot:
                return False
            seen_boot = True
        elif seen_boot and kind == _RUN_LEVEL and _is_shutdown(process, user):
            return True
    return None


def _is_shutdown(process: int, user: bytes) -> bool:
    """systemd writes the user `shutdown`; System V init a change to run level 0 or 6."""
    name = user.partition(b"\0")[0]
    return name == b"shutdown" or (name == b"runlevel" and process & 0xFF in _HALT_OR_REBOOT)


def from_boots(logouts: Sequence[int | None]) -> bool | None:
    """`logouts`: of wtmpdb's boot rows, newest first, when each was shut down."""
    return logouts[1] is not None if len(logouts) > 1 else None


def _tail(path: Path) -> bytes:
    """The end of the file, beginning with a whole record; empty when it cannot be read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            whole = size - size % RECORD_BYTES
            file.seek(max(0, whole - _MAX_BYTES))
            return file.read(min(whole, _MAX_BYTES))
    except OSError:
        return b""


def _from_event_log() -> bool | None:
    from probes.windows import event_log

    try:
        return event_log.last_stop_clean()
    except (OSError, ProbeError):
        return None


def _from_wtmpdb(path: Path) -> bool | None:
    if not path.is_file():
        return None
    import sqlite3

    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=1)) as database:
            rows = database.execute(
                "SELECT Logout FROM wtmp WHERE Type = ? ORDER BY ID DESC LIMIT 2", (_WTMPDB_BOOT,)
            ).fetchall()
    except sqlite3.Error:
        return None
    return from_boots([logout for (logout,) in rows])
