"""Which MAC address answers for which IP address, as a router or any other host has learned it.

ipNetToMediaTable (RFC 1213) knows IPv4 only; ipNetToPhysicalTable (RFC 4293) knows both and also
whether the neighbour was reachable lately.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from probes.snmp.address import host_of, inet, station
from probes.snmp.answer import Row, Table
from probes.snmp.values import Oid, number

MEDIA, PHYSICAL = "media", "physical"
COLUMNS: Mapping[str, Mapping[str, str]] = {
    MEDIA: {"mac": "1.3.6.1.2.1.4.22.1.2", "type": "1.3.6.1.2.1.4.22.1.4"},
    PHYSICAL: {
        "mac": "1.3.6.1.2.1.4.35.1.4",
        "type": "1.3.6.1.2.1.4.35.1.6",
        "state": "1.3.6.1.2.1.4.35.1.7",
    },
}

_DYNAMIC = 3
"""Of both type columns. What is set by hand (static), or its own (local), was not seen."""
_REACHABLE, _STALE, _DELAY, _PROBE, _INVALID, _UNKNOWN, _INCOMPLETE = range(1, 8)
_SEEN = frozenset({_REACHABLE, _UNKNOWN})
"""`unknown` is said by devices that do not look whether a neighbour is still there."""
_NOT_SEEN = frozenset({_STALE, _DELAY, _PROBE, _INVALID, _INCOMPLETE})


@dataclass(frozen=True, slots=True, order=True)
class Neighbour:
    address: str
    mac: str


def neighbours(tables: Mapping[str, Table]) -> list[Neighbour]:
    """Those learned and, where the device tells, reachable; each once, in order."""
    physical = list(_physical(tables[PHYSICAL].rows))
    doubted = {where for where, _, state in physical if state in _NOT_SEEN}
    found = {one for _, one, state in physical if one and state in _SEEN}
    found |= {one for where, one in _media(tables[MEDIA].rows) if where not in doubted}
    return sorted(found)


_Where = tuple[int, str]
"""ifIndex and address."""


def _physical(rows: Mapping[Oid, Row]) -> Iterator[tuple[_Where, Neighbour | None, int | None]]:
    """Also of those that were not learned: what is said of their state counts."""
    for index, row in rows.items():
        address = inet(index[1], index[2:]) if len(index) > 2 else ""
        if address:
            yield (index[0], address), _learned(address, row), number(row.get("state"))


def _media(rows: Mapping[Oid, Row]) -> Iterator[tuple[_Where, Neighbour]]:
    for index, row in rows.items():
        address = host_of(index[1:]) if len(index) == 5 else ""
        one = _learned(address, row) if address else None
        if one:
            yield (index[0], address), one


def _learned(address: str, row: Row) -> Neighbour | None:
    mac = station(row.get("mac"))
    return Neighbour(address, mac) if mac and number(row.get("type")) == _DYNAMIC else None
