"""A connected UDP socket: one peer, and what routers say of our packets.

Being connected, it only receives from the address that it sends to.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
import time
from collections.abc import Iterable

from probes.net import (
    NO_SOCKET,
    Address,
    arrival_ns_or_none,
    ask_for_errors,
    ask_for_timestamps,
    drain_errors,
    open_datagram,
    our_fault,
)
from probes.refusal import Refusal, RefusedError

LARGEST_BYTES = 65_535
_ANCILLARY_BYTES = 128


class DatagramSocket:
    """Use as a context manager. Raises ProbeError when this machine has no way to the peer."""

    def __init__(self, address: Address) -> None:
        self._socket = open_datagram(address)
        ask_for_timestamps(self._socket)
        ask_for_errors(self._socket)

    def __enter__(self) -> DatagramSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Raises RefusedError for an error that an earlier packet met; `data` is sent all the same.

        Raises ProbeError when this machine could not send.
        """
        met: Refusal | None = None
        for _ in range(
            2
        ):  # an error that waits on the socket is given out once, instead of sending
            try:
                self._socket.send(data)
                break
            except OSError as exc:
                met = self._refusal(exc)
        if met:
            raise RefusedError(met)

    async def receive(self) -> tuple[bytes, int]:
        """The next packet, and when it came on the clock of `perf_counter_ns`.

        The kernel's time of arrival is used where it gives one. Raises RefusedError.
        """
        try:
            return await self._receive()
        except OSError as exc:
            raise RefusedError(self._refusal(exc)) from exc

    async def _receive(self) -> tuple[bytes, int]:
        loop = asyncio.get_running_loop()
        if sys.platform == "win32":  # neither recvmsg nor add_reader
            data = await loop.sock_recv(self._socket, LARGEST_BYTES)
            return data, time.perf_counter_ns()
        while True:
            try:
                data, ancillary, *_ = self._socket.recvmsg(LARGEST_BYTES, _ANCILLARY_BYTES)
            except BlockingIOError:
                await _readable(loop, self._socket)
            else:
                return data, arrival_perf_ns(ancillary)

    def _refusal(self, exc: OSError) -> Refusal:
        """Raises ProbeError if it was this machine that said no."""
        reported = drain_errors(self._socket)
        if isinstance(exc, (ConnectionRefusedError, ConnectionResetError)):
            return Refusal.NO_SERVICE
        if exc.errno in _OURS and not reported:
            raise our_fault(exc) from exc
        return Refusal.UNREACHABLE


_OURS = NO_SOCKET | {
    errno.EAGAIN, errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EINVAL,
}  # fmt: skip


async def _readable(loop: asyncio.AbstractEventLoop, opened: socket.socket) -> None:
    ready = asyncio.Event()
    loop.add_reader(opened, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(opened)


def arrival_perf_ns(ancillary: Iterable[tuple[int, int, bytes]]) -> int:
    """When a packet came, on the clock of `perf_counter_ns`: now, unless the kernel knows better.

    The kernel stamps by the wall clock; only how long ago that was is taken from it, so that a
    clock that is set in between spoils no more than the packets then waiting.
    """
    now, wall = time.perf_counter_ns(), time.time_ns()
    stamped = arrival_ns_or_none(ancillary)
    waited = wall - stamped if stamped is not None else 0
    return now - waited if 0 <= waited < _LONGEST_WAIT_NS else now


_LONGEST_WAIT_NS = 1_000_000_000
