"""Addresses of stations as bridges, routers and neighbours write them."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

from probes.snmp.values import Oid, Value, mac, mac_of, words

_PARTS = re.compile(r"[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5}")
_JOINED = re.compile(r"[0-9a-f]{12}|[0-9a-f]{4}([.-][0-9a-f]{4}){2}")
_GROUP_BIT = 0x01
_BYTES = {1: 4, 2: 16, 3: 8, 4: 20}
"""InetAddressType (RFC 4001) -> octets; the last two end with four octets of zone."""


def station(value: Value | None) -> str:
    """The MAC address of one machine, lower case with colons, from six octets or from text.

    Empty for what is none: another length, all zero, a group, the broadcast.
    """
    return _of_one(mac(value) or _from_text(words(value)))


def station_of(index: Oid) -> str:
    """The same, of six numbers in an index."""
    return _of_one(mac_of(index))


def _of_one(found: str) -> str:
    return "" if not found or int(found[:2], 16) & _GROUP_BIT else found


def _from_text(text: str) -> str:
    """Of 0:1b:2:c:d:e, 00-1b-02-0c-0d-0e, 001b.020c.0d0e or 001b020c0d0e."""
    text = text.lower()
    if _PARTS.fullmatch(text):
        octets = bytes(int(part, 16) for part in re.split("[:-]", text))
    elif _JOINED.fullmatch(text):
        octets = bytes.fromhex(re.sub("[.-]", "", text))
    else:
        return ""
    return mac(octets)


def inet(kind: int, rest: Oid) -> str:
    """An InetAddress in an index (RFC 4001): octets behind their number, which some devices leave
    out. Without its zone; empty for what is no address of one machine."""
    size = _BYTES.get(kind, 0)
    if len(rest) == size + 1 and rest[0] == size:
        rest = rest[1:]
    elif len(rest) != size or rest[:1] == (size,):
        return ""  # or else a row that was cut short would be another address
    return host_of(rest[: 16 if size >= 16 else 4])


def host_of(index: Oid) -> str:
    """An address of four or sixteen numbers in an index."""
    return host(bytes(index)) if all(0 <= part < 256 for part in index) else ""


def host(octets: bytes) -> str:
    """Four or sixteen octets as an address; empty for what is no address of one machine."""
    if len(octets) not in (4, 16):
        return ""
    address: IPv4Address | IPv6Address = ip_address(octets)
    if address.is_unspecified or address.is_multicast or address.is_loopback:
        return ""
    return "" if str(address) == "255.255.255.255" else str(address)
