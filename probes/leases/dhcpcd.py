"""Leases of dhcpcd: the server's last message, byte for byte (RFC 2131, 2132)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from ipaddress import IPv4Address
from pathlib import Path

from probes import files
from probes.leases.model import FOREVER, Lease, addresses, first

FOLDERS = (Path("var/lib/dhcpcd"), Path("var/lib/dhcpcd5"), Path("var/db/dhcpcd"))
_MOST_BYTES = 4096
_YOUR_ADDRESS = slice(16, 20)
_OPTIONS_AT = 240
_COOKIE = bytes((99, 130, 83, 99))
_PAD, _END = 0, 255
_ROUTER, _RESOLVER, _LENGTH, _SERVER = 3, 6, 51, 54


def leases(root: Path, interfaces: Collection[str]) -> Iterator[Lease]:
    """Of these interfaces. Raises OSError and ValueError."""
    for folder in FOLDERS:
        for path in files.below(root / folder, "*.lease"):
            if interface := _interface(path.name, interfaces):
                with path.open("rb") as file:
                    yield parse(file.read(_MOST_BYTES), interface, path.stat().st_mtime)


def _interface(name: str, interfaces: Collection[str]) -> str | None:
    """Of eth0.lease, wlan0-NETWORK.lease, and dhcpcd-eth0.lease of old versions."""
    stem = name.removesuffix(".lease").removeprefix("dhcpcd-")
    return next((i for i in interfaces if stem == i or stem.startswith(f"{i}-")), None)


def parse(message: bytes, interface: str, began: float) -> Lease:
    """`began`: when the message came. Raises ValueError for what is no DHCP message."""
    options = _options(message)
    length = int.from_bytes(options.get(_LENGTH, b""), "big")
    return Lease(
        interface=interface,
        address=first(_hosts(message[_YOUR_ADDRESS])),
        server=first(_hosts(options.get(_SERVER, b""))),
        routers=addresses(_hosts(options.get(_ROUTER, b""))),
        resolvers=addresses(_hosts(options.get(_RESOLVER, b""))),
        ends=began + length if 0 < length < FOREVER else None,
        kept_up=False,
    )


def _options(message: bytes) -> dict[int, bytes]:
    """Several of one kind are one that was cut (RFC 3396)."""
    if message[_OPTIONS_AT - len(_COOKIE) : _OPTIONS_AT] != _COOKIE:
        raise ValueError("no DHCP message")
    found: dict[int, bytes] = {}
    at = _OPTIONS_AT
    while at < len(message) and message[at] != _END:
        if message[at] == _PAD:
            at += 1
            continue
        size = message[at + 1] if at + 1 < len(message) else 0
        value = message[at + 2 : at + 2 + size]
        if len(value) < size or at + 1 >= len(message):
            raise ValueError("a DHCP option is cut off")
        found[message[at]] = found.get(message[at], b"") + value
        at += 2 + size
    return found


def _hosts(value: bytes) -> list[str]:
    whole = range(0, len(value) - len(value) % 4, 4)
    return [str(IPv4Address(value[at : at + 4])) for at in whole]
