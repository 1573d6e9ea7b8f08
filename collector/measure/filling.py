"""Connections that carry filling for a session, in one direction, until either end closes them."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from time import monotonic_ns

from probes.measuring import tcp_info
from probes.measuring.message import Tally
from probes.measuring.permit import Direction

CHUNK_BYTES = 1 << 18
_UNSENT_BYTES = 1 << 18
"""What the kernel may hold that has not left yet; more would still be leaving after the end."""


class Filling:
    """Counts TCP payload; `spend` is told of it and says whether there may be more."""

    def __init__(self, spend: Callable[[int], bool]) -> None:
        self._spend = spend
        self.received_bytes = 0
        self.sent_bytes = 0
        self._taking: set[socket.socket] = set()
        self._ended_segments: int | None = 0

    def tally(self) -> Tally:
        return Tally(monotonic_ns(), self.received_bytes, self.sent_bytes, self._segments())

    async def carry(
        self, direction: Direction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Until the client has enough, or the session's bytes are spent."""
        with suppress(ConnectionError):
            if direction is Direction.DOWN:
                await self._give(writer)
            else:
                await self._take(reader, writer.get_extra_info("socket"))

    async def _give(self, writer: asyncio.StreamWriter) -> None:
        opened = writer.get_extra_info("socket")
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
        writer.transport.set_write_buffer_limits(high=CHUNK_BYTES)
        while not writer.transport.is_closing() and self._spend(CHUNK_BYTES):
            writer.write(_filling())
            await writer.drain()
            self.sent_bytes += CHUNK_BYTES
            await asyncio.sleep(0)  # a fast client shall not keep others waiting

    async def _take(self, reader: asyncio.StreamReader, opened: socket.socket) -> None:
        self._taking.add(opened)
        try:
            while data := await reader.read(CHUNK_BYTES):
                self.received_bytes += len(data)
                if not self._spend(len(data)):
                    return
        finally:
            self._ended_segments = _sum(self._ended_segments, _segments_of(opened))
            self._taking.remove(opened)

    def _segments(self) -> int | None:
        return _sum(self._ended_segments, *(_segments_of(opened) for opened in self._taking))


def _segments_of(opened: socket.socket) -> int | None:
    info = tcp_info.read(opened)
    return None if info is None else info.data_segments_received


def _sum(*counts: int | None) -> int | None:
    """None if one of them is not known."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


@cache
def _filling() -> bytes:
    """Nothing on the way can shrink it."""
    return os.urandom(CHUNK_BYTES)
