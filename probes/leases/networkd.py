"""Leases of systemd-networkd: one file for each link, of name=value, readable by everybody.

Its makers call the files private; the bus that they offer instead needs privileges for this.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

from probes import files
from probes.leases.model import FOREVER, Lease, addresses, first

FOLDER = Path("run/systemd/netif/leases")

_SPAN = re.compile(r"(\d+)\s*(us|ms|s|min|h|d|w|month|y|)\s*", re.ASCII)
_SECONDS = {
    "us": 1e-6, "ms": 1e-3, "": 1, "s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800,
    "month": 2_629_800, "y": 31_557_600,
}  # fmt: skip


def leases(root: Path) -> Iterator[Lease]:
    """Raises OSError; ValueError for a length that is none."""
    for path in files.below(root / FOLDER, "*"):
        if path.name.isdecimal():
            began = path.stat().st_mtime
            if lease := parse(files.text(path), _interface(int(path.name)), began):
                yield lease


def parse(text: str, interface: str, began: float) -> Lease | None:
    """`began`: when the file was written, which is when the lease was given or renewed."""
    lines = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    said = {name.strip(): value.split() for name, _, value in lines}
    if not interface or not (address := first(said.get("ADDRESS", ()))):
        return None
    length = seconds(" ".join(said.get("LIFETIME", ())))
    return Lease(
        interface=interface,
        address=address,
        server=first(said.get("SERVER_ADDRESS", ())),
        routers=addresses(said.get("ROUTER", ())),
        resolvers=addresses(said.get("DNS", ())),
        ends=None if length is None else began + length,
    )


def seconds(text: str) -> float | None:
    """`3600` as older versions write it, `1h 30min` as newer ones; None for none or no end."""
    if text in ("", "infinity") or text == str(FOREVER):
        return None
    if not re.fullmatch(rf"({_SPAN.pattern})+", text, re.ASCII):
        raise ValueError(f"LIFETIME={text[:40]}")
    return sum(int(number) * _SECONDS[unit] for number, unit in _SPAN.findall(text))


def _interface(index: int) -> str:
    """Empty when it is gone."""
    try:
        return socket.if_indextoname(index)
    except OSError:
        return ""
