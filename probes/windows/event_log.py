"""How Windows stopped before this boot, from its System event log.

Events are known by provider and number, which are the same in every language; their words are not
read.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from probes.model import ProbeError
from probes.windows.system import last_error, library

STARTED, STOPPING = 12, 13
"""Microsoft-Windows-Kernel-General."""
NOT_CLEAN = 41
"""Microsoft-Windows-Kernel-Power: restarted without having been shut down."""

_QUERY = (
    "*[System[(Provider[@Name='Microsoft-Windows-Kernel-General'] and (EventID=12 or EventID=13))"
    " or (Provider[@Name='Microsoft-Windows-Kernel-Power'] and EventID=41)]]"
)
_MOST = 16
_CHANNEL_NEWEST_FIRST, _CHANNEL_OLDEST_FIRST = 0x1 | 0x200, 0x1 | 0x100
_DENIED = 5
_AS_XML = 1
_MAX_CHARACTERS = 32_768
_WAIT_MS = 2000
_TIME = re.compile(
    r"<TimeCreated\s+SystemTime=['\"](\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z['\"]", re.ASCII
)
_NUMBER = re.compile(r"<EventID(?:\s[^>]*)?>(\d{1,5})</EventID>")


def last_stop_clean() -> bool | None:
    """True after a shutdown, False after a crash or power cut, None when the log does not tell.

    Raises OSError or ProbeError when the log cannot be read.
    """
    return from_events(newest_numbers(_QUERY))


def newest_numbers(query: str) -> list[int]:
    """Numbers of the newest events of the System log that `query` selects, newest first.

    Raises OSError or ProbeError when the log cannot be read.
    """
    events = _events("System", query, _CHANNEL_NEWEST_FIRST)
    return [number for xml in events for number in _numbers(xml)]


def oldest_time(channel: str) -> float | None:
    """Unix time of the oldest event that a log still holds; None when it is empty.

    Raises ProbeError, "no_privilege" for the Security log of others than administrators.
    """
    try:
        found = _events(channel, "*", _CHANNEL_OLDEST_FIRST, most=1)
    except OSError as exc:
        reason = "no_privilege" if exc.errno == _DENIED else "no_source"
        raise ProbeError(reason, f"{channel}: {exc}") from exc
    return time_of(found[0]) if found else None


def time_of(xml: str) -> float | None:
    """When the event was written, in Unix time; None when its XML does not say."""
    found = _TIME.search(xml)
    try:
        return None if found is None else datetime.fromisoformat(found[1] + "+00:00").timestamp()
    except (ValueError, OverflowError):
        return None


def from_events(numbers: Sequence[int]) -> bool | None:
    """`numbers`: newest first. What stands between the last start and the one before it decides."""
    if STARTED not in numbers:
        return None
    started = numbers.index(STARTED)
    if NOT_CLEAN in numbers[:started]:  # told during this boot, about the one before
        return False
    before = numbers[started + 1 :]
    for number in before:
        if number == STOPPING:
            return True
        if number == STARTED:
            return False
    return None


def _numbers(xml: str) -> list[int]:
    found = _NUMBER.search(xml)
    return [int(found[1])] if found else []


def _events(channel: str, query: str, order: int, most: int = _MOST) -> list[str]:
    """The first events that `query` selects, as XML."""
    api = _declared(library("wevtapi"))
    results = api.EvtQuery(None, channel, query, order)
    if not results:
        raise last_error()
    try:
        events = (ctypes.c_void_p * most)()
        many = ctypes.c_uint32(0)
        # Fewer than asked for is no error; none at all is told as one.
        if not api.EvtNext(results, most, events, _WAIT_MS, 0, ctypes.byref(many)):
            return []
        return [_rendered(api, event) for event in events[: many.value]]
    finally:
        api.EvtClose(results)


def _rendered(api: Any, event: int | None) -> str:
    text = ctypes.create_unicode_buffer(_MAX_CHARACTERS)
    used, properties = ctypes.c_uint32(0), ctypes.c_uint32(0)
    try:
        done = api.EvtRender(
            None, event, _AS_XML, ctypes.sizeof(text), text,
            ctypes.byref(used), ctypes.byref(properties),
        )  # fmt: skip
        if not done:
            raise last_error()
        return text.value
    finally:
        api.EvtClose(event)


def _declared(api: Any) -> Any:
    """Handles are pointers: without this, a 64-bit Windows would get half of one."""
    pointer, number, word = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_wchar_p
    api.EvtQuery.argtypes, api.EvtQuery.restype = (pointer, word, word, number), pointer
    api.EvtNext.argtypes = (pointer, number, pointer, number, number, pointer)
    api.EvtRender.argtypes = (pointer, pointer, number, number, pointer, pointer, pointer)
    api.EvtClose.argtypes = (pointer,)
    return api
