from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.antivirus import defender
from probes.antivirus.defender import CLASS, NAMESPACE, PROPERTIES, SIGNATURES, parse_status
from tests.fakes.com import FakeCom
from tests.fakes.com_wmi import FakeWmi
from tests.fakes.windows import FakeWindows
from tests.probes.windows.test_times import filetime

NOW = 1_795_512_612.0
DAY = 86_400
ON: dict[str, object] = {
    "AMRunningMode": "Normal",
    "AMServiceEnabled": True,
    "AntivirusEnabled": True,
    "RealTimeProtectionEnabled": True,
    "DefenderSignaturesOutOfDate": False,
    "AntivirusSignatureAge": 1,
    "AntivirusSignatureLastUpdated": "20261123093012.000000+000",
}
NEVER: dict[str, object] = {
    "AntivirusSignatureAge": 4_294_967_295,
    "AntivirusSignatureLastUpdated": "/Date(-11644473600000)/",
}


def test_defender_that_protects() -> None:
    found = parse_status(ON, NOW)
    assert (found.enabled, found.real_time, found.signatures_current) == (True, True, True)
    assert found.signatures_at == NOW - DAY


@pytest.mark.parametrize("mode", ["Passive Mode", "Passive", "SxS Passive Mode", "EDR Block Mode"])
def test_defender_that_stands_back_is_not_on_and_nothing_is_amiss(mode: str) -> None:
    found = parse_status({**ON, "AMRunningMode": mode, "RealTimeProtectionEnabled": False}, NOW)
    assert (found.enabled, found.real_time) == (False, None)


@pytest.mark.parametrize("name", ["AMRunningMode", "AMServiceEnabled", "AntivirusEnabled"])
def test_field_that_is_missing_is_unknown_and_not_off(name: str) -> None:
    fields = {key: value for key, value in ON.items() if key != name}
    assert parse_status(fields, NOW).enabled is None
    assert parse_status({**fields, name: None}, NOW).enabled is None


def test_real_time_protection_that_is_off_is_said() -> None:
    assert parse_status({**ON, "RealTimeProtectionEnabled": False}, NOW).real_time is False


def test_signatures_that_never_came_have_no_age() -> None:
    assert parse_status({**ON, **NEVER}, NOW).signatures_at is None


def test_age_in_days_stands_in_for_a_missing_time() -> None:
    fields = {**ON, "AntivirusSignatureLastUpdated": None}
    assert parse_status(fields, NOW).signatures_at == NOW - DAY


def test_wmi_is_asked_first(windows: FakeWindows, com: FakeCom) -> None:
    windows.have({SIGNATURES: {"SignaturesLastUpdated": filetime(NOW - 9 * DAY)}})
    FakeWmi(com, NAMESPACE, CLASS, [{**ON, "AntivirusSignatureAge": 4_294_967_295}])
    found = defender.look(NOW)
    assert found is not None
    assert (found.source, found.enabled, found.signatures_at) == ("wmi", True, NOW - DAY)
    assert com.balanced()


@pytest.mark.parametrize("name", ["SignaturesLastUpdated", "AVSignatureApplied"])
def test_registry_tells_only_how_old_the_signatures_are(
    name: str, windows: FakeWindows, com: FakeCom
) -> None:
    windows.have({SIGNATURES: {name: filetime(NOW - 9 * DAY)}})
    found = defender.look(NOW)
    assert found is not None
    assert (found.source, found.enabled, found.signatures_at) == ("registry", None, NOW - 9 * DAY)


def test_windows_without_defender_says_nothing(windows: FakeWindows, com: FakeCom) -> None:
    assert defender.look(NOW) is None
    windows.have({SIGNATURES: {"SignaturesLastUpdated": bytes(8)}})
    assert defender.look(NOW) is None


values: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(), st.just("Normal"), st.floats()
)


@given(st.dictionaries(st.sampled_from(PROPERTIES), values))
def test_no_status_raises_and_defender_is_on_only_if_all_say_so(status: dict[str, object]) -> None:
    found = parse_status(status, NOW)
    if found.enabled:
        assert status["AMServiceEnabled"] is True
        assert status["AntivirusEnabled"] is True
        assert str(status["AMRunningMode"]).strip().lower() == "normal"
    if found.real_time:
        assert status["RealTimeProtectionEnabled"] is True
    if found.signatures_current:
        assert status["DefenderSignaturesOutOfDate"] is False
