from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.screenlock import windows
from probes.screenlock.lock import OFF, UNTOLD, Lock, after

SAVER = {
    "ScreenSaveActive": "1", "ScreenSaverIsSecure": "1", "ScreenSaveTimeOut": "600",
    "SCRNSAVE.EXE": r"C:\Windows\system32\scrnsave.scr",
}  # fmt: skip
SCALARS = st.none() | st.text(max_size=3) | st.integers() | st.sampled_from(["1", "600"])


@pytest.mark.parametrize(
    ("own", "policy", "lock"),
    [
        (SAVER, {}, Lock(True, 600)),
        (SAVER | {"ScreenSaverIsSecure": "0"}, {}, OFF),
        (SAVER | {"ScreenSaveActive": "0"}, {}, OFF),
        (SAVER | {"SCRNSAVE.EXE": ""}, {}, OFF),
        ({k: v for k, v in SAVER.items() if k != "SCRNSAVE.EXE"}, {}, OFF),
        (SAVER | {"ScreenSaveTimeOut": "十分钟"}, {}, UNTOLD),
        (SAVER | {"ScreenSaveTimeOut": "0"}, {}, OFF),
        (SAVER | {"ScreenSaverIsSecure": "0"}, {"ScreenSaverIsSecure": "1"}, Lock(True, 600)),
        (SAVER, {"ScreenSaveTimeOut": "1800"}, Lock(True, 1800)),
        ({}, {}, UNTOLD),
    ],
)
def test_screen_saver_locks_with_password_and_program(
    own: dict[str, object], policy: dict[str, object], lock: Lock
) -> None:
    assert windows.of_user(own, policy) == lock


@pytest.mark.parametrize(
    ("value", "lock"),
    [(None, OFF), (0, OFF), (900, Lock(True, 900)), (4_294_967_295, UNTOLD), ("900", UNTOLD)],
)
def test_limit_of_the_machine(value: object, lock: Lock) -> None:
    assert windows.limit_of(value) == lock


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (after(600), after(900), after(600)),
        (OFF, after(900), after(900)),
        (UNTOLD, after(900), after(900)),
        (UNTOLD, OFF, UNTOLD),
        (OFF, OFF, OFF),
    ],
)
def test_sooner_of_both_counts(one: Lock, other: Lock, expected: Lock) -> None:
    assert windows.sooner(one, other) == expected


@given(st.dictionaries(st.sampled_from(sorted(SAVER)), SCALARS))
def test_no_values_lock_that_do_not_say_so(own: dict[str, object]) -> None:
    lock = windows.of_user(own, {})
    if lock.enabled:
        assert str(own["ScreenSaverIsSecure"]).strip() == "1"
        assert str(lock.after) == str(own["ScreenSaveTimeOut"]).lstrip("0")


@given(SCALARS)
def test_any_limit_is_told_without_a_fault(value: object) -> None:
    assert windows.limit_of(value).after in (None, value)
