from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.instruments import posture_removable_media
from probes.instruments.posture_removable_media import (
    AUTORUN_DISABLED,
    USB_STORAGE_BLOCKED,
    PostureRemovableMedia,
)
from probes.model import LOCAL, NoSettings, ProbeError, Reading
from probes.removable_media.linux import (
    autorun_never,
    modprobe_rules,
    refused,
    usbguard_blocks,
)
from probes.removable_media.windows import number
from tests.fakes.windows import FakeWindows
from tests.probes.conftest import Measure

RELEASE = "6.6.0-kylin"
MODULES = f"lib/modules/{RELEASE}/modules.dep"
DRIVERS = (
    "kernel/drivers/usb/storage/uas.ko.xz: kernel/drivers/usb/storage/usb-storage.ko.xz\n"
    "kernel/drivers/usb/storage/usb-storage.ko.xz:\n"
)
GNOME = "usr/share/glib-2.0/schemas/org.gnome.desktop.media-handling.gschema.xml"
NEVER = "[org/gnome/desktop/media-handling]\nautorun-never=true\n"
PROFILE = "user-db:user\nsystem-db:local\n"


class Machine:
    """A PC whose kernel has both drivers of USB storage, none of them loaded, without a desktop."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("proc/sys/kernel/osrelease", f"{RELEASE}\n")
        self.write("proc/1/comm", "systemd\n")
        self.write(MODULES, DRIVERS)

    def write(self, path: str, text: str = "") -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        return file


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine(tmp_path / "root")
    monkeypatch.setattr(posture_removable_media, "ROOT", found.root)
    return found


@pytest.fixture
def parts(measure: Measure) -> Callable[[], Any]:
    async def run() -> dict[str, Reading]:
        readings = await measure(PostureRemovableMedia(NoSettings()))
        return {r.labels["part"]: r for r in readings}

    return run


async def blocked(parts: Any) -> float | str:
    reading: Reading = (await parts())["usb_storage"]
    return reading.values.get(USB_STORAGE_BLOCKED, reading.reason)


async def test_machine_as_it_comes_lets_sticks_in(machine: Machine, parts: Any) -> None:
    assert await blocked(parts) == 0


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("install usb-storage /bin/false\n", 1),
        ("install usb_storage /usr/bin/true # 学校规定\n", "undecided"),
        ("install usb_storage /usr/bin/true\n", 1),
        ("# install usb-storage /bin/false\n", 0),
        ("blacklist usb-storage\n", 0),
        ("blacklist usb-storage\nblacklist uas\n", 1),
        ("blacklist usb_storage\ninstall uas \\\n  /bin/false\n", 1),
        ("install usb-storage /bin/false; /sbin/modprobe -i usb-storage\n", "undecided"),
        ("blacklist usbcore\n", 0),
    ],
)
async def test_modprobe_keeps_storage_out_when_no_way_is_left(
    rules: str, expected: float | str, machine: Machine, parts: Any
) -> None:
    machine.write("etc/modprobe.d/usb.conf", rules)
    assert await blocked(parts) == expected


async def test_file_in_etc_hides_its_namesake(machine: Machine, parts: Any) -> None:
    machine.write("usr/lib/modprobe.d/usb.conf", "install usb-storage /bin/false\n")
    assert await blocked(parts) == 1
    machine.write("etc/modprobe.d/usb.conf", "# 不再禁用\n")
    assert await blocked(parts) == 0


async def test_driver_that_is_loaded_lets_sticks_in_whatever_files_say(
    machine: Machine, parts: Any
) -> None:
    machine.write("etc/modprobe.d/usb.conf", "install usb-storage /bin/false\n")
    machine.write("sys/module/usb_storage/parameters/quirks")
    assert await blocked(parts) == 0


async def test_kernel_without_such_a_driver_keeps_them_out(machine: Machine, parts: Any) -> None:
    machine.write(MODULES, "kernel/drivers/usb/core/usbcore.ko:\n")
    assert await blocked(parts) == 1
    (machine.root / MODULES).unlink()
    machine.write(f"lib/modules/{RELEASE}/usb-storage.ko")
    assert await blocked(parts) == 0


async def test_kernel_whose_modules_are_not_here_is_not_known(machine: Machine, parts: Any) -> None:
    (machine.root / MODULES).unlink()
    assert await blocked(parts) == "no_source"


async def test_modules_behind_the_walls_of_the_service_are_taken_to_be_there(
    machine: Machine, parts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.read_text

    def closed(self: Path, *args: Any, **more: Any) -> str:
        if self.name == "modules.dep":
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *args, **more)

    monkeypatch.setattr(Path, "read_text", closed)
    assert await blocked(parts) == 0
    machine.write("etc/modprobe.d/usb.conf", "install usb-storage /bin/false\n")
    assert await blocked(parts) == 1


DAEMON = "etc/usbguard/usbguard-daemon.conf"


@pytest.mark.parametrize(
    ("settings", "rules", "expected"),
    [
        ("ImplicitPolicyTarget=block\n", "", 1),
        ("ImplicitPolicyTarget=reject\n", "allow with-interface { 03:01:01 03:00:00 }\n", 1),
        (
            "ImplicitPolicyTarget=block\n",
            "allow id 0781:5567 with-interface 08:06:50\n",
            "undecided",
        ),
        ("ImplicitPolicyTarget=block\n", "allow id 0781:5567\n", "undecided"),
        ("ImplicitPolicyTarget=block\n", "allow with-interface *:*:*\n", "undecided"),
        ("ImplicitPolicyTarget=block\n", "block with-interface 08:*:*\n", 1),
        ("ImplicitPolicyTarget=block\nRuleFile=/etc/usbguard/rules.conf\n", "", 1),
        ("ImplicitPolicyTarget=block\nRuleFile=/srv/规则.conf\n", "", "undecided"),
        ("ImplicitPolicyTarget=allow\n", "block with-interface 08:*:*\n", 0),
        ("#ImplicitPolicyTarget=block\n", "", 0),
    ],
)
async def test_usbguard_keeps_out_what_no_rule_lets_in(
    settings: str, rules: str, expected: float | str, machine: Machine, parts: Any
) -> None:
    machine.write(DAEMON, settings)
    machine.write("etc/usbguard/rules.conf", rules)
    assert await blocked(parts) == 0  # the daemon does not run
    machine.write("proc/40/comm", "usbguard-daemon\n")
    assert await blocked(parts) == expected


async def test_rules_of_usbguard_that_only_root_may_read_lack_privilege(
    machine: Machine, parts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.write("proc/40/comm", "usbguard-daemon\n")
    path = machine.write(DAEMON, "ImplicitPolicyTarget=block\n")
    real = Path.read_text

    def closed(self: Path, *args: Any, **more: Any) -> str:
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *args, **more)

    monkeypatch.setattr(Path, "read_text", closed)
    assert await blocked(parts) == "no_privilege"
    (machine.root / "proc/1/comm").unlink()
    assert await blocked(parts) == "no_privilege"


async def autorun(parts: Any) -> float | str:
    reading: Reading = (await parts())["autorun"]
    return reading.values.get(AUTORUN_DISABLED, reading.reason)


async def test_machine_without_a_desktop_has_no_autorun(machine: Machine, parts: Any) -> None:
    assert await autorun(parts) == "not_here"


async def test_desktop_whose_settings_are_not_known_is_not_known(
    machine: Machine, parts: Any
) -> None:
    machine.write("usr/share/xsessions/ukui.desktop")
    assert await autorun(parts) == "no_source"


async def test_autorun_is_off_where_the_profile_of_all_users_says_so(
    machine: Machine, parts: Any
) -> None:
    machine.write("usr/share/wayland-sessions/gnome.desktop")
    machine.write(GNOME)
    assert await autorun(parts) == 0
    machine.write("etc/dconf/db/local.d/00-media", NEVER)
    assert await autorun(parts) == 0  # no profile names that database
    machine.write("etc/dconf/profile/user", PROFILE)
    machine.write("etc/dconf/db/local.d/locks/media", "/org/gnome/desktop/media-handling\n")
    assert await autorun(parts) == 1
    machine.write("etc/dconf/db/local.d/01-more", NEVER.replace("true", "false"))
    assert await autorun(parts) == 0


async def test_router_has_no_autorun_though_it_has_drivers(machine: Machine, parts: Any) -> None:
    machine.write("etc/openwrt_release")
    machine.write("usr/share/xsessions/x.desktop")
    assert await autorun(parts) == "not_here"


EXPLORER = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\Explorer"
CURRENT = r"SOFTWARE\Microsoft\Windows\CurrentVersion"
SERVICES = r"SYSTEM\CurrentControlSet\Services"
STORAGE = r"SOFTWARE\Policies\Microsoft\Windows\RemovableStorageDevices"
DISKS = "{53f5630d-b6bf-11d0-94f2-00a0c91efb8b}"
STANDARD: dict[str, dict[str, Any]] = {
    CURRENT: {"ProgramFilesDir": r"C:\Program Files"},
    rf"{SERVICES}\USBSTOR": {"Start": 3},
    rf"{SERVICES}\UASPStor": {"Start": 3},
}


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> FakeWindows:
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    fake = FakeWindows(monkeypatch)
    fake.have(STANDARD)
    return fake


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, 0),
        ({"NoDriveTypeAutoRun": 0xFF}, 1),
        ({"NoDriveTypeAutoRun": 0x91}, 0),
        ({"NoDriveTypeAutoRun": 0x3FF}, 1),
        ({"NoDriveTypeAutoRun": b"\xff\x00\x00\x00"}, 1),
        ({"NoDriveTypeAutoRun": "255"}, "unreadable"),
        ({"NoAutorun": 1}, 1),
        ({"NoAutorun": 0, "NoDriveTypeAutoRun": 0}, 0),
    ],
)
async def test_policy_of_windows_turns_autorun_off_for_all_drives_or_not(
    policy: dict[str, Any], expected: float | str, windows: FakeWindows, parts: Any
) -> None:
    windows.have({**STANDARD, EXPLORER: policy})
    assert await autorun(parts) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 0),
        ({rf"{SERVICES}\USBSTOR": {"Start": 4}}, 0),
        ({rf"{SERVICES}\USBSTOR": {"Start": 4}, rf"{SERVICES}\UASPStor": {"Start": 4}}, 1),
        ({rf"{SERVICES}\USBSTOR": {"Start": 4}, rf"{SERVICES}\UASPStor": {}}, 1),
        ({rf"{SERVICES}\USBSTOR": {}, rf"{SERVICES}\UASPStor": {}}, "no_source"),
        ({STORAGE: {"Deny_All": 1}}, 1),
        ({rf"{STORAGE}\{DISKS}": {"Deny_Read": 1, "Deny_Write": 1}}, 1),
        ({rf"{STORAGE}\{DISKS}": {"Deny_Write": 1}}, 0),
    ],
)
async def test_windows_keeps_storage_out_by_both_drivers_or_by_policy(
    changes: dict[str, dict[str, Any]], expected: float | str, windows: FakeWindows, parts: Any
) -> None:
    windows.have({**STANDARD, **changes})
    assert await blocked(parts) == expected


async def test_registry_that_is_empty_or_closed_says_nothing(
    windows: FakeWindows, parts: Any
) -> None:
    windows.have({})
    assert await autorun(parts) == "no_source"
    windows.have(STANDARD)
    windows.registry.denied.add(rf"{SERVICES}\UASPStor".lower())
    assert await blocked(parts) == "no_privilege"


async def test_other_systems_are_not_supported_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(ProbeError) as caught:
        await PostureRemovableMedia(NoSettings()).measure(LOCAL)
    assert caught.value.reason == "unsupported_system"


RULES = st.text(alphabet="install blacklist usb-storage uas /bin/false;#\\\n", max_size=80)


@given(RULES)
def test_any_rules_of_modprobe_give_an_answer(text: str) -> None:
    rules = list(modprobe_rules(text))
    answer = refused("usb_storage", rules)
    assert answer in (True, False, None)
    if "storage" not in text:
        assert answer is False


@given(st.text(max_size=60), st.text(alphabet="allow block with-interface{}08:*\n ", max_size=60))
def test_any_rules_of_usbguard_block_only_where_the_default_does(settings: str, rules: str) -> None:
    assert usbguard_blocks(settings, rules) in (True, False, None)
    if "ImplicitPolicyTarget" not in settings:
        assert usbguard_blocks(settings, rules) is False


@given(st.text(alphabet="[org/gnome]autorun-never=true false\n", max_size=80))
def test_any_settings_of_a_desktop_give_an_answer(text: str) -> None:
    assert autorun_never(text, "org/gnome/desktop/media-handling") is None


@given(st.one_of(st.binary(max_size=12), st.integers(), st.text(), st.none()))
def test_any_value_of_the_registry_is_a_number_or_none(value: object) -> None:
    found = number(value)
    assert found is None or isinstance(found, int)


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(PostureRemovableMedia)
