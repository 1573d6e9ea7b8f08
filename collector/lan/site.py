"""What a county says of one school's network: its ranges, who may serve there, and its gear.

No secret is in here: gear names its credential, see collector/lan/credential.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from collector.inventory.model import DeviceKind

Network = IPv4Network | IPv6Network

SNMP_PORT, PJLINK_PORT = 161, 4352


@dataclass(frozen=True, slots=True)
class Router:
    """The way out. `macs` is empty where nobody wrote them down; a pair that stands in for each
    other has several."""

    address: str
    macs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Uplink:
    """The port whose counters stand for a line. `link`: its name in the register; empty = the
    school's only one."""

    device: str
    interface: str
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedDevice:
    """Gear that answers SNMP. `credential` is the id of one; `room` may be empty."""

    name: str
    host: str
    credential: str
    port: int = SNMP_PORT
    kind: DeviceKind = DeviceKind.UNKNOWN
    room: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Projector:
    """A projector or display that answers PJLink; `credential` is empty where it asks for none."""

    name: str
    host: str
    credential: str = ""
    port: int = PJLINK_PORT
    room: str = ""


Gear = ManagedDevice | Projector


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Addresses are in their short form; MAC addresses in lower case with colons.

    Attributes:
        school: its code.
        networks: this site's ranges. Every host below and every sweep lies within one of them.
        sweep: what is swept; empty = nothing.
        dhcp_servers, routers: addresses and MACs of those that may serve; empty = nobody said.
        gateway: None where nobody said.
        resolvers: addresses; empty = nobody said.
    """

    school: str
    networks: tuple[Network, ...]
    sweep: tuple[IPv4Network, ...] = ()
    dhcp_servers: tuple[str, ...] = ()
    routers: tuple[str, ...] = ()
    gateway: Router | None = None
    resolvers: tuple[str, ...] = ()
    uplink: Uplink | None = None
    devices: tuple[ManagedDevice, ...] = ()
    projectors: tuple[Projector, ...] = ()

    def covers(self, address: str) -> bool:
        """Whether a literal address is this site's."""
        found = ip_address(address)
        return any(found in network for network in self.networks)

    def device(self, name: str) -> ManagedDevice | None:
        return next((device for device in self.devices if device.name == name), None)

    def credentials(self) -> Collection[str]:
        """The ids that its gear names."""
        named = {device.credential for device in self.devices}
        return named | {each.credential for each in self.projectors if each.credential}


Sites = Mapping[str, Site]
"""School code -> its site; a school that nobody described is absent."""
