"""A school's line of network namespaces: server - router - school, shaped at the router's egress.

`sockets` belong to the namespace in which they were opened, so one process can hold both ends.
Everything is gone when the context ends.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
ETHERNET_BYTES = 14
"""What the shaper counts for a packet beyond its IP bytes."""
SERVER, SCHOOL = "10.81.1.2", "10.81.2.2"
_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True)
class Line:
    """`name` begins the names of the namespaces."""

    name: str

    def shape(self, down: str, up: str) -> None:
        """Arguments of `tc` that follow `root`, for the way to the school and to the server."""
        for device, shaper in (("to-school", down), ("to-server", up)):
            _run("ip", "netns", "exec", f"{self.name}-router", "tc", "qdisc", "replace", "dev",
                 device, "root", *shaper.split())  # fmt: skip

    def frame(self, end: str, size: int) -> None:
        """Set the longest IP packet of that end's interface, in bytes."""
        _run("ip", "-n", f"{self.name}-{end}", "link", "set", "eth0", "mtu", str(size))

    def inside(self, end: str, work: Callable[[], T]) -> T:
        """The result of `work`, done by a thread in the namespace `server`, `router` or `school`.

        Sockets and processes that it opens stay there.
        """
        with ThreadPoolExecutor(1, initializer=self._enter, initargs=(end,)) as thread:
            return thread.submit(work).result()

    def _enter(self, end: str) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with Path(f"/run/netns/{self.name}-{end}").open() as namespace:
            if libc.setns(namespace.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")

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
    made = Line(f"banjun{os.getpid()}")
    try:
        _build(made.name)
        yield made
    finally:
        for end in ("server", "router", "school"):
            with suppress(subprocess.CalledProcessError):
                _run("ip", "netns", "del", f"{made.name}-{end}")


def _build(name: str) -> None:
    for end in ("server", "router", "school"):
        _run("ip", "netns", "add", f"{name}-{end}")
    for end, net in (("server", "10.81.1"), ("school", "10.81.2")):
        own, router = f"{name}-{end}", f"{name}-router"
        _run("ip", "link", "add", "eth0", "netns", own, "type", "veth",
             "peer", "name", f"to-{end}", "netns", router)  # fmt: skip
        for namespace, device, address in (
            (own, "eth0", f"{net}.2"),
            (router, f"to-{end}", f"{net}.1"),
        ):
            _run("ip", "-n", namespace, "addr", "add", f"{address}/24", "dev", device)
            _run("ip", "-n", namespace, "link", "set", device, "up")
        # Packets of their own, as behind a real interface; else the shaper passes 64 KB at once.
        _run("ip", "-n", own, "link", "set", "eth0", "gso_max_segs", "1")
        _run("ip", "-n", own, "route", "add", "default", "via", f"{net}.1")
    _run("ip", "netns", "exec", f"{name}-router", "sysctl", "-qw", "net.ipv4.ip_forward=1")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=10)
