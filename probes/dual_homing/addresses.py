"""Which interfaces of the machine have an address that reaches beyond their link."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address


def addressed() -> frozenset[str]:
    """Names of interfaces that are up, as psutil calls them."""
    import psutil

    stats, found = psutil.net_if_stats(), psutil.net_if_addrs().items()
    return frozenset(
        name
        for name, addresses in found
        if name in stats and stats[name].isup and reaches_out(a.address for a in addresses)
    )


def reaches_out(addresses: Iterable[str]) -> bool:
    """Whether one is neither loopback nor of the link only; other words do not count."""
    return any(_reaches_out(text) for text in addresses)


def _reaches_out(text: str) -> bool:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:  # a hardware address
        return False
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)
