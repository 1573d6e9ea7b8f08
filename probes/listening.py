"""Which ports of this machine wait for somebody else, from the kernel's own tables. Read-only.

It knows ports and addresses, not programs: whose a socket is takes privilege and is nobody's
business here.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Literal

from probes.model import ProbeError

PROC_NET = Path("/proc/net")
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
IANA_DYNAMIC = (49152, 65535)
"""RFC 6335 section 6; Windows uses it too."""

Protocol = Literal["tcp", "udp"]
PROTOCOLS: tuple[Protocol, ...] = ("tcp", "udp")

_TCP_LISTEN, _UDP_UNCONNECTED = "0A", "07"
_WAITING: Mapping[Protocol, str] = {"tcp": _TCP_LISTEN, "udp": _UDP_UNCONNECTED}


@dataclass(frozen=True, slots=True, order=True)
class Port:
    protocol: Protocol
    number: int

    def __str__(self) -> str:
        return f"{self.protocol}/{self.number}"


@dataclass(frozen=True, slots=True)
class Socket:
    """One that waits: a TCP listener, or a UDP socket that takes datagrams of anybody."""

    port: Port
    address: IPv4Address | IPv6Address

    @property
    def loopback(self) -> bool:
        mapped = getattr(self.address, "ipv4_mapped", None)
        return (mapped or self.address).is_loopback


def parse_port(word: str) -> Port | None:
    """`tcp/22`; None if it is not that."""
    found = re.fullmatch(r"(tcp|udp)/(\d{1,5})", word)
    if found is None or not 0 < int(found[2]) < 65_536:
        return None
    return Port("tcp" if found[1] == "tcp" else "udp", int(found[2]))


def sockets() -> list[Socket]:
    """Every waiting socket of this network namespace, without those of clients.

    A UDP socket in the range that the system hands out to clients cannot be told from a client's,
    and is left out. Raises ProbeError("unreadable") or ("no_privilege").
    """
    found = _from_proc() if (PROC_NET / "tcp").exists() else _from_psutil()
    low, high = _ephemeral()
    return [s for s in found if s.port.protocol == "tcp" or not low <= s.port.number <= high]


def exposed(found: Iterable[Socket]) -> set[Port]:
    """Ports that another machine can reach, as far as their addresses tell."""
    return {s.port for s in found if not s.loopback}


def parse_table(text: str, protocol: Protocol) -> Iterator[Socket]:
    """Of /proc/net/tcp, tcp6, udp or udp6. Raises ValueError for a line that makes no sense."""
    for line in text.splitlines()[1:]:
        _, local, remote, state, *_ = line.split()
        address, _, port = local.partition(":")
        if state == _WAITING[protocol] and remote.rpartition(":")[2] == "0000":
            yield Socket(Port(protocol, int(port, 16)), _address(address))


def _address(digits: str) -> IPv4Address | IPv6Address:
    """The kernel prints 32-bit words in the order of this machine's bytes."""
    words = struct.unpack(f">{len(digits) // 8}I", bytes.fromhex(digits))
    return ip_address(struct.pack(f"={len(words)}I", *words))


def _from_proc() -> list[Socket]:
    found: list[Socket] = []
    for protocol in PROTOCOLS:
        for name in (protocol, f"{protocol}6"):
            path = PROC_NET / name
            try:
                found += parse_table(path.read_text(encoding="ascii"), protocol)
            except FileNotFoundError:  # a kernel without IPv6
                continue
            except PermissionError as exc:
                raise ProbeError("no_privilege", str(path)) from exc
            except (OSError, ValueError, struct.error) as exc:
                raise ProbeError("unreadable", f"{path}: {exc}") from exc
    return found


def _from_psutil() -> list[Socket]:
    import psutil

    found: list[Socket] = []
    try:
        for protocol in PROTOCOLS:
            for c in psutil.net_connections(kind=protocol):
                waits = c.status == psutil.CONN_LISTEN if protocol == "tcp" else not c.raddr
                if waits and c.laddr:
                    address = ip_address(c.laddr.ip.partition("%")[0])
                    found.append(Socket(Port(protocol, c.laddr.port), address))
    except psutil.AccessDenied as exc:
        raise ProbeError("no_privilege") from exc
    return found


def _ephemeral() -> tuple[int, int]:
    """Ports that the system gives to clients that ask for none in particular."""
    try:
        low, high = EPHEMERAL.read_text(encoding="ascii").split()
        return int(low), int(high)
    except (OSError, ValueError):
        return IANA_DYNAMIC
