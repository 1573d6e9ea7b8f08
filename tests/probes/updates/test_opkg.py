from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.model import ProbeError
from probes.updates.facts import Pending
from probes.updates.opkg import Apk, Opkg, parse_database, parse_status

FakePrograms = Callable[..., None]

STATUS = """Package: zlib
Version: 1.3.1-1
Depends: libc
Status: install user installed
Architecture: aarch64_cortex-a53
Installed-Time: 1790000000

Package: base-files
Version: 1562-r24106-10cc5fcd00
Depends: libc, netifd, jsonfilter
Status: install hold installed
Essential: yes
Architecture: aarch64_cortex-a53
Conffiles:
 /etc/config/system 2a5e5c0b
Installed-Time: 1727000000

"""
DATABASE = """C:Q1aMnk2YKTs6DVc7W2o0CvDsSLLOU=
P:base-files
V:1673~r28427-6df0e3d02a
A:aarch64_cortex-a53
S:44910
t:1760000000
D:libc netifd

C:Q1x2pdcb5bPwkFhMnkMGc2CWVLKWM=
P:busybox
V:1.37.0-r5
t:1790000000

"""
UPGRADABLE = """busybox - 1.36.1-1 - 1.36.1-2
luci-app-firewall - git-24.086.45142-09d5a38 - git-24.264.56413-c7a3562
"""
UPGRADABLE_APK = """busybox-1.37.0-r6 aarch64_cortex-a53 {busybox} (GPL-2.0) \
[upgradable from: busybox-1.37.0-r5]
libustream-mbedtls20201210-2024.07.28~99bd3d2b-r2 aarch64_cortex-a53 {ustream-ssl} (ISC) \
[upgradable from: libustream-mbedtls20201210-2024.07.28~99bd3d2b-r1]
"""


def test_age_is_that_of_the_base_system_and_not_of_an_added_package() -> None:
    assert parse_status(STATUS) == 1_727_000_000
    assert parse_database(DATABASE) == 1_760_000_000


@pytest.mark.parametrize("number", ["", "0", "-5", "soon", "99999999999999"])
def test_time_that_is_none_tells_nothing(number: str) -> None:
    assert parse_status(STATUS.replace("1727000000", number)) is None
    assert parse_database(DATABASE.replace("1760000000", number)) is None


def test_list_without_the_base_system_tells_nothing() -> None:
    assert parse_status(STATUS.replace("base-files", "other")) is None
    assert parse_database("") is None


async def test_packages_that_may_be_upgraded_are_counted(
    tmp_path: Path, fake_programs: FakePrograms
) -> None:
    fake_programs("opkg", UPGRADABLE)
    fake_programs("apk", UPGRADABLE_APK)
    assert await Opkg(tmp_path).pending() == Pending(2, None)
    assert await Apk(tmp_path).pending() == Pending(2, None)


@pytest.mark.parametrize("manager", [Opkg, Apk])
async def test_program_that_fails_or_is_missing_leaves_it_unknown(
    manager: type[Opkg] | type[Apk], tmp_path: Path, fake_programs: FakePrograms
) -> None:
    with pytest.raises(ProbeError) as caught:
        await manager(tmp_path).pending()
    assert caught.value.reason == "no_source"
    fake_programs(manager.name, errors="Could not lock\n", code=255)
    with pytest.raises(ProbeError) as caught:
        await manager(tmp_path).pending()
    assert caught.value.reason == "unreadable"


@given(st.text(alphabet=st.sampled_from("Pt: base-files\nInstalled-Time: 0123456789²")))
def test_no_list_raises(text: str) -> None:
    for parse in (parse_status, parse_database):
        at = parse(text)
        assert at is None or at > 0
