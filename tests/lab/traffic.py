"""Real traffic of a known size."""

from __future__ import annotations

import socket


def send_a_megabyte() -> None:
    """To ourselves, over the loopback, in datagrams; nobody reads it."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as near,
    ):
        far.bind(("127.0.0.1", 0))
        for _ in range(20):
            near.sendto(bytes(50_000), far.getsockname())
