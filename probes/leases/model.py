"""A DHCP lease, whoever keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

FOREVER = 0xFFFFFFFF
"""As a lease's length (RFC 2131 section 3.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Attributes:
    server: the server identifier; empty = the client does not tell.
    ends: Unix seconds, by the clock of this machine; None = never, or the client does not tell.
    kept_up: the client removes the lease when it ends, so it holds whatever the clock says.
    """

    interface: str
    address: str
    server: str = ""
    routers: tuple[str, ...] = ()
    resolvers: tuple[str, ...] = ()
    ends: float | None = None
    kept_up: bool = True


def addresses(words: Iterable[str]) -> tuple[str, ...]:
    """Those words that are IPv4 addresses, other than 0.0.0.0 and 255.255.255.255."""
    return tuple(word for word in words if _is_host(word))


def first(words: Iterable[str]) -> str:
    """The first address among them; empty without one."""
    return next(iter(addresses(words)), "")


def _is_host(word: str) -> bool:
    try:
        return 0 < int(IPv4Address(word)) < FOREVER
    except AddressValueError:
        return False
