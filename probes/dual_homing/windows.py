"""Default routes, networks, phones that serve as modems, and forwarding on Windows.

The tables come from iphlpapi as bytes and are read by their documented layout (netioapi.h).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from probes.dual_homing.addresses import addressed
from probes.model import ProbeError
from probes.parts import Facts
from probes.windows.adapters import adapters
from probes.windows.ip_table import IPV4, IPV6, ip_table, rows
from probes.windows.system import read_keys, read_values

FORWARD_ROW_BYTES, INTERFACE_ROW_BYTES = 104, 168
"""Of MIB_IPFORWARD_ROW2 and MIB_IPINTERFACE_ROW."""
LOOPBACK, TUNNEL = 24, 131
"""Interface types (IANA); a tunnel of type 131 is Teredo, 6to4 or ISATAP."""

_CLASS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e972-e325-11ce-bfc1-08002be10318}"
_NETWORK = r"SYSTEM\CurrentControlSet\Control\Network\{4d36e972-e325-11ce-bfc1-08002be10318}"
_PHONE_INF = frozenset(
    {"netrndis.inf", "rndiscmp.inf", "netaapl.inf", "netaapl64.inf", "wceisvista.inf"}
)
_PHONE_DEVICE = re.compile(
    r"usb\\(ms_comp_rndis.*|class_e0&subclass_01&prot_03|class_ef&subclass_04&prot_01|vid_05ac&pid_12[9a][0-9a-f].*)"
    r"|bth\\ms_bthpan.*",
    re.IGNORECASE,
)
"""RNDIS over USB as Android phones have it, Apple's phones, and networks over Bluetooth."""


def routes() -> Facts:
    """Raises ProbeError and ValueError."""
    ways = default_routes(ip_table("GetIpForwardTable2", FORWARD_ROW_BYTES))
    cards = adapters()
    networks = sum(cards.get(name, False) for name in addressed()) if cards else None
    values = {"default_routes_count": len(ways), "networks_count": networks}
    return Facts("netapi", values, "no_source")


def default_routes(table: bytes) -> set[int]:
    """Indices of interfaces with a default route, without loopback and Windows' own tunnels."""
    return {struct.unpack_from("<I", row, 8)[0] for row in default_route_rows(table)}


def default_route_rows(table: bytes) -> Iterator[bytes]:
    """The rows of those routes. Raises ValueError."""
    for row in rows(table, FORWARD_ROW_BYTES):
        (family,) = struct.unpack_from("<H", row, 12)
        address = row[16:20] if family == IPV4 else row[20:36] if family == IPV6 else b"?"
        if row[40] == 0 and not any(address) and _kind(row) not in (LOOPBACK, TUNNEL):
            yield row


def forwarding() -> Facts:
    passes_on = forwards(ip_table("GetIpInterfaceTable", INTERFACE_ROW_BYTES))
    return Facts("netapi", {"ip_forwarding": passes_on})


def forwards(table: bytes) -> bool:
    """Whether any interface passes packets on, however that was set."""
    return any(
        row[41] != 0 and _kind(row, at=8) not in (LOOPBACK, TUNNEL)
        for row in rows(table, INTERFACE_ROW_BYTES)
    )


def _kind(row: bytes, at: int = 0) -> int:
    """The interface's type, in the highest 16 bits of its LUID."""
    return int(struct.unpack_from("<H", row, at + 6)[0])


def tether() -> Facts:
    here = addressed()
    return Facts("registry", {"phone_tether_active": any(name in here for name in phones())})


def phones() -> Iterator[str]:
    """Connection names of adapters whose driver serves phones. Raises ProbeError."""
    numbers = [name for name in read_keys(_CLASS) if name.isdigit()]
    if not numbers:
        raise ProbeError("no_source", _CLASS)
    for number in numbers:
        driver = read_values(rf"{_CLASS}\{number}")
        if is_phone(str(driver.get("InfPath", "")), str(driver.get("MatchingDeviceId", ""))):
            identity = driver.get("NetCfgInstanceId")
            name = read_values(rf"{_NETWORK}\{identity}\Connection").get("Name")
            if isinstance(name, str):
                yield name


def is_phone(inf: str, device: str) -> bool:
    return inf.lower() in _PHONE_INF or _PHONE_DEVICE.fullmatch(device) is not None
