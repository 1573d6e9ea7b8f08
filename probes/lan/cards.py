"""Network cards of this machine that stand on a network of the school."""

from __future__ import annotations

import fcntl
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path
from typing import TypeVar

from probes.default_route import default_interfaces
from probes.dual_homing.linux import is_hardware
from probes.model import ProbeError
from probes.text import Text

T = TypeVar("T")
_FORWARDS = Path("/proc/sys/net/ipv4/ip_forward")
_ETHERNET = 1
"""The kind of hardware of ARP (RFC 826), which Linux tells of every card."""
_GET_HARDWARE_ADDRESS = 0x8927


@dataclass(frozen=True, slots=True)
class Card:
    """One that is up and speaks Ethernet."""

    name: str
    mac: str
    addresses: tuple[IPv4Interface, ...]
    ipv6: tuple[IPv6Address, ...] = ()

    @property
    def link_local(self) -> IPv6Address | None:
        """Its own IPv6 address of the link; None = it speaks no IPv6."""
        return next((address for address in self.ipv6 if address.is_link_local), None)

    def stands_on(self, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
        own = [*(address.ip for address in self.addresses), *self.ipv6]
        return any(address in network for address in own for network in networks)

    def address_in(self, network: IPv4Network) -> IPv4Interface | None:
        """Its address of which `network` is a part, or the whole, of the network behind it."""
        found = (a for a in self.addresses if network.subnet_of(a.network))
        return next(found, None)


def cards() -> list[Card]:
    """All of this machine that have an IPv4 address."""
    import psutil

    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found = (_card(name, entries) for name, entries in psutil.net_if_addrs().items() if name in up)
    return [card for card in found if card is not None]


def _card(name: str, entries: Sequence[object]) -> Card | None:
    if sys.platform != "linux":
        raise ProbeError("unsupported_system")
    by_family: dict[int, list[str]] = {}
    for entry in entries:
        address = str(getattr(entry, "address", ""))
        if (family := getattr(entry, "family", None)) == socket.AF_INET:
            address += f"/{getattr(entry, 'netmask', None) or 32}"
        by_family.setdefault(int(family or 0), []).append(address)
    macs = by_family.get(socket.AF_PACKET, [])
    addresses = by_family.get(socket.AF_INET, [])
    if not macs or not addresses or not _speaks_ethernet(name):
        return None
    six = (IPv6Address(a.partition("%")[0]) for a in by_family.get(socket.AF_INET6, []))
    return Card(name, macs[0].lower(), tuple(map(IPv4Interface, addresses)), tuple(six))


def _speaks_ethernet(name: str) -> bool:
    if sys.platform != "linux":
        raise ProbeError("unsupported_system")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        request = struct.pack("=16s24x", name.encode())
        try:
            told = fcntl.ioctl(asked, _GET_HARDWARE_ADDRESS, request)
        except OSError:
            return False
    return bool(struct.unpack_from("=16xH", told)[0] == _ETHERNET)


def towards(networks: Sequence[str]) -> list[Card]:
    """The cards that stand on one of `networks`; without any, those that face the school.

    These are pieces of hardware, or bridges and VLANs upon one; on a machine that forwards, not the
    one with the way out. Raises ProbeError("no_route") when there is none.
    """
    here = cards()
    found = [card for card in here if card.stands_on([ip_network(each) for each in networks])]
    if not networks:
        found = _inward([card for card in here if is_hardware(card.name)])
    if not found:
        raise ProbeError("no_route", _nowhere(networks))
    return found


def _nowhere(networks: Sequence[str]) -> Text:
    if not networks:
        return Text(
            "这台机器没有朝向校内的实体网卡。",
            "This machine has no physical card towards a school.",
        )
    names = ", ".join(networks)
    return Text(
        f"没有网卡在所给网段中：{names}。请核对网段，或把哨兵接到其中。",
        f"No card stands on these networks: {names}. Check them, or plug the sentinel in there.",
    )


def at_each(here: Sequence[Card], work: Callable[[Card], T]) -> list[T]:
    """The results of `work` at all cards at the same time."""
    with ThreadPoolExecutor(len(here)) as threads:
        return list(threads.map(work, here))


def _inward(found: list[Card]) -> list[Card]:
    try:
        if _FORWARDS.read_text("ascii").strip() != "1":
            return found
    except OSError:
        return found
    ways_out = default_interfaces()
    return [card for card in found if card.name not in ways_out] or found
