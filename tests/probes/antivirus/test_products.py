from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.antivirus.products import Found, called, load, spellings


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Windows Defender", "defender"),
        ("Microsoft Defender 防病毒", "defender"),
        ("火绒安全软件", "huorong"),
        ("360安全卫士", "qihoo360"),
        ("360杀毒", "qihoo360"),
        ("360 Total Security", "qihoo360"),
        ("奇安信天擎终端安全管理系统", "qianxin"),
        ("360天擎", "qianxin"),
        ("腾讯电脑管家", "tencent"),
        ("金山毒霸", "kingsoft"),
        ("卡巴斯基安全软件", "kaspersky"),
        ("火绒安全软件".encode("gbk").decode("cp1252"), "huorong"),
    ],
)
def test_product_is_known_by_its_name_in_the_security_centre(name: str, key: str) -> None:
    product = called(name)
    assert product is not None
    assert product.key == key


@pytest.mark.parametrize(
    "name", ["", "360浏览器", "360压缩", "腾讯QQ", "WPS Office", "ESET Security"]
)
def test_other_programs_are_none_of_them(name: str) -> None:
    assert called(name) is None


@pytest.mark.parametrize(
    ("name", "publisher", "keys"),
    [
        ("火绒安全软件", "", ["huorong"]),
        ("企业版终端安全客户端", "奇安信科技集团股份有限公司", ["qianxin"]),
        ("360安全浏览器", "360安全中心", []),
        ("360压缩", "360安全中心", []),
        ("腾讯QQ", "腾讯科技（深圳）有限公司", []),
        ("WPS Office", "Kingsoft Corp.", []),
        ("Microsoft Edge", "Microsoft Corporation", []),
    ],
)
def test_installed_program_is_known_by_name_or_by_publisher_and_purpose(
    name: str, publisher: str, keys: list[str]
) -> None:
    assert [p.key for p in load() if p.is_installed_as(name, publisher)] == keys


@pytest.mark.parametrize("name", ["火绒安全软件", "360安全卫士", "金山毒霸", "瑞星杀毒", "天擎"])
def test_chinese_name_that_became_western_letters_is_read_as_it_was_meant(name: str) -> None:
    garbled = name.encode("gbk").decode("cp1252")
    assert name in spellings(garbled)


def test_name_that_is_right_is_left_alone() -> None:
    assert list(spellings("火绒安全软件")) == ["火绒安全软件"]
    assert list(spellings("ESET Security")) == ["ESET Security"]


@given(st.text())
def test_no_name_raises(name: str) -> None:
    assert name in list(spellings(name))
    called(name)


def test_names_on_linux_match_whole_packages_only() -> None:
    clamav = next(product for product in load() if product.key == "clamav")
    assert clamav.packages.fullmatch("clamav-daemon")
    assert not clamav.packages.fullmatch("clamav-docs")
    defender = next(product for product in load() if product.key == "defender")
    assert not defender.packages.fullmatch("")


@pytest.mark.parametrize(
    "row",
    ['key="a"\ntitle="A"\nverified="rumour"', 'key="a"\ntitle=""\nverified="memory"',
     'key="a"\ntitle="A"\nverified="memory"\n[[product]]\nkey="a"\ntitle="A"\nverified="memory"'],
)  # fmt: skip
def test_row_that_is_not_whole_is_refused(row: str, tmp_path: Path) -> None:
    file = tmp_path / "products.toml"
    file.write_text(f"[[product]]\n{row}\n")
    with pytest.raises(ValueError, match=r"products\.toml"):
        load(file)


@pytest.mark.parametrize(
    ("found", "protects"),
    [
        (Found("x", True, enabled=True), True),
        (Found("x", True, enabled=True, real_time=True), True),
        (Found("x", True, enabled=True, real_time=False), False),
        (Found("x", None, enabled=True), None),
        (Found("x", True), None),
        (Found("x", False, enabled=True), False),
        (Found("x", False), False),
        (Found("x", True, enabled=False), False),
        (Found("x", True, enabled=True, installed=False), False),
    ],
)
def test_product_protects_only_if_it_says_so_and_runs(found: Found, protects: bool | None) -> None:
    assert found.protects is protects
