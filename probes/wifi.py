"""What a Linux machine knows of its wireless links: kernel files, and the words of `iw`.

The name and address of the network are in some of these words. They are not read: where a pupil's
PC was is nobody's business here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_SIGNAL = re.compile(r"^\s*signal:\s*(-?\d+)", re.MULTILINE)
_FREQUENCY = re.compile(r"^\s*freq:\s*(\d+(?:\.\d+)?)", re.MULTILINE)
_BITRATE = r"^\s*{way} bitrate:\s*(\d+(?:\.\d+)?) MBit/s"
_MEGA = 1e6
_BELIEVABLE_DBM = (-120, -1)
"""Drivers that do not know say 0, -256 or a percentage."""


@dataclass(frozen=True, slots=True)
class Station:
    """A link to an access point; None for what the driver does not say.

    `signal` in dBm, the rates in bit/s, `frequency` in Hz.
    """

    signal: float | None = None
    received_rate: float | None = None
    sent_rate: float | None = None
    frequency: float | None = None


def parse_link(text: str) -> Station | None:
    """Of `iw dev NAME link`; None when it says that there is no link."""
    if not text.lstrip().startswith("Connected to"):
        return None
    return Station(
        signal=believable(_number(_SIGNAL, text)),
        received_rate=_scaled(re.compile(_BITRATE.format(way="rx"), re.MULTILINE), text),
        sent_rate=_scaled(re.compile(_BITRATE.format(way="tx"), re.MULTILINE), text),
        frequency=_scaled(_FREQUENCY, text),
    )


def parse_stations(text: str) -> list[str]:
    """Of `iw dev`: the interfaces that connect to access points; not those that are one."""
    blocks = re.split(r"^\s*Interface ", text, flags=re.MULTILINE)[1:]
    return [b.split()[0] for b in blocks if re.search(r"^\s*type managed$", b, re.MULTILINE)]


def parse_wireless(text: str) -> dict[str, float | None]:
    """Of /proc/net/wireless: interface -> signal in dBm, None where the driver gives none."""
    found: dict[str, float | None] = {}
    for line in text.splitlines():
        name, colon, rest = line.partition(":")
        words = rest.split()
        if colon and len(words) >= 3 and re.fullmatch(r"-?\d+\.?", words[2]):
            found[name.strip()] = believable(float(words[2]))
    return found


def believable(dbm: float | None) -> float | None:
    low, high = _BELIEVABLE_DBM
    return dbm if dbm is not None and low <= dbm <= high else None


def wireless_interfaces(folder: Path) -> list[str]:
    """In /sys/class/net: those with a radio behind them."""
    marks = ("phy80211", "wireless")
    return sorted(p.name for p in folder.glob("*") if any((p / m).exists() for m in marks))


def _number(pattern: re.Pattern[str], text: str) -> float | None:
    found = pattern.search(text)
    return None if found is None else float(found[1])


def _scaled(pattern: re.Pattern[str], text: str) -> float | None:
    """Bit/s from Mbit/s, or Hz from MHz; a driver that does not know says 0."""
    found = _number(pattern, text)
    return found * _MEGA if found else None
