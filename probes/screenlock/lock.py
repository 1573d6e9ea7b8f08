"""What is known of the lock of one session, and of several."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lock:
    """`enabled`: it locks by itself when nobody uses it; None = that cannot be told.

    `after`: seconds of rest before it does; None unless it is enabled.
    """

    enabled: bool | None
    after: int | None = None


OFF, UNTOLD = Lock(False), Lock(None)


def after(seconds: int | None) -> Lock:
    """None = that cannot be told; 0 and less = never."""
    if seconds is None:
        return UNTOLD
    return Lock(True, seconds) if seconds > 0 else OFF


def weakest(locks: Iterable[Lock]) -> Lock:
    """One that is never locked decides, then one of which nothing is known, then the longest."""
    known = list(locks)
    if OFF in known:
        return OFF
    times = [lock.after for lock in known if lock.after is not None]
    return after(max(times)) if known and len(times) == len(known) else UNTOLD


def values(lock: Lock, sessions: int | None) -> dict[str, float | None]:
    told: dict[str, float | None] = {"lock_enabled": lock.enabled}
    if lock.enabled is not False:
        told["lock_after_seconds_max"] = lock.after
    return told if sessions is None else {**told, "sessions_count": sessions}
