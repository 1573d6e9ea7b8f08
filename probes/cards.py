"""Network interfaces of this machine: what they are, their MACs and their addresses. Read-only."""

from __future__ import annotations

import platform
import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Any

from probes.model import ProbeError

_NO_MAC = frozenset({"", "00:00:00:00:00:00"})


class Medium(StrEnum):
    """Of hardware: by radio, or by anything else. `virtual`: no hardware, such as a bridge."""

    WIRED = "wired"
    WIRELESS = "wireless"
    VIRTUAL = "virtual"


@dataclass(frozen=True, slots=True)
class Card:
    """An interface other than loopback.

    Attributes:
        mac: lower case, with colons; empty when it has none, as a tunnel.
        addresses: IPv4 before IPv6, without scopes.
        on_hardware: it is hardware, or stands on some, as a bridge over a card.
    """

    name: str
    mac: str
    addresses: tuple[str, ...]
    medium: Medium
    on_hardware: bool
    up: bool


def cards() -> list[Card]:
    """By name. Raises ProbeError for a system that is not supported."""
    import psutil

    stats, kind = psutil.net_if_stats(), _kinds()
    found = []
    for name, all_ in sorted(psutil.net_if_addrs().items()):
        addresses = _addresses(all_)
        if name == "lo" or any(ip_address(text).is_loopback for text in addresses):
            continue
        medium, on_hardware = kind(name)
        macs = (_mac(entry.address) for entry in all_ if entry.family == psutil.AF_LINK)
        mac = next((mac for mac in macs if mac not in _NO_MAC), "")
        up = name in stats and stats[name].isup
        found.append(Card(name, mac, addresses, medium, on_hardware, up))
    return found


def _addresses(entries: list[Any]) -> tuple[str, ...]:
    found = [
        entry.address.partition("%")[0]
        for family in (socket.AF_INET, socket.AF_INET6)
        for entry in entries
        if entry.family == family
    ]
    return tuple(dict.fromkeys(found))


def _mac(text: str) -> str:
    return text.replace("-", ":").lower()


def _kinds() -> Callable[[str], tuple[Medium, bool]]:
    if platform.system() == "Windows":
        return _kinds_of_windows()
    if platform.system() != "Linux":
        raise ProbeError("unsupported_system")
    from probes.dual_homing import linux
    from probes.wifi import wireless_interfaces

    radios = wireless_interfaces(linux.SYS_NET)

    def kind(name: str) -> tuple[Medium, bool]:
        if name in radios:
            return Medium.WIRELESS, True
        is_hardware = (linux.SYS_NET / name / "device").exists()
        return Medium.WIRED if is_hardware else Medium.VIRTUAL, linux.is_hardware(name)

    return kind


def _kinds_of_windows() -> Callable[[str], tuple[Medium, bool]]:
    from probes.windows.adapters import adapters, radios

    hardware, wireless = adapters(), radios()

    def kind(name: str) -> tuple[Medium, bool]:
        if not hardware.get(name, False):
            return Medium.VIRTUAL, False
        return Medium.WIRELESS if name in wireless else Medium.WIRED, True

    return kind
