"""The names and addresses that a certificate is for: which there are, and how they are written."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from config.loopback import is_loopback
from probes.text import BanjunError, Text

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""In every certificate, for whoever asks the collector on its own machine."""
_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


class HostNameError(BanjunError):
    """Not a host name and not an IP address."""


def names_of_this_machine() -> list[str]:
    """What agents may know it by, the likeliest first: a full name, addresses, the short name."""
    import psutil

    full = socket.getfqdn()
    addresses = [
        each.address
        for interface in psutil.net_if_addrs().values()
        for each in interface
        if each.family in (socket.AF_INET, socket.AF_INET6) and _is_reachable(each.address)
    ]
    addresses.sort(key=lambda address: ":" in address)
    found = [full] if "." in full and not full.endswith(".arpa") else []
    return checked([*found, *addresses, socket.gethostname()])


def checked(names: Iterable[str]) -> list[str]:
    """As a certificate writes them, each once, loopback last. Raises HostNameError."""
    written = dict.fromkeys(_written(name) for name in names)
    return [*(name for name in written if name not in LOOPBACK), *LOOPBACK]


def public(names: Sequence[str]) -> str:
    """The name that agents are told, unless the settings have another; "" if there is none."""
    return next((name for name in names if not is_loopback(name)), "")


def is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _written(name: str) -> str:
    bare = name.strip().removeprefix("[").removesuffix("]")
    if is_address(bare):
        return str(ip_address(bare))
    try:
        ascii_name = bare.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_name = ""
    if not _NAME.fullmatch(ascii_name) or len(ascii_name) > 253:
        raise HostNameError(
            Text(
                f"“{name}”不是主机名或 IP 地址；"
                "请写成 banjun.example.edu.cn 或 192.0.2.10，不带端口。",
                f"{name!r} is no host name and no IP address; write it like banjun.example.edu.cn "
                "or 192.0.2.10, without a port.",
            )
        )
    return ascii_name


def _is_reachable(address: str) -> bool:
    """From another machine. A link-local address is good only with the name of an interface."""
    if "%" in address:
        return False
    parsed = ip_address(address)
    return not (parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified)
