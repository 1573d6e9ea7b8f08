"""Sends one train as fast as this machine can, and says how fast that was.

The caller must have made sure that the peer wants it and is who it says (see the package).
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import sys
from contextlib import suppress
from time import perf_counter_ns
from typing import Any

from probes.model import ProbeError
from probes.net import our_fault
from probes.train.estimate import Sent
from probes.train.packet import check_size, encode_train, stamp

BATCH_PACKETS = 44
"""Given to the system at once: as many of LARGEST_BYTES as a datagram of 64 KB holds. Fewer make a
sender so slow (0.5 to 3 Gbit/s with 20) that others' packets get in between."""
SEND_SECONDS = 5.0
"""The longest that a train may wait for room in the socket."""
_SEND_BUFFER_BYTES = 4 << 20
_UDP, _UDP_SEGMENT, _SO_SNDBUFFORCE = 17, 103, 32
_IP_MTU_DISCOVER, _IPV6_MTU_DISCOVER, _PMTUDISC_DO = 10, 23, 2
"""Linux; absent from Python 3.11."""
_NOT_SEGMENTED = {errno.EIO, errno.EINVAL, errno.EOPNOTSUPP}
"""The interface cannot do without checksums, or the system without whole datagrams."""


def prepare(opened: socket.socket) -> None:
    """Room for a whole train, and no packet cut in two on the way, where this system allows it."""
    enlarge(opened, _SO_SNDBUFFORCE, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    if not sys.platform.startswith("linux"):
        return
    level, option = (
        (socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER)
        if opened.family == socket.AF_INET6
        else (socket.IPPROTO_IP, _IP_MTU_DISCOVER)
    )
    opened.setsockopt(level, option, _PMTUDISC_DO)


def enlarge(opened: socket.socket, forced: int, option: int, size: int) -> None:
    """Set a buffer to `size` bytes, or as near as an ordinary user may."""
    with suppress(OSError):
        opened.setsockopt(socket.SOL_SOCKET, option, size)
    if sys.platform.startswith("linux"):
        with suppress(OSError):
            opened.setsockopt(socket.SOL_SOCKET, forced, size)


def can_segment(opened: socket.socket) -> bool:
    """Whether the system cuts one large write into packets (Linux 4.18, UDP_SEGMENT)."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        opened.getsockopt(_UDP, _UDP_SEGMENT)
    except OSError:
        return False
    return True


async def send_train(
    opened: socket.socket,
    peer: tuple[Any, ...] | None,
    session: int,
    train: int,
    count: int,
    size: int,
    *,
    segmented: bool = True,
) -> Sent:
    """Send `count` packets with `size` bytes of UDP payload to `peer`, None if connected.

    `opened` is non-blocking and went through `prepare`. Raises ProbeError("too_big") where a packet
    does not fit in a frame of the way, the faults of `probes.net.our_fault`, and TimeoutError when
    there is no room in the socket for SEND_SECONDS.
    """
    check_size(size)
    whole = encode_train(session, train, count, size)  # before the clock starts
    return await _Sender(opened, peer, whole, size, segmented and can_segment(opened)).run()


class _Sender:
    def __init__(
        self,
        opened: socket.socket,
        peer: tuple[Any, ...] | None,
        whole: bytearray,
        size: int,
        is_segmented: bool,
    ) -> None:
        self._socket, self._to = opened, (peer,) if peer else ()
        self._whole, self._size = whole, size
        self._is_segmented = is_segmented
        self._waited = 0
        """ns; by then the line holds us back, so it is no part of how fast we can send."""

    async def run(self) -> Sent:
        started = perf_counter_ns()
        batch = BATCH_PACKETS * self._size
        async with asyncio.timeout(SEND_SECONDS):
            for start in range(0, len(self._whole), batch):
                end = min(start + batch, len(self._whole))
                stamp(self._whole, start, end, self._size, perf_counter_ns())
                await self._send(start, end)
        seconds = (perf_counter_ns() - started - self._waited) / 1e9
        count = len(self._whole) // self._size
        return Sent(count, self._size, seconds if seconds > 0 else None, self._is_segmented)

    async def _send(self, start: int, end: int) -> None:
        view = memoryview(self._whole)
        while start < end:
            until = end if self._is_segmented else start + self._size
            try:
                self._write(view[start:until])
            except BlockingIOError:
                await self._room()
            except ConnectionRefusedError:
                pass  # said of an earlier packet; this one was not sent
            except OSError as exc:
                self._is_segmented = self._without_segments(exc)
            else:
                start = until

    def _write(self, part: memoryview) -> None:
        if self._is_segmented and sys.platform != "win32":
            # Said with each write, so that a socket with other duties stays as it was.
            cut = [(_UDP, _UDP_SEGMENT, struct.pack("@H", self._size))]
            self._socket.sendmsg([part], cut, 0, *self._to)
        elif self._to:
            self._socket.sendto(part, *self._to)
        else:
            self._socket.send(part)

    def _without_segments(self, exc: OSError) -> bool:
        """False where single packets are worth a try; raises ProbeError otherwise."""
        if self._is_segmented and exc.errno in _NOT_SEGMENTED:
            return False
        if exc.errno == errno.EMSGSIZE:
            raise ProbeError("too_big", f"{self._size} bytes") from exc
        raise our_fault(exc) from exc

    async def _room(self) -> None:
        began = perf_counter_ns()
        try:
            await _writable(self._socket)
        finally:
            self._waited += perf_counter_ns() - began


async def _writable(opened: socket.socket) -> None:
    if sys.platform == "win32":  # no add_writer
        await asyncio.sleep(0.001)
        return
    loop, room = asyncio.get_running_loop(), asyncio.Event()
    loop.add_writer(opened, room.set)
    try:
        await room.wait()
    finally:
        loop.remove_writer(opened)
