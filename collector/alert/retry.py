"""How long an attempt to send may take, and when the next one comes."""

from __future__ import annotations

from datetime import timedelta

LEASE = timedelta(minutes=2)
"""Longer than an attempt to send can take."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=10)
GIVE_UP_AFTER = timedelta(days=1)
_MOST_DOUBLINGS = 12


def pause(attempts: int, jitter: float = 0.0) -> timedelta:
    """After so many attempts: twice as long each time, and longer by up to half with a `jitter` of
    up to 1, so that not all come at once."""
    doubled = FIRST_PAUSE * 2 ** min(attempts - 1, _MOST_DOUBLINGS)
    whole: timedelta = min(doubled, LONGEST_PAUSE)
    return whole * (1 + jitter / 2)
