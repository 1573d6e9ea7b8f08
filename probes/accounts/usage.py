"""When accounts of Linux were last used: lastlog, wtmp, and the lastlog2 of newer systems.

Display managers write wtmp, terminals and SSH both. Times of 64 bits stand in these files on the
64-bit systems that never had another: ARM, LoongArch, RISC-V.
"""

from __future__ import annotations

import platform
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from probes.accounts.local import DAY, Account, Password, Secret, password_of
from probes.model import ProbeError

LASTLOG, WTMP = Path("var/log/lastlog"), Path("var/log/wtmp")
LASTLOG2 = Path("var/lib/lastlog/lastlog2.db")
_WIDE_TIMES = {"aarch64", "loongarch64", "riscv64", "sw_64", "alpha", "ia64"}
_LAST = {False: struct.Struct("=i32s256s"), True: struct.Struct("=q32s256s")}
_SESSION = {
    False: struct.Struct("=h2xi32s4s32s256s2hi2i16s20s"),
    True: struct.Struct("=h2xi32s4s32s256s2hq2q16s20s4x"),
}
_USER, _TYPE_FIELD, _USER_FIELD, _TIME_FIELD = 7, 0, 4, 9
_MOST_BYTES = 16 * 1024 * 1024


def has_wide_times() -> bool:
    return platform.machine() in _WIDE_TIMES


def last_uses(root: Path, found: Iterable[Account]) -> dict[str, float]:
    """Name -> Unix time; who is not in it was not seen. Raises OSError.

    Raises ProbeError: "no_source" without any record, "unreadable" for one of another form.
    """
    wide = has_wide_times()
    accounts = list(found)
    uses: list[tuple[str, float]] = []
    sources = [path for path in (LASTLOG, WTMP, LASTLOG2) if (root / path).is_file()]
    if not sources:
        raise ProbeError("no_source", f"/{LASTLOG}, /{WTMP}")
    if LASTLOG in sources:
        uses += _of_lastlog(root / LASTLOG, accounts, wide)
    if WTMP in sources:
        uses += sessions(_read(root / WTMP), wide)
    if LASTLOG2 in sources:
        uses += _of_lastlog2(root / LASTLOG2)
    latest: dict[str, float] = {}
    for name, at in uses:
        latest[name] = max(at, latest.get(name, 0))
    return latest


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES)


def _of_lastlog(path: Path, accounts: Iterable[Account], wide: bool) -> Iterator[tuple[str, float]]:
    """The file is sparse: a hole for each number that no account has."""
    record = _LAST[wide]
    size = path.stat().st_size
    if size % record.size:
        raise ProbeError("unreadable", str(path))
    with path.open("rb") as file:
        for account in accounts:
            file.seek(account.uid * record.size)
            found = file.read(record.size)
            if len(found) == record.size and (at := record.unpack(found)[0]) > 0:
                yield account.name, float(at)


def sessions(data: bytes, wide: bool) -> Iterator[tuple[str, float]]:
    """Of wtmp: who began a session, and when. Raises ProbeError("unreadable")."""
    record = _SESSION[wide]
    if len(data) % record.size:
        raise ProbeError("unreadable", "wtmp")
    for fields in record.iter_unpack(data):
        if fields[_TYPE_FIELD] == _USER and fields[_TIME_FIELD] > 0:
            name = fields[_USER_FIELD].split(b"\0")[0].decode("utf-8", errors="replace")
            yield name, float(fields[_TIME_FIELD])


def _of_lastlog2(path: Path) -> list[tuple[str, float]]:
    import sqlite3

    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            rows = database.execute("SELECT Name, Time FROM Lastlog2 WHERE Time > 0").fetchall()
        database.close()
    except sqlite3.Error as exc:
        raise ProbeError("unreadable", str(path)) from exc
    return [(str(name), float(at)) for name, at in rows if isinstance(at, int)]


def enabled(found: Iterable[Account], known: dict[str, Secret], now: float) -> list[Account]:
    """Those that are neither locked nor expired, as far as is known."""
    return [
        account
        for account in found
        if password_of(account, known) is not Password.LOCKED
        and not _is_over(known, account.name, now)
    ]


def longest_unused(
    found: Iterable[Account], known: dict[str, Secret], uses: dict[str, float], now: float
) -> float | None:
    """Seconds since the use of the account that was used least lately.

    Of one that was never seen, the day of its password is the earliest that it can have been used
    since. None when one of them cannot be told.
    """
    spans: list[float] = []
    for account in found:
        secret = known.get(account.name)
        born = None if secret is None or not secret.changed else float(secret.changed * DAY)
        at = uses.get(account.name, born)
        if at is None or at > now:  # a clock that was wrong tells nothing
            return None
        spans.append(now - at)
    return max(spans, default=None)


def _is_over(known: dict[str, Secret], name: str, now: float) -> bool:
    secret = known.get(name)
    return secret is not None and secret.expires is not None and secret.expires * DAY <= now
