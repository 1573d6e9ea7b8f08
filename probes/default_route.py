"""Which interface carries the default route: on a gateway, the way out of the school. Read-only."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

IPV4_ROUTES = Path("/proc/net/route")
IPV6_ROUTES = Path("/proc/net/ipv6_route")

_UP, _REJECT = 0x1, 0x200
"""Flags of a route, from the kernel's linux/route.h."""


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
    routes = (*_ipv4_defaults(_text(IPV4_ROUTES)), *_ipv6_defaults(_text(IPV6_ROUTES)))
    return frozenset(name for _, name in routes)


def from_ipv4(text: str) -> str | None:
    """From /proc/net/route: addresses and flags in hex, the metric in decimal."""
    return _lowest(_ipv4_defaults(text))


def from_ipv6(text: str) -> str | None:
    """From /proc/net/ipv6_route: everything but the interface in hex."""
    return _lowest(_ipv6_defaults(text))


def _ipv4_defaults(text: str) -> Iterator[tuple[int, str]]:
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) >= 8 and words[1] == words[7] == "00000000" and _usable(words[3]):
            yield int(words[6]), words[0]


def _ipv6_defaults(text: str) -> Iterator[tuple[int, str]]:
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 10 and words[0] == "0" * 32 and words[1] == "00" and _usable(words[8]):
            yield int(words[5], 16), words[9]


def _usable(flags: str) -> bool:
    """A default route that rejects stands in every table without a real one."""
    return int(flags, 16) & (_UP | _REJECT) == _UP


def _lowest(routes: Iterator[tuple[int, str]]) -> str | None:
    """The first of those with the lowest metric, as the kernel has it."""
    return min(routes, key=lambda route: route[0], default=(0, None))[1]


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
