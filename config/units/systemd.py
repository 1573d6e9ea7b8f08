"""Units of systemd: a service that can read this machine and write nothing but its own folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_PLAIN = re.compile(r"[0-9A-Za-z_./:=@+,-]+")
_HOMES = ("/home/", "/root/", "/run/user/")

_WALLS = """\
NoNewPrivileges=yes
ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
ProtectHostname=yes
ProtectClock=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
"""
"""Processes of others stay visible (no ProtectProc): a probe counts them."""
_FAMILIES = ("AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK")
"""Kinds of sockets that every service of ours may open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A program that runs for ever.

    Attributes:
        command: program and arguments; the program with its whole path.
        state: name of its folder below /var/lib; it gets the path in $STATE_DIRECTORY.
        memory_max: in systemd's words, such as 256M; empty = no limit.
        folder: where it is started; empty = it does not matter.
        user: an account that exists; empty = systemd makes one for as long as it runs.
        capabilities: what root can and it shall, such as CAP_NET_RAW.
        families: further kinds of sockets that it may open, such as AF_PACKET.
    """

    name: str
    description: str
    command: tuple[str, ...]
    state: str
    memory_max: str = ""
    folder: str = ""
    user: str = ""
    capabilities: tuple[str, ...] = ()
    families: tuple[str, ...] = ()


def system_unit(service: Service) -> str:
    """The unit file for /etc/systemd/system."""
    who = f"User={service.user}\n" if service.user else "DynamicUser=yes\n"
    granted = " ".join(service.capabilities)
    # A program below /home must be readable to run at all.
    home = "read-only" if any(word.startswith(_HOMES) for word in service.command) else "yes"
    return (
        _head(service, "Wants=network-online.target\nAfter=network-online.target\n")
        + who
        + f"StateDirectory={service.state}\nStateDirectoryMode=0700\nUMask=0077\n"
        + _running(service)
        + f"CapabilityBoundingSet={granted}\n"
        + (f"AmbientCapabilities={granted}\n" if granted else "")
        + f"ProtectHome={home}\n"
        + _WALLS
        + f"RestrictAddressFamilies={' '.join((*_FAMILIES, *service.families))}\n"
        + "\n[Install]\nWantedBy=multi-user.target\n"
    )


def user_unit(service: Service) -> str:
    """The unit file for ~/.config/systemd/user. A user's own systemd cannot build most walls."""
    return (
        _head(service, "")
        + f"StateDirectory={service.state}\nStateDirectoryMode=0700\nUMask=0077\n"
        + _running(service)
        + "NoNewPrivileges=yes\n"
        + "\n[Install]\nWantedBy=default.target\n"
    )


def _head(service: Service, after: str) -> str:
    folder = service.folder.replace("%", "%%")
    folder = f"WorkingDirectory={folder}\n" if folder else ""
    return (
        f"[Unit]\nDescription={service.description}\n{after}"
        # However often it ends, it is started again.
        "StartLimitIntervalSec=0\n"
        f"\n[Service]\nExecStart={command_line(service.command)}\n{folder}"
    )


def _running(service: Service) -> str:
    limit = f"MemoryMax={service.memory_max}\n" if service.memory_max else ""
    return f"Restart=always\nRestartSec=10\n{limit}TasksMax=128\n"


def command_line(words: Iterable[str]) -> str:
    """As ExecStart takes it: quoted, and nothing in it is a specifier or a variable."""
    return " ".join(_quoted(word.replace("%", "%%").replace("$", "$$")) for word in words)


def _quoted(word: str) -> str:
    if _PLAIN.fullmatch(word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
