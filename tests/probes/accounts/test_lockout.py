from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.accounts import lockout, pam
from probes.accounts.lockout import Lockout
from probes.model import ProbeError

UNIX = "auth [success=1 default=ignore] pam_unix.so nullok\n"
FAILLOCK = (
    "auth required pam_faillock.so preauth\n" + UNIX
    + "auth [default=die] pam_faillock.so authfail\nauth requisite pam_deny.so\n"
)  # fmt: skip
TALLY = "auth required pam_tally2.so onerr=fail deny=5 unlock_time=1800 even_deny_root\n" + UNIX


def of(text: str, **settings: str) -> Lockout | None:
    lines = [line for line in pam.parse(text) if isinstance(line, pam.Line)]
    return lockout.of_stack(lines, settings)


@pytest.mark.parametrize(
    ("stack", "settings", "expected"),
    [
        (UNIX, {}, None),
        (FAILLOCK, {}, Lockout(3, 600)),
        (FAILLOCK, {"deny": "5", "unlock_time": "1800"}, Lockout(5, 1800)),
        (FAILLOCK, {"unlock_time": "never"}, Lockout(3, None)),
        (FAILLOCK, {"unlock_time": "0"}, Lockout(3, None)),
        (FAILLOCK, {"deny": "0"}, None),
        (FAILLOCK.replace("preauth", "preauth deny=4"), {"deny": "9"}, Lockout(4, 600)),
        (FAILLOCK.replace("authfail", "authsucc"), {}, None),  # nobody counts
        (FAILLOCK.replace("required", "optional"), {}, None),
        (TALLY, {}, Lockout(5, 1800)),
        (TALLY.replace("unlock_time=1800 ", ""), {}, Lockout(5, None)),
        (TALLY.replace("deny=5 ", ""), {}, None),
    ],
)
def test_lockout_is_what_the_stack_does(
    stack: str, settings: dict[str, str], expected: Lockout | None
) -> None:
    assert of(stack, **settings) == expected


@pytest.mark.parametrize(
    ("stack", "settings"),
    [
        ("auth sufficient pam_fprintd.so\n" + FAILLOCK, {}),
        ("auth sufficient pam_unix.so\n" + TALLY, {}),
        (FAILLOCK, {"deny": "三"}),
        (TALLY.replace("deny=5", "deny=five"), {}),
    ],
)
def test_lockout_that_may_be_passed_by_is_unknown(stack: str, settings: dict[str, str]) -> None:
    with pytest.raises(ProbeError) as caught:
        of(stack, **settings)
    assert caught.value.reason == "unreadable"


def test_users_without_any_password_do_not_make_it_unknown() -> None:
    stack = "auth sufficient pam_succeed_if.so user ingroup nopasswdlogin\n" + FAILLOCK
    assert of(stack) == Lockout(3, 600)


@pytest.mark.parametrize(
    ("lightdm", "expected"),
    [(FAILLOCK.replace("preauth", "preauth deny=9 unlock_time=60"), Lockout(9, 60)), (UNIX, None)],
)
def test_weakest_way_to_log_in_is_told(
    lightdm: str, expected: Lockout | None, tmp_path: Path
) -> None:
    folder = tmp_path / "etc/pam.d"
    folder.mkdir(parents=True)
    (folder / "login").write_text(FAILLOCK)
    (folder / "lightdm").write_text(lightdm)
    assert lockout.weakest(tmp_path) == expected


def test_service_that_cannot_be_followed_is_not_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "etc/pam.d"
    folder.mkdir(parents=True)
    (folder / "login").write_text(FAILLOCK)
    (folder / "sshd").write_text("@include gone\n")
    with pytest.raises(FileNotFoundError):
        lockout.weakest(tmp_path)


@pytest.mark.parametrize("before", ["requisite pam_unix.so", "[success=1 default=die] pam_unix.so"])
def test_failure_that_ends_the_stack_before_it_is_counted_is_not_known_to_lock(
    before: str,
) -> None:
    stack = FAILLOCK.replace(UNIX, f"auth {before}\n")
    with pytest.raises(ProbeError, match="pam_unix"):
        of(stack)


WORDS = st.integers(0, 10**9).map(str) | st.text(max_size=5)


@given(st.fixed_dictionaries({}, optional={"deny": WORDS, "unlock_time": WORDS}))
def test_garbage_locks_nobody_out(settings: dict[str, str]) -> None:
    for read in (lockout.faillock, lockout.tally):
        try:
            found = read(settings)
        except ProbeError:
            continue
        if found is not None:
            assert found.threshold == int(settings.get("deny", "3")) > 0
