"""BitLocker through real tables of COM in memory: WMI for administrators, the shell for others."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from probes.encryption import windows as encryption
from probes.encryption.windows import Volume
from probes.windows.com import POINTER
from tests.fakes.com import FAILED, OK, FakeCom, FakeObject, put
from tests.fakes.com_wmi import FakeWmi
from tests.fakes.windows import FakeWindows

ROWS = (
    {"DriveLetter": "C:", "VolumeType": 0, "ProtectionStatus": 1, "ConversionStatus": 1},
    {"DriveLetter": "E:", "VolumeType": 2, "ProtectionStatus": 0, "ConversionStatus": 0},
    {"DriveLetter": None, "VolumeType": 1, "ProtectionStatus": 0, "ConversionStatus": 0},
)


def test_administrator_reads_the_volumes_of_wmi(windows: FakeWindows) -> None:
    com = FakeCom(windows)
    FakeWmi(com, encryption.NAMESPACE, encryption.CLASS, ROWS)
    assert encryption.read() == (
        "wmi",
        [Volume("C:", False, True), Volume("E:", True, False), Volume("", False, False)],
    )
    assert com.balanced()


class Shell:
    """Drives C: (fixed), D: (optical); the shell says `state` of both."""

    def __init__(self, windows: FakeWindows, state: int, code: int = OK) -> None:
        self.com = FakeCom(windows)
        self.state, self.code = state, code
        kinds = (POINTER, POINTER)
        self.item = FakeObject({encryption._GET_INT32: (kinds, self._number)})
        windows.export("propsys", PSGetPropertyKeyFromName=self._key)
        windows.export("shell32", SHCreateItemFromParsingName=self._make)
        windows.export(
            "kernel32",
            GetLogicalDrives=lambda: 0b1100,
            GetDriveTypeW={"C:\\": 3, "D:\\": 5}.__getitem__,
        )

    def _key(self, name: str, key: Any) -> int:
        assert name == "System.Volume.BitLockerProtection"
        key.raw = b"k" * 20
        return OK

    def _make(self, path: str, context: None, interface: Any, out: Any) -> int:
        assert (path, len(interface.raw)) == ("C:\\", 16)
        out._obj.value = self.item.address
        return OK

    def _number(self, key: int, out: int) -> int:
        assert ctypes.string_at(key, 20) == b"k" * 20
        return put(out, ctypes.c_int32, self.state) if self.code == OK else self.code


@pytest.mark.parametrize(("state", "encrypted"), [(1, True), (2, False), (5, False), (0, None)])
def test_ordinary_user_reads_the_property_of_the_shell(
    state: int, encrypted: bool | None, windows: FakeWindows
) -> None:
    shell = Shell(windows, state)
    assert encryption.read() == ("shell", [Volume("C:", False, encrypted)])
    assert shell.item.released == 1
    assert shell.com.balanced()


def test_edition_without_bitlocker_is_unknown_and_not_off(windows: FakeWindows) -> None:
    shell = Shell(windows, 0, code=FAILED)
    assert encryption.read() == ("shell", [Volume("C:", False, None)])
    assert shell.item.released == 1
