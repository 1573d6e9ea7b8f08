"""Which stations a switch has learned at which of its ports.

dot1dTpFdbTable (RFC 4188) knows a port for each address; dot1qTpFdbTable (RFC 4363) knows one for
each address in each filtering database, which a VLAN uses alone or shares with others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from probes.snmp.address import station_of
from probes.snmp.answer import Row, Table
from probes.snmp.values import Oid, number

PLAIN, BY_VLAN, PORTS, VLANS = "plain", "by_vlan", "ports", "vlans"
COLUMNS: Mapping[str, Mapping[str, str]] = {
    PLAIN: {"port": "1.3.6.1.2.1.17.4.3.1.2", "status": "1.3.6.1.2.1.17.4.3.1.3"},
    BY_VLAN: {"port": "1.3.6.1.2.1.17.7.1.2.2.1.2", "status": "1.3.6.1.2.1.17.7.1.2.2.1.3"},
    PORTS: {"interface": "1.3.6.1.2.1.17.1.4.1.2"},
    VLANS: {"database": "1.3.6.1.2.1.17.7.1.4.2.1.3"},
}
"""dot1dTpFdb, dot1qTpFdb, dot1dBasePortIfIndex, dot1qVlanFdbId."""

NO_VLAN = "-"
_LEARNED = 3
"""Of both status columns. An address that is set by hand (mgmt) was not seen."""
_MAC_BYTES = 6


@dataclass(frozen=True, slots=True, order=True)
class Station:
    """A MAC address that was learned at a port; `vlan` is NO_VLAN when the device does not tell."""

    interface: str
    mac: str
    vlan: str


def stations(tables: Mapping[str, Table], names: Mapping[int, str]) -> set[Station]:
    """All that were learned. `names`: of interfaces, by ifIndex."""
    vlans = _vlans(tables[VLANS].rows)
    found = {
        (port, mac, vlans.get(index[0], NO_VLAN))
        for index, row in tables[BY_VLAN].rows.items()
        if (port := _port(row)) and (mac := station_of(index[1:]))
    }
    known = {(port, mac) for port, mac, _ in found}
    plain = {
        (port, mac, NO_VLAN)
        for index, row in tables[PLAIN].rows.items()
        if (port := _port(row)) and (mac := station_of(index)) and (port, mac) not in known
    }
    interfaces = _interfaces(tables[PORTS].rows, names)
    return {
        Station(interfaces.get(port, f"port {port}"), mac, vlan)
        for port, mac, vlan in found | plain
    }


def by_interface(found: Iterable[Station]) -> dict[str, list[Station]]:
    """In order, so that two runs that saw the same say the same."""
    grouped: dict[str, list[Station]] = defaultdict(list)
    for one in sorted(found):
        grouped[one.interface].append(one)
    return dict(grouped)


def interface_of_port(rows: Mapping[Oid, Row]) -> dict[int, int]:
    """Bridge port -> ifIndex."""
    pairs = {
        index[0]: number(row.get("interface")) for index, row in rows.items() if len(index) == 1
    }
    return {port: interface for port, interface in pairs.items() if interface}


def _interfaces(rows: Mapping[Oid, Row], names: Mapping[int, str]) -> dict[int, str]:
    ports = interface_of_port(rows)
    return {port: names[index] for port, index in ports.items() if index in names}


def _port(row: Row) -> int:
    """0 when it was not learned, or the device does not know where."""
    learned = number(row.get("status")) == _LEARNED
    return (number(row.get("port")) or 0) if learned else 0


def _vlans(rows: Mapping[Oid, Row]) -> dict[int, str]:
    """Filtering database -> the one VLAN that uses it; those that several share are left out."""
    users: dict[int, set[int]] = defaultdict(set)
    for index, row in rows.items():
        database = number(row.get("database"))
        if database is not None and len(index) == 2:  # time mark, VLAN
            users[database].add(index[-1])
    return {database: str(*vlans) for database, vlans in users.items() if len(vlans) == 1}
