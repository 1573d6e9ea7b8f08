"""The clocks of a machine, behind one seam so that a test owns the time.

Back-off, deadlines and roll-back count on `monotonic`; the wall clock of a classroom PC may jump
by years and decides nothing but the time written on a reading.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from probes.boot import up_milliseconds


class Clock(Protocol):
    """Four views of time."""

    def wall(self) -> int:
        """Milliseconds since 1970, UTC; may be wrong and may jump."""
        ...

    def up(self) -> int:
        """Milliseconds since boot, suspended time included; never jumps."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; for durations."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The real ones."""

    def wall(self) -> int:
        return time.time_ns() // 1_000_000

    def up(self) -> int:
        return up_milliseconds()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
