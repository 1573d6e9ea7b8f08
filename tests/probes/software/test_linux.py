from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.software.linux import from_apk, from_rpm, from_status, packages, processes

FakePrograms = Callable[..., None]

DPKG = """Package: samba
Status: install ok installed
Description: 文件共享
 Status: install ok nothing
Version: 2:4.17.12+dfsg-0+deb12u4

Package: vino
Status: deinstall ok config-files
Version: 3.22
"""
OPKG = "Package: samba4-server\nVersion: 4.18.8-1\nStatus: install user installed\n\n"
APK = "C:Q1x\nP:samba4-server\nV:4.18.8-r1\n\nP:base-files\nV:1\n"


async def test_packages_that_are_there_bear_their_versions(tmp_path: Path) -> None:
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(DPKG)
    assert await packages(tmp_path) == {"samba": "2:4.17.12+dfsg-0+deb12u4"}


@pytest.mark.parametrize(
    ("place", "text"), [("usr/lib/opkg/status", OPKG), ("lib/apk/db/installed", APK)]
)
async def test_router_is_asked_through_its_own_list(place: str, text: str, tmp_path: Path) -> None:
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_text(text)
    found = await packages(tmp_path)
    assert found is not None
    assert found["samba4-server"].startswith("4.18.8")


async def test_machine_of_rpm_is_asked_through_rpm(
    tmp_path: Path, fake_programs: FakePrograms
) -> None:
    fake_programs("rpm", "bash 5.2.15\nsamba-client 4.19.5\n")
    assert await packages(tmp_path) == {"bash": "5.2.15", "samba-client": "4.19.5"}


async def test_machine_without_a_package_manager_is_not_known(
    tmp_path: Path, fake_programs: FakePrograms
) -> None:
    assert await packages(tmp_path) is None
    fake_programs("rpm", "", "error: cannot open Packages database", 1)
    assert await packages(tmp_path) is None


def test_hidden_processes_are_not_none_running(tmp_path: Path) -> None:
    assert processes(tmp_path) is None
    for number, name in ((1, "systemd"), (20, "ToDesk")):
        (tmp_path / f"proc/{number}").mkdir(parents=True)
        (tmp_path / f"proc/{number}/comm").write_text(f"{name}\n")
    assert processes(tmp_path) == frozenset({"systemd", "ToDesk"})


@given(st.text(alphabet="Package: Status: installed PV:\n\r x1", max_size=80))
def test_any_list_of_packages_is_read_without_an_exception(text: str) -> None:
    for parse in (from_status, from_apk, from_rpm):
        assert all(name for name, _ in parse(text))
