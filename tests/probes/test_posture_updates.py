from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from probes.instruments import posture_updates
from probes.instruments.posture_updates import (
    AUTOMATIC_OFF,
    LAST_UPGRADE_AGE,
    LISTS_AGE,
    PENDING_SECURITY_COUNT,
    PENDING_UPDATES_COUNT,
    REBOOT_REQUIRED,
    SERVICE_DISABLED,
    PostureUpdates,
    Settings,
)
from probes.model import LOCAL, Outcome, ProbeError, Reading
from probes.updates.facts import newest
from probes.updates.opkg import APK_INSTALLED, OPKG_STATUS
from probes.updates.windows import PACKAGES
from tests.fakes.com import FakeCom
from tests.fakes.windows import FakeWindows
from tests.probes.conftest import Measure
from tests.probes.updates.test_opkg import DATABASE, STATUS, UPGRADABLE
from tests.probes.updates.test_windows import last_search, school_pc

FakePrograms = Callable[..., None]

DAY = 86_400
UPDATE = "Inst bash [5.0] (5.1 Debian-Security:12/oldstable-security [amd64])\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Debian that upgraded ten days ago and fetched its lists an hour ago."""
    folder = tmp_path / "root"
    for name in ("var/lib/dpkg/status", "run/reboot-required"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "var/log/apt").mkdir(parents=True)
    done = time.strftime("%Y-%m-%d  %H:%M:%S", time.localtime(time.time() - 10 * DAY))
    (folder / "var/log/apt/history.log").write_text(f"\nUpgrade: x (1, 2)\nEnd-Date: {done}\n")
    fetch_lists(folder, 3600)
    monkeypatch.setattr(posture_updates, "ROOT", folder)
    return folder


def fetch_lists(root: Path, seconds_ago: float) -> None:
    lists = root / "var/lib/apt/lists"
    lists.mkdir(parents=True, exist_ok=True)
    (lists / "mirror_dists_bookworm-security_InRelease").touch()
    then = time.time() - seconds_ago
    for path in (*lists.iterdir(), lists):
        os.utime(path, (then, then))


async def parts(measure: Measure) -> dict[str, Reading]:
    return {r.labels["part"]: r for r in await measure(PostureUpdates(Settings()))}


async def test_debian_tells_history_and_what_is_pending(
    root: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    fake_programs("apt-get", UPDATE)
    fake_programs("apt-config", 'APT::Periodic "";\nAPT::Periodic::Unattended-Upgrade "1";\n')
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/unattended-upgrade").touch()
    found = await parts(measure)
    history = found["history"].values
    assert history[LAST_UPGRADE_AGE] == pytest.approx(10 * DAY, abs=60)
    assert found["lists"].values[LISTS_AGE] == pytest.approx(3600, abs=60)
    assert history[REBOOT_REQUIRED] == 1
    assert found["pending"].values == {PENDING_UPDATES_COUNT: 1, PENDING_SECURITY_COUNT: 1}
    assert found["automatic"].values == {AUTOMATIC_OFF: 0}
    sources = {part: reading.labels["source"] for part, reading in found.items()}
    assert sources == {
        "history": "file", "lists": "file", "pending": "command", "automatic": "command",
    }  # fmt: skip
    assert {reading.labels["manager"] for reading in found.values()} == {"apt"}


@pytest.mark.parametrize("age", [30 * DAY, -2 * DAY], ids=["old", "from the future"])
async def test_lists_that_cannot_be_trusted_leave_pending_unknown(
    age: float, root: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    fake_programs("apt-get", "")
    fetch_lists(root, age)
    found = await parts(measure)
    assert (found["pending"].outcome, found["pending"].reason) == (Outcome.NOT_RUN, "stale_lists")
    assert found["pending"].values == {}
    assert LAST_UPGRADE_AGE in found["history"].values
    assert (LISTS_AGE in found["lists"].values) is (age > 0)


async def test_machine_that_never_fetched_lists_says_so(
    root: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    fake_programs("apt-get", "")
    shutil.rmtree(root / "var/lib/apt/lists")
    found = await parts(measure)
    assert (found["pending"].reason, found["lists"].reason) == ("no_lists", "no_lists")


async def test_package_manager_that_fails_takes_the_history_not_along(
    root: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    fake_programs("apt-get", errors="E: broken\n", code=100)
    found = await parts(measure)
    assert (found["pending"].outcome, found["pending"].reason) == (Outcome.NOT_RUN, "unreadable")
    assert found["history"].outcome is Outcome.OK


async def test_machine_of_rpm_is_asked_through_dnf(
    root: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    shutil.rmtree(root / "var")
    (root / "var/lib/rpm").mkdir(parents=True)
    found = await parts(measure)
    assert found["history"].labels["manager"] == "dnf"
    assert (found["history"].reason, found["pending"].reason) == ("no_source", "no_lists")


@pytest.mark.parametrize(
    ("release", "installed", "settings", "off"),
    [
        ("debian", True, '"1"', 0),
        ("debian", True, '"7d"', 0),
        ("debian", True, '"0"', 1),
        ("ubuntu", False, '"1"', 1),
        ("kylin", True, '"0"', None),
        ("uos", False, '"1"', None),
    ],
)
async def test_updates_by_themselves_need_program_and_setting(
    release: str,
    installed: bool,
    settings: str,
    off: int | None,
    root: Path,
    fake_programs: FakePrograms,
    measure: Measure,
) -> None:
    """Kylin and UOS have update programs of their own, of which this says nothing."""
    (root / "etc").mkdir()
    (root / "etc/os-release").write_text(f"ID={release}\n")
    fake_programs("apt-get", "")
    fake_programs("apt-config", f"APT::Periodic::Unattended-Upgrade {settings};\n")
    if installed:
        (root / "usr/bin").mkdir(parents=True)
        (root / "usr/bin/unattended-upgrade").touch()
    reading = (await parts(measure))["automatic"]
    assert reading.values.get(AUTOMATIC_OFF) == off
    assert reading.reason == ("unsupported_system" if off is None else "")


async def test_router_with_opkg_tells_the_age_of_its_firmware(
    root: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    shutil.rmtree(root / "var")
    for name in ("usr/lib/opkg", "var/opkg-lists"):
        (root / name).mkdir(parents=True)
    made = int(time.time()) - 100 * DAY
    (root / OPKG_STATUS).write_text(STATUS.replace("1727000000", str(made)))
    (root / "var/opkg-lists/openwrt_base").touch()
    fake_programs("opkg", UPGRADABLE)
    found = await parts(measure)
    assert found["history"].values == {LAST_UPGRADE_AGE: pytest.approx(100 * DAY, abs=60)}
    assert found["pending"].values == {PENDING_UPDATES_COUNT: 2}
    assert found["automatic"].reason == "not_here"


async def test_router_with_apk_whose_lists_are_gone_knows_of_nothing_pending(
    root: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    shutil.rmtree(root / "var")
    (root / "lib/apk/db").mkdir(parents=True)
    (root / APK_INSTALLED).write_text(DATABASE)
    fake_programs("apk", "")
    found = await parts(measure)
    assert LAST_UPGRADE_AGE in found["history"].values
    assert (found["pending"].reason, found["lists"].reason) == ("no_lists", "no_lists")


async def test_windows_tells_when_it_was_renewed_and_whether_it_may_be(
    windows: FakeWindows, com: FakeCom, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    windows.have(school_pc(time.time() - 40 * DAY))
    last_search(com, time.time() - 2 * DAY)
    found = await parts(measure)
    assert found["history"].values == {
        LAST_UPGRADE_AGE: pytest.approx(40 * DAY, abs=60), REBOOT_REQUIRED: 1,
    }  # fmt: skip
    assert found["lists"].values == {LISTS_AGE: pytest.approx(2 * DAY, abs=60)}
    assert found["automatic"].values == {SERVICE_DISABLED: 0, AUTOMATIC_OFF: 1}
    assert found["pending"].reason == "unsupported_system"
    sources = [found[part].labels["source"] for part in ("history", "lists", "automatic")]
    assert sources == ["registry", "com", "registry"]
    assert com.balanced()


async def test_part_of_windows_that_is_closed_does_not_take_the_others_along(
    windows: FakeWindows, com: FakeCom, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    windows.have(school_pc(time.time()))
    windows.registry.denied.add(PACKAGES.lower())
    found = await parts(measure)
    assert (found["history"].outcome, found["history"].reason) == (Outcome.NOT_RUN, "no_privilege")
    assert found["automatic"].outcome is Outcome.OK


@pytest.mark.parametrize(("system", "reason"), [("Darwin", "unsupported_system"),
                                                ("Linux", "no_source")])  # fmt: skip
async def test_machine_without_a_package_manager_is_not_run(
    system: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(posture_updates, "ROOT", tmp_path)
    with pytest.raises(ProbeError) as caught:
        await PostureUpdates(Settings()).measure(LOCAL)
    assert caught.value.reason == reason


@pytest.mark.server("apt-get")
async def test_this_debian_machine_can_be_read(measure: Measure) -> None:
    """Whatever its state, and without changing a file of apt's."""
    before = newest([Path("/var/cache/apt/pkgcache.bin"), Path("/var/cache/apt")])
    found = await parts(measure)
    assert newest([Path("/var/cache/apt/pkgcache.bin"), Path("/var/cache/apt")]) == before
    pending = found["pending"]
    if pending.outcome is Outcome.OK:
        assert pending.values[PENDING_UPDATES_COUNT] >= pending.values.get(
            PENDING_SECURITY_COUNT, 0
        )
    else:
        assert pending.reason in {"no_lists", "stale_lists"}


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(PostureUpdates)
