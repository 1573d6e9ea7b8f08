"""The interfaces of a device, out of ifTable and ifXTable (RFC 2863). Pure: rows in, ports out.

Many devices lack columns, for some rows or for all; some fill them wrongly. What is absent stays
absent.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping
from dataclasses import dataclass

from probes.snmp.answer import Row, Table
from probes.snmp.counters import Counter
from probes.snmp.values import Oid, Value, number, words

_IF, _IFX = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
COLUMNS: Mapping[str, str] = {
    "descr": f"{_IF}.2",
    "type": f"{_IF}.3",
    "speed": f"{_IF}.5",
    "admin": f"{_IF}.7",
    "oper": f"{_IF}.8",
    "in_octets": f"{_IF}.10",
    "in_discards": f"{_IF}.13",
    "in_errors": f"{_IF}.14",
    "out_octets": f"{_IF}.16",
    "out_discards": f"{_IF}.19",
    "out_errors": f"{_IF}.20",
    "name": f"{_IFX}.1",
    "in_broadcasts": f"{_IFX}.3",
    "out_broadcasts": f"{_IFX}.5",
    "hc_in_octets": f"{_IFX}.6",
    "hc_in_broadcasts": f"{_IFX}.9",
    "hc_out_octets": f"{_IFX}.10",
    "hc_out_broadcasts": f"{_IFX}.13",
    "high_speed": f"{_IFX}.15",
    "discontinuity": f"{_IFX}.19",
}
"""To ask for as one table; their index is ifIndex."""

COUNTERS = (
    "in_octets", "out_octets", "in_discards", "out_discards", "in_errors", "out_errors",
    "in_broadcasts", "out_broadcasts",
)  # fmt: skip
OCTETS = frozenset({"in_octets", "out_octets"})

ETHERNET = frozenset({6, 7, 11, 26, 62, 69, 117})
"""ifType of Ethernet; all but the first are obsolete (RFC 3635), and still in use."""
VIRTUAL = frozenset({1, 24, 53, 54, 131, 135, 136, 142, 150, 166})
"""ifType of what is no line: other, loopback, propVirtual, propMultiplexor, tunnel, l2vlan,
l3ipvlan, ipForward, mplsTunnel, mpls."""
_UP, _DOWN = frozenset({1}), frozenset({2, 3, 6, 7})
"""ifOperStatus; 4 is unknown, 5 dormant (it waits for something)."""
_SEE_HIGH_SPEED = 2**32 - 1
_MEGABIT = 1_000_000
FASTEST = 1e13
"""Bits per second; what is said to be faster is a mistake in the unit."""


@dataclass(frozen=True, slots=True)
class Port:
    """One interface. None = the device does not say.

    Attributes:
        name: no two of a device have the same.
        kind: ifType.
        speed: in bits per second.
        enabled: by whoever set the device up.
        discontinuity: changes when its counters start again.
    """

    index: Oid
    name: str
    kind: int | None
    speed: float | None
    up: bool | None
    enabled: bool | None
    counters: Mapping[str, Counter]
    discontinuity: int | None

    @property
    def is_ethernet(self) -> bool:
        return self.kind in ETHERNET

    @property
    def is_virtual(self) -> bool:
        return self.kind in VIRTUAL


def ports_of(table: Table, reserved: str = "") -> dict[Oid, Port]:
    """By index, which is one number. No port is called `reserved`."""
    rows = {index: row for index, row in table.rows.items() if len(index) == 1}
    said = {index: words(row.get("name")) or words(row.get("descr")) for index, row in rows.items()}
    often = Tally(said.values())
    names = {
        index: name if name and often[name] == 1 and name != reserved else f"{name}#{index[0]}"
        for index, name in said.items()
    }
    return {index: _port(index, names[index], row) for index, row in rows.items()}


def _port(index: Oid, name: str, row: Row) -> Port:
    state = number(row.get("oper"))
    admin = number(row.get("admin"))
    return Port(
        index=index,
        name=name,
        kind=number(row.get("type")),
        speed=speed_of(number(row.get("speed")), number(row.get("high_speed"))),
        up=True if state in _UP else False if state in _DOWN else None,
        enabled={1: True, 2: False}.get(admin) if admin is not None else None,
        counters=_counters(row),
        discontinuity=number(row.get("discontinuity")),
    )


def speed_of(speed: int | None, high: int | None) -> float | None:
    """Bits per second, from ifSpeed in bits (2^32 - 1: see the other) and ifHighSpeed in millions,
    which is rounded. 0 is what devices say that do not know."""
    exact = float(speed) if speed is not None and 0 < speed < _SEE_HIGH_SPEED else None
    rounded = high * float(_MEGABIT) if high is not None and high > 0 else None
    if rounded is None or rounded > FASTEST:
        return exact
    if exact is not None and abs(exact - rounded) <= _MEGABIT / 2:
        return exact
    return rounded


def _counters(row: Row) -> dict[str, Counter]:
    found = {name: counter(row.get(name), row.get(f"hc_{name}")) for name in COUNTERS}
    return {name: value for name, value in found.items() if value is not None}


def counter(narrow: Value | None, wide: Value | None) -> Counter | None:
    """The one of 64 bits, unless it stands still at 0 while that of 32 bits counts: such a device
    has it by name only. Others count in 64 bits where 32 should be."""
    low, high = number(narrow), number(wide)
    if high is not None and 0 <= high < 2**64 and (high > 0 or not low):
        return Counter(high, wide=True)
    if low is not None and 0 <= low < 2**64:
        return Counter(low, wide=low >= 2**32)
    return None
