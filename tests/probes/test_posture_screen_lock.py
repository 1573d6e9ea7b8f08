from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.instruments import posture_screen_lock
from probes.instruments.posture_screen_lock import (
    LOCK_AFTER,
    LOCK_ENABLED,
    SESSIONS,
    PostureScreenLock,
)
from probes.model import NoSettings, ProbeError, Reading
from probes.screenlock import linux, windows
from probes.screenlock.desktops import desktop_of
from probes.screenlock.linux import Session
from tests.fakes.windows import FakeWindows
from tests.probes.conftest import Measure
from tests.probes.screenlock.test_desktops import DDE, GNOME
from tests.probes.screenlock.test_windows import SAVER

FakePrograms = Callable[..., None]
PUPIL, TEACHER = "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_programs: FakePrograms) -> Path:
    """Somebody is logged in to a machine on which `env` and `gsettings` can be run."""
    folder = tmp_path / "root"
    folder.mkdir()
    monkeypatch.setattr(posture_screen_lock, "ROOT", folder)
    monkeypatch.setattr(linux, "_home", lambda uid: tmp_path / "home")
    log_in(monkeypatch, Session(1000, "x11", "ubuntu:GNOME"))
    (tmp_path / "bin/env").symlink_to(shutil.which("env", path="/usr/bin:/bin") or "/usr/bin/env")
    return folder


def log_in(monkeypatch: pytest.MonkeyPatch, *people: Session) -> None:
    async def sessions() -> list[Session]:
        return list(people)

    monkeypatch.setattr(linux, "sessions", sessions)


def write(root: Path, name: str, text: str = "") -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")


async def readings(measure: Measure) -> list[Reading]:
    return await measure(PostureScreenLock(NoSettings()))


async def test_gnome_is_asked_for_what_stands_for_its_user(
    root: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    fake_programs("gsettings", GNOME)
    (reading,) = await readings(measure)
    assert reading.values == {LOCK_ENABLED: 1, LOCK_AFTER: 330, SESSIONS: 1}


async def test_one_session_that_does_not_lock_decides(
    root: Path, fake_programs: FakePrograms, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(monkeypatch, Session(1000, "x11", "deepin"), Session(0, "tty", ""))
    fake_programs("gsettings", DDE)
    (reading,) = await readings(measure)
    assert reading.values == {LOCK_ENABLED: 0, SESSIONS: 2}
    write(root, "etc/profile", "TMOUT=1800\n")
    (reading,) = await readings(measure)
    assert reading.values == {LOCK_ENABLED: 1, LOCK_AFTER: 1800, SESSIONS: 2}


async def test_session_that_does_not_name_its_desktop_has_that_of_the_system(
    root: Path, fake_programs: FakePrograms, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(monkeypatch, Session(1000, "wayland", ""))
    fake_programs("gsettings", DDE)
    known, untold = await readings(measure)
    assert (known.values, untold.reason) == ({SESSIONS: 1}, "no_source")
    write(root, "etc/os-release", "ID=uos\nVERSION_ID=20\n")
    (reading,) = await readings(measure)
    assert reading.values[LOCK_AFTER] == 900


async def test_settings_of_another_user_that_are_kept_back_are_not_the_defaults(
    root: Path, fake_programs: FakePrograms, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path) -> None:
        raise PermissionError(13, "denied", str(path))

    fake_programs("gsettings", GNOME)
    monkeypatch.setattr(linux, "_require_readable", denied)
    known, untold = await readings(measure)
    assert (known.values, untold.reason) == ({SESSIONS: 1}, "no_privilege")


async def test_nobody_logged_in_is_said(
    root: Path, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(monkeypatch)
    assert [r.reason for r in await readings(measure)] == ["no_session"]


LISTED = "  1 1000 张老师 seat0 tty2\n c2  120 lightdm seat0 -\n  3    0 root  -     pts/0\n"


def test_sessions_are_listed_by_number() -> None:
    assert linux.parse_names(LISTED) == ["1", "c2", "3"]


@pytest.mark.parametrize(
    ("text", "session"),
    [
        ("User=1000\nType=x11\nClass=user\nDesktop=ukui\n", Session(1000, "x11", "ukui")),
        ("User=0\nType=tty\nClass=user\nDesktop=\n", Session(0, "tty", "")),
        ("User=120\nType=x11\nClass=greeter\nDesktop=\n", None),
        ("User=1000\nType=unspecified\nClass=background\n", None),
        ("没有这个会话\n", None),
    ],
)
def test_session_of_a_person_is_told_from_others(text: str, session: Session | None) -> None:
    assert linux.parse_session(text) == session


@given(st.text() | st.text().map(lambda text: f"Class=user\nType=tty\nUser={text}"))
def test_any_output_is_a_session_or_refused(text: str) -> None:
    linux.parse_names(text)
    try:
        found = linux.parse_session(text)
    except ProbeError:
        return
    assert found is None or found.uid >= 0


async def test_loginctl_that_fails_is_no_source(
    fake_programs: FakePrograms, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_programs("loginctl", errors="System has not been booted with systemd\n", code=1)
    assert [r.reason for r in await readings(measure)] == ["no_source"]


@pytest.fixture
def loginctl(fake_programs: FakePrograms, tmp_path: Path) -> None:
    """It lists a session of a person and one of a login screen."""
    fake_programs("loginctl")
    (tmp_path / "bin/loginctl").write_text(
        "#!/bin/sh\n"
        'case "$1 $2" in\n'
        '"list-sessions "*) echo " 1 1000 张老师"; echo "c2 120 lightdm";;\n'
        '"show-session 1") echo "User=1000"; echo "Type=x11"; echo "Class=user";;\n'
        '"show-session c2") echo "User=120"; echo "Type=x11"; echo "Class=greeter";;\n'
        "esac\n"
    )


async def test_loginctl_is_asked_for_each_session(loginctl: None) -> None:
    assert await linux.sessions() == [Session(1000, "x11", "")]


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("\toption IdleTimeout '600'\n", {LOCK_ENABLED: 1, LOCK_AFTER: 600}),
        ("", {LOCK_ENABLED: 0}),
        ("\toption IdleTimeout '0'\n", {LOCK_ENABLED: 0}),
        ("\toption IdleTimeout 'x'\n", {}),
    ],
)
async def test_openwrt_ends_sessions_of_ssh(
    option: str, values: dict[object, float], root: Path, measure: Measure
) -> None:
    write(root, "etc/openwrt_release")
    write(root, "etc/config/dropbear", f"config dropbear\n\toption Port '22'\n{option}")
    (reading,) = await readings(measure)
    assert reading.values == values
    assert reading.labels["source"] == "uci"


@pytest.fixture
def users(monkeypatch: pytest.MonkeyPatch) -> FakeWindows:
    """A pupil and a teacher are logged in, both with a screen saver that asks for the password."""
    fake = FakeWindows(monkeypatch)
    keys: dict[str, dict[str, object]] = {
        rf"HKEY_USERS\{sid}\{windows.DESKTOP}": dict(SAVER) for sid in (PUPIL, TEACHER)
    }
    for sid in (".DEFAULT", "S-1-5-18", f"{PUPIL}_Classes"):
        keys[rf"HKEY_USERS\{sid}\{windows.DESKTOP}"] = {"ScreenSaveActive": "0"}
    keys[rf"HKEY_USERS\{TEACHER}\{windows.POLICY}"] = {"ScreenSaveTimeOut": "1200"}
    fake.have(keys)
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    return fake


async def test_users_of_windows_are_told_from_its_own_accounts(
    users: FakeWindows, measure: Measure
) -> None:
    (reading,) = await readings(measure)
    assert reading.values == {LOCK_ENABLED: 1, LOCK_AFTER: 1200, SESSIONS: 2}
    assert not any("S-1-5" in value for value in reading.labels.values())


@pytest.mark.parametrize("limit", [0, 900])
async def test_user_who_is_kept_back_is_unknown_unless_the_machine_locks_everybody(
    limit: int, users: FakeWindows, measure: Measure
) -> None:
    users.registry.denied.add(rf"hkey_users\{TEACHER}\{windows.DESKTOP}".lower())
    users.registry.keys[windows.LIMIT.lower()] = {"InactivityTimeoutSecs": limit}
    known, *untold = await readings(measure)
    if limit:
        assert known.values == {LOCK_ENABLED: 1, LOCK_AFTER: 900, SESSIONS: 2}
    else:
        assert (known.values, untold[0].reason) == ({SESSIONS: 2}, "no_privilege")


async def test_windows_without_a_user_says_so(
    measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeWindows(monkeypatch).have({r"HKEY_USERS\.DEFAULT": {}})
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    assert [r.reason for r in await readings(measure)] == ["no_session"]


async def test_other_systems_say_so(measure: Measure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert [r.reason for r in await readings(measure)] == ["unsupported_system"]


@pytest.mark.server("gsettings")
async def test_gsettings_of_this_machine_answers_and_leaves_nothing(tmp_path: Path) -> None:
    gnome = desktop_of("gnome")
    assert gnome is not None
    settings = await linux.settings(gnome, tmp_path / "home")
    if not settings:
        pytest.skip("needs the schemas of GNOME (apt install gsettings-desktop-schemas)")
    assert gnome.lock(settings).enabled in (True, False)
    assert os.listdir(tmp_path) == []


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(PostureScreenLock)
