from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.support.linux import build, identify, parse, parse_kylin, parse_kylin_release, parse_uos
from probes.support.table import Release

KYLIN = """[dist]
name=Kylin
milestone=Desktop-V10-SP1-General-Release-2303
arch=x86_64
beta=False
time=2023-04-12 10:21:33
dist_id=Kylin-Desktop-V10-SP1-General-Release-2303-x86_64-2023-04-12 10:21:33

[servicekey]
key=0123456

[os]
to=某中学
term=2027-04-12
"""
KYLIN_SERVER = """name=Kylin-Server
milestone=10-SP3-Release-2303
arch=arm64
"""
UOS = """[Version]
SystemName=UOS Desktop
SystemName[zh_CN]=统信桌面操作系统
ProductType=Desktop
ProductType[zh_CN]=桌面
EditionName=Professional
EditionName[zh_CN]=专业版
MajorVersion=20
MinorVersion=1060
OsBuild=11014.102.100
"""
OPENWRT = """DISTRIB_ID='OpenWrt'
DISTRIB_RELEASE='23.05.5'
DISTRIB_REVISION='r24106-10cc5fcd00'
DISTRIB_TARGET='mediatek/filogic'
DISTRIB_DESCRIPTION='OpenWrt 23.05.5 r24106-10cc5fcd00'
"""


@pytest.mark.parametrize(
    ("text", "system", "name"),
    [
        ('ID=debian\nVERSION_ID="12"\n', "debian", "12"),
        ('NAME="Debian GNU/Linux"\nID=debian\n', "debian", "-"),
        ("ID=ubuntu\nVERSION_ID='24.04'\n", "ubuntu", "24.04"),
        ('ID="openEuler"\nVERSION="24.03 (LTS-SP3)"\nVERSION_ID="24.03"\n', "openeuler",
         "24.03-lts-sp3"),
        ('ID="openEuler"\nVERSION="22.03 LTS"\nVERSION_ID="22.03"\n', "openeuler", "22.03-lts"),
        ('ID=kylin\nVERSION="银河麒麟桌面操作系统V10 (SP1)"\nVERSION_ID="v10"\n', "kylin", "v10"),
        ('ID=uos\nVERSION_ID="20 Home"\n', "uos", "20-home"),
        ('ID="openwrt"\nVERSION_ID="23.05.5"\n', "openwrt", "23.05"),
        ('ID="openwrt"\nVERSION_ID="SNAPSHOT"\n', "openwrt", "snapshot"),
    ],
)  # fmt: skip
def test_release_is_named_as_in_the_table(text: str, system: str, name: str) -> None:
    assert parse(text) == Release(system, name)


@pytest.mark.parametrize("text", ["", "# ID=x\n", 'ID="unended\n', "garbage"])
def test_file_that_does_not_tell_names_nothing(text: str) -> None:
    assert parse(text) is None


def test_second_place_is_looked_at(tmp_path: Path) -> None:
    assert identify(tmp_path) is None
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "usr/lib/os-release").write_text("ID=debian\nVERSION_ID=13\n")
    assert identify(tmp_path) == Release("debian", "13")


def machine(root: Path, **files: str | bytes) -> Path:
    """Files below /etc; `__` stands for a dot at the beginning, `_` for a hyphen."""
    (root / "etc").mkdir(exist_ok=True)
    for name, text in files.items():
        file = (
            root / "etc" / name.replace("__", ".").replace("_", "-").replace("debian-", "debian_")
        )
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (KYLIN, "desktop-v10-sp1"),
        (KYLIN_SERVER, "server-v10-sp3"),
        ("name=Kylin\nmilestone=Desktop-V10.1-Release-Build1-20201128\n", "desktop-v10.1"),
        ("dist_id=Kylin-Server-10-Release-Build02-arm64\n", "server-v10"),
        ("[dist]\nname=Kylin\n", ""),
        ("", ""),
    ],
)
def test_kylin_is_known_with_kind_and_service_pack(text: str, name: str) -> None:
    assert parse_kylin(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Kylin Linux Advanced Server release V10 (Lance)\n", "server-v10"),
        ("Kylin release V11\n", "v11"),
        ("银河麒麟\n", ""),
        ("", ""),
    ],
)
def test_kylin_release_is_known_without_service_pack(text: str, name: str) -> None:
    assert parse_kylin_release(text) == name


def test_files_of_kylin_say_more_than_its_os_release(tmp_path: Path) -> None:
    root = machine(tmp_path, os_release="ID=kylin\nVERSION_ID=v10\n", __kyinfo=KYLIN)
    machine(root, debian_version="bullseye/sid\n")
    assert identify(root) == Release("kylin", "desktop-v10-sp1")
    assert build(root) == "desktop-v10-sp1-general-release-2303"


def test_key_and_owner_of_a_kylin_are_not_told(tmp_path: Path) -> None:
    root = machine(tmp_path, __kyinfo=KYLIN)
    told = f"{identify(root)} {build(root)}"
    assert "0123456" not in told
    assert "中学" not in told


def test_kylin_without_its_own_files_keeps_its_os_release(tmp_path: Path) -> None:
    root = machine(tmp_path, os_release="ID=kylin\nVERSION_ID=V10\n")
    assert (identify(root), build(root)) == (Release("kylin", "v10"), "-")


def test_kylin_that_has_only_its_release_file_is_known(tmp_path: Path) -> None:
    root = machine(tmp_path, kylin_release="Kylin Linux Advanced Server release V10 (Lance)\n")
    assert identify(root) == Release("kylin", "server-v10")


@pytest.mark.parametrize("coding", ["utf-8", "gbk"])
def test_uos_is_known_with_its_edition_in_whatever_coding(coding: str, tmp_path: Path) -> None:
    root = machine(tmp_path, os_release="ID=uos\nVERSION_ID=20\n", os_version=UOS.encode(coding))
    assert identify(root) == Release("uos", "desktop-20-1060-professional")
    assert build(root) == "11014.102.100"


def test_openwrt_is_known_by_series_and_revision(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/openwrt_release").write_text(OPENWRT)
    assert identify(tmp_path) == Release("openwrt", "23.05")
    assert build(tmp_path) == "23.05.5-r24106-10cc5fcd00"


def test_debian_says_its_point_release(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/debian_version").write_text("12.11\n")
    assert build(tmp_path) == "12.11"
    (tmp_path / "etc/debian_version").write_text("trixie/sid\n")
    assert build(tmp_path) == "-"


fields = st.sampled_from(
    ("ID", "VERSION_ID", "name", "milestone", "dist_id", "MajorVersion", "ProductType", "x")
)
lines = st.lists(st.tuples(fields, st.text()), max_size=6)


@given(lines.map(lambda pairs: "\n".join(f"{name}={value}" for name, value in pairs)))
def test_no_file_raises_and_a_name_is_a_label(text: str) -> None:
    release = parse(text)
    named = [parse_kylin(text), parse_kylin_release(text), parse_uos(text)]
    for name in [*named, *([release.system, release.name] if release else [])]:
        assert re.fullmatch(r"[a-z0-9._-]{0,32}", name)
