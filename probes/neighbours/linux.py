"""The neighbour table of Linux, by netlink: it needs no privilege, and tells the state of entries.

/proc/net/arp has neither states nor IPv6. Numbers are those of linux/rtnetlink.h, neighbour.h.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

from probes import default_route
from probes.model import ProbeError
from probes.neighbours.model import NO_MAC, Neighbour, Router, State, mac_text

_AF_NETLINK, _ROUTE = 16, 0
"""Absent from Python on other systems."""
_SECONDS = 2.0
_BYTES = 65_536
_HEADER = struct.Struct("=IHHII")
"""Length, type, flags, sequence and port of a message."""
_ENTRY = struct.Struct("=BxxxiHBB")
"""Family, interface, state, flags and type of a neighbour."""
_ATTRIBUTE = struct.Struct("=HH")
_GET_NEIGHBOURS, _NEIGHBOUR, _DONE, _ERROR = 30, 28, 3, 2
_REQUEST_ALL = 0x301
_ADDRESS, _MAC = 1, 2
_MAC_BYTES = 6

_INCOMPLETE, _REACHABLE, _STALE, _DELAY, _PROBE, _FAILED, _PERMANENT = 1, 2, 4, 8, 16, 32, 128
_STATES = {
    _REACHABLE: State.CONFIRMED,
    _PERMANENT: State.CONFIRMED,
    _STALE: State.DOUBTED,
    _DELAY: State.DOUBTED,
    _PROBE: State.DOUBTED,
    _INCOMPLETE: State.DOUBTED,
    _FAILED: State.SILENT,
}
"""Without NOARP, which interfaces have that need no such addresses."""


def routers() -> list[Router]:
    found = []
    for route in default_route.default_routes():
        if route.router:
            index = socket.if_nametoindex(route.interface)
            found.append(Router(route.interface, index, route.router))
    return list(dict.fromkeys(found))


def neighbours() -> list[Neighbour]:
    with socket.socket(_AF_NETLINK, socket.SOCK_RAW, _ROUTE) as opened:
        opened.settimeout(_SECONDS)
        body = _ENTRY.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        head = _HEADER.pack(_HEADER.size + len(body), _GET_NEIGHBOURS, _REQUEST_ALL, 1, 0)
        opened.send(head + body)
        found: list[Neighbour] = []
        done = False
        while not done:
            more, done = decode(opened.recv(_BYTES))
            found += more
    return found


def decode(data: bytes) -> tuple[list[Neighbour], bool]:
    """The entries in one packet of the kernel, and whether it was the last.

    Raises ProbeError when the kernel refuses, ValueError for what makes no sense.
    """
    found: list[Neighbour] = []
    for kind, body in _messages(data):
        if kind == _DONE:
            return found, True
        if kind == _ERROR:
            code = -struct.unpack("=i", body[:4].ljust(4, b"\0"))[0]
            raise ProbeError("unreadable", f"netlink: {os.strerror(code) if code > 0 else code}")
        if kind == _NEIGHBOUR and (entry := _neighbour_or_none(body)):
            found.append(entry)
    return found, False


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _HEADER.size:
        size, kind, *_ = _HEADER.unpack_from(data)
        if not _HEADER.size <= size <= len(data):
            raise ValueError("netlink: a message of the wrong length")
        yield kind, data[_HEADER.size : size]
        data = data[_aligned(size) :]


def _neighbour_or_none(body: bytes) -> Neighbour | None:
    if len(body) < _ENTRY.size:
        raise ValueError("netlink: a neighbour is cut off")
    family, index, bits, *_ = _ENTRY.unpack_from(body)
    attributes = dict(_attributes(body[_ENTRY.size :]))
    state, address = _STATES.get(bits), attributes.get(_ADDRESS, b"")
    if state is None or (family, len(address)) not in ((socket.AF_INET, 4), (socket.AF_INET6, 16)):
        return None
    mac = attributes.get(_MAC, b"")
    text = mac_text(mac) if len(mac) == _MAC_BYTES else ""
    return Neighbour(
        index, socket.inet_ntop(family, address), "" if text in NO_MAC else text, state
    )


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _ATTRIBUTE.size:
        size, kind = _ATTRIBUTE.unpack_from(data)
        if not _ATTRIBUTE.size <= size <= len(data):
            raise ValueError("netlink: an attribute of the wrong length")
        yield kind, data[_ATTRIBUTE.size : size]
        data = data[_aligned(size) :]


def _aligned(size: int) -> int:
    return (size + 3) & ~3
