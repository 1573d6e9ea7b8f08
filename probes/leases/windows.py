"""Leases of Windows, from the registry, where everybody may read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from probes.leases.model import Lease, addresses, first
from probes.model import ProbeError
from probes.windows.system import read_keys, read_values

INTERFACES = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces"
_CONNECTIONS = r"SYSTEM\CurrentControlSet\Control\Network\{4d36e972-e325-11ce-bfc1-08002be10318}"
_NO_END = 0x7FFFFFFF
"""From there on a time means that it never ends."""


def leases() -> Iterator[Lease]:
    """Of interfaces that have DHCP switched on and an address by it. Raises ProbeError."""
    for identity, name in connections():
        values = read_values(rf"{INTERFACES}\{identity}")
        if lease := _lease_or_none(name, values):
            yield lease


def connections() -> Iterator[tuple[str, str]]:
    """Identity and name of every interface that TCP/IP knows. Raises ProbeError."""
    identities = read_keys(INTERFACES)
    if not identities:
        raise ProbeError("no_source", INTERFACES)
    for identity in identities:
        name = read_values(rf"{_CONNECTIONS}\{identity}\Connection").get("Name")
        if isinstance(name, str):
            yield identity, name


def _lease_or_none(name: str, values: Mapping[str, Any]) -> Lease | None:
    address = first([str(values.get("DhcpIPAddress", ""))])
    if values.get("EnableDHCP") != 1 or not address:
        return None
    ends = values.get("LeaseTerminatesTime")
    return Lease(
        interface=name,
        address=address,
        server=first([str(values.get("DhcpServer", ""))]),
        routers=addresses(values.get("DhcpDefaultGateway") or ()),
        resolvers=addresses(str(values.get("DhcpNameServer", "")).split()),
        ends=float(ends) if isinstance(ends, int) and 0 < ends < _NO_END else None,
    )
