"""What a Linux machine offers to others, from the settings of Samba, xrdp and OpenSSH."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from probes import listening
from probes.listening import Port
from probes.model import ProbeError
from probes.parts import Facts
from probes.posture import NOT_HERE
from probes.sharing import samba, sshd
from probes.sharing.ports import SMB, SSH
from probes.software.linux import processes, text_of

SMB_CONF = Path("etc/samba/smb.conf")
SMB_SERVERS = (Path("usr/sbin/smbd"), Path("usr/local/samba/sbin/smbd"))
USER_SHARES = "/var/lib/samba/usershares"
XRDP_INI = Path("etc/xrdp/xrdp.ini")
SSHD_CONFIG = Path("etc/ssh/sshd_config")
RDP_PORT = 3389

Packages = Mapping[str, str] | None


def smb1(root: Path, packages: Packages) -> Facts:
    """By the settings, whether or not Samba runs at the moment."""
    settings = _samba(root)
    version = samba.version_of(packages or {})
    server: bool | None = False
    if serves(root):
        server = None if settings is None else samba.speaks_smb1(settings, "server", version)
    client = _client(settings, packages, version)
    values = {"smb1_server_enabled": server, "smb1_client_enabled": mounts_smb1(root) or client}
    unsure = settings is not None and settings.unsure
    return Facts("file", values, "undecided" if unsure else "no_source")


def _client(
    settings: samba.Settings | None, packages: Packages, version: tuple[int, int] | None
) -> bool | None:
    if packages is not None and not samba.is_installed(packages):
        return False
    return samba.speaks_smb1(settings or samba.Settings(), "client", version)


def mounts_smb1(root: Path) -> bool:
    """Whether a folder of another machine is in use over SMB1 right now."""
    lines = (line.split() for line in (text_of(root / "proc/mounts") or "").splitlines())
    return any(
        len(words) > 3 and words[2] in ("cifs", "smb3") and "vers=1.0" in words[3].split(",")
        for words in lines
    )


def serves(root: Path) -> bool:
    """Whether there is a server of SMB: Samba's program, or somebody who listens."""
    if any((root / path).exists() for path in SMB_SERVERS):
        return True
    return bool(listening.exposed(listening.sockets()).intersection(SMB))


def shares(root: Path) -> Facts:
    """Folders that Samba offers. Raises OSError, ValueError and ProbeError."""
    if not serves(root):
        return share_facts("proc", 0, 0)
    settings = _samba(root)
    if settings is None:
        raise ProbeError("no_source", str(SMB_CONF))
    counted = samba.count_shares(settings)
    if counted is None:
        raise ProbeError("undecided")
    own = _user_shares(root, settings)
    known = counted.open is not None and None not in own
    opened = (counted.open or 0) + sum(map(bool, own)) if known else None
    return share_facts("file", counted.count + len(own), opened)


def share_facts(source: str, own: int, opened: int | None, unsure: str = "undecided") -> Facts:
    """Linux makes no shares by itself, which is said unless something else is missing too."""
    values = {
        "default_shares_enabled": None,
        "user_shares_count": own,
        "open_shares_count": opened,
    }
    return Facts(source, values, unsure if opened is None else NOT_HERE)


def _user_shares(root: Path, settings: samba.Settings) -> list[bool | None]:
    """Whether each share that a user made himself is open; None = not known."""
    folder = root / settings.overall.get("usersharepath", USER_SHARES).strip('"').lstrip("/")
    if not folder.is_dir():
        return []
    guests = settings.overall.get("usershareallowguests", "no").lower() in ("yes", "true", "1")
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_file():
            is_open = samba.user_share_is_open(path.read_text("utf-8", errors="replace"))
            found.append(is_open and guests if is_open is not None else None)
    return found


def _samba(root: Path) -> samba.Settings | None:
    """None without smb.conf. Raises PermissionError and ValueError."""
    try:
        text = (root / SMB_CONF).read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return None

    def include(path: str) -> str:
        try:
            return (root / path.lstrip("/")).read_text("utf-8", errors="replace")
        except (FileNotFoundError, IsADirectoryError):
            return ""

    return samba.parse(text, include)


def rdp(root: Path) -> Facts:
    """Somebody who listens on the port of RDP, or on that of xrdp's settings.

    xrdp asks for the password inside the session that is already there: it has no network level
    authentication. Of another server nothing is known.
    """
    numbers = (RDP_PORT, *xrdp_ports(text_of(root / XRDP_INI) or ""))
    ports = {Port("tcp", number) for number in numbers}
    if not listening.exposed(listening.sockets()) & ports:
        return Facts("proc", {"rdp_enabled": False})
    is_xrdp = "xrdp" in (processes(root) or ())
    values = {"rdp_enabled": True, "rdp_nla_required": False if is_xrdp else None}
    return Facts("proc", values, "undecided")


def xrdp_ports(text: str) -> list[int]:
    """Ports in xrdp.ini on which sessions begin; those of its inner parts are negative."""
    set_to = re.findall(r"^[ \t]*port[ \t]*=(.*)$", text, re.MULTILINE | re.IGNORECASE)
    words = [word for value in set_to for word in value.split()]
    found = (re.fullmatch(r"(?:tcp6?://\S*:)?([0-9]{1,5})", word) for word in words)
    return [int(match[1]) for match in found if match and 0 < int(match[1]) < 65_536]


def ssh(root: Path) -> Facts:
    """By the settings of OpenSSH; without them, whether anybody serves SSH at all."""
    try:
        text = (root / SSHD_CONFIG).read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return _without_sshd(root)
    settings = sshd.parse(text, lambda pattern: included(root, SSHD_CONFIG.parent, pattern))
    return Facts("file", ssh_values(settings), "undecided")


def ssh_values(settings: sshd.Settings) -> dict[str, float | None]:
    return {
        "ssh_root_login": sshd.root_may_log_in(settings),
        "ssh_password_login": sshd.password_suffices(settings),
    }


def included(root: Path, folder: Path, pattern: str) -> list[str]:
    """Texts of the files that a pattern names; a relative one begins in the folder of settings.

    Raises OSError for what is there and cannot be read, ValueError for a pattern of folders.
    """
    whole = Path(pattern.lstrip("/")) if pattern.startswith("/") else folder / pattern
    if any(sign in str(whole.parent) for sign in "*?["):
        raise ValueError(pattern)
    try:
        # Not Path.glob: it says nothing of a folder that may not be read.
        names = sorted(os.listdir(root / whole.parent))
    except (FileNotFoundError, NotADirectoryError):
        return []
    hidden = whole.name.startswith(".")
    paths = [
        root / whole.parent / name
        for name in names
        if fnmatchcase(name, whole.name) and (hidden or not name.startswith("."))
    ]
    return [path.read_text("utf-8", errors="replace") for path in paths if path.is_file()]


def _without_sshd(root: Path) -> Facts:
    running = processes(root)
    if running is None:
        raise ProbeError("no_privilege", "/proc")
    if running & {"sshd", "dropbear"} or SSH in listening.exposed(listening.sockets()):
        raise ProbeError("no_source", str(SSHD_CONFIG))
    return Facts("proc", {"ssh_root_login": False, "ssh_password_login": False})
