"""What commits brought and took since the start: a few numbers, changed once a commit."""

from __future__ import annotations

import time
from bisect import bisect_left

BOUNDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Seconds; of commits that took no longer, one number each, and one for all that took longer."""
DISK_FULL, OTHER = "disk_full", "other"


def is_disk_full(fault: Exception) -> bool:
    return getattr(fault, "sqlite_errorname", "") == "SQLITE_FULL"


class CommitTally:
    """Written by the one writer thread; read from any.

    Attributes:
        by_duration: commits per interval between BOUNDS, the last one beyond them.
        failed: commits of which nothing was stored, by reason.
        last_at: the monotonic clock when the newest one ended; None before the first.
        last_fault: why that one failed; None if it did not.
    """

    def __init__(self) -> None:
        self.readings = 0
        self.by_duration = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0
        self.failed = {DISK_FULL: 0, OTHER: 0}
        self.last_at: float | None = None
        self.last_fault: str | None = None

    def succeed(self, readings: int, seconds: float) -> None:
        self.readings += readings
        self.by_duration[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds
        self._end(None)

    def fail(self, fault: Exception) -> None:
        reason = DISK_FULL if is_disk_full(fault) else OTHER
        self.failed[reason] += 1
        self._end(reason)

    def _end(self, fault: str | None) -> None:
        self.last_fault = fault
        self.last_at = time.monotonic()
