from __future__ import annotations

import platform

import pytest

from probes.instruments import posture_firewall
from probes.instruments.posture_firewall import (
    DEFAULT_INBOUND_DENIED,
    FIREWALL_ACTIVE,
    MANAGER_ENABLED,
    PostureFirewall,
)
from probes.model import LOCAL, NoSettings, ProbeError
from tests.fakes.windows import FakeWindows
from tests.probes.conftest import Measure

LOCALLY = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
POLICY = r"SOFTWARE\Policies\Microsoft\WindowsFirewall"
ON = {"EnableFirewall": 1}
OFF = {"EnableFirewall": 0}
ALL_ON = {rf"{LOCALLY}\{name}Profile": ON for name in ("Domain", "Standard", "Public")}


@pytest.fixture
def service(windows: FakeWindows, monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """The firewall's service on a Windows machine; its state may be changed."""
    state: dict[str, str | None] = {"MpsSvc": "running"}
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setattr(posture_firewall, "_service_state", state.__getitem__)
    windows.have(ALL_ON)
    return state


async def undecided() -> bool:
    with pytest.raises(ProbeError) as caught:
        await PostureFirewall(NoSettings()).measure(LOCAL)
    return caught.value.reason == "undecided"


async def test_firewall_that_is_on_everywhere_stands(
    service: dict[str, str | None], measure: Measure
) -> None:
    (reading,) = await measure(PostureFirewall(NoSettings()))
    assert reading.values == {FIREWALL_ACTIVE: 1, DEFAULT_INBOUND_DENIED: 1, MANAGER_ENABLED: 1}
    assert reading.labels == {"source": "windows"}


@pytest.mark.parametrize(
    "change",
    [
        {rf"{LOCALLY}\PublicProfile": OFF},
        {rf"{LOCALLY}\PublicProfile": {}},
        {rf"{LOCALLY}\StandardProfile": ON | {"DefaultInboundAction": 0}},
        {rf"{POLICY}\PrivateProfile": OFF},
        {rf"{POLICY}\StandardProfile": OFF},
    ],
)
async def test_firewall_that_is_not_on_everywhere_is_undecided_and_never_absent(
    change: dict[str, dict[str, int]], windows: FakeWindows, service: dict[str, str | None]
) -> None:
    windows.have(ALL_ON | change)
    assert await undecided()


async def test_policy_overrides_what_is_set_locally(
    windows: FakeWindows, service: dict[str, str | None], measure: Measure
) -> None:
    windows.have(ALL_ON | {rf"{LOCALLY}\PublicProfile": OFF, rf"{POLICY}\PublicProfile": ON})
    (reading,) = await measure(PostureFirewall(NoSettings()))
    assert reading.values[FIREWALL_ACTIVE] == 1


@pytest.mark.parametrize("state", ["stopped", None])
async def test_settings_without_a_running_service_prove_nothing(
    state: str | None, service: dict[str, str | None]
) -> None:
    service["MpsSvc"] = state
    assert await undecided()


async def test_registry_that_may_not_be_read_is_said(
    windows: FakeWindows, service: dict[str, str | None]
) -> None:
    windows.registry.denied.add(rf"{LOCALLY}\DomainProfile".lower())
    with pytest.raises(ProbeError) as caught:
        await PostureFirewall(NoSettings()).measure(LOCAL)
    assert caught.value.reason == "no_privilege"
