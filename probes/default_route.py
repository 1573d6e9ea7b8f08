"""Which interface carries the default route, and to which router it leads. Read-only."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

IPV4_ROUTES = Path("/proc/net/route")
IPV6_ROUTES = Path("/proc/net/ipv6_route")

_UP, _REJECT = 0x1, 0x200
"""Flags of a route, from the kernel's linux/route.h."""


@dataclass(frozen=True, slots=True)
class DefaultRoute:
    """`router`: the address of the next hop; empty where the route just leads into the interface,
    as over ppp."""

    metric: int
    interface: str
    router: str


def default_interface() -> str | None:
    """The interface of the default route with the lowest metric; None when there is none.

    IPv4 is asked before IPv6: metrics of the two are not comparable, and schools have both on one
    line. Tables of policy routing, and routes more specific than the default, are not looked at.
    """
    if not IPV4_ROUTES.exists():
        return _towards("192.0.2.1") or _towards("2001:db8::1")
    return from_ipv4(_text(IPV4_ROUTES)) or from_ipv6(_text(IPV6_ROUTES))


def default_interfaces() -> frozenset[str]:
    """Every interface that carries a usable default route, from the kernel's tables of Linux.

    Raises ValueError for a line that makes no sense.
    """
    return frozenset(route.interface for route in default_routes())


def default_routes() -> list[DefaultRoute]:
    """Every usable default route of Linux: IPv4 before IPv6, of each the lowest metric first.

    Raises ValueError for a line that makes no sense.
    """
    versions = (_ipv4_defaults(_text(IPV4_ROUTES)), _ipv6_defaults(_text(IPV6_ROUTES)))
    return [route for routes in versions for route in sorted(routes, key=lambda r: r.metric)]


def from_ipv4(text: str) -> str | None:
    """From /proc/net/route: addresses and flags in hex, the metric in decimal."""
    return _lowest(_ipv4_defaults(text))


def from_ipv6(text: str) -> str | None:
    """From /proc/net/ipv6_route: everything but the interface in hex."""
    return _lowest(_ipv6_defaults(text))


def _ipv4_defaults(text: str) -> Iterator[DefaultRoute]:
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) >= 8 and words[1] == words[7] == "00000000" and _usable(words[3]):
            # The bytes of the address as a number of this machine.
            hop = struct.pack("=I", int(words[2], 16))
            router = socket.inet_ntoa(hop) if any(hop) else ""
            yield DefaultRoute(int(words[6]), words[0], router)


def _ipv6_defaults(text: str) -> Iterator[DefaultRoute]:
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 10 and words[0] == "0" * 32 and words[1] == "00" and _usable(words[8]):
            hop = bytes.fromhex(words[4])
            router = socket.inet_ntop(socket.AF_INET6, hop) if any(hop) else ""
            yield DefaultRoute(int(words[5], 16), words[9], router)


def _usable(flags: str) -> bool:
    """A default route that rejects stands in every table without a real one."""
    return int(flags, 16) & (_UP | _REJECT) == _UP


def _lowest(routes: Iterable[DefaultRoute]) -> str | None:
    """The first of those with the lowest metric, as the kernel has it."""
    lowest = min(routes, key=lambda route: route.metric, default=None)
    return None if lowest is None else lowest.interface


def _towards(address: str) -> str | None:
    """The interface whose address the system would send from. Nothing is sent (RFC 5737, 3849)."""
    import psutil

    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))
        except OSError:
            return None
        own = probe.getsockname()[0]
    found = psutil.net_if_addrs().items()
    return next((name for name, all_ in found if any(a.address == own for a in all_)), None)


def _text(path: Path) -> str:
    """Empty when it cannot be read: a kernel without IPv6 has no such file."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
