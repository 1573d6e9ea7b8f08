"""Receives one train, with the kernel's time of each arrival and the count of what it dropped."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field

from probes.net import arrival_ns_or_none, ask_for_timestamps
from probes.train.estimate import Arrival
from probes.train.packet import LARGEST_BYTES, decode
from probes.train.send import enlarge

_RECEIVE_BUFFER_BYTES = 8 << 20
_SO_RCVBUFFORCE, _SO_MEMINFO = 33, 55
_MEMINFO = struct.Struct("@9I")
"""Linux 4.12; the last is what the socket dropped. SO_RXQ_OVFL tells only with a later packet."""
_ANCILLARY_BYTES = 128
_READS = 128
"""Packets at one go, so that a flood cannot outlast the deadline."""


def prepare(opened: socket.socket) -> None:
    """Kernel timestamps, and room for a train, where this system has them."""
    enlarge(opened, _SO_RCVBUFFORCE, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    if sys.platform.startswith("linux"):
        ask_for_timestamps(opened)


@dataclass(slots=True)
class Received:
    """The first copy of each packet of one train, in order of reading.

    `dropped` is what the socket threw away meanwhile, of whatever it got; None where the system
    does not say. `is_kernel_clock`: all times are the kernel's.
    """

    arrivals: list[Arrival] = field(default_factory=list)
    dropped: int | None = None
    is_kernel_clock: bool = True


async def receive_train(
    opened: socket.socket, session: int, train: int, count: int, *, seconds: float, quiet: float
) -> Received:
    """The packets of that train, until all `count` came, or none for `quiet` seconds after one.

    Never longer than `seconds`. `opened` is non-blocking and went through `prepare`; packets of
    anything else are thrown away. What routers say (a refused port) is no packet.
    """
    drops_before = _drops_or_none(opened)
    reader = _Reader(opened, session, train, count)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while len(reader.seen) < count:
                try:
                    async with asyncio.timeout(quiet if reader.seen else None):
                        await reader.read()
                except TimeoutError:
                    break
                await asyncio.sleep(0)
    drops = _drops_or_none(opened)
    if drops is not None and drops_before is not None:
        reader.received.dropped = (drops - drops_before) % (1 << 32)
    return reader.received


class _Reader:
    def __init__(self, opened: socket.socket, session: int, train: int, count: int) -> None:
        self._socket = opened
        self._wanted = (session, train, count)
        self.seen: set[int] = set()
        self.received = Received()

    async def read(self) -> None:
        """What waits in the socket, up to a bound; waits for the first."""
        if sys.platform == "win32":  # neither recvmsg nor add_reader
            loop = asyncio.get_running_loop()
            self._take(await loop.sock_recv(self._socket, LARGEST_BYTES + 1), None)
            return
        await _readable(self._socket)
        for _ in range(_READS):
            try:
                data, ancillary, *_ = self._socket.recvmsg(LARGEST_BYTES + 1, _ANCILLARY_BYTES)
            except OSError:  # nothing more, or an error that a packet of ours met
                return
            self._take(data, arrival_ns_or_none(ancillary))

    def _take(self, data: bytes, stamped: int | None) -> None:
        head = decode(data)
        if head is None or (head.session, head.train, head.count) != self._wanted:
            return
        if head.sequence in self.seen:
            return
        self.seen.add(head.sequence)
        if stamped is None:
            self.received.is_kernel_clock = False
            stamped = time.time_ns()
        self.received.arrivals.append(Arrival(stamped, head.sequence, len(data), head.sent))


async def _readable(opened: socket.socket) -> None:
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(opened, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(opened)


def _drops_or_none(opened: socket.socket) -> int | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        answer = opened.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
        return int(_MEMINFO.unpack(answer)[-1])
    except (OSError, struct.error):
        return None
