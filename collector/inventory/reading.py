"""Reads from the store who was seen: the newest reading of each thing, of each probe that there is.

A probe that the catalog does not have has seen nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address

from collector.inventory.crowd import ALL
from collector.inventory.facts import Key
from collector.inventory.mac import MacKind, mac_kind, mac_or_none
from collector.inventory.sighting import (
    NO_PLACE,
    GearSeen,
    Look,
    MacSeen,
    OwnWord,
    Places,
    Said,
    Seen,
)
from collector.store import MetricRef, Store
from probes.catalog import Catalog

_NOT_SAID = frozenset({"", "-", "none", "unknown", ALL})
"""Labels of what a device did not tell."""
MANY = "many"
"""The address of a card that answers for many addresses of others."""
TOGETHER = timedelta(minutes=30)
"""Readings of one round of polling; what is older than the newest by more was so before."""
_PHYSICAL = ("wired", "wireless")
_NOBODY = (MacKind.NONE, MacKind.VIRTUAL_ROUTER)
_ADDRESSES = ("arp_sweep", "snmp_arp")


@dataclass(frozen=True, slots=True)
class _Row:
    school: str
    agent: str
    target: str
    at: datetime
    labels: Mapping[str, str]

    def __getitem__(self, label: str) -> str:
        return self.labels.get(label, "")


@dataclass(frozen=True, slots=True)
class _Learned:
    """Where a switch learned a MAC; `crowd`: how many were behind that port."""

    switch: str
    interface: str
    at: datetime
    crowd: float

    @property
    def place(self) -> tuple[str, str]:
        return self.switch, self.interface


class Reading:
    """One look. `seen` blocks: it asks the store some ten questions.

    Args:
        gateways: ids of agents on gateways; their own gateway is the provider's.
        news_for: a card that was seen that long before the newest of its school is no news.
    """

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        places: Places,
        gateways: Collection[str],
        news_for: timedelta,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._places = places
        self._gateways = gateways
        self._news_for = news_for

    def seen(self) -> Seen:
        seen = Seen()
        for school, place in self._places.items():
            seen.gear_names[school] = {gear.name for gear in place.gear}
        seen.own += self._own_words()
        addresses = self._addresses(seen)
        self._hosts(addresses, seen)
        learned = self._learned()
        self._neighbours(learned, seen)
        self._ports(learned, seen)
        self._answers(seen)
        self._default_gateways(seen)
        seen.macs = self._news(seen.macs)
        self._looks(seen)
        return seen

    def _news(self, macs: Sequence[MacSeen]) -> list[MacSeen]:
        """The store knows the newest of a card that is long gone, too: it was booked in its time,
        and would now look like a card that nobody has."""
        newest: dict[str, datetime] = {}
        for each in macs:
            newest[each.school] = max(each.at, newest.get(each.school, each.at))
        return [each for each in macs if newest[each.school] - each.at <= self._news_for]

    def _rows(self, probe: str, metric: str | None = "seen") -> Iterator[_Row]:
        """The newest per series; `metric` None: of whatever it measured."""
        if probe not in self._catalog:
            return
        known = self._catalog[probe]
        columns = ("school", "agent", "target", *sorted(known.labels))
        newest: dict[tuple[str, ...], datetime] = {}
        for name in [m.name for m in known.measures if metric in (None, m.name)]:
            found = self._store.latest(MetricRef(probe, name), columns, {})
            for key, latest in found.items():
                if key not in newest or newest[key] < latest.at:
                    newest[key] = latest.at
        for (school, agent, target, *labels), at in newest.items():
            named = dict(zip(columns[3:], labels, strict=True))
            yield _Row(school, agent, target, at, named)

    def _values(self, probe: str, metric: str, label: str) -> Iterator[tuple[_Row, float]]:
        """Values of the readings about a whole."""
        if probe not in self._catalog:
            return
        known = self._catalog[probe]
        if metric not in [m.name for m in known.measures] or label not in known.labels:
            return
        columns = ("school", "agent", "target", *sorted(known.labels))
        found = self._store.latest(MetricRef(probe, metric), columns, {label: ALL})
        for (school, agent, target, *labels), latest in found.items():
            named = dict(zip(columns[3:], labels, strict=True))
            yield _Row(school, agent, target, latest.at, named), latest.value

    def _own_words(self) -> Iterator[OwnWord]:
        heard: dict[str, datetime] = {}
        for row in self._rows("presence", "beat_count_total"):
            heard[row.agent] = max(row.at, heard.get(row.agent, row.at))
        for agent, at in heard.items():
            yield OwnWord(agent, at)
        of_agent: dict[str, list[_Row]] = defaultdict(list)
        for row in self._rows("own_addresses"):
            of_agent[row.agent].append(row)
        for agent, rows in of_agent.items():
            for row in _cards(rows):
                mac = mac_or_none(row["mac"])
                if mac and mac_kind(mac) not in _NOBODY:
                    yield OwnWord(agent, row.at, mac, _said(Key.ADDRESS, _plain(row["address"])))

    def _addresses(self, seen: Seen) -> list[tuple[str, str, str, datetime]]:
        """(school, address, mac, at) of all that answered, whoever asked."""
        found = []
        for probe in _ADDRESSES:
            for row in self._rows(probe):
                mac = mac_or_none(row["mac"])
                if mac is None or mac_kind(mac) in _NOBODY:
                    continue
                if not self._is_here(row.school, row["address"]):
                    continue
                said = _said(Key.ADDRESS, _plain(row["address"]))
                seen.macs.append(MacSeen(row.school, mac, row.at, probe, said))
                found.append((row.school, row["address"], mac, row.at))
        return found

    def _is_here(self, school: str, address: str) -> bool:
        """Not on the provider's side of a router; `many` is what answers for others."""
        return address == MANY or self._places.get(school, NO_PLACE).covers(address)

    def _hosts(self, addresses: Sequence[tuple[str, str, str, datetime]], seen: Seen) -> None:
        """An address ties gear to a card only while one card alone answers for it."""
        wanted = {
            (school, gear.host): gear.name
            for school, place in self._places.items()
            for gear in place.gear
        }
        answering: dict[tuple[str, str], list[tuple[datetime, str]]] = defaultdict(list)
        for school, address, mac, at in addresses:
            if (school, address) in wanted:
                answering[school, address].append((at, mac))
        for place, found in answering.items():
            newest = max(at for at, _ in found)
            macs = {mac for at, mac in found if at >= newest - TOGETHER}
            if len(macs) == 1:
                seen.hosts[place[0], wanted[place]] = macs.pop()

    def _learned(self) -> dict[tuple[str, str], list[_Learned]]:
        """By (school, mac)."""
        crowds = {
            (row.school, row.target, row["interface"]): value
            for row, value in self._values("snmp_fdb", "mac_count", "mac")
        }
        found: dict[tuple[str, str], list[_Learned]] = defaultdict(list)
        for row in self._rows("snmp_fdb"):
            mac = mac_or_none(row["mac"])
            if mac is None or mac_kind(mac) in _NOBODY:
                continue
            crowd = crowds.get((row.school, row.target, row["interface"]), float("inf"))
            learned = _Learned(row.target, row["interface"], row.at, crowd)
            found[row.school, mac].append(learned)
        return found

    def _neighbours(self, learned: Mapping[tuple[str, str], list[_Learned]], seen: Seen) -> None:
        """One that gives no address of its own is known by the only card behind its port."""
        behind: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for (school, mac), places in learned.items():
            for place in _newest_round(places):
                behind[school, *place.place].add(mac)
        for row in self._rows("snmp_neighbours"):
            name, said = row["neighbour"], _said(Key.CAPABILITIES, row["capabilities"])
            own = mac_or_none(name)
            alone = behind.get((row.school, row.target, row["interface"]), set())
            if own is None:
                said += _said(Key.NAME, name)
            card = own or (next(iter(alone)) if len(alone) == 1 else None)
            gear = self._places.get(row.school, NO_PLACE).called(name)
            if gear:
                seen.gear.append(GearSeen(row.school, gear.name, row.at, "snmp_neighbours", said))
            elif card is not None and mac_kind(card) is not MacKind.NONE:
                said += _said(Key.PORT, f"{row.target} {row['interface']}")
                seen.macs.append(MacSeen(row.school, card, row.at, "snmp_neighbours", said))

    def _ports(self, learned: Mapping[tuple[str, str], list[_Learned]], seen: Seen) -> None:
        """A card is behind the port with the fewest others: the rest lead to that switch."""
        for (school, mac), places in learned.items():
            newest = _newest_round(places)
            nearest = min(newest, key=lambda p: (p.crowd, -p.at.timestamp(), p.place))
            said = _said(Key.PORT, f"{nearest.switch} {nearest.interface}")
            seen.macs.append(MacSeen(school, mac, nearest.at, "snmp_fdb", said))
            seen.learned_by[school, mac] = {place.switch for place in newest}

    def _answers(self, seen: Seen) -> None:
        for row in self._rows("snmp_system", None):
            said = (
                *_said(Key.NAME, row["name"]),
                *_said(Key.DESCRIPTION, row["description"]),
                *_said(Key.OBJECT_ID, row["object_id"].lstrip(".")),
                *_said(Key.MAKER, row["vendor"]),
            )
            seen.gear.append(GearSeen(row.school, row.target, row.at, "snmp_system", said))
        for probe, key in _TELLING.items():
            for row in self._rows(probe, None):
                what = " ".join(w for name in _MODEL if (w := row[name]) not in _NOT_SAID)
                said = (*_said(key, "1"), *_said(Key.DESCRIPTION, what))
                seen.gear.append(GearSeen(row.school, row.target, row.at, probe, said))

    def _default_gateways(self, seen: Seen) -> None:
        for row in self._rows("gateway_mac"):
            mac = mac_or_none(row["mac"])
            if row.agent in self._gateways:
                continue
            if mac and mac_kind(mac) not in _NOBODY:
                said = _said(Key.GATEWAY, row["address"])
                seen.macs.append(MacSeen(row.school, mac, row.at, "gateway_mac", said))

    def _looks(self, seen: Seen) -> None:
        randomised = {
            (row.school, row.agent, row.target): int(value)
            for row, value in self._values("arp_sweep", "randomised_count", "mac")
        }
        for row, _ in self._values("arp_sweep", "hosts_count", "mac"):
            many = randomised.get((row.school, row.agent, row.target))
            seen.looks.append(Look(row.school, row.target, row.at, many))
        of_tables: dict[str, list[MacSeen]] = defaultdict(list)
        for each in seen.macs:
            if each.source in ("snmp_arp", "snmp_fdb"):
                of_tables[each.school].append(each)
        for school, found in of_tables.items():
            at = max(each.at for each in found)
            local = {e.mac for e in found if mac_kind(e.mac) is MacKind.LOCAL}
            seen.looks.append(Look(school, "", at, len(local)))


_MODEL = ("maker", "product", "model")
_TELLING = {
    "snmp_fdb": Key.BRIDGE,
    "printer": Key.PRINTER,
    "ups": Key.UPS,
    "snmp_wireless": Key.WIRELESS,
    "pjlink": Key.PJLINK,
}
"""Probes whose answer alone says what the device is."""


def _cards(rows: Sequence[_Row]) -> Sequence[_Row]:
    """Hardware; of a machine that has none, such as a container, what it has addresses on."""
    hardware = [row for row in rows if row["medium"] in _PHYSICAL]
    return hardware or [row for row in rows if _plain(row["address"])]


def _newest_round(places: Sequence[_Learned]) -> list[_Learned]:
    newest = max(place.at for place in places)
    return [place for place in places if place.at >= newest - TOGETHER]


def _said(key: Key, value: str) -> Said:
    return ((key, value),) if value not in _NOT_SAID else ()


def _plain(address: str) -> str:
    """One that somebody gave the machine: IPv4, and not made up by itself."""
    try:
        found = IPv4Address(address)
    except ValueError:
        return ""
    return "" if found.is_link_local else address
