"""Whom a Linux machine lets in without a password: automatic logins and guest sessions.

Read from the settings of the display manager, of the consoles (getty), and of OpenWrt.
"""

from __future__ import annotations

import re
from pathlib import Path

from probes import files, keyfile, programs, uci
from probes.keyfile import Keyfile
from probes.model import ProbeError

LINK = Path("etc/systemd/system/display-manager.service")
NAMED = Path("etc/X11/default-display-manager")
_LIGHTDM = [Path(at) for at in ("usr/share/lightdm", "usr/local/share/lightdm", "etc/xdg/lightdm")]
_GDM = ("etc/gdm3/custom.conf", "etc/gdm3/daemon.conf", "etc/gdm/custom.conf")
_GETTY = ("getty", "serial-getty", "console-getty", "container-getty")
_UNITS = ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
_AUTOMATIC = re.compile(r"^\s*ExecStart\s*=.*(?:\s--autologin\b|\s-a\s)", re.MULTILINE)


def display_manager(root: Path) -> str | None:
    """Its name: lightdm, gdm, sddm or another; None without one. Raises OSError."""
    link = root / LINK
    if link.is_symlink():
        return _named(link.readlink().name.removesuffix(".service"))
    text = (files.text_if_any(root / NAMED) or "").strip()
    return _named(text.rpartition("/")[2]) if text else None


def _named(program: str) -> str:
    return "gdm" if program in ("gdm3", "gdm-x-session") else program


def auto_logon(root: Path) -> bool:
    """Raises OSError, ProbeError("no_source") for a display manager that is not known here."""
    return _of_consoles(root) or _of_display(root, display_manager(root))


def _of_display(root: Path, manager: str | None) -> bool:
    if manager is None:
        return False
    if manager == "lightdm":
        return lightdm_logs_in(lightdm(root))
    if manager == "gdm":
        return gdm_logs_in(keyfile.sections(*files.present(*(root / at for at in _GDM))))
    if manager == "sddm":
        return sddm_logs_in(_sddm(root))
    raise ProbeError("no_source", manager)


def lightdm(root: Path) -> Keyfile:
    folders = [root / folder / "lightdm.conf.d" for folder in [*_LIGHTDM, Path("etc/lightdm")]]
    parts = [path for folder in folders for path in files.below(folder, "*.conf")]
    return keyfile.sections(*files.present(*parts, root / "etc/lightdm/lightdm.conf"))


def lightdm_logs_in(settings: Keyfile) -> bool:
    """Whether some seat logs in a named user or the guest."""
    seats = _seats(settings)
    return any(
        bool(seat.get("autologin-user")) or keyfile.flag(seat.get("autologin-guest")) is True
        for seat in seats
    )


def _seats(settings: Keyfile) -> list[dict[str, str]]:
    return [keys for name, keys in settings.items() if name.startswith("Seat")]


def gdm_logs_in(settings: Keyfile) -> bool:
    daemon = {key.lower(): value for key, value in settings.get("daemon", {}).items()}
    return any(keyfile.flag(daemon.get(f"{kind}loginenable")) for kind in ("automatic", "timed"))


def _sddm(root: Path) -> Keyfile:
    parts = [
        path
        for folder in ("usr/lib/sddm/sddm.conf.d", "etc/sddm.conf.d")
        for path in files.below(root / folder, "*.conf")
    ]
    return keyfile.sections(*files.present(*parts, root / "etc/sddm.conf"))


def sddm_logs_in(settings: Keyfile) -> bool:
    return bool(settings.get("Autologin", {}).get("User"))


def _of_consoles(root: Path) -> bool:
    """Whether a unit of getty, or a drop-in of one, logs somebody in."""
    found = []
    for folder in _UNITS:
        for name in _GETTY:
            found += files.below(root / folder, f"{name}@*.service")
            found += files.below(root / folder, f"{name}*.service.d/*.conf")
    return any(_AUTOMATIC.search(text) for text in files.present(*found))


def guest_sessions(root: Path) -> bool:
    """Whether the display manager offers a session to nobody in particular: lightdm only.

    It does so unless it is told not to, where the program that makes the account is there.
    """
    if display_manager(root) != "lightdm":
        return False
    settings = lightdm(root)
    seats = _seats(settings)
    if seats and all(keyfile.flag(seat.get("allow-guest")) is False for seat in seats):
        return False
    named = any(seat.get("guest-account-script") for seat in seats)
    places = [*programs.SYSTEM_FOLDERS, "/usr/lib/lightdm"]
    return named or any((root / at.strip("/") / "guest-account").exists() for at in places)


def openwrt_console(root: Path) -> bool | None:
    """Whether the console of an OpenWrt asks for no password. Raises OSError and ValueError."""
    found = uci.read(root / "etc/config/system") or []
    system = next((section for section in found if section.kind == "system"), None)
    asks = None if system is None else system.on("ttylogin", default=False)
    return None if asks is None else not asks
