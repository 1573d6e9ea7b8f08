"""When desktops of Linux lock themselves, from what `gsettings` prints of their schemas.

GVariant text is the same in every language: `true`, `uint32 300`. Units: GNOME and DDE keep
seconds, MATE and UKUI minutes (UKUI: from the source of its control centre; not tried).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from probes.screenlock.lock import OFF, UNTOLD, Lock, after

Settings = Mapping[str, str]
"""`schema key` -> its value as text."""

_VALUE = re.compile(r"(?:u?int\d+ )?(-?\d{1,10})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Desktop:
    """`words`: in the name that the session gives its desktop."""

    words: tuple[str, ...]
    schemas: tuple[str, ...]
    lock: Callable[[Settings], Lock]


def parse(text: str) -> dict[str, str]:
    """Of `gsettings list-recursively`: lines of schema, key and value."""
    found = {}
    for line in text.splitlines():
        schema, _, rest = line.strip().partition(" ")
        key, _, value = rest.partition(" ")
        if key and value:
            found[f"{schema} {key}"] = value
    return found


def gnome(settings: Settings) -> Lock:
    if settings.get("org.gnome.desktop.lockdown disable-lock-screen") == "true":
        return OFF
    saver = "org.gnome.desktop.screensaver"
    idle = _number(settings, "org.gnome.desktop.session idle-delay")
    return _locks(settings, saver, idle, _number(settings, f"{saver} lock-delay"))


def mate(settings: Settings, name: str = "org.mate") -> Lock:
    saver = f"{name}.screensaver"
    if settings.get(f"{saver} idle-activation-enabled") == "false":
        return OFF
    idle = _minutes(_number(settings, f"{name}.session idle-delay"))
    return _locks(settings, saver, idle, _minutes(_number(settings, f"{saver} lock-delay", 0)))


def ukui(settings: Settings) -> Lock:
    return mate(settings, "org.ukui")


def dde(settings: Settings) -> Lock:
    """On mains power. 0 is never."""
    return after(_number(settings, "com.deepin.dde.power line-power-lock-delay"))


DESKTOPS = (
    Desktop(("ukui", "kylin"), ("org.ukui.screensaver", "org.ukui.session"), ukui),
    Desktop(("deepin", "dde", "uos"), ("com.deepin.dde.power",), dde),
    Desktop(("mate",), ("org.mate.screensaver", "org.mate.session"), mate),
    Desktop(
        ("gnome", "ubuntu", "unity"),
        (
            "org.gnome.desktop.screensaver",
            "org.gnome.desktop.session",
            "org.gnome.desktop.lockdown",
        ),
        gnome,
    ),
)


def desktop_of(name: str) -> Desktop | None:
    """By the name of the session's desktop, or of the system that has but one."""
    lower = name.lower()
    return next((d for d in DESKTOPS if any(word in lower for word in d.words)), None)


def _locks(settings: Settings, saver: str, idle: int | None, delay: int | None) -> Lock:
    enabled = {"true": True, "false": False}.get(settings.get(f"{saver} lock-enabled", ""))
    if enabled is False or (idle is not None and idle <= 0):
        return OFF
    if enabled is None or idle is None or delay is None or delay < 0:
        return UNTOLD
    return after(idle + delay)


def _number(settings: Settings, name: str, default: int | None = None) -> int | None:
    if name not in settings:
        return default
    found = _VALUE.fullmatch(settings[name])
    return None if found is None else int(found[1])


def _minutes(number: int | None) -> int | None:
    return None if number is None else number * 60
