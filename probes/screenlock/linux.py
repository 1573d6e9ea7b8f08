"""Locks of the sessions on a Linux machine: who is logged in tells loginctl, the rest settings."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from probes import programs, uci
from probes.model import ProbeError
from probes.parts import Facts
from probes.screenlock import desktops, shells
from probes.screenlock.desktops import Desktop
from probes.screenlock.lock import OFF, UNTOLD, Lock, after, values, weakest
from probes.support import linux as support

COMMAND_SECONDS = 2.0
MOST_SESSIONS = 16
"""So many are asked for their settings; a classroom PC has one."""

_PROPERTIES = ("User", "Type", "Class", "Desktop")
_GRAPHICAL, _TEXT = {"x11", "wayland", "mir"}, {"tty"}


@dataclass(frozen=True, slots=True)
class Session:
    """`kind`: x11, wayland, tty ... `desktop`: as the session names it, may be empty."""

    uid: int
    kind: str
    desktop: str


async def read(root: Path) -> Facts:
    """Raises ProbeError: "no_session", "no_source", "no_privilege", "unreadable"."""
    if (root / "etc/openwrt_release").exists():
        return Facts("uci", values(openwrt(uci.read(root / "etc/config/dropbear")), None))
    found = await sessions()
    if not found:
        raise ProbeError("no_session")
    locks, hidden = [], False
    for session in found:
        try:
            locks.append(await _lock(root, session))
        except PermissionError:
            hidden = True
            locks.append(UNTOLD)
    reason = "no_privilege" if hidden else "no_source"
    return Facts("gsettings", values(weakest(locks), len(found)), reason)


async def sessions() -> list[Session]:
    """Of people; not of login screens and services."""
    path = programs.find("loginctl")
    if path is None:
        raise ProbeError("no_source", "loginctl")
    names = parse_names(await _said([path, "list-sessions", "--no-legend", "--no-pager"]))
    if len(names) > MOST_SESSIONS:
        raise ProbeError("unreadable", f"loginctl: {len(names)}")
    wanted = [f"--property={name}" for name in _PROPERTIES]
    texts = [await _said([path, "show-session", name, *wanted]) for name in names]
    found = [parse_session(text) for text in texts]
    return [session for session in found if session is not None]


async def _said(command: list[str]) -> str:
    done = await programs.run(command, COMMAND_SECONDS)
    if done.code:
        raise ProbeError("no_source", command[0])
    return done.output


def parse_names(text: str) -> list[str]:
    """Of `loginctl list-sessions --no-legend`: the first word of each line."""
    rows = (line.split() for line in text.splitlines())
    return [row[0] for row in rows if row and row[0].isalnum()]


def parse_session(text: str) -> Session | None:
    """Of `loginctl show-session`; None for what is no session of a person at a screen or shell."""
    pairs = (line.partition("=") for line in text.splitlines())
    told = {name: value.strip() for name, _, value in pairs}
    uid, kind = told.get("User", ""), told.get("Type", "")
    if told.get("Class") != "user" or kind not in _GRAPHICAL | _TEXT:
        return None
    if not uid.isascii() or not uid.isdecimal():
        raise ProbeError("unreadable", "loginctl")
    return Session(int(uid), kind, told.get("Desktop", ""))


async def _lock(root: Path, session: Session) -> Lock:
    if session.kind in _TEXT:
        return shells.lock(root)
    desktop = desktops.desktop_of(session.desktop or _system(root))
    if desktop is None:
        return UNTOLD
    return desktop.lock(await settings(desktop, _home(session.uid)))


def _system(root: Path) -> str:
    release = support.identify(root)
    name = "" if release is None else release.system
    return name if name in ("kylin", "openkylin", "uos", "deepin") else ""


def _home(uid: int) -> Path:
    pwd: Any = import_module("pwd")  # Windows has no such module

    try:
        return Path(pwd.getpwuid(uid).pw_dir)
    except KeyError as exc:
        raise ProbeError("unreadable", "passwd") from exc


async def settings(desktop: Desktop, home: Path) -> dict[str, str]:
    """What stands for this user: own settings, those of the machine, and what it locks.

    Raises PermissionError where the user's own cannot be read: gsettings would not say so, and
    print the defaults.
    """
    program, env = programs.find("gsettings"), programs.find("env")
    if program is None or env is None:
        raise ProbeError("no_source", "gsettings")
    _require_readable(home / ".config/dconf/user")
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="banjun-") as scratch:
        place = [
            f"XDG_CONFIG_HOME={home / '.config'}",
            f"XDG_RUNTIME_DIR={scratch}",
            f"HOME={home}",
        ]
        for schema in desktop.schemas:
            asked = [env, *place, program, "list-recursively", schema]
            done = await programs.run(asked, COMMAND_SECONDS)
            found |= desktops.parse(done.output) if done.code == 0 else {}
    return found


def _require_readable(path: Path) -> None:
    try:
        path.open("rb").close()
    except (FileNotFoundError, NotADirectoryError):
        return  # nothing of this user's own is set


def openwrt(found: Iterable[uci.Section] | None) -> Lock:
    """An OpenWrt has no screen: after how long dropbear ends a session that rests."""
    if found is None:
        raise ProbeError("no_source", "dropbear")
    servers = [s for s in found if s.kind == "dropbear" and s.on("enable", default=True)]
    words = [server.options.get("IdleTimeout", "0") for server in servers]
    return weakest(_seconds(word) for word in words) if words else OFF


def _seconds(word: str) -> Lock:
    return after(int(word)) if word.isascii() and word.isdecimal() else UNTOLD
