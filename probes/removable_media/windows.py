"""Whether Windows starts what stands on media, and lets USB storage in, from its registry."""

from __future__ import annotations

from probes.model import ProbeError
from probes.parts import Facts
from probes.windows.software import DISABLED, start_of
from probes.windows.system import read_values

EXPLORER = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\Explorer"
CURRENT = r"SOFTWARE\Microsoft\Windows\CurrentVersion"
STORAGE_POLICY = r"SOFTWARE\Policies\Microsoft\Windows\RemovableStorageDevices"
REMOVABLE_DISKS = "{53f5630d-b6bf-11d0-94f2-00a0c91efb8b}"
ALL_DRIVES = 0xFF
DRIVERS = ("USBSTOR", "UASPStor")
"""Old and fast USB storage; a stick that the one may not serve, the other may."""


def autorun() -> Facts:
    """By the policy of the machine; what users set for themselves protects nobody else."""
    if not read_values(CURRENT):
        raise ProbeError("no_source", CURRENT)
    policy = read_values(EXPLORER)
    drives = number(policy.get("NoDriveTypeAutoRun", 0))
    never = number(policy.get("NoAutorun", 0))
    if drives is None or never is None:
        raise ProbeError("unreadable", EXPLORER)
    off = drives & ALL_DRIVES == ALL_DRIVES or never == 1
    return Facts("registry", {"autorun_disabled": off})


def usb_storage() -> Facts:
    """Raises ProbeError("no_source") where no driver of USB storage was ever installed."""
    starts = [start_of(driver) for driver in DRIVERS]
    denied = read_values(STORAGE_POLICY)
    disks = read_values(rf"{STORAGE_POLICY}\{REMOVABLE_DISKS}")
    by_policy = denied.get("Deny_All") == 1 or (
        disks.get("Deny_Read"),
        disks.get("Deny_Write"),
    ) == (1, 1)
    if starts[0] is None and not by_policy:
        raise ProbeError("no_source", DRIVERS[0])
    stopped = all(start in (None, DISABLED) for start in starts)
    return Facts("registry", {"usb_storage_blocked": by_policy or stopped})


def number(value: object) -> int | None:
    """Of a DWORD, or of bytes as some tools write them; None for anything else."""
    if isinstance(value, bytes) and 0 < len(value) <= 8:
        return int.from_bytes(value, "little")
    return value if isinstance(value, int) else None
