"""Leases of ISC dhclient, which appends each to a file (dhclient.leases(5))."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from probes import files
from probes.leases.model import Lease, addresses, first

FOLDERS = (Path("var/lib/dhcp"), Path("var/lib/dhclient"), Path("var/lib/NetworkManager"))
_LEASE = re.compile(r"^lease\s*\{(.*?)^\}", re.MULTILINE | re.DOTALL)
_STATEMENT = re.compile(r'\s*(?:option\s+)?([\w-]+)\s+((?:"(?:[^"\\]|\\.)*"|[^;"])*);')
_UTC = re.compile(r"\d (\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d{1,2}:\d{1,2})", re.ASCII)
_EPOCH = re.compile(r"epoch (\d{1,11})", re.ASCII)


def leases(root: Path) -> Iterator[Lease]:
    """The last of each interface and address. Raises OSError."""
    last = {}
    for folder in FOLDERS:
        for path in files.below(root / folder, "dhclient*lease*"):
            for lease in parse(files.text(path)):
                last[lease.interface, lease.address] = lease
    yield from last.values()


def parse(text: str) -> Iterator[Lease]:
    """In the order of the file; what makes no sense is passed over."""
    for block in _LEASE.findall(text):
        said = {name: value.strip() for name, value in _STATEMENT.findall(block)}
        interface, address = said.get("interface", "").strip('"'), said.get("fixed-address", "")
        if interface and first([address]):
            yield Lease(
                interface=interface,
                address=address,
                server=first([said.get("dhcp-server-identifier", "")]),
                routers=addresses(_words(said, "routers")),
                resolvers=addresses(_words(said, "domain-name-servers")),
                ends=_moment(said.get("expire", "")),
                kept_up=False,
            )


def _words(said: dict[str, str], name: str) -> list[str]:
    return said.get(name, "").replace(",", " ").split()


def _moment(text: str) -> float | None:
    """`4 2026/11/26 08:00:00` in UTC, or `epoch 1795680000`; None for `never`, and for others."""
    if found := _EPOCH.match(text):
        return float(found[1])
    if found := _UTC.fullmatch(text):
        try:
            at = datetime.strptime(found[1], "%Y/%m/%d %H:%M:%S")
        except ValueError:
            return None
        return at.replace(tzinfo=UTC).timestamp()
    return None
