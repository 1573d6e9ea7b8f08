"""Which name servers this machine asks. Read-only, and it asks none of them.

Linux: resolv.conf(5); where that names systemd's stub, the servers that the stub asks. Windows: of
each connection with an address, the servers that somebody set, else those that DHCP gave (IPv4).
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from pathlib import Path

from probes import files
from probes.model import ProbeError
from probes.net import is_literal

ROOT = Path("/")
PORT = 53
_RESOLV_CONF = Path("etc/resolv.conf")
_BEHIND_THE_STUB = Path("run/systemd/resolve/resolv.conf")
_STUBS = frozenset({"127.0.0.53", "127.0.0.54"})
_MOST = 4


def in_use() -> list[str]:
    """Their addresses, in order. Raises ProbeError: "no_source" when there is none."""
    try:
        found = list(dict.fromkeys(_found()))
    except PermissionError as exc:
        raise ProbeError("no_privilege", str(exc)) from exc
    except OSError as exc:
        raise ProbeError("unreadable", str(exc)) from exc
    if not found:
        raise ProbeError("no_source", "no name server is set")
    return found[:_MOST]


def _found() -> Iterable[str]:
    match platform.system():
        case "Linux":
            return _of_linux()
        case "Windows":
            return _of_windows()
    raise ProbeError("unsupported_system")


def _of_linux() -> list[str]:
    found = of_resolv_conf(files.text_if_any(ROOT / _RESOLV_CONF) or "")
    if _STUBS.isdisjoint(found):
        return found
    behind = of_resolv_conf(files.text_if_any(ROOT / _BEHIND_THE_STUB) or "")
    return behind or found


def of_resolv_conf(text: str) -> list[str]:
    lines = (line.split() for line in text.splitlines())
    return [w[1] for w in lines if len(w) > 1 and w[0] == "nameserver" and is_literal(w[1])]


def _of_windows() -> Iterator[str]:
    from probes.cards import cards
    from probes.dual_homing.addresses import reaches_out
    from probes.leases.windows import INTERFACES, connections
    from probes.windows.system import read_values

    here = {card.name for card in cards() if card.up and reaches_out(card.addresses)}
    for identity, name in connections():
        if name in here:
            values = read_values(rf"{INTERFACES}\{identity}")
            listed = values.get("NameServer") or values.get("DhcpNameServer") or ""
            yield from filter(is_literal, str(listed).replace(",", " ").split())
