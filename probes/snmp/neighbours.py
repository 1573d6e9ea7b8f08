"""What a switch has heard by LLDP from what is plugged into it (LLDP-MIB, IEEE 802.1AB)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from probes.snmp.address import host, station
from probes.snmp.answer import Row, Table
from probes.snmp.fdb import interface_of_port
from probes.snmp.values import Oid, Value, number, octets, words

REMOTE, LOCAL, PORTS = "remote", "local", "ports"
COLUMNS: Mapping[str, Mapping[str, str]] = {
    REMOTE: {
        "chassis_kind": "1.0.8802.1.1.2.1.4.1.1.4",
        "chassis": "1.0.8802.1.1.2.1.4.1.1.5",
        "port_kind": "1.0.8802.1.1.2.1.4.1.1.6",
        "port": "1.0.8802.1.1.2.1.4.1.1.7",
        "port_words": "1.0.8802.1.1.2.1.4.1.1.8",
        "name": "1.0.8802.1.1.2.1.4.1.1.9",
        "enabled": "1.0.8802.1.1.2.1.4.1.1.12",
    },
    LOCAL: {
        "kind": "1.0.8802.1.1.2.1.3.7.1.2",
        "port": "1.0.8802.1.1.2.1.3.7.1.3",
        "words": "1.0.8802.1.1.2.1.3.7.1.4",
    },
    PORTS: {"interface": "1.3.6.1.2.1.17.1.4.1.2"},
}
"""lldpRemTable, lldpLocPortTable, dot1dBasePortIfIndex."""

UNKNOWN, NONE = "-", "none"
CAPABILITIES = (
    *("other", "repeater", "bridge", "wlanAccessPoint"),
    *("router", "telephone", "docsisCableDevice", "stationOnly"),
)
"""Of LldpSystemCapabilitiesMap, from its first bit on."""

_CHASSIS_MAC, _CHASSIS_ADDRESS = 4, 5
_PORT_MAC, _PORT_ADDRESS = 3, 4
_LAST_NUMBERS = re.compile(r"\d[\d/.:]*$")
_FAMILIES = {1: 4, 2: 16}
"""IANA address family -> octets."""


@dataclass(frozen=True, slots=True, order=True)
class Neighbour:
    """What announced itself at an interface of the device that was asked.

    Attributes:
        neighbour: its MAC or IP address where it goes by one, else what it calls itself.
        port: its own port; UNKNOWN if it does not say.
        capabilities: those that are enabled, joined with spaces; NONE if there are none, UNKNOWN
            if it does not say.
    """

    interface: str
    neighbour: str
    port: str
    capabilities: str


def neighbours(tables: Mapping[str, Table], names: Mapping[int, str]) -> list[Neighbour]:
    """Each once, in order. `names`: of interfaces, by ifIndex."""
    where = _Interfaces(tables[LOCAL].rows, interface_of_port(tables[PORTS].rows), names)
    found = {
        Neighbour(where.of(port), who, _port(row), capabilities(row.get("enabled")))
        for port, row in _remote(tables[REMOTE].rows)
        if (who := _chassis(row))
    }
    return sorted(found)


def capabilities(value: Value | None) -> str:
    """BITS as words. Devices send one to four octets."""
    bits = octets(value)
    if not bits:
        return UNKNOWN
    shown = [name for at, name in enumerate(CAPABILITIES) if bits[0] & (0x80 >> at)]
    return " ".join(shown) or NONE


def _remote(rows: Mapping[Oid, Row]) -> Iterator[tuple[int, Row]]:
    """By local port number. The index is time mark, port, number."""
    for index, row in rows.items():
        if len(index) == 3:
            yield index[1], row


def _chassis(row: Row) -> str:
    kind, value = number(row.get("chassis_kind")), row.get("chassis")
    if kind == _CHASSIS_MAC:
        found = station(value)
    elif kind == _CHASSIS_ADDRESS:
        found = _address(value)
    else:
        found = words(value)
    return found or words(row.get("name"))


def _port(row: Row) -> str:
    kind, value = number(row.get("port_kind")), row.get("port")
    if kind == _PORT_MAC:
        found = station(value)
    elif kind == _PORT_ADDRESS:
        found = _address(value)
    else:
        found = words(value)
    return found or words(row.get("port_words")) or UNKNOWN


def _address(value: Value | None) -> str:
    """An octet for the family, then the address."""
    told = octets(value) or b""
    return host(told[1:]) if told and _FAMILIES.get(told[0]) == len(told) - 1 else ""


class _Interfaces:
    """The names of local ports, as the interface table has them where that can be told.

    The number of a port is that of a bridge port or else of an interface (LldpPortNumber), but
    devices mix them up; so a number alone decides only where both lead to one interface.
    """

    def __init__(
        self, local: Mapping[Oid, Row], ports: Mapping[int, int], names: Mapping[int, str]
    ) -> None:
        self._local = {index[0]: row for index, row in local.items() if len(index) == 1}
        self._ports = ports
        self._names = names
        self._known = frozenset(names.values())

    def of(self, port: int) -> str:
        row = self._local.get(port, {})
        kind = number(row.get("kind"))
        called = "" if kind == _PORT_MAC else words(row.get("port"))
        described = words(row.get("words"))
        numbered = self._numbered(port)
        for text in (called, described):
            if text in self._known:
                return text
        if called and called != str(port):
            return next((name for name in numbered if _tail(name) == _tail(called)), called)
        if len(numbered) == 1:
            return numbered.pop()
        return called or described or f"port {port}"

    def _numbered(self, port: int) -> set[str]:
        """What it is called if the number is a bridge port's, and if it is an interface's."""
        indices = {self._ports.get(port, port), port}
        return {self._names[index] for index in indices if index in self._names}


def _tail(name: str) -> str:
    """1/0/24, of Gi1/0/24 and of GigabitEthernet 1/0/24."""
    found = _LAST_NUMBERS.search(name)
    return found[0] if found else name
