from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.instruments import posture_remote_control
from probes.instruments.posture_remote_control import (
    INSTALLED,
    INSTALLED_COUNT,
    RUNNING,
    RUNNING_COUNT,
    PostureRemoteControl,
)
from probes.model import LOCAL, NoSettings, Outcome, ProbeError, Reading
from probes.remote_control.products import PRODUCTS, load
from tests.fakes.windows import FakeWindows
from tests.probes.conftest import Measure

FakePrograms = Callable[..., None]

PACKAGE = "Package: {name}\nStatus: install ok installed\nVersion: 1\n\n"


class Machine:
    """A UOS with its init, and no package that matters here."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.install("bash", "dde-desktop")
        self.run(1, "systemd")

    def write(self, path: str, text: str = "") -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def install(self, *names: str) -> None:
        self.write("var/lib/dpkg/status", "".join(PACKAGE.format(name=name) for name in names))

    def run(self, number: int, name: str) -> None:
        self.write(f"proc/{number}/comm", f"{name}\n")


@pytest.fixture
def machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_programs: FakePrograms
) -> Machine:
    found = Machine(tmp_path / "root")
    monkeypatch.setattr(posture_remote_control, "ROOT", found.root)
    return found


@pytest.fixture
def by_product(measure: Measure) -> Callable[[], Any]:
    async def run() -> dict[str, Reading]:
        readings = await measure(PostureRemoteControl(NoSettings()))
        assert all((r.labels["part"] == "all") == (r.labels["product"] == "all") for r in readings)
        return {r.labels["product"]: r for r in readings}

    return run


async def test_machine_without_any_is_a_zero_when_all_could_be_seen(
    machine: Machine, by_product: Any
) -> None:
    found = await by_product()
    assert set(found) == {"all"}
    assert found["all"].values == {INSTALLED_COUNT: 0, RUNNING_COUNT: 0}


@pytest.mark.parametrize(
    ("package", "program", "product"),
    [
        ("com.oray.sunlogin.client", "sunloginclient", "sunlogin"),
        ("todesk", "ToDesk_Service", "todesk"),
        ("com.todesk", "todeskd", "todesk"),
        ("rustdesk", "rustdesk", "rustdesk"),
        ("teamviewer-host", "teamviewerd", "teamviewer"),
        ("anydesk", "anydesk", "anydesk"),
        ("tigervnc-scraping-server", "x0tigervncserv", "vnc"),
    ],
)
async def test_product_is_known_by_its_package_and_its_program(
    package: str, program: str, product: str, machine: Machine, by_product: Any
) -> None:
    machine.install("bash", package)
    found = await by_product()
    assert found[product].values == {INSTALLED: 1, RUNNING: 0}
    machine.run(500, program)
    found = await by_product()
    assert found[product].values == {INSTALLED: 1, RUNNING: 1}
    assert found["all"].values == {INSTALLED_COUNT: 1, RUNNING_COUNT: 1}


@pytest.mark.parametrize(
    ("path", "product"),
    [
        ("etc/systemd/system/runsunloginclient.service", "sunlogin"),
        ("usr/share/applications/todesk.desktop", "todesk"),
        ("opt/apps/x/entries/applications/com.todesk.desktop", "todesk"),
        ("var/lib/flatpak/exports/share/applications/com.rustdesk.RustDesk.desktop", "rustdesk"),
        ("opt/teamviewer/tv_bin/x", "teamviewer"),
    ],
)
async def test_product_without_a_package_shows_by_its_files(
    path: str, product: str, machine: Machine, by_product: Any
) -> None:
    machine.write(path)
    assert (await by_product())[product].values == {INSTALLED: 1, RUNNING: 0}


async def test_program_that_runs_without_being_installed_is_told_as_such(
    machine: Machine, by_product: Any
) -> None:
    machine.run(9, "rustdesk")
    found = await by_product()
    assert found["rustdesk"].values == {INSTALLED: 0, RUNNING: 1}
    assert found["all"].values == {INSTALLED_COUNT: 0, RUNNING_COUNT: 1}


async def test_packages_that_only_sound_alike_are_not_taken_for_it(
    machine: Machine, by_product: Any
) -> None:
    machine.install("bash", "xtightvncviewer", "tigervnc-viewer", "parsec-tools", "rustdesk-doc")
    assert set(await by_product()) == {"all"}


async def test_count_of_what_is_seen_in_part_is_left_out(
    machine: Machine, measure: Measure
) -> None:
    machine.install("bash", "todesk")
    (machine.root / "proc/1/comm").unlink()
    known, unknown, product = await measure(PostureRemoteControl(NoSettings()))
    assert known.values == {INSTALLED_COUNT: 1}
    assert (unknown.outcome, unknown.reason) == (Outcome.NOT_RUN, "no_privilege")
    assert product.values == {INSTALLED: 1}


async def test_machine_whose_packages_cannot_be_asked_is_no_zero(
    machine: Machine, measure: Measure
) -> None:
    (machine.root / "var/lib/dpkg/status").unlink()
    known, unknown = await measure(PostureRemoteControl(NoSettings()))
    assert known.values == {RUNNING_COUNT: 0}
    assert unknown.reason == "no_source"


async def test_folder_that_may_not_be_entered_is_no_fault(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", closed)
    with pytest.raises(ProbeError) as caught:
        await PostureRemoteControl(NoSettings()).measure(LOCAL)
    assert caught.value.reason == "no_privilege"


async def test_process_that_really_runs_is_seen(
    tmp_path: Path, by_product: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in that only bears the program's name, among the processes of this machine."""
    if not os.access("/proc/1/comm", os.R_OK):
        pytest.skip("needs a /proc that shows the processes of others")
    monkeypatch.setattr(posture_remote_control, "ROOT", Path("/"))
    stand_in = tmp_path / "ToDesk_Session"
    shutil.copy("/bin/sleep", stand_in)
    with subprocess.Popen([stand_in, "30"]) as process:  # noqa: ASYNC220
        try:
            found = await by_product()
        finally:
            process.kill()
    assert found["todesk"].values[RUNNING] == 1


UNINSTALL = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
UNINSTALL_32 = r"SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"
SERVICES = r"SYSTEM\CurrentControlSet\Services"
STANDARD: dict[str, dict[str, Any]] = {
    rf"{UNINSTALL}\{{guid}}": {"DisplayName": "Microsoft Edge 更新", "Publisher": "Microsoft"},
    rf"{UNINSTALL_32}\7-Zip": {"DisplayName": "7-Zip 24.08"},
    rf"{UNINSTALL}\无名": {"SystemComponent": 1},
    rf"{SERVICES}\EventLog": {"Start": 2},
}


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names = ["System", "svchost.exe"]
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setattr(
        psutil,
        "process_iter",
        lambda attributes: [
            SimpleNamespace(info={**dict.fromkeys(attributes), "name": name})
            for name in [*names, None]
        ],
    )
    return names


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch, running: list[str]) -> FakeWindows:
    fake = FakeWindows(monkeypatch)
    fake.have(STANDARD)
    return fake


async def test_windows_without_any_is_a_zero(windows: FakeWindows, by_product: Any) -> None:
    found = await by_product()
    assert found["all"].values == {INSTALLED_COUNT: 0, RUNNING_COUNT: 0}


@pytest.mark.parametrize(
    ("key", "values", "product"),
    [
        (rf"{UNINSTALL_32}\Oray SunLogin", {"DisplayName": "向日葵远程控制"}, "sunlogin"),
        (rf"{UNINSTALL_32}\ToDesk", {"DisplayName": "ToDesk"}, "todesk"),
        (rf"{UNINSTALL}\GameViewer", {"DisplayName": "网易UU远程"}, "uu_remote"),
        (rf"{UNINSTALL}\TV", {"DisplayName": "TeamViewer 15 (64 位)"}, "teamviewer"),
        (rf"{UNINSTALL}\V", {"DisplayName": "TightVNC"}, "vnc"),
        (rf"{SERVICES}\sunloginservice", {"Start": 2}, "sunlogin"),
        (rf"{SERVICES}\GameViewerService", {"Start": 2}, "uu_remote"),
        (rf"{SERVICES}\uvnc_service", {"Start": 3}, "vnc"),
    ],
)
async def test_product_is_known_by_its_uninstall_key_or_service(
    key: str, values: dict[str, Any], product: str, windows: FakeWindows, by_product: Any
) -> None:
    windows.have({**STANDARD, key: values})
    found = await by_product()
    assert found[product].values == {INSTALLED: 1, RUNNING: 0}
    assert found["all"].values == {INSTALLED_COUNT: 1, RUNNING_COUNT: 0}


async def test_program_on_windows_runs_by_its_name_in_any_case(
    windows: FakeWindows, running: list[str], by_product: Any
) -> None:
    running.append("SunloginClient.exe")
    found = await by_product()
    assert found["sunlogin"].values == {INSTALLED: 0, RUNNING: 1}


@pytest.mark.parametrize("path", [UNINSTALL, rf"{UNINSTALL}\{{guid}}", SERVICES])
async def test_part_of_the_registry_that_is_closed_leaves_no_zero(
    path: str, windows: FakeWindows, running: list[str], measure: Measure
) -> None:
    windows.registry.denied.add(path.lower())
    running.append("todesk.exe")
    known, unknown, product = await measure(PostureRemoteControl(NoSettings()))
    assert known.values == {RUNNING_COUNT: 1}
    assert unknown.reason == "no_privilege"
    assert product.values == {RUNNING: 1}


async def test_registry_without_programs_is_none_that_was_read(
    windows: FakeWindows, measure: Measure
) -> None:
    windows.have({rf"{SERVICES}\EventLog": {"Start": 2}})
    known, unknown = await measure(PostureRemoteControl(NoSettings()))
    assert (known.values, unknown.reason) == ({RUNNING_COUNT: 0}, "no_source")


async def test_other_systems_are_not_supported_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(ProbeError) as caught:
        await PostureRemoteControl(NoSettings()).measure(LOCAL)
    assert caught.value.reason == "unsupported_system"


def test_no_name_belongs_to_two_products() -> None:
    for names in ("processes", "services", "programs", "units", "desktops"):
        every = [name for product in load() for name in getattr(product, names)]
        assert len(every) == len(set(every)), names


@given(st.text(max_size=40))
def test_any_word_is_a_name_of_at_most_one_product(text: str) -> None:
    assert sum(product.display.fullmatch(text) is not None for product in load()) <= 1
    assert sum(product.packages.fullmatch(text) is not None for product in load()) <= 1


@pytest.mark.parametrize("text", ["", " ", "Microsoft Office 专业增强版", "VNC Viewer", "腾讯会议"])
def test_program_that_is_none_of_them_matches_none(text: str) -> None:
    assert [p.key for p in load() if p.display.fullmatch(text) or p.packages.fullmatch(text)] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('key = "todesk"', 'key = "sunlogin"'),
        ('key = "todesk"', 'key = "To Desk"'),
        ('verified = "public"', 'verified = "sure"'),
        ('"todeskd"', '"todesk_has_a_long_name"'),
        ('"todesk.exe"', '"ToDesk.exe"'),
        ('zh = "ToDesk"', 'zh = ""'),
    ],
)
def test_table_that_is_not_whole_is_refused(old: str, new: str, tmp_path: Path) -> None:
    text = PRODUCTS.read_text("utf-8")
    assert old in text
    (tmp_path / "products.toml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ValueError, match=r"products\.toml"):
        load(tmp_path / "products.toml")


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(PostureRemoteControl)
