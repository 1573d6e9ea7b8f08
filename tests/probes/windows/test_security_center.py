from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.windows.security_center import MIRROR, Kind, Registered, decoded, parse_row, registered
from tests.fakes.com import FakeCom
from tests.fakes.security_center import EXPIRED, OFF, OLD, SNOOZED, FakeSecurityCenter, Row
from tests.fakes.windows import FakeWindows

DEFENDER = "{D68DDC3A-831F-4fae-9E44-DA132C1ACF46}"
HUORONG = "{1B0A2C3D-4E5F-4a6b-8C7D-9E0F1A2B3C4D}"
KEPT_DEFENDER = {
    "DISPLAYNAME": "Windows Defender",
    "GUID": DEFENDER,
    "PRODUCTEXE": "windowsdefender://",
    "REPORTINGEXE": r"%ProgramFiles%\Windows Defender\MsMpeng.exe",
    "STATE": 393_472,
}
KEPT_HUORONG = {
    "DISPLAYNAME": "火绒安全软件",
    "GUID": HUORONG,
    "PRODUCTEXE": r"C:\Program Files\Huorong\Sysdiag\bin\HipsMain.exe",
    "REPORTINGEXE": r"C:\Program Files\Huorong\Sysdiag\bin\wsctrl.exe",
    "STATE": 266_240,
}
KEPT = {
    rf"{MIRROR}\Av\{DEFENDER}": KEPT_DEFENDER,
    rf"{MIRROR}\Av\{HUORONG}": KEPT_HUORONG,
}


@pytest.mark.parametrize(
    ("state", "enabled", "current"),
    [
        (262_144, False, True),
        (266_240, True, True),
        (266_256, True, False),
        (331_776, True, True),
        (393_472, False, True),
        (393_488, False, False),
        (397_312, True, True),
        (397_568, True, True),
        (397_584, True, False),
        (0x042000, False, True),
        (0x043000, False, True),
        (0x044000, None, True),
        (0x041020, True, None),
        (-1, None, None),
        (2**32, None, None),
        (None, None, None),
        (True, None, None),
        ("397568", None, None),
    ],
)
def test_state_of_a_product_is_decoded(
    state: object, enabled: bool | None, current: bool | None
) -> None:
    assert decoded(state) == (enabled, current)


def test_interface_decides_and_the_registry_adds_the_programs(
    windows: FakeWindows, com: FakeCom
) -> None:
    windows.have(KEPT)
    rows = [
        Row("Windows Defender", OFF, guid=DEFENDER),
        Row("火绒安全软件", signatures=OLD, guid=HUORONG),
    ]
    FakeSecurityCenter(com, rows)
    defender, huorong = registered(Kind.ANTIVIRUS) or []
    assert (defender.enabled, huorong.enabled, huorong.signatures_current) == (False, True, False)
    assert huorong.programs[0].endswith("wsctrl.exe")
    assert {defender.source, huorong.source} == {"com"}
    assert com.balanced()


@pytest.mark.parametrize(
    ("state", "enabled"), [(OFF, False), (SNOOZED, False), (EXPIRED, False), (4, None), (-1, None)]
)
def test_only_on_is_on(state: int, enabled: bool | None, com: FakeCom) -> None:
    FakeSecurityCenter(com, [Row("X", state)])
    (row,) = registered(Kind.ANTIVIRUS) or []
    assert row.enabled is enabled


def test_old_windows_without_guids_finds_its_programs_by_name(
    windows: FakeWindows, com: FakeCom
) -> None:
    windows.have(KEPT)
    FakeSecurityCenter(com, [Row("火绒安全软件", guid="")])
    (row,) = registered(Kind.ANTIVIRUS) or []
    assert row.programs


def test_registry_stands_in_where_the_interface_gives_no_answer(
    windows: FakeWindows, com: FakeCom
) -> None:
    windows.have(KEPT)
    rows = {row.name: row for row in registered(Kind.ANTIVIRUS) or []}
    assert rows["Windows Defender"].enabled is False
    assert rows["火绒安全软件"].enabled is True
    assert {row.source for row in rows.values()} == {"registry"}


def test_entry_that_only_the_registry_keeps_is_not_believed(
    windows: FakeWindows, com: FakeCom
) -> None:
    windows.have(KEPT)
    FakeSecurityCenter(com, [])
    assert registered(Kind.ANTIVIRUS) == []


def test_server_without_a_security_centre_knows_nothing(com: FakeCom) -> None:
    assert registered(Kind.ANTIVIRUS) is None


def test_registry_that_is_closed_leaves_what_the_interface_says(
    windows: FakeWindows, com: FakeCom
) -> None:
    windows.have(KEPT)
    windows.registry.denied.add(rf"{MIRROR}\Av".lower())
    FakeSecurityCenter(com, [Row("Windows Defender")])
    (row,) = registered(Kind.ANTIVIRUS) or []
    assert (row.enabled, row.programs) == (True, ())


def test_firewall_has_no_signatures(com: FakeCom) -> None:
    FakeSecurityCenter(com, firewall=[Row("火绒安全软件")])
    (row,) = registered(Kind.FIREWALL) or []
    assert (row.enabled, row.signatures_current) == (True, None)


def test_row_of_wmi_is_the_same_row() -> None:
    row = parse_row(
        "",
        {
            "displayName": "火绒安全软件",
            "instanceGuid": HUORONG,
            "pathToSignedProductExe": KEPT_HUORONG["PRODUCTEXE"],
            "pathToSignedReportingExe": KEPT_HUORONG["REPORTINGEXE"],
            "productState": 266_240,
            "timestamp": "Fri, 20 Nov 2026 07:56:39 GMT",
        },
        Kind.ANTIVIRUS,
    )
    assert row == parse_row(HUORONG, KEPT_HUORONG, Kind.ANTIVIRUS)


def test_row_that_lacks_everything_says_nothing() -> None:
    row = parse_row("{x}", {}, Kind.ANTIVIRUS)
    assert (row.enabled, row.signatures_current, row.programs) == (None, None, ())


@pytest.mark.parametrize(
    ("name", "guid", "word"),
    [
        ("ESET Security", DEFENDER, "eset-security"),
        ("安全管家", DEFENDER.lower(), "other-d68ddc3a"),
        ("安全管家", "", "other-unnamed"),
        ("Kaspersky 21.3", "", "kaspersky"),
    ],
)
def test_product_that_nobody_knows_still_has_a_word(name: str, guid: str, word: str) -> None:
    assert Registered(name, guid, None, None).word == word


values: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.text(), st.integers(), st.binary(), st.booleans(), st.lists(st.text())
)
names = st.sampled_from([*KEPT_DEFENDER, "productState", "displayName", "instanceGuid", "x"])


@given(st.text(), st.dictionaries(names, values), st.sampled_from(Kind))
def test_no_row_raises_and_none_is_on_without_its_bit(
    key: str, row: dict[str, object], kind: Kind
) -> None:
    found = parse_row(key, row, kind)
    state = {name.lower(): value for name, value in row.items()}
    said = state.get("state", state.get("productstate"))
    if found.enabled:
        assert isinstance(said, int)
        assert said & 0xF000 == 0x1000
    assert set(found.word) <= set(string.ascii_lowercase + string.digits + "-")
    assert 0 < len(found.word) <= 32
