"""Names to addresses, and what probes with sockets of their own share.

Not a client of any protocol. Every fault here is ours: it says nothing about a target.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from probes.model import ProbeError

RESOLVE_SECONDS = 5.0
"""The longest that `resolve` waits."""

SYSTEM_RESOLVER = "system"
"""As a target's host: the resolver of this machine itself, for a probe that asks resolvers."""

SO_TIMESTAMPNS = 35
"""The same number on every Linux that has agents (not on SPARC); absent from Python 3.11."""

IP_RECVERR, IPV6_RECVERR, MSG_ERRQUEUE = 11, 25, 0x2000
"""Linux; absent from Python 3.11."""

NO_ROUTE = frozenset(
    {
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.EADDRNOTAVAIL,
        errno.EAFNOSUPPORT,
        errno.EINVAL,
    }
)
NO_SOCKET = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EACCES, errno.EPERM}
)
"""Faults of this machine when a socket is opened, connected or written to."""


_LONGEST_NAME, _LONGEST_LABEL = 253, 63


@dataclass(frozen=True, slots=True)
class Address:
    """One address. `sockaddr` is what connect() takes, with the port that resolve() was given."""

    family: int
    host: str
    sockaddr: tuple[Any, ...]

    @property
    def version(self) -> int:
        """4 or 6."""
        return 6 if self.family == socket.AF_INET6 else 4


async def resolve(host: str, port: int = 0) -> Address:
    """One address of `host`: the first in the order of the system's resolver (RFC 6724).

    That order puts addresses without a route last, so a machine without IPv6 gets IPv4. A literal
    address asks no resolver. Raises ProbeError("unresolved"). Keep this outside of what is timed.
    """
    if literal := _literal_or_none(host):
        return _address(literal, port)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await loop.getaddrinfo(host or ".", port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as exc:
        raise ProbeError("unresolved", f"{host!r}: {exc}") from exc
    for family, *_, sockaddr in found:
        if family in (socket.AF_INET, socket.AF_INET6):
            return Address(family, str(sockaddr[0]), tuple(sockaddr))
    raise ProbeError("unresolved", repr(host))


def is_domain_name(name: object, room: int = 0) -> bool:
    """Whether it has the shape of one (RFC 1035), with `room` for so many characters before it."""
    if not isinstance(name, str) or len(name) + room > _LONGEST_NAME:
        return False
    labels = name.rstrip(".").split(".")
    return all(0 < len(x) <= _LONGEST_LABEL and not any(map(str.isspace, x)) for x in labels)


def is_literal(host: str) -> bool:
    """Whether `host` is an address already, for which no resolver is asked."""
    return _literal_or_none(host) is not None


def _literal_or_none(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _address(literal: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> Address:
    if isinstance(literal, ipaddress.IPv4Address):
        return Address(socket.AF_INET, str(literal), (str(literal), port))
    name, scope = str(literal).partition("%")[0], literal.scope_id
    try:
        number = socket.if_nametoindex(scope) if scope and not scope.isdigit() else int(scope or 0)
    except OSError as exc:
        raise ProbeError("no_route", f"{literal}: {exc.strerror}") from exc
    return Address(socket.AF_INET6, str(literal), (name, port, 0, number))


def require_route(address: Address) -> None:
    """Raises ProbeError("no_route") if this machine has nowhere to send a packet for `address`.

    Connecting a datagram socket looks the route up and sends nothing.
    """
    with open_socket(address.family, socket.SOCK_DGRAM) as probe:
        host, port, *rest = address.sockaddr
        try:
            probe.connect((host, port or 9, *rest))
        except OSError as exc:
            raise our_fault(exc) from exc


def open_socket(family: int, kind: int, protocol: int = 0) -> socket.socket:
    """A non-blocking socket; raises ProbeError("no_socket") or, without IPv6, ("no_route")."""
    try:
        opened = socket.socket(family, kind, protocol)
    except OSError as exc:
        raise our_fault(exc) from exc
    opened.setblocking(False)
    return opened


def open_datagram(address: Address) -> socket.socket:
    """A non-blocking UDP socket to `address`: the kernel drops what comes from anywhere else.

    Raises ProbeError when this machine has no way there.
    """
    opened = open_socket(address.family, socket.SOCK_DGRAM)
    try:
        opened.connect(address.sockaddr)
    except OSError as exc:
        opened.close()
        raise our_fault(exc) from exc
    return opened


def our_fault(exc: OSError) -> ProbeError:
    """The ProbeError for an error that this machine's own socket layer gave."""
    reason = "no_route" if exc.errno in NO_ROUTE else "no_socket"
    return ProbeError(reason, exc.strerror or str(exc))


def ask_for_timestamps(opened: socket.socket) -> None:
    """Have the kernel note when each packet arrived; without effect where it cannot."""
    try:
        opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    except OSError:
        return
    _have_kernel_go_on()


@cache
def _have_kernel_go_on() -> None:
    """Leave one socket open that asked, as long as this process lives.

    Linux begins to note a moment after the first socket of the machine asks, and ends with the last
    one; until then it gives the time of reading, so the first echo of each run would bear our own
    delay.
    """
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as kept:
            kept.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            kept.detach()
    except OSError:
        return


def ask_for_errors(opened: socket.socket) -> None:
    """Have the kernel report what routers say of our packets, also when they may recover.

    From then on `drain_errors` must be called whenever the socket is ready, or it stays ready.
    """
    level, option = (
        (socket.IPPROTO_IPV6, IPV6_RECVERR)
        if opened.family == socket.AF_INET6
        else (socket.IPPROTO_IP, IP_RECVERR)
    )
    try:
        opened.setsockopt(level, option, 1)
    except OSError:
        return


def drain_errors(opened: socket.socket) -> bool:
    """Whether any error was waiting; none is afterwards."""
    if sys.platform == "win32":
        return False  # It has no such queue.
    if opened.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    found = False
    while True:
        try:
            opened.recvmsg(1, 1, MSG_ERRQUEUE)
        except OSError:  # the queue is empty, or this system has none
            return found
        found = True


def arrival_ns_or_none(ancillary: Iterable[tuple[int, int, bytes]]) -> int | None:
    """When the kernel got the packet, in ns of the wall clock; None if it did not say."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return int(seconds * 1_000_000_000 + nanoseconds)
    return None


_TIMESPEC = struct.Struct("@ll")
