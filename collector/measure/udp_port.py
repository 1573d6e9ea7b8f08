"""One UDP port on every address of a host, read on the running event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

Use = Callable[[socket.socket], None]


class UdpPort:
    """`open` may be called again after `close`.

    Args:
        prepare: sets the options of each socket before it is bound.
        read: is called when a socket can be read.
    """

    def __init__(self, prepare: Use, read: Use) -> None:
        self._prepare = prepare
        self._read = read
        self._sockets: list[socket.socket] = []

    def open(self, host: str, port: int) -> None:
        """Raises OSError."""
        loop = asyncio.get_running_loop()
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE
        )
        for family, kind, protocol, _, address in found:
            opened = socket.socket(family, kind, protocol)
            self._sockets.append(opened)
            opened.setblocking(False)
            if family == socket.AF_INET6:
                opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self._prepare(opened)
            opened.bind(address)
            loop.add_reader(opened, self._read, opened)

    def close(self) -> None:
        loop = asyncio.get_running_loop()
        while self._sockets:
            opened = self._sockets.pop()
            loop.remove_reader(opened)
            opened.close()
