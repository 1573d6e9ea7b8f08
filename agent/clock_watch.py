"""Notices that the wall clock was set, and that time passed in which this process did not run.

A machine that slept, a virtual machine that was paused and a process that was stopped look alike:
far more time went by than between two looks.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.clock import Clock

STEP = 2.0
"""A wall clock that moved by more than this (s) against the boot clock was set."""
AWAY = 30.0
"""Seconds by which a look must come too late to count as an absence; a slow disk does not."""


@dataclass(frozen=True, slots=True)
class Change:
    """Seconds; 0 = nothing of the kind happened."""

    set_by: float
    away: float


class ClockWatch:
    """Compares the clocks at each look.

    Args:
        every: the most seconds that should pass from one look to the next.
    """

    def __init__(self, clock: Clock, every: float) -> None:
        self._clock = clock
        self._every = every
        self._wall, self._up = clock.wall(), clock.up()

    def look(self) -> Change:
        wall, up = self._clock.wall(), self._clock.up()
        passed = (up - self._up) / 1000
        moved = (wall - self._wall) / 1000 - passed
        self._wall, self._up = wall, up
        late = passed - self._every
        return Change(set_by=moved if abs(moved) > STEP else 0.0, away=late if late > AWAY else 0.0)
