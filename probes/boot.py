"""Which boot of the machine this is, and how long it has lasted.

The pair orders readings whatever the wall clock says. It is not an identity of the machine: a clone
and its original have different boots.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from probes.model import ProbeError

BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
ROUNDED_SECONDS = 60
"""Elsewhere the boot time is the wall clock less the uptime, and moves when the clock is set."""


@cache
def boot_id() -> str:
    """The same for every process of one boot, and never seen again after it.

    On Linux the kernel's random id, on Windows the kernel's boot time as it was before the clock
    was set. Elsewhere the boot time rounded to a minute, so that a small correction of the wall
    clock seldom looks like a new boot; fixed for the life of the process.
    """
    if BOOT_ID_FILE.exists():
        return BOOT_ID_FILE.read_text(encoding="ascii").strip()
    if sys.platform == "win32":
        from probes.windows import clock

        with suppress(OSError, ProbeError):
            return clock.boot_id()
    import psutil

    return rounded_boot_id(psutil.boot_time())


def rounded_boot_id(booted_at: float) -> str:
    """`booted_at` in Unix seconds, to the nearest minute."""
    return f"{sys.platform}-{round(booted_at / ROUNDED_SECONDS) * ROUNDED_SECONDS}"


def up_milliseconds() -> int:
    """Milliseconds since boot, counted through sleep where the system has such a clock."""
    if sys.platform == "win32":
        from probes.windows import clock

        with suppress(ProbeError):
            return clock.up_milliseconds()
    else:
        boot_clock: int | None = getattr(time, "CLOCK_BOOTTIME", None)
        if boot_clock is not None:
            return time.clock_gettime_ns(boot_clock) // 1_000_000
    return time.monotonic_ns() // 1_000_000
