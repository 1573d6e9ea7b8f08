"""What a router with OpenWrt offers to others, from its settings below /etc/config."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from probes import uci
from probes.model import ProbeError
from probes.parts import Facts
from probes.sharing import linux
from probes.uci import Section

CONFIG = Path("etc/config")
SAMBA_3 = "samba"
"""Of Samba 3.6, which speaks SMB1 and was part of OpenWrt until 2019."""
SERVERS = ("samba4", "ksmbd", SAMBA_3)
DROPBEAR = "dropbear"


def smb1(root: Path) -> Facts:
    files = _servers(root)
    if not files and linux.serves(root):
        raise ProbeError("no_source", str(CONFIG))
    values = {
        "smb1_server_enabled": any_of(_legacy(name, sections) for name, sections in files.items()),
        "smb1_client_enabled": linux.mounts_smb1(root),
    }
    return Facts("uci", values)


def _legacy(name: str, sections: Iterable[Section]) -> bool | None:
    if name == SAMBA_3:
        return True
    return any_of(
        section.on("allow_legacy_protocols", default=False)
        for section in sections
        if section.kind in ("samba", "globals")
    )


def shares(root: Path) -> Facts:
    files = _servers(root)
    if not files and linux.serves(root):
        raise ProbeError("no_source", str(CONFIG))
    opened = [_is_open(section) for sections in files.values() for section in _shares(sections)]
    many = None if None in opened else sum(map(bool, opened))
    return linux.share_facts("uci", len(opened), many, "unreadable")


def _shares(sections: Iterable[Section]) -> Iterator[Section]:
    return (section for section in sections if section.kind in ("sambashare", "share"))


def _is_open(share: Section) -> bool | None:
    guests, read_only = share.on("guest_ok", default=False), share.on("read_only", default=True)
    if guests is False or read_only is True:
        return False
    return None if guests is None or read_only is None else True


def ssh(root: Path) -> Facts:
    """Dropbear's settings; where there are none, OpenSSH's."""
    sections = uci.read(root / CONFIG / DROPBEAR)
    if sections is None or (root / linux.SSHD_CONFIG).exists():
        return linux.ssh(root)
    own = [section for section in sections if section.kind == DROPBEAR]
    serving = [section for section in own if section.on("enable", default=True) is not False]
    values = {
        "ssh_root_login": any_of(s.on("RootLogin", default=True) for s in serving),
        "ssh_password_login": any_of(s.on("PasswordAuth", default=True) for s in serving),
    }
    return Facts("uci", values)


def _servers(root: Path) -> dict[str, list[Section]]:
    read = {name: uci.read(root / CONFIG / name) for name in SERVERS}
    return {name: sections for name, sections in read.items() if sections is not None}


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """True if one is; None if none is and one is not known."""
    known = list(answers)
    return True if True in known else None if None in known else False
