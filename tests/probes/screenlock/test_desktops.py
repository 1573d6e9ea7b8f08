from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.screenlock import desktops
from probes.screenlock.lock import OFF, UNTOLD, Lock, after, values, weakest

GNOME = """org.gnome.desktop.screensaver lock-enabled true
org.gnome.desktop.screensaver lock-delay uint32 30
org.gnome.desktop.screensaver picture-uri 'file:///背景.png'
org.gnome.desktop.session idle-delay uint32 300
org.gnome.desktop.lockdown disable-lock-screen false
"""
UKUI = """org.ukui.screensaver lock-enabled true
org.ukui.screensaver idle-activation-enabled true
org.ukui.screensaver lock-delay 5
org.ukui.session idle-delay 10
"""
DDE = "com.deepin.dde.power line-power-lock-delay 900\n"


def of(name: str, text: str) -> Lock:
    desktop = desktops.desktop_of(name)
    assert desktop is not None
    return desktop.lock(desktops.parse(text))


@pytest.mark.parametrize(
    ("name", "text", "lock"),
    [
        ("ubuntu:GNOME", GNOME, Lock(True, 330)),
        ("gnome", GNOME.replace("lock-enabled true", "lock-enabled false"), OFF),
        ("gnome", GNOME.replace("uint32 300", "uint32 0"), OFF),
        ("gnome", GNOME.replace("disable-lock-screen false", "disable-lock-screen true"), OFF),
        ("gnome", GNOME.replace("uint32 300", "三百"), UNTOLD),
        ("gnome", GNOME.replace("org.gnome.desktop.session", "x"), UNTOLD),
        ("gnome", "", UNTOLD),
        ("UKUI", UKUI, Lock(True, 900)),
        ("ukui", UKUI.replace("idle-delay 10", "idle-delay -1"), OFF),
        ("kylin", UKUI.replace("activation-enabled true", "activation-enabled false"), OFF),
        ("ukui", "", UNTOLD),
        ("deepin", DDE, Lock(True, 900)),
        ("uos", DDE.replace("900", "0"), OFF),
        ("dde", "", UNTOLD),
        ("mate", UKUI.replace("ukui", "mate"), Lock(True, 900)),
    ],
)
def test_desktops_lock_as_their_settings_say(name: str, text: str, lock: Lock) -> None:
    assert of(name, text) == lock


@pytest.mark.parametrize("name", ["", "KDE", "XFCE", "桌面"])
def test_desktop_that_is_not_known_is_none(name: str) -> None:
    assert desktops.desktop_of(name) is None


@pytest.mark.parametrize(
    ("locks", "expected"),
    [
        ([after(300), after(900)], Lock(True, 900)),
        ([after(300), OFF, UNTOLD], OFF),
        ([after(300), UNTOLD], UNTOLD),
        ([], UNTOLD),
    ],
)
def test_weakest_lock_decides(locks: list[Lock], expected: Lock) -> None:
    assert weakest(locks) == expected


def test_session_that_does_not_lock_has_no_time() -> None:
    assert values(OFF, 1) == {"lock_enabled": False, "sessions_count": 1}
    unknown = {"lock_enabled": None, "lock_after_seconds_max": None, "sessions_count": 2}
    assert values(UNTOLD, 2) == unknown


@given(st.text() | st.lists(st.sampled_from([*GNOME.splitlines(), *UKUI.splitlines(), DDE]))
       .map("\n".join))  # fmt: skip
def test_any_settings_are_told_without_a_fault(text: str) -> None:
    for desktop in desktops.DESKTOPS:
        lock = desktop.lock(desktops.parse(text))
        assert lock.enabled is not True or ("delay" in text and (lock.after or 0) > 0)
