"""Locks of the users who are logged in to a Windows machine, from the registry: each one's screen
saver, the policy above it, and the limit of the machine. SIDs are used here and not reported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from probes.model import ProbeError
from probes.parts import Facts
from probes.screenlock.lock import OFF, UNTOLD, Lock, after, values, weakest
from probes.windows.system import USERS, read_keys, read_value, read_values

LIMIT = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
DESKTOP = r"Control Panel\Desktop"
POLICY = r"Software\Policies\Microsoft\Windows\Control Panel\Desktop"

_PERSON = re.compile(r"S-1-(?:5-21|12-1)(?:-\d+){3,}", re.ASCII | re.IGNORECASE)
_MOST_SECONDS = 599_940
"""Of the limit; Windows takes no more."""


def read() -> Facts:
    """Raises ProbeError: "no_session" when nobody is logged in."""
    limit = limit_of(read_value(LIMIT, "InactivityTimeoutSecs"))
    people = [sid for sid in read_keys("", USERS) if _PERSON.fullmatch(sid)]
    if not people:
        raise ProbeError("no_session")
    locks, hidden = [], False
    for sid in people:
        try:
            own = of_user(read_values(rf"{sid}\{DESKTOP}", USERS), _policy(sid))
        except ProbeError:
            own, hidden = UNTOLD, True
        locks.append(sooner(own, limit))
    reason = "no_privilege" if hidden else "unreadable"
    return Facts("registry", values(weakest(locks), len(people)), reason)


def _policy(sid: str) -> dict[str, object]:
    return read_values(rf"{sid}\{POLICY}", USERS)


def limit_of(value: object) -> Lock:
    """Of InactivityTimeoutSecs. Not set is no limit."""
    if value is None:
        return OFF
    if not isinstance(value, int) or not 0 <= value <= _MOST_SECONDS:
        return UNTOLD
    return after(value)


def of_user(own: Mapping[str, object], policy: Mapping[str, object]) -> Lock:
    """A screen saver that is on, asks for the password, and has a program: else none comes."""
    chosen = {**own, **policy}
    if "ScreenSaveActive" not in chosen:
        return UNTOLD
    if not all(_is_on(chosen.get(name)) for name in ("ScreenSaveActive", "ScreenSaverIsSecure")):
        return OFF
    if not str(chosen.get("SCRNSAVE.EXE") or "").strip(' "'):
        return OFF
    word = str(chosen.get("ScreenSaveTimeOut", ""))
    return after(int(word)) if re.fullmatch(r"[0-9]{1,9}", word) else UNTOLD


def _is_on(value: object) -> bool:
    return str(value).strip() == "1"


def sooner(one: Lock, other: Lock) -> Lock:
    """Either locks: the sooner counts. What may lock sooner changes nothing of what surely does."""
    times = [lock.after for lock in (one, other) if lock.after is not None]
    if times:
        return after(min(times))
    return UNTOLD if UNTOLD in (one, other) else OFF
