"""Default routes, networks, phones that serve as modems, and forwarding on Linux."""

from __future__ import annotations

from pathlib import Path

from probes import default_route
from probes.dual_homing.addresses import addressed
from probes.model import ProbeError
from probes.parts import Facts

SYS_NET = Path("/sys/class/net")
SETTINGS = Path("/proc/sys/net")

PHONES = frozenset({"rndis_host", "ipheth"})
"""Drivers that serve phones."""
PHONES_AND_ADAPTERS = frozenset({"cdc_ether", "cdc_ncm"})
ADAPTER_MAKERS = frozenset({"0bda", "0b95", "17ef", "2357", "045e", "413c", "03f0", "0955"})
"""USB vendors of wired adapters and docking stations that use those drivers: Realtek, ASIX, Lenovo,
TP-Link, Microsoft, Dell, HP, NVIDIA."""
_MOST_LAYERS = 4
"""Of a bridge over a bond over a VLAN over a card."""


def routes() -> Facts:
    """Raises ProbeError and ValueError."""
    if not default_route.IPV4_ROUTES.exists():
        raise ProbeError("no_source", str(default_route.IPV4_ROUTES))
    here = addressed()
    ways = default_route.default_interfaces()
    networks = {name for name in here if name in ways or is_hardware(name)}
    values = {"default_routes_count": len(ways), "networks_count": len(networks)}
    return Facts("proc", values)


def is_hardware(name: str, layers: int = _MOST_LAYERS) -> bool:
    """Whether it is a card, or a bridge, bond or VLAN that stands on one."""
    if (SYS_NET / name / "device").exists():
        return True
    below = (path.name.removeprefix("lower_") for path in (SYS_NET / name).glob("lower_*"))
    return layers > 0 and any(is_hardware(lower, layers - 1) for lower in below)


def tether() -> Facts:
    if not SYS_NET.is_dir():
        raise ProbeError("no_source", str(SYS_NET))
    ways = default_route.default_interfaces() | addressed()
    return Facts("file", {"phone_tether_active": any(is_phone(SYS_NET / name) for name in ways)})


def is_phone(interface: Path) -> bool:
    """Whether a phone stands behind it, by the driver or by Bluetooth.

    A driver that wired adapters use too means a phone only if no maker of adapters made the device.
    """
    if "DEVTYPE=bluetooth" in _text(interface / "uevent").split():
        return True
    device = interface / "device"
    driver = (device / "driver").resolve().name
    if driver in PHONES_AND_ADAPTERS:
        vendor = _text(device.resolve().parent / "idVendor").strip().lower()
        return vendor not in ADAPTER_MAKERS
    return driver in PHONES


def forwarding() -> Facts:
    """IPv4 is passed on by what each interface is set to, IPv6 by one setting for all."""
    ipv4 = list((SETTINGS / "ipv4/conf").glob("*/forwarding"))
    if not ipv4:
        raise ProbeError("no_source", str(SETTINGS))
    ipv4 = [path for path in ipv4 if path.parent.name not in ("lo", "default")]
    words = {_text(path).strip() for path in (*ipv4, SETTINGS / "ipv6/conf/all/forwarding")}
    return Facts("proc", {"ip_forwarding": bool(words - {"0", ""})})


def _text(path: Path) -> str:
    """Empty when there is no such file: not every interface or kernel has each."""
    try:
        return path.read_text("ascii", errors="replace")
    except OSError:
        return ""
