"""Tables of iphlpapi as bytes, to be read by their documented layout (netioapi.h)."""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Iterator

from probes.model import ProbeError
from probes.windows.system import library

IPV4, IPV6 = 2, 23
"""Address families, as Windows numbers them."""
NAME_CHARACTERS = 256
"""Of an interface's name, at most."""
_UNSPECIFIED = 0
_HEAD_BYTES = 8


def ip_table(name: str, size: int) -> bytes:
    """All rows of `size` bytes for IPv4 and IPv6, behind their number. Raises ProbeError."""
    api = library("iphlpapi")
    get = getattr(api, name)
    get.argtypes, get.restype = (ctypes.c_uint16, ctypes.c_void_p), ctypes.c_uint32
    api.FreeMibTable.argtypes, api.FreeMibTable.restype = (ctypes.c_void_p,), None
    table = ctypes.c_void_p()
    code = get(_UNSPECIFIED, ctypes.byref(table))
    if code or not table.value:
        raise ProbeError("unreadable", f"{name} {code}")
    try:
        many = ctypes.c_uint32.from_address(table.value).value
        return ctypes.string_at(table.value, _HEAD_BYTES + many * size)
    finally:
        api.FreeMibTable(table)


def rows(table: bytes, size: int) -> Iterator[bytes]:
    """Raises ValueError for a table that is shorter than it says."""
    if len(table) < _HEAD_BYTES:
        raise ValueError("table")
    (many,) = struct.unpack_from("<I", table)
    if len(table) < _HEAD_BYTES + many * size:
        raise ValueError("table")
    for number in range(many):
        at = _HEAD_BYTES + number * size
        yield table[at : at + size]


def address_or_none(sockaddr: bytes) -> str | None:
    """Of a SOCKADDR_INET: family, port, and the address behind it; None for no address."""
    (family,) = struct.unpack_from("<H", sockaddr)
    if family == IPV4 and any(sockaddr[4:8]):
        return socket.inet_ntop(socket.AF_INET, sockaddr[4:8])
    if family == IPV6 and any(sockaddr[8:24]):
        return socket.inet_ntop(socket.AF_INET6, sockaddr[8:24])
    return None


def interface_name(luid: int) -> str:
    """The connection's name, as psutil calls the interface. Raises ProbeError."""
    api = library("iphlpapi")
    ask = api.ConvertInterfaceLuidToAlias
    ask.argtypes, ask.restype = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t), ctypes.c_uint32
    name = ctypes.create_unicode_buffer(NAME_CHARACTERS + 1)
    code = ask(ctypes.byref(ctypes.c_uint64(luid)), name, NAME_CHARACTERS + 1)
    if code:
        raise ProbeError("unreadable", f"ConvertInterfaceLuidToAlias {code}")
    return name.value
