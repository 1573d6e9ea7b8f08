"""The oldest record that a Linux machine still holds: in text logs, and in systemd's journal."""

from __future__ import annotations

import gzip
import re
import struct
import time
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

JOURNALS = ("var/log/journal", "run/log/journal")
LOGINS = ("auth.log", "secure")
"""Logs of logins: of Debian and its kin, of Red Hat's."""

_JOURNAL = struct.Struct("<8s176xQ")
"""Signature, and the time of the first entry: JOURNAL_FILE_FORMAT of systemd."""
_SIGNATURE = b"LPKSHHRH"
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_BSD = re.compile(r"([A-Z][a-z]{2}) [ \d]\d \d\d:\d\d:\d\d", re.ASCII)
_HEAD_BYTES = 4096


def record(root: Path) -> float | None:
    """Unix time; None when there is no record. Raises PermissionError when some is kept back and
    nothing can be read.
    """
    times, denied = [], False
    for at in (*_texts(root), *_journals(root)):
        try:
            found = _of_journal(at) if at.suffix == ".journal" else _of_text(at)
        except PermissionError:
            denied = True
        except (OSError, EOFError, zlib.error):
            continue
        else:
            times += [] if found is None else [found]
    if denied and not times:
        raise PermissionError("/var/log")
    return min(times, default=None)


def _texts(root: Path) -> Iterable[Path]:
    return [p for name in LOGINS for p in sorted((root / "var/log").glob(f"{name}*"))]


def _journals(root: Path) -> Iterator[Path]:
    for folder in JOURNALS:
        yield from sorted((root / folder).glob("*/system*.journal"))


def _of_journal(path: Path) -> float | None:
    with path.open("rb") as file:
        return journal_head(file.read(_JOURNAL.size))


def journal_head(data: bytes) -> float | None:
    """When the first entry of a journal file was written; None for none, and for no journal."""
    if len(data) < _JOURNAL.size:
        return None
    signature, microseconds = _JOURNAL.unpack_from(data)
    return microseconds / 1e6 if signature == _SIGNATURE and 0 < microseconds < 2**60 else None


def _of_text(path: Path) -> float | None:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
        head = file.read(_HEAD_BYTES).decode("utf-8", errors="replace")
    return first_time(head, path.stat().st_mtime)


def first_time(text: str, written: float) -> float | None:
    """When the first line was written, in Unix time. `written`: when the file was last.

    The older form has no year: it is that of the last such day before `written`.
    """
    line = text.partition("\n")[0]
    try:
        if found := _ISO.match(line):
            return datetime.fromisoformat(found[0]).timestamp()
        if found := _BSD.match(line):
            return _of_year(found[0], written)
    except (ValueError, OverflowError):
        pass
    return None


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _of_year(text: str, written: float) -> float | None:
    """English months stand there in every locale. A day of slack: clocks are set back."""
    month, day, clock = text[:3], text[4:6], text[7:]
    if month not in _MONTHS:
        return None
    year = time.localtime(written).tm_year
    for candidate in (year, year - 1):
        stamp = f"{candidate} {_MONTHS.index(month) + 1} {int(day)} {clock}"
        try:
            at = time.mktime(time.strptime(stamp, "%Y %m %d %H:%M:%S"))
        except ValueError:  # the 29th of February of another year
            continue
        if at <= written + 86_400:
            return at
    return None
