from __future__ import annotations

import json
import platform
from collections.abc import Callable
from pathlib import Path

import pytest

from probes.encryption import windows
from probes.encryption.windows import Volume
from probes.instruments import posture_encryption
from probes.instruments.posture_encryption import (
    ENCRYPTED_COUNT,
    SYSTEM_ENCRYPTED,
    VOLUMES_COUNT,
    PostureEncryption,
)
from probes.model import NoSettings, Outcome, Reading
from tests.probes.conftest import Measure
from tests.probes.encryption.test_linux import LUKS, PLAIN, ROUTER

FakePrograms = Callable[..., None]


@pytest.fixture
def mountinfo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    at = tmp_path / "root/proc/self/mountinfo"
    at.parent.mkdir(parents=True)
    at.write_text(
        "1 1 254:1 / / rw - ext4 /dev/mapper/vg-root rw\n2 1 8:1 / /boot rw - ext4 /dev/sda1 rw\n"
    )
    monkeypatch.setattr(posture_encryption, "ROOT", tmp_path / "root")
    return at


async def parts(measure: Measure) -> dict[str, Reading]:
    return {r.labels["part"]: r for r in await measure(PostureEncryption(NoSettings()))}


async def test_system_on_luks(
    mountinfo: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    fake_programs("lsblk", json.dumps({"blockdevices": [LUKS]}))
    found = await parts(measure)
    assert found["system"].values == {SYSTEM_ENCRYPTED: 1}
    assert found["volumes"].values == {VOLUMES_COUNT: 1, ENCRYPTED_COUNT: 1}
    fake_programs("lsblk", json.dumps({"blockdevices": [PLAIN]}))
    found = await parts(measure)
    assert found["system"].reason == "unreadable"  # / is on none of these


async def test_lsblk_that_is_missing_or_fails_is_no_answer(
    mountinfo: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    assert {r.reason for r in (await parts(measure)).values()} == {"no_source"}
    fake_programs("lsblk", errors="lsblk: unknown column\n", code=1)
    assert {r.reason for r in (await parts(measure)).values()} == {"unreadable"}


@pytest.fixture
def router(mountinfo: Path) -> None:
    mountinfo.write_text(ROUTER)


async def test_router_has_no_disk(router: None, measure: Measure) -> None:
    assert {r.reason for r in (await parts(measure)).values()} == {"not_here"}


async def test_windows_is_read_from_wmi(measure: Measure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setattr(windows, "read", lambda: ("wmi", [Volume("C:", False, False)]))
    monkeypatch.setenv("SYSTEMDRIVE", "C:")
    found = await parts(measure)
    assert found["system"].values == {SYSTEM_ENCRYPTED: 0}
    assert found["volumes"].labels["source"] == "wmi"


async def test_other_systems_say_so(measure: Measure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert {r.reason for r in (await parts(measure)).values()} == {"unsupported_system"}


@pytest.mark.server("lsblk")
async def test_this_machine_can_be_read(measure: Measure) -> None:
    found = await parts(measure)
    if found["volumes"].outcome is Outcome.OK:
        assert found["volumes"].values[ENCRYPTED_COUNT] <= found["volumes"].values[VOLUMES_COUNT]


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(PostureEncryption)
