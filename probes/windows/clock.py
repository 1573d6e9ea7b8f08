"""Which boot of Windows this is, and its clock that counts sleep.

With "fast startup", which Windows 10 and 11 have on, shutting down puts the kernel to sleep: boot
and clock go on over the night. Only a restart makes a new boot.
"""

from __future__ import annotations

import ctypes
from typing import ClassVar

from probes.windows.system import library

_SYSTEM_TIME_OF_DAY = 3
_TICKS = 10_000_000
"""Of 100 ns, in a second."""


class _TimeOfDay(ctypes.Structure):
    """SYSTEM_TIMEOFDAY_INFORMATION; not documented by Microsoft, unchanged since Windows 2000."""

    _fields_: ClassVar = [
        ("boot_time", ctypes.c_longlong),
        ("current_time", ctypes.c_longlong),
        ("zone_bias", ctypes.c_longlong),
        ("zone", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("boot_time_bias", ctypes.c_longlong),
        ("sleep_time_bias", ctypes.c_longlong),
    ]


def boot_id() -> str:
    """From the boot time as it was before the clock was set: setting it moves time and bias alike.

    Raises OSError or ProbeError.
    """
    told = _TimeOfDay()
    ntdll = library("ntdll")
    status = ntdll.NtQuerySystemInformation(
        _SYSTEM_TIME_OF_DAY, ctypes.byref(told), ctypes.sizeof(told), None
    )
    if status != 0 or told.boot_time <= 0:
        raise OSError(f"NtQuerySystemInformation: {status & 0xFFFFFFFF:#010x}")
    return f"win32-{(told.boot_time - told.boot_time_bias) // _TICKS}"


def up_milliseconds() -> int:
    """Since boot, sleep and hibernation included; in steps of 10 to 16 ms."""
    tick_count = library("kernel32").GetTickCount64
    tick_count.restype = ctypes.c_ulonglong
    return int(tick_count())
