from __future__ import annotations

import platform
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.instruments.posture_firewall import (
    DEFAULT_INBOUND_DENIED,
    FIREWALL_ACTIVE,
    MANAGER_ENABLED,
    PostureFirewall,
)
from probes.model import LOCAL, NoSettings, ProbeError, Reading
from probes.windows import firewall, software
from probes.windows.com import LONG
from probes.windows.firewall import WindowsFirewall, read, stands
from probes.windows.security_center import MIRROR, Registered
from probes.windows.software import Processes
from tests.fakes.com import FakeCom, FakeObject, gives
from tests.fakes.security_center import OFF, FakeSecurityCenter, Row
from tests.fakes.windows import FakeWindows
from tests.probes.conftest import Measure

LOCALLY = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
POLICY = r"SOFTWARE\Policies\Microsoft\WindowsFirewall"
FW_POLICY2 = "e2b3c97f-6ae1-41ac-817a-f6f92166d7dd"
DOMAIN, PRIVATE, PUBLIC = 1, 2, 4
Keys = dict[str, dict[str, object]]

ON: dict[str, object] = {"EnableFirewall": 1}
OFF_HERE: dict[str, object] = {"EnableFirewall": 0}
ALL_ON: Keys = {rf"{LOCALLY}\{name}Profile": ON for name in ("Domain", "Standard", "Public")}
ALL_OFF: Keys = {rf"{LOCALLY}\{name}Profile": OFF_HERE for name in ("Domain", "Standard", "Public")}
GUID = "{A1B2C3D4-0001-0002-0003-0123456789AB}"
PROGRAM = r"C:\Program Files\Huorong\Sysdiag\bin\HipsDaemon.exe"
KEPT: Keys = {
    rf"{MIRROR}\Fw\{GUID}": {
        "DISPLAYNAME": "火绒安全软件", "GUID": GUID, "REPORTINGEXE": PROGRAM, "STATE": 266_240,
    }
}  # fmt: skip


@pytest.fixture
def service(windows: FakeWindows, monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """The firewall's service on a Windows machine; its state may be changed."""
    state: dict[str, str | None] = {"MpsSvc": "running"}
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setattr(software, "service_state", state.__getitem__)
    monkeypatch.setattr(software, "processes", lambda: Processes(frozenset({"svchost.exe"})))
    windows.have(ALL_ON)
    return state


async def reason() -> str:
    with pytest.raises(ProbeError) as caught:
        await PostureFirewall(NoSettings()).measure(LOCAL)
    return caught.value.reason


async def reading_of(measure: Measure) -> Reading:
    (reading,) = await measure(PostureFirewall(NoSettings()))
    return reading


async def test_firewall_that_is_on_everywhere_stands(
    service: dict[str, str | None], measure: Measure
) -> None:
    reading = await reading_of(measure)
    assert reading.values == {FIREWALL_ACTIVE: 1, DEFAULT_INBOUND_DENIED: 1, MANAGER_ENABLED: 1}
    assert (reading.labels["manager"], reading.labels["source"]) == ("windows", "registry")


@pytest.mark.parametrize(
    "change",
    [
        {rf"{LOCALLY}\PublicProfile": OFF_HERE},
        {rf"{LOCALLY}\PublicProfile": {}},
        {rf"{LOCALLY}\PublicProfile": {"EnableFirewall": 2}},
        {rf"{LOCALLY}\PublicProfile": {"EnableFirewall": "1"}},
        {rf"{LOCALLY}\StandardProfile": ON | {"DefaultInboundAction": 0}},
        {rf"{LOCALLY}\StandardProfile": ON | {"DefaultInboundAction": 7}},
        {rf"{POLICY}\PrivateProfile": OFF_HERE},
        {rf"{POLICY}\StandardProfile": OFF_HERE},
    ],
)
async def test_firewall_that_is_not_on_everywhere_is_undecided_and_never_absent(
    change: Keys,
    windows: FakeWindows,
    com: FakeCom,
    service: dict[str, str | None],
) -> None:
    windows.have(ALL_ON | change)
    FakeSecurityCenter(com)
    assert await reason() == "undecided"


async def test_policy_overrides_what_is_set_locally(
    windows: FakeWindows, service: dict[str, str | None], measure: Measure
) -> None:
    windows.have(ALL_ON | {rf"{LOCALLY}\PublicProfile": OFF_HERE, rf"{POLICY}\PublicProfile": ON})
    assert (await reading_of(measure)).values[FIREWALL_ACTIVE] == 1


async def test_only_profiles_in_use_count(
    windows: FakeWindows, com: FakeCom, service: dict[str, str | None], measure: Measure
) -> None:
    windows.have(ALL_ON | {rf"{LOCALLY}\DomainProfile": OFF_HERE})
    FakeSecurityCenter(com)
    com.classes[FW_POLICY2] = FakeObject({7: gives(LONG, PRIVATE | PUBLIC)})
    assert (await reading_of(measure)).values[FIREWALL_ACTIVE] == 1
    com.classes[FW_POLICY2] = FakeObject({7: gives(LONG, DOMAIN)})
    assert (await reading_of(measure)).values[FIREWALL_ACTIVE] == 0
    com.classes[FW_POLICY2] = FakeObject({7: gives(LONG, 0)})
    assert await reason() == "undecided"
    assert com.balanced()


@pytest.mark.parametrize(
    ("keys", "state", "manager_on"),
    [(ALL_OFF, "running", 1), (ALL_OFF, "stopped", 0), (ALL_ON, "stopped", 0)],
)
async def test_firewall_that_is_off_with_nothing_in_its_place_is_none(
    keys: Keys,
    state: str,
    manager_on: int,
    windows: FakeWindows,
    com: FakeCom,
    service: dict[str, str | None],
    measure: Measure,
) -> None:
    windows.have(keys)
    service["MpsSvc"] = state
    FakeSecurityCenter(com)
    reading = await reading_of(measure)
    assert (reading.values[FIREWALL_ACTIVE], reading.values[MANAGER_ENABLED]) == (0, manager_on)


async def test_firewall_that_is_off_is_undecided_while_nobody_knows_of_others(
    windows: FakeWindows, service: dict[str, str | None]
) -> None:
    windows.have(ALL_OFF)
    assert await reason() == "undecided"


async def test_product_in_its_place_stands_if_it_is_on_and_runs(
    windows: FakeWindows,
    com: FakeCom,
    service: dict[str, str | None],
    measure: Measure,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    windows.have(ALL_OFF | KEPT)
    FakeSecurityCenter(com, firewall=[Row("火绒安全软件", guid=GUID)])
    running = Processes(frozenset({"hipsdaemon.exe"}))
    monkeypatch.setattr(software, "processes", lambda: running)
    reading = await reading_of(measure)
    assert reading.values == {FIREWALL_ACTIVE: 1}
    assert (reading.labels["manager"], reading.labels["source"]) == ("huorong", "com")


async def test_product_in_its_place_that_is_off_leaves_the_machine_open(
    windows: FakeWindows, com: FakeCom, service: dict[str, str | None], measure: Measure
) -> None:
    windows.have(ALL_OFF | KEPT)
    FakeSecurityCenter(com, firewall=[Row("火绒安全软件", OFF, guid=GUID)])
    assert (await reading_of(measure)).values[FIREWALL_ACTIVE] == 0


async def test_service_that_cannot_be_asked_proves_nothing(
    com: FakeCom, service: dict[str, str | None]
) -> None:
    service["MpsSvc"] = None
    FakeSecurityCenter(com)
    assert await reason() == "undecided"


async def test_registry_that_may_not_be_read_is_said(
    windows: FakeWindows, service: dict[str, str | None]
) -> None:
    windows.registry.denied.add(rf"{LOCALLY}\DomainProfile".lower())
    assert await reason() == "no_privilege"


@pytest.mark.parametrize(
    ("row", "there", "running", "answer"),
    [
        (Registered("X", "", True, None, (PROGRAM,)), True, "hipsdaemon.exe", True),
        (Registered("X", "", True, None, (PROGRAM,)), True, "x.exe", None),
        (Registered("X", "", True, None, (PROGRAM,)), False, "x.exe", False),
        (Registered("X", "", False, None, (PROGRAM,)), True, "hipsdaemon.exe", False),
        (Registered("X", "", None, None, (PROGRAM,)), True, "hipsdaemon.exe", None),
        (Registered("Windows 防火墙", "", True, None), True, "svchost.exe", False),
    ],
)
def test_registered_product_stands_only_if_it_says_so_and_runs(
    row: Registered, there: bool, running: str, answer: bool | None
) -> None:
    assert stands(row, Processes(frozenset({running})), lambda _: there) is answer


def test_windows_that_names_no_firewall_is_not_known(windows: FakeWindows) -> None:
    assert firewall.others() is None


values: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.integers(-1, 3), st.text(), st.binary(), st.booleans()
)
profile_settings = st.fixed_dictionaries(
    {}, optional={"EnableFirewall": values, "DefaultInboundAction": values}
)


@settings(deadline=None)
@given(
    st.lists(profile_settings, min_size=3, max_size=3),
    st.sampled_from(("running", "stopped", None)),
)
def test_no_registry_raises_and_none_stands_that_is_not_set_on(
    profiles: list[dict[str, Any]], state: str | None
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        windows = FakeWindows(patch)
        windows.have(dict(zip(ALL_ON, profiles, strict=True)))
        found: WindowsFirewall = read(lambda _: state)
    if found.stands:
        assert state == "running"
        assert all(p.get("EnableFirewall") in (1, True) for p in profiles)
        assert all(p.get("DefaultInboundAction", 1) in (1, True) for p in profiles)
    if found.stands is False:
        assert state == "stopped" or all(p.get("EnableFirewall") in (0, False) for p in profiles)
