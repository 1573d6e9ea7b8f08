"""A made-up school network: machines do things, the probes there see them, the inventory looks.

Every verb is a reading that an agent would have sent at that moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from collector.inventory.book import DeviceBook
from collector.inventory.gathering import Gathering
from collector.inventory.inventory import Inventory, Stock
from collector.inventory.model import Device
from collector.inventory.sighting import Gear, Place
from collector.register.model import Agent
from collector.register.register import Register
from collector.store import Store
from collector.store.memory import MemoryStore, StoredReading
from config.inventory_file import load_inventory_policy
from probes.catalog import Catalog
from probes.model import Role
from tests.collector.inventory.vocabulary import CATALOG

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
HERE, THERE = "9934000001", "9934000007"
LAN = "10.1.1.0/24"


def mac(number: int, maker: str = "bc:24:11") -> str:
    """Of a maker that says nothing about the kind."""
    return f"{maker}:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


def agent(id: str, role: Role = Role.PC, school: str = HERE, enrolled: datetime = START) -> Agent:
    return Agent(
        id=id,
        school=school,
        role=role,
        key_sha256=b"",
        enrolled_at=enrolled,
        hostname=f"host-{id}",
    )


@dataclass
class Network:
    """`store` is made anew of all readings at each look, unless one is given."""

    register: Register
    now: datetime = START
    agents: dict[str, Agent] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    readings: list[StoredReading] = field(default_factory=list)
    store: Store | None = None
    catalog: Catalog = field(default_factory=lambda: CATALOG)

    def __post_init__(self) -> None:
        self.policy = load_inventory_policy()
        self.book = DeviceBook(self.register.database, lambda: self.now)
        self.enrol(agent("sentinel-1", Role.GATEWAY))

    @property
    def inventory(self) -> Inventory:
        return Inventory(
            self.book,
            self.policy,
            agents=lambda: list(self.agents.values()),
            places=lambda: self.places,
        )

    def look(self) -> int:
        store = self.store or MemoryStore(self.catalog, self.readings)
        gathering = Gathering(
            self.book,
            store,
            self.catalog,
            self.policy,
            agents=lambda: list(self.agents.values()),
            places=lambda: self.places,
            now=lambda: self.now,
        )
        return gathering.gather()

    def devices(self, school: str = HERE) -> list[Device]:
        """As people see them, after a look."""
        self.look()
        return list(self.inventory.of(school))

    def stock(self, school: str = HERE) -> Stock:
        self.look()
        return self.inventory.stock(school)

    def device(self, mac: str, school: str = HERE) -> Device:
        (found,) = [device for device in self.devices(school) if mac in device.macs]
        return found

    def of_mac(self, mac: str) -> list[int]:
        """Ids of the devices in the book that have that card, at any school."""
        return [each.id for each, _ in self.book.devices() if mac in each.macs]

    def pass_time(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    def enrol(self, *agents: Agent) -> None:
        self.agents |= {each.id: each for each in agents}

    def gear(self, *gear: Gear, school: str = HERE) -> None:
        self.places[school] = Place(gear)

    # What probes say

    def read(
        self,
        probe: str,
        labels: Mapping[str, str],
        values: Mapping[str, float],
        target: str = "local",
        by: str = "sentinel-1",
        school: str = HERE,
    ) -> None:
        self.readings.append(
            StoredReading(
                probe=probe,
                at=self.now,
                school=school,
                agent=by,
                target=target,
                labels=dict(labels),
                values=dict(values),
            )
        )

    def beats(self, agent: str) -> None:
        self.read("presence", {}, {"beat_count_total": 1}, by=agent, school=self._school(agent))

    def owns(self, agent: str, *macs: str, address: str = "", medium: str = "wired") -> None:
        """The agent names these cards as those of its machine."""
        for number, each in enumerate(macs):
            labels = {
                "interface": f"eth{number}",
                "mac": each,
                "address": address,
                "medium": medium,
            }
            self.read("own_addresses", labels, {"seen": 1}, by=agent, school=self._school(agent))

    def answers(self, address: str, mac: str, school: str = HERE, by: str = "sentinel-1") -> None:
        """To the sweep."""
        labels = {"address": address, "mac": mac}
        self.read("arp_sweep", labels, {"seen": 1}, LAN, by, school)

    def swept(
        self, hosts: int = 0, randomised: int = 0, network: str = LAN, by: str = "sentinel-1"
    ) -> None:
        values = {"hosts_count": hosts, "randomised_count": randomised}
        self.read("arp_sweep", {"address": "", "mac": "all"}, values, network, by)

    def learns(self, switch: str, interface: str, *macs: str, crowd: int = 0) -> None:
        for each in macs:
            labels = {"interface": interface, "mac": each, "vlan": "1"}
            self.read("snmp_fdb", labels, {"seen": 1}, switch)
        labels = {"interface": interface, "mac": "all", "vlan": ""}
        self.read("snmp_fdb", labels, {"mac_count": crowd or len(macs)}, switch)

    def hears(self, switch: str, interface: str, neighbour: str, capabilities: str) -> None:
        labels = {
            "interface": interface,
            "neighbour": neighbour,
            "neighbour_port": "1",
            "capabilities": capabilities,
        }
        self.read("snmp_neighbours", labels, {"seen": 1}, switch)

    def replies(self, gear: str, object_id: str = "", name: str = "") -> None:
        """To SNMP."""
        labels = {"vendor": "", "object_id": object_id, "name": name, "description": ""}
        self.read("snmp_system", labels, {"uptime_seconds": 9}, gear)

    def _school(self, agent: str) -> str:
        return self.agents[agent].school
