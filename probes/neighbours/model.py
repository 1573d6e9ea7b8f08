"""What a kernel knows of the machines beside this one."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from typing import Any, Protocol

from probes.model import ProbeError

NO_MAC = frozenset({"", "00:00:00:00:00:00"})
"""What interfaces without such addresses have in their place."""


class State(Enum):
    """How much an entry is worth now.

    CONFIRMED: the neighbour was heard within the last half minute or so, or somebody fixed the
    entry by hand. DOUBTED: the kernel would use the address, and has not heard the neighbour for
    longer, or is about to ask it. SILENT: it was asked and did not answer.
    """

    CONFIRMED = "confirmed"
    DOUBTED = "doubted"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Router:
    """The next hop of a default route. `index`: of the interface, as the system counts."""

    interface: str
    index: int
    address: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One entry of the kernel's table; `mac` is empty while none is known."""

    index: int
    address: str
    mac: str
    state: State


class System(Protocol):
    """What the module of each system offers. Both raise ProbeError, OSError and ValueError."""

    def routers(self) -> Sequence[Router]:
        """Those of IPv4 before those of IPv6, the preferred one first."""

    def neighbours(self) -> Sequence[Neighbour]:
        """Entries of interfaces that have MAC addresses."""


def this_system() -> System:
    """Raises ProbeError("unsupported_system")."""
    name = platform.system()
    if name not in ("Linux", "Windows"):
        raise ProbeError("unsupported_system")
    module: Any = import_module(f"probes.neighbours.{name.lower()}")
    system: System = module
    return system


def mac_text(address: bytes) -> str:
    """Lower case, with colons."""
    return address.hex(":")
