from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from probes import boot


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    boot.boot_id.cache_clear()
    yield
    boot.boot_id.cache_clear()


def test_boot_id_is_the_kernels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "boot_id"
    file.write_text("0f5f6e5e-0000-4000-8000-000000000001\n")
    monkeypatch.setattr(boot, "BOOT_ID_FILE", file)
    assert boot.boot_id() == "0f5f6e5e-0000-4000-8000-000000000001"


def test_boot_id_stays_the_same() -> None:
    assert boot.boot_id() == boot.boot_id()
    assert re.fullmatch(r"[0-9A-Za-z._-]{8,64}", boot.boot_id())


def test_boot_id_is_made_from_the_boot_time_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(boot, "BOOT_ID_FILE", tmp_path / "none")
    monkeypatch.setattr(psutil, "boot_time", lambda: 1_000_000_019.0)
    first = boot.boot_id()
    monkeypatch.setattr(psutil, "boot_time", lambda: 2_000_000_000.0)
    assert boot.boot_id() == first  # setting the clock makes no new boot
    assert first.endswith("-1000000020")


def test_small_correction_of_the_clock_is_no_new_boot() -> None:
    assert boot.rounded_boot_id(1_000_000_015) == boot.rounded_boot_id(1_000_000_022)
    assert boot.rounded_boot_id(1_000_000_015) != boot.rounded_boot_id(1_000_000_115)


def test_boot_clock_runs_forward_in_milliseconds() -> None:
    before, since = boot.up_milliseconds(), time.monotonic()
    time.sleep(0.02)
    passed = boot.up_milliseconds() - before
    assert 19 <= passed <= (time.monotonic() - since) * 1000 + 2


def test_boot_clock_is_monotonic_where_there_is_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    assert abs(boot.up_milliseconds() - time.monotonic() * 1000) < 1000
