"""Networks, addresses and MACs as people write them in a site's file, in one spelling."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from collector.lan.site import Network
from probes.text import BanjunError, Text

WIDEST = {4: 8, 6: 32}
"""Shortest prefix by IP version: a wider network is no school's own."""
_NOBODYS: tuple[Network, ...] = (
    *(IPv4Network(text) for text in ("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")),
    *(IPv6Network(text) for text in ("::/128", "fe80::/10", "ff00::/8")),
)
"""What no machine has, or every machine: cloud machines serve their secrets on 169.254.0.0/16."""
_MAC = re.compile(
    r"[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}"
    r"|(?:[0-9a-f]{4}-){2}[0-9a-f]{4}"
)


class AddressError(BanjunError):
    """What is wrong with one value, without file or key; no full stop."""


def network(text: str) -> Network:
    """Raises AddressError for what is no network, and for one that cannot be a school's own."""
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        raise _error(
            f"“{text}”不是网段，应写成 10.1.0.0/16", f"{text!r} is no network such as 10.1.0.0/16"
        ) from None
    if "/" not in text or f"{found.network_address}" != f"{ip_address(text.partition('/')[0])}":
        raise _error(f"“{text}”应写成 {found}", f"{text!r} should be written {found}")
    least = WIDEST[found.version]
    if found.prefixlen < least:
        raise _error(
            f"{found} 太大，最大 /{least}；只写本校自己的网段",
            f"{found} is too wide, /{least} at most; name this school's own ranges only",
        )
    if any(_overlap(found, other) for other in _NOBODYS):
        raise _error(f"{found} 不会是学校的网段", f"{found} cannot be a school's own")
    return found


def _overlap(one: Network, other: Network) -> bool:
    if isinstance(one, IPv4Network):
        return isinstance(other, IPv4Network) and one.overlaps(other)
    return isinstance(other, IPv6Network) and one.overlaps(other)


def address(text: str) -> str:
    """In its short form. Raises AddressError."""
    try:
        return str(ip_address(text))
    except ValueError:
        raise _error(
            f"“{text}”不是 IP 地址；不能写域名", f"{text!r} is no IP address; a name will not do"
        ) from None


def mac(text: str) -> str:
    """In lower case with colons, also from `AA-BB-…` and `aabb.ccdd.eeff`. Raises AddressError."""
    found = text.strip().lower()
    if not _MAC.fullmatch(found):
        raise _error(
            f"“{text}”不是 MAC 地址，应写成 00:11:22:33:44:55",
            f"{text!r} is no MAC address such as 00:11:22:33:44:55",
        )
    digits = re.sub(r"[^0-9a-f]", "", found)
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def address_or_mac(text: str) -> str:
    """Raises AddressError."""
    try:
        return mac(text)
    except AddressError:
        pass
    try:
        return address(text)
    except AddressError:
        raise _error(
            f"“{text}”既不是 IP 地址，也不是 MAC 地址",
            f"{text!r} is neither an IP address nor a MAC address",
        ) from None


def _error(zh: str, en: str) -> AddressError:
    return AddressError(Text(zh, en))
