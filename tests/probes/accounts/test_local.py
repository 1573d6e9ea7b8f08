from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from probes.accounts import local
from probes.accounts.local import NEVER_DAYS, Password

PASSWD = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
teacher:x:1000:1000:张老师,,,:/home/teacher:/bin/bash
pupil:x:1001:1001:学生:/home/pupil:
old:LkHash:1002:1002::/home/old:/bin/sh
router:*:1003:1003::/root:/bin/ash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
+nis:::::
broken line
"""
SHADOW = """root:!:19000:0:99999:7:::
daemon:*:19000:0:99999:7:::
teacher:$y$j9T$secret$hash:20000:0:90:7:::
pupil::20000:0:99999:7:::
short
"""
ACCOUNTS = list(local.parse_accounts(PASSWD))
SECRETS = dict(local.parse_secrets(SHADOW))


def test_accounts_and_what_shadow_tells_are_read() -> None:
    assert [a.name for a in ACCOUNTS] == [
        "root", "daemon", "teacher", "pupil", "old", "router", "nobody",
    ]  # fmt: skip
    assert [a.name for a in ACCOUNTS if a.has_shell] == [
        "root",
        "teacher",
        "pupil",
        "old",
        "router",
    ]
    assert {n: s.password for n, s in SECRETS.items()} == {
        "root": Password.LOCKED, "daemon": Password.LOCKED,
        "teacher": Password.SET, "pupil": Password.EMPTY,
    }  # fmt: skip


def test_no_hash_is_kept() -> None:
    kept = repr(ACCOUNTS) + repr(SECRETS)
    assert "secret" not in kept
    assert "LkHash" not in kept


def test_accounts_without_a_password_are_counted() -> None:
    assert local.without_password(ACCOUNTS, SECRETS) == 1


def test_account_that_nobody_tells_of_leaves_the_count_unknown() -> None:
    assert local.without_password(ACCOUNTS, {}) is None


def test_people_are_told_from_the_system() -> None:
    assert [a.name for a in local.people(ACCOUNTS, {})] == ["teacher", "pupil", "old", "router"]
    assert [a.name for a in local.people(ACCOUNTS, {"UID_MIN": "1002"})] == ["old", "router"]


def test_longest_age_is_that_of_passwords_that_are_set() -> None:
    only = [a for a in ACCOUNTS if a.name in ("root", "teacher", "pupil")]
    assert local.longest_days(only, SECRETS) == 90
    assert local.longest_days(ACCOUNTS, SECRETS) == NEVER_DAYS  # `old` has it in passwd
    assert local.longest_days(only, {}) is None


def test_login_defs_say_how_long_new_passwords_last() -> None:
    assert local.lasts_days({"PASS_MAX_DAYS": "90"}) == 90
    assert local.lasts_days({}) == NEVER_DAYS
    assert local.lasts_days({"PASS_MAX_DAYS": "-1"}) == NEVER_DAYS
    assert local.lasts_days({"PASS_MAX_DAYS": "九十"}) is None


@given(st.text())
def test_any_text_is_read_without_a_fault(text: str) -> None:
    accounts, secrets = list(local.parse_accounts(text)), dict(local.parse_secrets(text))
    many = local.without_password(accounts, secrets)
    assert many is None or many <= len(accounts)
    days = local.longest_days(accounts, secrets)
    assert days is None or 0 <= days <= NEVER_DAYS


@given(st.sampled_from(["90", "", "x", "-1", "99999", "100000"]))
def test_password_lasts_no_shorter_than_written(days: str) -> None:
    secrets = dict(local.parse_secrets(f"root:$y$x:1:0:{days}:7:::"))
    held = local.longest_days(ACCOUNTS[:1], secrets)
    assert held == (90 if days == "90" else NEVER_DAYS)
