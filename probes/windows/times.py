"""Times as Windows writes them, in Unix seconds. What means "never" is None."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_FILETIME_EPOCH = -11_644_473_600
"""1 January 1601: FILETIME 0, which is how Windows says never."""
_TICKS = 10_000_000
_CIM = re.compile(r"(\d{14})\.\d{6}([+-]\d{3})", re.ASCII)
_JSON = re.compile(r"/Date\((-?\d{1,17})\)/", re.ASCII)
_FIRST_YEAR = 1990
_NEVER_DAYS = 65_535
"""So says Defender of signatures that never came; of scans it says 4294967295, which is more."""


def from_filetime(value: object) -> float | None:
    """Eight bytes, as the registry keeps them, or the number in them."""
    if isinstance(value, bytes):
        value = int.from_bytes(value, "little") if len(value) == 8 else None
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return _sensible(value / _TICKS + _FILETIME_EPOCH if 0 < value < 2**64 else None)


def moment(value: object) -> float | None:
    """A time as a property of CIM holds it: WMI's text, or the JSON that PowerShell makes of it."""
    if not isinstance(value, str):
        return None
    if found := _JSON.fullmatch(value):
        return _sensible(int(found[1]) / 1000)
    if found := _CIM.fullmatch(value):
        return _cim(found[1], int(found[2]))
    return None


def _cim(digits: str, minutes: int) -> float | None:
    """`20261120093012.000000+480`: local time, and by how many minutes it is ahead of UTC."""
    try:
        zone = timezone(timedelta(minutes=minutes))
        at = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=zone)
        return _sensible(at.timestamp())
    except (ValueError, OverflowError):
        return None


def from_utc_text(value: object) -> float | None:
    """`2026-11-20 01:30:12`, as the updates of Windows keep it in the registry."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.strptime(value, "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None
    return _sensible(at.replace(tzinfo=UTC).timestamp())


def days(value: object) -> int | None:
    """An age in days; None for never, which may arrive as -1: WMI knows no unsigned numbers."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value < _NEVER_DAYS else None


def _sensible(at: float | None) -> float | None:
    """Years before there was such a thing mean never."""
    if at is None or not 0 < at < 2**40:
        return None
    return at if at >= datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp() else None
