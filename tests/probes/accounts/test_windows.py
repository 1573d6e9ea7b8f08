from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.accounts import windows
from probes.accounts.windows import ADMINISTRATOR, FOREVER, GUEST, User
from probes.model import ProbeError

NORMAL, DISABLED, NEEDS_NONE, NEVER = 0x200, 0x2, 0x20, 0x10000
NOW = 1_800_000_000
DAY = 86_400
RULES = {"length": 8, "age": 90 * DAY, "least_age": 0, "logoff": FOREVER, "history": 5}
NUMBER = st.integers(0, FOREVER)


def user(number: int = 1001, flags: int = NORMAL, last: int = 0, age: int = 0) -> User:
    return User(number, flags, last, age, is_named_as_first=False)


@pytest.mark.parametrize(
    ("flags", "enabled"), [(NORMAL, True), (NORMAL | DISABLED, False), (NORMAL | NEEDS_NONE, True)]
)
def test_guest_is_known_by_its_number(flags: int, enabled: bool) -> None:
    found = [user(flags=NORMAL), user(GUEST, flags)]
    assert windows.guest_values(found) == {"guest_enabled": enabled}


def test_account_that_is_not_listed_is_unknown_and_not_off() -> None:
    assert windows.guest_values([user()]) == {"guest_enabled": None}
    assert set(windows.admin_values([user()]).values()) == {None}


@pytest.mark.parametrize("is_first", [True, False])
def test_administrator_is_known_by_its_number_whatever_its_name(is_first: bool) -> None:
    found = [User(ADMINISTRATOR, NORMAL | DISABLED, 0, 0, is_first)]
    expected = {"builtin_admin_enabled": False, "builtin_admin_renamed": not is_first}
    assert windows.admin_values(found) == expected


def test_password_rules_are_the_policy_of_the_machine() -> None:
    assert windows.password_values(RULES, exempt=False) == {
        "password_length_count": 8, "password_history_count": 5,
        "password_expires": True, "password_age_seconds_max": 90 * DAY,
    }  # fmt: skip


@pytest.mark.parametrize(("age", "exempt"), [(FOREVER, False), (90 * DAY, True), (FOREVER, None)])
def test_password_that_never_expires_has_no_age(age: int, exempt: bool | None) -> None:
    values = windows.password_values(RULES | {"age": age}, exempt)
    assert values["password_expires"] == 0
    assert "password_age_seconds_max" not in values


def test_policy_alone_does_not_prove_that_passwords_expire() -> None:
    values = windows.password_values(RULES, exempt=None)
    assert (values["password_expires"], values["password_age_seconds_max"]) == (None, None)


@pytest.mark.parametrize(
    ("threshold", "duration", "values"),
    [
        (0, 1800, {"lockout_enabled": False}),
        (5, 1800, {"lockout_enabled": True, "lockout_threshold_count": 5,
                   "lockout_until_unlocked": False, "lockout_seconds": 1800}),
        (5, FOREVER, {"lockout_enabled": True, "lockout_threshold_count": 5,
                      "lockout_until_unlocked": True}),
    ],
)  # fmt: skip
def test_lockout_is_told_by_numbers(
    threshold: int, duration: int, values: dict[str, float]
) -> None:
    assert windows.lockout_values({"threshold": threshold, "duration": duration}) == values


def test_longest_unused_account_is_the_one_that_counts() -> None:
    found = [user(last=NOW - DAY), user(last=NOW - 200 * DAY), user(flags=DISABLED, last=1)]
    assert windows.unused_values(found, NOW) == {"unused_account_seconds_max": 200 * DAY}


@pytest.mark.parametrize("last", [0, FOREVER], ids=["never", "in the future"])
def test_account_that_never_logged_on_counts_from_its_password(last: int) -> None:
    assert windows.unused_values([user(last=last, age=7 * DAY)], NOW) == {
        "unused_account_seconds_max": 7 * DAY
    }


@pytest.mark.parametrize("age", [0, FOREVER])
def test_account_of_which_nothing_is_known_proves_nothing(age: int) -> None:
    found = [user(last=int(NOW) - DAY), user(last=0, age=age)]
    assert windows.unused_values(found, NOW) == {"unused_account_seconds_max": None}


def test_age_that_windows_does_not_take_is_not_known() -> None:
    found = windows.password_values({"length": 8, "history": 5, "age": 0}, False)
    assert (found["password_expires"], found["password_age_seconds_max"]) == (None, None)


def test_machine_without_enabled_accounts_has_none_unused() -> None:
    with pytest.raises(ProbeError) as caught:
        windows.unused_values([user(flags=NORMAL | DISABLED)], NOW)
    assert caught.value.reason == "not_here"


@pytest.mark.parametrize(
    ("value", "on"), [("1", True), (1, True), ("0", False), (None, False), ("是", None), ("", None)]
)
def test_automatic_logon_of_the_registry(value: object, on: bool | None) -> None:
    assert windows.automatic(value) is on


@given(NUMBER, NUMBER)
def test_no_numbers_lock_out_that_do_not_say_so(threshold: int, duration: int) -> None:
    values = windows.lockout_values({"threshold": threshold, "duration": duration})
    assert values["lockout_enabled"] == (threshold > 0)
    assert values.get("lockout_seconds") != FOREVER


@given(st.builds(User, NUMBER, NUMBER, NUMBER, NUMBER, st.booleans()), st.none() | st.booleans())
def test_any_account_is_told_without_a_fault(found: User, exempt: bool | None) -> None:
    windows.guest_values([found])
    windows.admin_values([found])
    assert windows.password_values(RULES, exempt)["password_expires"] in (True, False, None)
    if found.is_enabled:
        span = windows.unused_values([found], NOW)["unused_account_seconds_max"]
        assert span is not None or found.password_age in (0, FOREVER)


@given(st.none() | st.text() | st.integers() | st.binary())
def test_any_value_of_the_registry_is_told_without_a_fault(value: object) -> None:
    assert windows.automatic(value) in (True, False, None)
