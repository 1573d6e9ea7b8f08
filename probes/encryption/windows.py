"""BitLocker: what WMI tells administrators of each volume, and what the shell tells everybody."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from probes.model import ProbeError
from probes.parts import Facts
from probes.windows import com, wmi
from probes.windows.com import LONG, POINTER, ULONG, WORDS
from probes.windows.system import library

NAMESPACE, CLASS = r"root\CIMV2\Security\MicrosoftVolumeEncryption", "Win32_EncryptableVolume"
PROPERTIES = ("DriveLetter", "VolumeType", "ProtectionStatus", "ConversionStatus")

_PROTECTED, _UNPROTECTED = 1, 0
_FULLY, _USED_SPACE = 1, 4
"""ConversionStatus: encrypted whole; older builds tell used space only as 4."""
_REMOVABLE = 2
"""VolumeType; 0 is the system's, 1 another fixed one."""
_FIXED_DRIVE = 3
"""GetDriveTypeW."""

_SHELL_ITEM_2 = "7e9fb0d3-919f-4307-ab2e-9b1860310c93"
_GET_INT32 = 16
"""Of IShellItem2."""
_PROPERTY = "System.Volume.BitLockerProtection"
_SHELL_STATES = {1: True, 2: False, 3: False, 4: False, 5: False, 6: True, 8: False}
"""On, off, encrypting, decrypting, suspended, on and locked, waiting to be activated."""


@dataclass(frozen=True, slots=True)
class Volume:
    """`encrypted`: whole, and protected by a key; None when Windows does not say."""

    letter: str
    is_removable: bool
    encrypted: bool | None


def read() -> tuple[str, list[Volume]]:
    """The source and the volumes with a letter. Raises ProbeError.

    WMI answers administrators only, and editions without BitLocker not at all.
    """
    with suppress(ProbeError):
        if found := [volume_of(row) for row in wmi.ask(NAMESPACE, CLASS, PROPERTIES)]:
            return "wmi", found
    return "shell", [Volume(letter, False, shell_state(letter)) for letter in fixed_drives()]


def volume_of(row: Mapping[str, object]) -> Volume:
    letter, kind = row.get("DriveLetter"), row.get("VolumeType")
    return Volume(
        letter.upper() if isinstance(letter, str) else "",
        kind == _REMOVABLE,
        state(row.get("ProtectionStatus"), row.get("ConversionStatus")),
    )


def state(protection: object, conversion: object) -> bool | None:
    """True only if both say so; ProtectionStatus 2 (locked) and what is missing are unknown."""
    if protection == _UNPROTECTED and isinstance(protection, int):
        return False
    if protection != _PROTECTED or not isinstance(conversion, int):
        return None
    return conversion in (_FULLY, _USED_SPACE)


def system_facts(source: str, found: Iterable[Volume], drive: str) -> Facts:
    states = [v.encrypted for v in found if v.letter == drive.upper()]
    return Facts(source, {"system_volume_encrypted": states[0] if states else None}, "no_source")


def volume_facts(source: str, found: Iterable[Volume]) -> Facts:
    states = [v.encrypted for v in found if v.letter and not v.is_removable]
    if not states:
        raise ProbeError("no_source", CLASS)
    values: dict[str, float | None] = {
        "volumes_count": len(states),
        "encrypted_volumes_count": None if None in states else states.count(True),
    }
    return Facts(source, values, "no_source")


def system_drive() -> str:
    return os.environ.get("SYSTEMDRIVE", "C:")


def fixed_drives() -> list[str]:
    """Letters with a colon."""
    kernel = library("kernel32")
    kernel.GetDriveTypeW.argtypes = (WORDS,)
    letters = [f"{chr(ord('A') + i)}:" for i in range(26) if kernel.GetLogicalDrives() >> i & 1]
    return [drive for drive in letters if kernel.GetDriveTypeW(f"{drive}\\") == _FIXED_DRIVE]


def shell_state(drive: str, ask: Callable[[str], int] | None = None) -> bool | None:
    """None where the shell does not know, as in editions without BitLocker."""
    try:
        return _SHELL_STATES.get((ask or _from_shell)(drive))
    except ProbeError:
        return None


def _from_shell(drive: str) -> int:
    with com.apartment():
        key = ctypes.create_string_buffer(20)  # PROPERTYKEY: a GUID and a number
        named = library("propsys").PSGetPropertyKeyFromName
        named.argtypes, named.restype = (WORDS, POINTER), LONG
        com.checked(int(named(_PROPERTY, key)), _PROPERTY)
        found = POINTER()
        made = library("shell32").SHCreateItemFromParsingName
        made.argtypes, made.restype = (WORDS, POINTER, POINTER, POINTER), LONG
        item = com.guid(_SHELL_ITEM_2)
        com.checked(int(made(f"{drive}\\", None, item, ctypes.byref(found))), drive)
        with com.Object(found.value or 0) as volume:
            value = ULONG(0)
            volume.call(
                _GET_INT32, (POINTER, ctypes.addressof(key)), (POINTER, ctypes.addressof(value))
            )
            return int(value.value)
