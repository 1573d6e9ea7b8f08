from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.updates.apt import (
    Apt,
    local_time,
    parse_dpkg,
    parse_history,
    parse_periodic,
    parse_simulation,
)
from probes.updates.facts import Pending

SIMULATED = """Inst libc6 [2.36-9+deb12u10] (2.36-9+deb12u14 Debian:12.15/oldstable [amd64])
Inst linux-image-6.1.0-50-amd64 (6.1.187-1 Debian-Security:12/oldstable-security [amd64])
Inst linux-image-amd64 [6.1.140-1] (6.1.187-1 Debian-Security:12/oldstable-security [amd64])
Inst bash [5.1-6ubuntu1] (5.1-6ubuntu1.1 Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security \
[amd64])
Remv old-thing [1.0]
Conf libc6 (2.36-9+deb12u14 Debian:12.15/oldstable [amd64])
"""
HISTORY = """
Start-Date: 2026-10-01  08:00:00
Commandline: apt-get -y upgrade
Upgrade: bash:amd64 (5.2-1, 5.2-2)
End-Date: 2026-10-01  08:01:30

Start-Date: 2026-10-05  09:00:00
Commandline: apt-get install nginx
Install: nginx:amd64 (1.22.1-9)
End-Date: 2026-10-05  09:00:10

Start-Date: 2026-10-06  09:00:00
Commandline: apt-get upgrade
Upgrade: tar:amd64 (1.34-1, 1.34-2)
Error: Sub-process /usr/bin/dpkg returned an error code (1)
End-Date: 2026-10-06  09:00:40
"""
DPKG = """2026-10-01 08:00:10 upgrade bash:amd64 5.2-1 5.2-2
2026-10-01 08:00:11 status half-installed bash:amd64 5.2-1
2026-10-01 08:00:20 status installed bash:amd64 5.2-2
2026-10-02 08:00:00 install nginx:amd64 <none> 1.22
2026-10-02 08:00:09 status installed nginx:amd64 1.22
2026-10-03 08:00:00 upgrade tar:amd64 1 2
"""


def test_updates_are_counted_and_new_packages_are_not() -> None:
    assert set(parse_simulation(SIMULATED)) == {"libc6", "linux-image-amd64", "bash"}


def test_upgrade_that_failed_is_no_upgrade() -> None:
    assert parse_history(HISTORY) == local_time("2026-10-01 08:01:30")
    assert parse_dpkg(DPKG) == local_time("2026-10-01 08:00:20")


@pytest.mark.parametrize("text", ["", "nonsense", "Start-Date: x\nUpgrade: y\nEnd-Date: never\n"])
def test_log_without_an_upgrade_tells_nothing(text: str) -> None:
    assert parse_history(text) is None
    assert parse_dpkg(text) is None


async def test_upgrade_before_the_log_was_rotated_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "var/log/apt"
    folder.mkdir(parents=True)
    (folder / "history.log").write_text("")
    (folder / "history.log.2.gz").write_bytes(gzip.compress(HISTORY.encode()))
    (folder / "history.log.10.gz").write_bytes(gzip.compress(HISTORY.replace("10-0", "01-0")
                                                             .encode()))  # fmt: skip
    (folder / "history.log.1.gz").write_bytes(b"torn")
    found = await Apt(tmp_path).history()
    assert found.upgraded_at == local_time("2026-10-01 08:01:30")


async def test_restart_is_known_only_where_somebody_keeps_track(tmp_path: Path) -> None:
    assert (await Apt(tmp_path).history()).reboot_required is None
    hook = tmp_path / "etc/kernel/postinst.d/unattended-upgrades"
    hook.parent.mkdir(parents=True)
    hook.touch()
    assert (await Apt(tmp_path).history()).reboot_required is False
    (tmp_path / "run").mkdir()
    (tmp_path / "run/reboot-required").touch()
    assert (await Apt(tmp_path).history()).reboot_required is True


async def test_lists_are_as_old_as_their_last_change(tmp_path: Path) -> None:
    apt = Apt(tmp_path)
    assert (await apt.history()).lists_at is None
    lists = tmp_path / "var/lib/apt/lists"
    lists.mkdir(parents=True)
    assert (await apt.history()).lists_at is None  # a folder without lists is no list
    (lists / "mirror_dists_bookworm_InRelease").touch()
    for path in (lists / "mirror_dists_bookworm_InRelease", lists):
        os.utime(path, (1e9, 1e9))
    assert (await apt.history()).lists_at == 1e9
    stamp = tmp_path / "var/lib/apt/periodic/update-success-stamp"
    stamp.parent.mkdir()
    stamp.touch()
    assert (await apt.history()).lists_at == pytest.approx(time.time(), abs=60)


async def test_security_is_unknown_where_sources_do_not_tell(
    tmp_path: Path, fake_programs: Callable[..., None]
) -> None:
    fake_programs("apt-get", "Inst bash [5.0] (5.1 Vendor:20/eagle [amd64])\n")
    lists = tmp_path / "var/lib/apt/lists"
    lists.mkdir(parents=True)
    (lists / "mirror_dists_eagle_InRelease").touch()
    assert await Apt(tmp_path).pending() == Pending(1, None)
    (lists / "mirror_dists_eagle-security_InRelease").touch()
    assert await Apt(tmp_path).pending() == Pending(1, 0)


async def test_security_updates_are_counted_once_each(
    tmp_path: Path, fake_programs: Callable[..., None]
) -> None:
    fake_programs("apt-get", SIMULATED)
    assert await Apt(tmp_path).pending() == Pending(3, 2)


@pytest.mark.parametrize(
    ("settings", "on"),
    [
        ('APT::Periodic::Unattended-Upgrade "1";', True),
        ('APT::Periodic::Unattended-Upgrade "always";', True),
        ('APT::Periodic::Unattended-Upgrade "12h";', True),
        ('APT::Periodic::Unattended-Upgrade "0";', False),
        ('APT::Periodic::Unattended-Upgrade "";', False),
        ('APT::Periodic::Enable "0";\nAPT::Periodic::Unattended-Upgrade "1";', False),
        ('APT::Periodic::Update-Package-Lists "1";', False),
        ("", False),
    ],
)
def test_upgrades_come_by_themselves_only_if_apt_is_told_to(settings: str, on: bool) -> None:
    assert parse_periodic(settings) is on


lines = st.lists(
    st.one_of(
        st.text(),
        st.sampled_from([*SIMULATED.splitlines(), *HISTORY.splitlines(), *DPKG.splitlines()]),
    )
).map("\n".join)


@given(lines)
def test_no_log_raises_or_tells_of_an_upgrade_that_it_does_not_hold(text: str) -> None:
    found = [parse_history(text), parse_dpkg(text)]
    if "pgrade" not in text:
        assert found == [None, None]
    assert all(" [" in text and package in text for package in parse_simulation(text))
    if parse_periodic(text):
        assert "Unattended-Upgrade" in text
