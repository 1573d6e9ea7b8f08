"""Default routers and the neighbour table of Windows: GetIpForwardTable2 and GetIpNetTable2.

Rows are read by the documented layout of MIB_IPFORWARD_ROW2 and MIB_IPNET_ROW2 (netioapi.h).
"""

from __future__ import annotations

import struct

from probes.dual_homing.windows import FORWARD_ROW_BYTES, default_route_rows
from probes.neighbours.model import NO_MAC, Neighbour, Router, State, mac_text
from probes.windows.ip_table import IPV4, address_or_none, interface_name, ip_table, rows

NEIGHBOUR_ROW_BYTES = 88
_NEXT_HOP = slice(44, 72)
_ADDRESS, _MAC = slice(0, 28), slice(40, 72)
_MAC_BYTES = 6

_UNREACHABLE, _INCOMPLETE, _PROBE, _DELAY, _STALE, _REACHABLE, _PERMANENT = range(7)
_STATES = {
    _UNREACHABLE: State.SILENT,
    _INCOMPLETE: State.DOUBTED,
    _PROBE: State.DOUBTED,
    _DELAY: State.DOUBTED,
    _STALE: State.DOUBTED,
    _REACHABLE: State.CONFIRMED,
    _PERMANENT: State.CONFIRMED,
}
"""NL_NEIGHBOR_STATE of nldef.h."""


def routers() -> list[Router]:
    return next_hops(ip_table("GetIpForwardTable2", FORWARD_ROW_BYTES))


def next_hops(table: bytes) -> list[Router]:
    """Raises ValueError and ProbeError."""
    found: dict[Router, bool] = {}
    for row in default_route_rows(table):
        luid, index, _ = struct.unpack_from("<QIH", row)
        if (address := address_or_none(row[_NEXT_HOP])) is not None:
            is_ipv6 = struct.unpack_from("<H", row, _NEXT_HOP.start)[0] != IPV4
            found[Router(interface_name(luid), index, address)] = is_ipv6
    return sorted(found, key=found.__getitem__)


def neighbours() -> list[Neighbour]:
    return entries(ip_table("GetIpNetTable2", NEIGHBOUR_ROW_BYTES))


def entries(table: bytes) -> list[Neighbour]:
    """Raises ValueError."""
    found = []
    for row in rows(table, NEIGHBOUR_ROW_BYTES):
        address = address_or_none(row[_ADDRESS])
        (index,) = struct.unpack_from("<I", row, 28)
        length, state = struct.unpack_from("<Ii", row, 72)
        if address is not None and state in _STATES:
            mac = mac_text(row[_MAC][:_MAC_BYTES]) if length == _MAC_BYTES else ""
            entry = Neighbour(index, address, "" if mac in NO_MAC else mac, _STATES[state])
            found.append(entry)
    return found
