"""What one look at the readings brought, as values: who was seen, by what, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address

from collector.inventory.facts import Key
from collector.inventory.model import DeviceKind

Said = tuple[tuple[Key, str], ...]


@dataclass(frozen=True, slots=True)
class OwnWord:
    """An agent about its machine. `mac` is empty where it says only that it is there."""

    agent: str
    at: datetime
    mac: str = ""
    said: Said = ()


@dataclass(frozen=True, slots=True)
class MacSeen:
    """A card on a school's network, as `source` (a probe) saw it."""

    school: str
    mac: str
    at: datetime
    source: str
    said: Said = ()


@dataclass(frozen=True, slots=True)
class GearSeen:
    """A device of the school's network file, by its name there, which answered."""

    school: str
    gear: str
    at: datetime
    source: str
    said: Said = ()


@dataclass(frozen=True, slots=True)
class Gear:
    """What a school's network file says of a device: it is a declaration."""

    name: str
    host: str
    kind: DeviceKind = DeviceKind.UNKNOWN
    room: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """A network of a school that was looked at, and how many made-up addresses were there.

    `network` is empty for what the tables of switches and routers showed.
    """

    school: str
    network: str
    at: datetime
    randomised: int | None


@dataclass(slots=True)
class Seen:
    """All of it.

    Attributes:
        hosts: (school, name of gear) -> the MAC that answers for its address, where it is one.
        gear_names: by school with a network file, the names in it.
        learned_by: (school, mac) -> names of the switches that learned it on a port of theirs.
    """

    own: list[OwnWord] = field(default_factory=list)
    macs: list[MacSeen] = field(default_factory=list)
    gear: list[GearSeen] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    hosts: dict[tuple[str, str], str] = field(default_factory=dict)
    learned_by: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    gear_names: dict[str, set[str]] = field(default_factory=dict)

    def knows_gear(self, school: str, name: str) -> bool:
        """Whether the school's network file names it; without a file, any name may be right."""
        return school not in self.gear_names or name in self.gear_names[school]


@dataclass(frozen=True, slots=True)
class Place:
    """What a school's network file says: its gear, and the ranges that are its own."""

    gear: Sequence[Gear] = ()
    networks: Sequence[IPv4Network | IPv6Network] = ()

    def covers(self, address: str) -> bool:
        """Whether it may be the school's; without ranges, any may."""
        if not self.networks:
            return True
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.networks)

    def named(self, name: str) -> Gear | None:
        return next((gear for gear in self.gear if gear.name == name), None)

    def called(self, name: str) -> Gear | None:
        """That which goes by this name or address among its neighbours."""
        low = name.casefold()
        return next((g for g in self.gear if low in (g.name.casefold(), g.host.casefold())), None)


NO_PLACE = Place()
Places = Mapping[str, Place]
"""By school; one without a network file is absent."""
