"""What a Windows machine offers to others, by registry, API and settings of OpenSSH."""

from __future__ import annotations

import os
from pathlib import Path

from probes.model import ProbeError
from probes.parts import Facts
from probes.posture import NOT_HERE, USER, privilege
from probes.sharing import sshd
from probes.sharing.linux import included
from probes.windows.software import DISABLED, SERVICES, current_build, start_of
from probes.windows.system import read_values

SERVER, WORKSTATION = "LanmanServer", "LanmanWorkstation"
_SERVER_SETTINGS = rf"{SERVICES}\{SERVER}\Parameters"
SMB1_SERVER_DRIVER, SMB1_CLIENT_DRIVER = "srv", "mrxsmb10"
SMB1_REMOVABLE_FROM = 9600
"""Build of Windows 8.1, from which on SMB1 is a feature: who removes it removes its drivers.

Since version 1709 it is not installed at all unless somebody asks for it (KB4034314).
"""

_TERMINAL = r"SYSTEM\CurrentControlSet\Control\Terminal Server"
_RDP_TCP = rf"{_TERMINAL}\WinStations\RDP-Tcp"
_TERMINAL_POLICY = r"SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"


def smb1() -> Facts:
    values = {"smb1_server_enabled": _server_speaks(), "smb1_client_enabled": _client_speaks()}
    return Facts("registry", values, "no_source")


def _server_speaks() -> bool | None:
    """Where the driver is there, SMB1 is spoken unless it was switched off."""
    start, build = start_of(SERVER), current_build()
    if start is None or build is None:
        return None
    if start == DISABLED:
        return False
    setting = read_values(_SERVER_SETTINGS).get("SMB1")
    if setting is not None and not isinstance(setting, int):
        return None
    if setting == 0:
        return False
    driver = start_of(SMB1_SERVER_DRIVER)
    return build < SMB1_REMOVABLE_FROM or driver not in (None, DISABLED)


def _client_speaks() -> bool | None:
    """A registry without the workstation service is not one that was read."""
    if start_of(WORKSTATION) is None:
        return None
    return start_of(SMB1_CLIENT_DRIVER) not in (None, DISABLED)


def shares() -> Facts:
    """Raises ProbeError."""
    from probes.sharing import netshare

    found = netshare.shares()
    if found is None:  # nothing is served while the service is stopped
        names = ("default_shares_enabled", "user_shares_count", "open_shares_count")
        return Facts("netapi", dict.fromkeys(names, 0.0))
    disks = [share for share in found if share.disk]
    own = [share.open for share in disks if not share.special]
    values = {
        "default_shares_enabled": any(share.special for share in disks),
        "user_shares_count": len(own),
        "open_shares_count": None if None in own else sum(map(bool, own)),
    }
    return Facts("netapi", values, "no_privilege" if privilege() == USER else "unreadable")


def rdp() -> Facts:
    """A policy overrides what is set locally."""
    policy = read_values(_TERMINAL_POLICY)
    deny = {**read_values(_TERMINAL), **policy}.get("fDenyTSConnections")
    nla = {**read_values(_RDP_TCP), **policy}.get("UserAuthentication")
    values = {
        "rdp_enabled": deny == 0 if isinstance(deny, int) else None,
        "rdp_nla_required": nla != 0 if isinstance(nla, int) else None,
    }
    return Facts("registry", values, "no_source")


def ssh() -> Facts:
    """Windows has no root; its server of SSH is an optional feature, off unless it was added."""
    if start_of("EventLog") is None:
        raise ProbeError("no_source", SERVICES)
    start = start_of("sshd")
    if start is None or start == DISABLED:
        return _ssh_facts("registry", False)
    folder = Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData"), "ssh")
    text = (folder / "sshd_config").read_text("utf-8", errors="replace")
    settings = sshd.parse(text, lambda pattern: included(folder, Path(), _relative(pattern)))
    password = sshd.password_suffices(settings, pam=False)
    return _ssh_facts("file", password)


def _ssh_facts(source: str, password: bool | None) -> Facts:
    values = {"ssh_root_login": None, "ssh_password_login": password}
    return Facts(source, values, "undecided" if password is None else NOT_HERE)


def _relative(pattern: str) -> str:
    return pattern.replace("\\", "/").removeprefix("__PROGRAMDATA__/ssh/")
