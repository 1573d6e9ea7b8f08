"""The local allow-list: what the collector may ask of this machine.

It judges names and addresses as they are written. It does not resolve a name, so a permitted name
is trusted to whoever runs its zone.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Self

from config.agent_settings import AllowSettings
from probes.net import SYSTEM_RESOLVER
from probes.wire import Task

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

COLLECTOR = "collector"
"""As a task's host: the host and port of the collector itself."""

_LINK_LOCAL = IPv4Network("169.254.0.0/16")
_MAPPED = IPv6Network("::ffff:0:0/96")
"""IPv4 addresses in disguise; as a network nobody needs them."""
_LOOKS_NUMERIC = re.compile(r"[0-9a-fx.]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AllowList:
    """Patterns of probe names; and of hosts: networks, and patterns of names."""

    probes: tuple[str, ...]
    names: tuple[str, ...]
    networks: tuple[Network, ...]

    @classmethod
    def of(cls, settings: AllowSettings) -> Self:
        networks = {rule: _network_or_none(rule) for rule in settings.hosts}
        return cls(
            probes=settings.probes,
            names=tuple(rule.lower() for rule, network in networks.items() if network is None),
            networks=tuple(network for network in networks.values() if network is not None),
        )

    def permits(self, task: Task) -> bool:
        return self.permits_probe(task.probe) and self.permits_host(task.host)

    def permits_probe(self, name: str) -> bool:
        return _matches(name, self.probes)

    def permits_host(self, host: str) -> bool:
        """Whether a probe may be aimed at `host`; the machine itself and its resolver always."""
        if host in ("", SYSTEM_RESOLVER):
            return True
        address = _address_or_none(host)
        if address is None:
            return _matches(host.rstrip(".").lower(), self.names)
        if address in _LINK_LOCAL:
            # Cloud machines serve their secrets there; no broad rule opens it by accident.
            return any(
                isinstance(network, IPv4Network) and network.subnet_of(_LINK_LOCAL)
                for network in self.networks
                if address in network
            )
        return "*" in self.names or any(address in network for network in self.networks)

    def permits_all(self, place: str) -> bool:
        """As `permits_host`; of a network such as 10.1.0.0/16, every address of it."""
        if "/" not in place:
            return self.permits_host(place)
        network = _network_or_none(place)
        if network is None or (isinstance(network, IPv6Network) and network.overlaps(_MAPPED)):
            return False
        around = [allowed for allowed in self.networks if _lies_in(network, allowed)]
        if isinstance(network, IPv4Network) and network.overlaps(_LINK_LOCAL):
            return any(_lies_in(allowed, _LINK_LOCAL) for allowed in around)
        return "*" in self.names or bool(around)

    def refused(self, places: Iterable[str]) -> str:
        """The first that is not permitted; empty if all are."""
        return next((place for place in places if not self.permits_all(place)), "")


EVERYTHING = AllowList(probes=("*",), names=("*",), networks=(_LINK_LOCAL,))
"""For a person at this machine's own command line, who could ping the target anyway."""


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _network_or_none(rule: str) -> Network | None:
    try:
        return ip_network(rule)
    except ValueError:
        return None


def _lies_in(network: Network, other: Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(other, IPv4Network) and network.subnet_of(other)
    return isinstance(other, IPv6Network) and network.subnet_of(other)


def _address_or_none(host: str) -> Address | None:
    """The address that the system would connect to, also for `2852039166` and `0xa9.254.1.1`."""
    try:
        address = ip_address(host)
    except ValueError:
        return _legacy_address_or_none(host)
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _legacy_address_or_none(host: str) -> IPv4Address | None:
    if not _LOOKS_NUMERIC.fullmatch(host):
        return None
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None
