from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from probes.accounts import local, usage
from probes.instruments import posture_accounts
from probes.instruments.posture_accounts import (
    ADMIN_ENABLED,
    ADMIN_RENAMED,
    AGE_MAX,
    AUTO_LOGON_ON,
    BLANK_COUNT,
    COMPLEX,
    EXPIRES,
    GUEST_ENABLED,
    HISTORY,
    LENGTH,
    LOCKOUT_ENABLED,
    LOCKOUT_SECONDS,
    PARTS,
    THRESHOLD,
    UNTIL_UNLOCKED,
    UNUSED_MAX,
    PostureAccounts,
)
from probes.model import LOCAL, NoSettings, Outcome, ProbeError, Reading
from tests.probes.conftest import Measure

DAY = 86_400
TODAY = int(time.time()) // DAY
FILES = {
    "etc/os-release": 'NAME="UOS Desktop"\nID=uos\nVERSION_ID="20"\n',
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nguest:x:998:998::/home/guest:/bin/false\n"
    "teacher:x:1000:1000:张老师:/home/teacher:/bin/bash\n",
    "etc/shadow": f"root:!:{TODAY}:0:90:7:::\nboss:!:1:0:90:7:::\n"
    f"teacher:$y$x:{TODAY - 30}:0:60:7:::\n",
    "etc/login.defs": "# 密码有效期\nPASS_MAX_DAYS\t90\nPASS_MIN_LEN 5\nUID_MIN 1000\n",
    "etc/pam.d/common-password": "password requisite pam_pwquality.so minlen=10 minclass=3\n"
    "password required pam_pwhistory.so remember=5\npassword sufficient pam_unix.so\n",
    "etc/pam.d/passwd": "@include common-password\n",
    "etc/pam.d/login": "auth required pam_tally2.so deny=5 unlock_time=1800\n"
    "auth required pam_unix.so\n",
    "etc/lightdm/lightdm.conf": "[Seat:*]\nautologin-user=\n",
    "etc/X11/default-display-manager": "/usr/sbin/lightdm\n",
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A UOS whose teacher set a password 30 days ago, and logged in 10 days ago."""
    folder = tmp_path / "root"
    for name, text in FILES.items():
        write(folder, name, text)
    log_in(folder, 10)
    monkeypatch.setattr(posture_accounts, "ROOT", folder)
    return folder


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")


def log_in(root: Path, days_ago: int) -> None:
    at = int(time.time()) - days_ago * DAY
    record = usage._SESSION[usage.has_wide_times()]
    fields = (7, 1, b":0", b"", b"teacher", b"", 0, 0, 0, at, 0, b"", b"")
    (root / usage.WTMP).parent.mkdir(parents=True, exist_ok=True)
    (root / usage.WTMP).write_bytes(record.pack(*fields))


async def parts(measure: Measure) -> dict[str, Reading]:
    """Of a part that is told in two readings, the one that has no values."""
    return {r.labels["part"]: r for r in await measure(PostureAccounts(NoSettings()))}


async def test_every_part_of_a_well_kept_uos_is_known(root: Path, measure: Measure) -> None:
    found = await parts(measure)
    assert tuple(found) == PARTS
    assert {part: dict(reading.values) for part, reading in found.items()} == {
        "guest": {GUEST_ENABLED: 0},
        "builtin_admin": {ADMIN_ENABLED: 0, ADMIN_RENAMED: 0},
        "password": {LENGTH: 10, EXPIRES: 1, AGE_MAX: 90 * DAY, HISTORY: 5},
        "complexity": {COMPLEX: 1},
        "lockout": {LOCKOUT_ENABLED: 1, THRESHOLD: 5, LOCKOUT_SECONDS: 1800, UNTIL_UNLOCKED: 0},
        "blank": {BLANK_COUNT: 0},
        "unused": {UNUSED_MAX: pytest.approx(10 * DAY, abs=60)},
        "auto_logon": {AUTO_LOGON_ON: 0},
    }


@pytest.mark.parametrize(
    ("name", "text", "changed"),
    [
        ("etc/shadow", FILES["etc/shadow"].replace("$y$x", ""), {"blank"}),
        ("etc/shadow", FILES["etc/shadow"].replace(":60:", ":99999:"), {"password"}),
        ("etc/login.defs", "UID_MIN 1000\n", {"password"}),
        ("etc/lightdm/lightdm.conf", "[Seat:*]\nautologin-user=teacher\n", {"auto_logon"}),
        ("usr/sbin/guest-account", "", {"guest"}),
        ("etc/pam.d/login", "auth required pam_unix.so\n", {"lockout"}),
        ("etc/pam.d/passwd", "password required pam_unix.so\n", {"password", "complexity"}),
        ("etc/passwd", FILES["etc/passwd"].replace("root:x", "boss:x"), {"builtin_admin"}),
    ],
)
async def test_one_change_changes_the_parts_that_it_concerns_and_no_other(
    name: str, text: str, changed: set[str], root: Path, measure: Measure
) -> None:
    before = await parts(measure)
    write(root, name, text)
    after = await parts(measure)
    differing = {part for part in PARTS if told(before[part]) != told(after[part])}
    assert differing == changed


def told(reading: Reading) -> tuple[str, dict[str, float]]:
    return reading.reason, {
        m.name: round(v, -2 if v > 999 else 0) for m, v in reading.values.items()
    }


async def test_account_whose_password_lasts_longer_than_the_rule_is_told(
    root: Path, measure: Measure
) -> None:
    write(root, "etc/shadow", FILES["etc/shadow"].replace(":60:", ":365:"))
    assert (await parts(measure))["password"].values[AGE_MAX] == 365 * DAY


async def test_without_root_what_shadow_has_is_unknown(
    root: Path, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path) -> object:
        raise PermissionError(13, "denied", str(path))

    monkeypatch.setattr(local, "secrets", denied)
    readings = await measure(PostureAccounts(NoSettings()))
    hidden = {r.labels["part"] for r in readings if r.reason == "no_privilege"}
    assert hidden == {"builtin_admin", "password", "blank"}
    (policy,) = [r for r in readings if r.labels["part"] == "password" and r.outcome is Outcome.OK]
    assert policy.values == {LENGTH: 10, HISTORY: 5}


async def test_openwrt_has_no_policy_of_passwords(root: Path, measure: Measure) -> None:
    for name in ("etc/pam.d/passwd", "etc/pam.d/common-password", "etc/pam.d/login"):
        (root / name).unlink()
    write(root, "etc/openwrt_release", "DISTRIB_ID='OpenWrt'\n")
    write(root, "etc/config/system", "config system\n\toption ttylogin '1'\n")
    write(root, "etc/shadow", "root::0:0:99999:7:::\n")
    write(root, "etc/passwd", "root:x:0:0:root:/root:/bin/ash\n")
    found = await parts(measure)
    assert {part: r.reason for part, r in found.items() if r.reason} == {
        "password": "no_source", "complexity": "no_source", "lockout": "no_source",
        "unused": "not_here",
    }  # fmt: skip
    assert found["blank"].values == {BLANK_COUNT: 1}
    assert found["auto_logon"].labels["source"] == "uci"


async def test_empty_machine_is_unknown_in_every_part(
    tmp_path: Path, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posture_accounts, "ROOT", tmp_path / "nothing")
    found = await parts(measure)
    assert {part for part, r in found.items() if r.reason == "no_source"} == set(PARTS) - {
        "auto_logon"  # it has no display manager and no console that logs in
    }


async def test_other_systems_are_not_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(ProbeError) as caught:
        await PostureAccounts(NoSettings()).measure(LOCAL)
    assert caught.value.reason == "unsupported_system"


async def test_this_machine_can_be_read(measure: Measure) -> None:
    found = await parts(measure)
    assert set(found) == set(PARTS)
    assert found["guest"].outcome is Outcome.OK


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(PostureAccounts)
