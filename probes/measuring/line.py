"""Which interface is the school's line, and what its counters count beyond IP. Read-only."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from probes import default_route, interfaces, wifi
from probes.measuring.permit import Direction
from probes.model import ProbeError
from probes.text import Text

SYSTEM_INTERFACES = Path("/sys/class/net")
INTERFACE_HELP = Text(
    "出口接口名；留空则取默认路由所在的接口。",
    "Interface of the line; empty = that of the default route.",
)
"""Of the setting `interface`."""
LINE_REASONS: Mapping[str, Text] = {
    "no_default_route": Text(
        "本机没有默认路由，不知道哪个接口是出口。",
        "This machine has no default route, so which interface is the line is not known.",
    ),
    "no_interface": Text(
        "设置中指定的出口接口不存在。", "The interface that is set for the line does not exist."
    ),
}
"""Why the line is not known, for the probes that ask."""

ETHERNET_BYTES = 14
_WITH_ETHERNET = frozenset({1, 772})
"""Of linux/if_arp.h: Ethernet, which Wi-Fi calls itself as well, and the loopback."""
_HEADER_ON_THE_WAY_OUT = frozenset({"bridge", "vlan"})
"""Devices on top of another: what comes in reaches them without its Ethernet header."""


@dataclass(frozen=True, slots=True)
class Line:
    """An interface as the line.

    Attributes:
        link_speed: bits/s negotiated with the other end; None when the system does not know.
        is_wireless: None when the system does not say.
        header_bytes: what its counters count for a packet beyond its IP bytes.
        largest_packet: IP bytes of the longest packet; None when the system does not say.
    """

    name: str
    link_speed: float | None
    is_wireless: bool | None
    header_bytes: Mapping[Direction, int]
    largest_packet: int | None


def line_name(setting: str) -> str:
    """The interface that is set, or that of the default route. Raises ProbeError: LINE_REASONS."""
    if not setting:
        if (found := default_route.default_interface()) is None:
            raise ProbeError("no_default_route", LINE_REASONS["no_default_route"])
        return found
    if setting not in interfaces.links():
        raise ProbeError("no_interface", LINE_REASONS["no_interface"])
    return setting


def line_of(setting: str) -> Line:
    """As `line_name`, with what the system knows of it."""
    name = line_name(setting)
    link = interfaces.links().get(name)
    megabits = None if link is None else link.megabits
    return Line(
        name,
        None if megabits is None else megabits * 1e6,
        _is_wireless(name),
        header_bytes(SYSTEM_INTERFACES / name),
        _number_or_none(SYSTEM_INTERFACES / name / "mtu"),
    )


def header_bytes(folder: Path) -> dict[Direction, int]:
    """Of a folder of /sys/class/net; other systems count as Ethernet does.

    ppp, tunnels and modems that carry bare IP count no header. The checksum at a frame's end is
    not known to be counted by any driver that counts in software; some that count in hardware do.
    """
    kind = _number_or_none(folder / "type")
    if kind is not None and kind not in _WITH_ETHERNET:
        return dict.fromkeys(Direction, 0)
    found = dict.fromkeys(Direction, ETHERNET_BYTES)
    if _device_type(folder) in _HEADER_ON_THE_WAY_OUT:
        found[Direction.DOWN] = 0
    return found


def _device_type(folder: Path) -> str:
    for line in _text(folder / "uevent").splitlines():
        name, _, value = line.partition("=")
        if name == "DEVTYPE":
            return value
    return ""


def _is_wireless(name: str) -> bool | None:
    if not sys.platform.startswith("linux"):
        return None
    return name in wifi.wireless_interfaces(SYSTEM_INTERFACES)


def _number_or_none(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdecimal() else None


def _text(path: Path) -> str:
    """Empty when it cannot be read."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
