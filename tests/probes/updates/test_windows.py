from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.updates import windows as updates
from probes.updates.windows import (
    AUTO_UPDATE,
    DETECTED,
    PACKAGES,
    POLICY,
    SERVICE,
    SERVICING,
    installed_at,
    parse_rules,
)
from probes.windows.com import POINTER, Variant
from tests.fakes.com import FAILED, FakeCom, FakeObject, fails, gives
from tests.fakes.windows import FakeWindows
from tests.probes.windows.test_times import filetime

UPDATES = "bfe18e9c-6d87-4450-b37c-e02f0b373803"
ROLLUP = rf"{PACKAGES}\Package_for_RollupFix~31bf3856ad364e35~amd64~~19041.6456.1.21"
AT = 1_795_512_612.0
DAY = 86_400


def package(at: float, state: int = 0x70) -> dict[str, object]:
    ticks = int.from_bytes(filetime(at), "little")
    return {
        "CurrentState": state,
        "InstallTimeHigh": ticks >> 32,
        "InstallTimeLow": ticks & 0xFFFF_FFFF,
        "InstallUser": "S-1-5-18",
    }


def school_pc(renewed_at: float) -> dict[str, dict[str, object]]:
    """With updates by itself switched off by a policy, and a restart due."""
    return {
        ROLLUP: package(int(renewed_at)),
        rf"{AUTO_UPDATE}\RebootRequired": {"0c4a2f": 1},
        SERVICE: {"Start": 3, "DisplayName": "@%systemroot%\\system32\\wuaueng.dll,-105"},
        rf"{POLICY}\AU": {"NoAutoUpdate": 1, "AUOptions": 2},
    }


def last_search(com: FakeCom, at: float | None) -> None:
    """What Windows Update says of its last search; None = never."""

    def answer(out: int) -> int:
        days = 0.0 if at is None else at / DAY + 25_569
        raw = int.from_bytes(struct.pack("<d", days), "little")
        Variant.from_address(out).kind = 0 if at is None else 7
        Variant.from_address(out).value = raw
        return 0

    results = FakeObject({7: ((POINTER,), answer)})
    kept = FakeObject({14: gives(POINTER, results.address)})
    kept.results = results  # type: ignore[attr-defined]
    com.classes[UPDATES] = kept


def test_newest_cumulative_update_that_is_installed_tells(windows: FakeWindows) -> None:
    windows.have(
        {
            ROLLUP: package(AT - 40 * DAY),
            ROLLUP.replace("6456", "5011"): package(AT - 400 * DAY),
            ROLLUP.replace("6456", "7000"): package(AT - 2 * DAY, state=0x40),
            ROLLUP.replace("6456", "6000"): package(AT - 70 * DAY, state=0x50),
            rf"{PACKAGES}\Microsoft-Windows-Client-LanguagePack~zh-CN": package(AT - DAY),
        }
    )
    assert updates.history().upgraded_at == AT - 40 * DAY


def test_windows_without_a_cumulative_update_tells_nothing(windows: FakeWindows) -> None:
    windows.have({rf"{PACKAGES}\Package_for_KB5001716~31bf": package(AT)})
    found = updates.history()
    assert (found.upgraded_at, found.reboot_required) == (None, False)


@pytest.mark.parametrize("name", ["InstallTimeHigh", "InstallTimeLow", "CurrentState"])
def test_package_that_lacks_a_field_has_no_time(name: str) -> None:
    assert installed_at({**package(AT), name: None}) is None


@pytest.mark.parametrize(
    ("keys", "required"),
    [
        ({rf"{AUTO_UPDATE}\RebootRequired": {"x": 1}}, True),
        ({rf"{SERVICING}\RebootPending": {}}, True),
        ({rf"{SERVICING}\Packages": {}, AUTO_UPDATE: {"x": 1}}, False),
        ({rf"{SERVICING}\Packages": {}}, False),
        ({}, None),
    ],
)
def test_key_that_is_there_says_that_a_restart_is_due(
    keys: dict[str, dict[str, object]], required: bool | None, windows: FakeWindows
) -> None:
    windows.have(keys)
    assert updates.reboot_required() is required


def test_windows_update_says_when_it_last_searched(com: FakeCom) -> None:
    last_search(com, AT)
    at, source = updates.searched()
    assert at == pytest.approx(AT, abs=0.01)
    assert source == "com"
    last_search(com, None)
    assert updates.searched() == (None, "com")
    assert com.balanced()


def test_registry_of_an_old_windows_says_it_too(windows: FakeWindows, com: FakeCom) -> None:
    com.classes[UPDATES] = FakeObject({14: fails(FAILED, POINTER)})
    windows.have({DETECTED: {"LastSuccessTime": "2026-11-24 09:30:12", "LastError": 0}})
    assert updates.searched() == (AT, "registry")
    windows.have({DETECTED: {"LastSuccessTime": "从未"}})
    assert updates.searched() == (None, "registry")


@pytest.mark.parametrize(
    ("service", "policy", "automatic", "disabled", "off"),
    [
        ({"Start": 3}, {}, {}, False, False),
        ({"Start": 2}, {}, {"NoAutoUpdate": 0, "AUOptions": 4}, False, False),
        ({"Start": 4}, {}, {}, True, False),
        ({}, {}, {}, None, False),
        ({"Start": "4"}, {}, {}, None, False),
        ({"Start": 9}, {}, {}, None, False),
        ({"Start": 3}, {}, {"NoAutoUpdate": 1}, False, True),
        ({"Start": 3}, {}, {"AUOptions": 1}, False, True),
        ({"Start": 3}, {"DisableWindowsUpdateAccess": 1}, {}, False, True),
        ({"Start": 3}, {}, {"NoAutoUpdate": "1"}, False, None),
    ],
)
def test_service_and_policies_say_whether_updates_may_come(
    service: dict[str, object],
    policy: dict[str, object],
    automatic: dict[str, object],
    disabled: bool | None,
    off: bool | None,
) -> None:
    found = parse_rules(service, policy, automatic)
    assert (found.service_disabled, found.automatic_off) == (disabled, off)


values: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.integers(), st.integers(0, 5), st.text(), st.binary(), st.booleans()
)
anything = st.dictionaries(
    st.sampled_from(
        ("Start", "NoAutoUpdate", "AUOptions", "DisableWindowsUpdateAccess", *package(AT))
    ),
    values,
)


@given(anything, anything, anything)
def test_no_registry_raises_or_calls_that_free_which_a_policy_forbids(
    service: dict[str, Any], policy: dict[str, Any], automatic: dict[str, Any]
) -> None:
    found = parse_rules(service, policy, automatic)
    if found.automatic_off is False:
        assert automatic.get("NoAutoUpdate") != 1
    if found.service_disabled is False:
        assert service["Start"] in range(4)
    at = installed_at(service)
    assert at is None or at > 630_000_000
