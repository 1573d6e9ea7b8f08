from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from probes import boot
from probes.windows import clock
from tests.fakes.windows import FakeWindows

SECOND = 10_000_000
BOOTED = 134_000_000_000_000_000
"""In Windows' count, since 1601."""


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    boot.boot_id.cache_clear()
    yield
    boot.boot_id.cache_clear()


class Kernel:
    """A kernel whose wall clock can be set, which moves the boot time and its bias together."""

    def __init__(self, windows: FakeWindows) -> None:
        self.boot_time = BOOTED
        self.bias = 0
        self.status = 0
        self.ticks = 2**32 + 5
        windows.export("ntdll", NtQuerySystemInformation=self._query)
        windows.export("kernel32", GetTickCount64=lambda: self.ticks)

    def set_clock(self, seconds: int) -> None:
        self.boot_time += seconds * SECOND
        self.bias += seconds * SECOND

    def _query(self, kind: int, into: Any, size: int, _: None) -> int:
        assert (kind, size) == (3, 48)  # as long as it is on 32 and on 64 bits
        into._obj.boot_time = self.boot_time
        into._obj.boot_time_bias = self.bias
        return self.status


@pytest.fixture
def kernel(windows: FakeWindows) -> Kernel:
    return Kernel(windows)


def test_setting_the_clock_makes_no_new_boot(kernel: Kernel) -> None:
    first = clock.boot_id()
    kernel.set_clock(-3600)
    assert clock.boot_id() == first
    assert re.fullmatch(r"[0-9A-Za-z._-]{8,64}", first)


def test_next_boot_has_another_id(kernel: Kernel) -> None:
    first = clock.boot_id()
    kernel.boot_time += 20 * SECOND
    assert clock.boot_id() != first


def test_boot_clock_is_wider_than_32_bits(kernel: Kernel) -> None:
    assert clock.up_milliseconds() == 2**32 + 5
    assert ctypes.WinDLL("kernel32", True).GetTickCount64.restype is ctypes.c_ulonglong  # type: ignore[attr-defined]


def test_boot_asks_windows_on_windows(
    kernel: Kernel, windows: FakeWindows, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(boot, "BOOT_ID_FILE", tmp_path / "none")
    windows.become_the_system(boot)
    assert boot.boot_id() == clock.boot_id()
    assert boot.up_milliseconds() == kernel.ticks


def test_boot_time_stands_in_when_the_kernel_does_not_tell(
    kernel: Kernel, windows: FakeWindows, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(boot, "BOOT_ID_FILE", tmp_path / "none")
    monkeypatch.setattr(psutil, "boot_time", lambda: 1_000_000_019.0)
    windows.become_the_system(boot)
    kernel.status = -1073741820  # STATUS_INFO_LENGTH_MISMATCH
    assert boot.boot_id() == "win32-1000000020"
