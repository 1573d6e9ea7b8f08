"""A Windows machine as posture_sharing sees it: its registry, and what NetShareEnum answers."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

from probes.sharing.descriptor import EVERYONE
from probes.sharing.netshare import SPECIAL, _Info1, _Info502
from tests.fakes.windows import FakeWindows
from tests.probes.sharing.test_descriptor import ALLOW, FULL, READ, descriptor, entry

SERVICES = r"SYSTEM\CurrentControlSet\Services"
TERMINAL = r"SYSTEM\CurrentControlSet\Control\Terminal Server"
TERMINAL_POLICY = r"SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
VERSION = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"

STANDARD: dict[str, dict[str, Any]] = {
    VERSION: {"CurrentBuild": "22631", "ProductName": "Windows 10 专业版"},
    rf"{SERVICES}\EventLog": {"Start": 2},
    rf"{SERVICES}\LanmanServer": {"Start": 2},
    rf"{SERVICES}\LanmanServer\Parameters": {"AutoShareWks": 1},
    rf"{SERVICES}\LanmanWorkstation": {"Start": 2},
    TERMINAL: {"fDenyTSConnections": 1},
    rf"{TERMINAL}\WinStations\RDP-Tcp": {"UserAuthentication": 1, "SecurityLayer": 2},
}
"""Windows 11 as it comes."""

OPEN = descriptor(entry(ALLOW, FULL, EVERYONE))
CLOSED = descriptor(entry(ALLOW, READ, EVERYONE))
IPC = 3
_OK, _DENIED = 0, 5


def standard(windows: FakeWindows) -> FakeWindows:
    windows.have(STANDARD)
    share(windows, {})
    return windows


def change(windows: FakeWindows, **values: Any) -> None:
    """`build`, `SMB1`, or the Start of a service; None = there is no such service."""
    keys = {path: dict(found) for path, found in STANDARD.items()}
    for name, value in values.items():
        if name == "build":
            keys[VERSION]["CurrentBuild"] = value
        elif name == "SMB1":
            keys[rf"{SERVICES}\LanmanServer\Parameters"]["SMB1"] = value
        else:
            keys[rf"{SERVICES}\{name}"] = {} if value is None else {"Start": value}
    windows.have(keys)


def refuse(windows: FakeWindows, code: int) -> None:
    windows.export("netapi32", NetShareEnum=lambda *_: code, NetApiBufferFree=lambda _: 0)


def share(windows: FakeWindows, shares: Mapping[str, bytes | None], *, admin: bool = True) -> None:
    """Names that end with $ are Windows' own. Who is no administrator sees no permissions."""
    kept: list[Any] = []
    freed: list[int] = []

    def enum(_: None, level: int, buffer: Any, most: int, read: Any, total: Any, __: None) -> int:
        assert most == 0xFFFFFFFF
        if level == 502 and not admin:
            return _DENIED
        structure: Any = {502: _Info502, 1: _Info1}[level]
        entries = (structure * len(shares))()
        for item, (name, security) in zip(entries, shares.items(), strict=True):
            item.name = name
            item.kind = (IPC if name == "IPC$" else 0) | (SPECIAL if name.endswith("$") else 0)
            if level == 502 and security is not None:
                text = ctypes.create_string_buffer(security, len(security))
                kept.append(text)
                item.descriptor = ctypes.addressof(text)
        kept.append(entries)
        buffer._obj.value = ctypes.addressof(entries)
        read._obj.value = total._obj.value = len(shares)
        return _OK

    assert len(OPEN) == len(CLOSED)  # so that the stand-in knows the length of either
    windows.export("netapi32", NetShareEnum=enum, NetApiBufferFree=lambda b: freed.append(b.value))
    windows.export("advapi32", GetSecurityDescriptorLength=lambda _: len(OPEN))
