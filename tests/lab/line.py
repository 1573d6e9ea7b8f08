"""A school's line of network namespaces: server - router - school, shaped at the router's egress.

`sockets` belong to the namespace in which they were opened, so one process can hold both ends.
Everything is gone when the context ends.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from tests.lab.space import Space, Spaces, lab

T = TypeVar("T")
ETHERNET_BYTES = 14
"""What the shaper counts for a packet beyond its IP bytes."""
SERVER, SCHOOL = "10.81.1.2", "10.81.2.2"
ENDS = ("server", "router", "school")


@dataclass(frozen=True)
class Line:
    """`name` begins the names of the namespaces."""

    name: str

    def space(self, end: str) -> Space:
        """The namespace `server`, `router` or `school`."""
        return Space(f"{self.name}-{end}")

    def shape(self, down: str, up: str) -> None:
        """Arguments of `tc` that follow `root`, for the way to the school and to the server."""
        for device, shaper in (("to-school", down), ("to-server", up)):
            words = ("qdisc", "replace", "dev", device, "root", *shaper.split())
            self.space("router").run("tc", *words)

    def frame(self, end: str, size: int) -> None:
        """Set the longest IP packet of that end's interface, in bytes."""
        self.space(end).ip("link", "set", "eth0", "mtu", str(size))

    def inside(self, end: str, work: Callable[[], T]) -> T:
        """The result of `work`, done by a thread in that namespace.

        Sockets and processes that it opens stay there.
        """
        return self.space(end).inside(work)

    def udp(self, end: str) -> socket.socket:
        """Non-blocking and bound to a free port of that end's address."""

        def opened() -> socket.socket:
            found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            found.setblocking(False)
            found.bind((SERVER if end == "server" else SCHOOL, 0))
            return found

        return self.inside(end, opened)


def tbf(mbit: float, buffer_seconds: float = 0.06, burst: int | None = None) -> str:
    """A shaper of the rate of Ethernet frames without offload: a lump of at most two packets."""
    limit = int(mbit * 1e6 / 8 * buffer_seconds)
    return f"tbf rate {int(mbit * 1000)}kbit burst {burst or 3200} limit {max(limit, 6000)}"


@contextmanager
def line() -> Iterator[Line]:
    """Needs root and iproute2."""
    with lab() as (spaces, _):
        _build(spaces)
        yield Line(spaces.name)


def _build(spaces: Spaces) -> None:
    server, router, school = (spaces.add(end) for end in ENDS)
    for space, end, net in ((server, "server", "10.81.1"), (school, "school", "10.81.2")):
        spaces.cable(space, "eth0", router, f"to-{end}")
        space.ip("addr", "add", f"{net}.2/24", "dev", "eth0")
        router.ip("addr", "add", f"{net}.1/24", "dev", f"to-{end}")
        space.ip("route", "add", "default", "via", f"{net}.1")
