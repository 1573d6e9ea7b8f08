"""Whether Linux lets USB storage in, and whether desktops start what stands on media."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from probes.model import ProbeError
from probes.parts import Facts
from probes.software.linux import is_openwrt, processes, text_of

MODPROBE = ("etc", "run", "usr/local/lib", "usr/lib", "lib")
"""Folders that hold a `modprobe.d`; a file in an earlier one hides its namesakes."""
MODULES = ("usb_storage", "uas")
USBGUARD = Path("etc/usbguard")
_USBGUARD_RULES = ("/etc/usbguard/rules.conf", "/etc/usbguard/rules.d")
STORAGE_CLASS = "08:"

_REFUSING = re.compile(r"(?:(?:/usr)?/s?bin/)?(?:false|true|nologin)|:")

SCHEMAS = Path("usr/share/glib-2.0/schemas")
DESKTOPS = {
    "org.gnome.desktop.media-handling": "org/gnome/desktop/media-handling",
    "org.mate.media-handling": "org/mate/desktop/media-handling",
    "org.cinnamon.desktop.media-handling": "org/cinnamon/desktop/media-handling",
}
"""Schema of a desktop -> the path of its settings in dconf."""
SESSIONS = ("usr/share/xsessions", "usr/share/wayland-sessions")
DCONF = Path("etc/dconf/db")
DCONF_PROFILE = Path("etc/dconf/profile/user")


def usb_storage(root: Path) -> Facts:
    """Raises ProbeError and OSError."""
    blocked = _kept_out(root)
    if not blocked and (guarded := _guarded(root)) is not False:
        blocked = guarded
    return Facts("file", {"usb_storage_blocked": blocked}, "undecided")


def _kept_out(root: Path) -> bool | None:
    """Whether the kernel has no driver for it, or may not load one. Raises ProbeError.

    A driver that is built in shows in sysfs like one that is loaded.
    """
    if any((root / "sys/module" / name).exists() for name in MODULES):
        return False
    rules = list(_rules(root))
    if refused("usb_storage", rules, only_install=True):
        return True  # uas needs usb_storage, which does not come
    answers = [refused(name, rules) for name in _drivers(root)]
    return None if None in answers else all(answers)


def _drivers(root: Path) -> list[str]:
    """Those that the running kernel could load. Raises ProbeError("no_source")."""
    release = (text_of(root / "proc/sys/kernel/osrelease") or "").strip()
    folder = root / "lib/modules" / (release or "-")
    try:
        listing = (folder / "modules.dep").read_text("utf-8", errors="replace")
    except FileNotFoundError:  # OpenWrt lays its modules flat, without a list
        listing = "\n".join(path.name for path in folder.glob("*.ko*"))
    except PermissionError:
        # The walls of a systemd service hide them; distributions that have it ship both.
        return list(MODULES)
    if not listing:
        raise ProbeError("no_source", str(folder))
    return [name for name in MODULES if _module_file(name).search(listing)]


def _module_file(name: str) -> re.Pattern[str]:
    dashes = name.replace("_", "[-_]")
    return re.compile(rf"(?:^|/){dashes}\.ko(?:\.\w+)?(?::|$)", re.MULTILINE)


def _rules(root: Path) -> Iterator[tuple[str, str, str]]:
    files: dict[str, Path] = {}
    for parent in MODPROBE:
        for path in sorted((root / parent / "modprobe.d").glob("*.conf")):
            files.setdefault(path.name, path)
    for path in files.values():
        yield from modprobe_rules(path.read_text("utf-8", errors="replace"))


def modprobe_rules(text: str) -> Iterator[tuple[str, str, str]]:
    """(command, module, rest) of each line, as modprobe.d(5) has them; - and _ are the same."""
    for line in text.replace("\\\n", " ").splitlines():
        words = line.split(None, 2)
        if len(words) >= 2 and not words[0].startswith("#"):
            yield words[0], words[1].replace("-", "_"), words[2].strip() if words[2:] else ""


def refused(
    module: str, rules: Iterable[tuple[str, str, str]], *, only_install: bool = False
) -> bool | None:
    """Whether the module does not come by itself; None if a command of its own decides.

    `blacklist` ends that a device calls it, `install` also that another module does.
    """
    commands = [rest for command, name, rest in rules if (command, name) == ("install", module)]
    if commands:
        return True if all(_REFUSING.fullmatch(rest) for rest in commands) else None
    if only_install:
        return False
    return any((command, name) == ("blacklist", module) for command, name, _ in rules)


def _guarded(root: Path) -> bool | None:
    """Whether USBGuard runs and lets no storage in; None if rules of its own decide.

    Raises PermissionError: only root may read its rules.
    """
    if not (root / USBGUARD).exists():
        return False
    running = processes(root)
    if running is None:
        raise ProbeError("no_privilege", "/proc")
    if "usbguard-daemon" not in running:
        return False
    settings = (root / USBGUARD / "usbguard-daemon.conf").read_text("utf-8", errors="replace")
    rules = [root / USBGUARD / "rules.conf", *sorted((root / USBGUARD / "rules.d").glob("*.conf"))]
    texts = [path.read_text("utf-8", errors="replace") for path in rules if path.exists()]
    return usbguard_blocks(settings, "\n".join(texts))


def usbguard_blocks(settings: str, rules: str) -> bool | None:
    """False if what no rule names is let in; None if a rule lets some storage in.

    None also if rules stand in other files than those that are read here.
    """
    found = re.findall(r"^\s*ImplicitPolicyTarget\s*=\s*(\w+)", settings, re.MULTILINE)
    if not found or found[-1].lower() not in ("block", "reject"):
        return False
    places = re.findall(r"^\s*Rule(?:File|Folder)\s*=\s*(\S+)", settings, re.MULTILINE)
    if any(place.rstrip("/") not in _USBGUARD_RULES for place in places):
        return None
    allowing = [line.strip() for line in rules.splitlines() if line.strip().startswith("allow")]
    unlike_storage = re.compile(r"with-interface\s+(?:\{[^}]*\}|[0-9a-fA-F:*]+)")
    for line in allowing:
        interfaces = unlike_storage.search(line)
        if interfaces is None or STORAGE_CLASS in interfaces[0] or "*:" in interfaces[0]:
            return None
    return True


def autorun(root: Path) -> Facts:
    """Of the desktops whose settings are known, by what is set for all users.

    A machine without a desktop has nothing that would start programs from media.
    """
    if is_openwrt(root) or not any(any((root / f).glob("*.desktop")) for f in SESSIONS):
        raise ProbeError("not_here")
    keys = [
        key
        for schema, key in DESKTOPS.items()
        if (root / SCHEMAS / f"{schema}.gschema.xml").exists()
    ]
    if not keys:
        raise ProbeError("no_source", str(SCHEMAS))
    texts = list(_system_settings(root))
    set_to = [[autorun_never(text, key) for text in texts] for key in keys]
    off = all(True in values and False not in values for values in set_to)
    return Facts("file", {"autorun_disabled": off})


def _system_settings(root: Path) -> Iterator[str]:
    """The files of those system-wide databases that the profile of users names."""
    profile = (text_of(root / DCONF_PROFILE) or "").split()
    for path in sorted((root / DCONF).glob("*.d/*")):
        if path.is_file() and f"system-db:{path.parent.name.removesuffix('.d')}" in profile:
            yield path.read_text("utf-8", errors="replace")


def autorun_never(text: str, key: str) -> bool | None:
    """What a file of dconf settings says of `autorun-never` at `key`; None if it does not."""
    section, answer = "", None
    for raw in text.splitlines():
        line = raw.strip()
        found = re.fullmatch(r"autorun-never\s*=\s*(true|false)", line)
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip("/")
        elif section == key and found:
            answer = found[1] == "true"
    return answer
