"""Sending numbered echoes through an ICMP socket and timing what comes back.

What a socket receives belongs to anybody: a raw socket sees every ICMP packet of the machine. A
reply counts only with our identifier, a sequence number that is due, and the secret of this run.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from dataclasses import dataclass, field

from probes.icmp import decode_reply, encode_request
from probes.net import (
    arrival_ns_or_none,
    ask_for_errors,
    ask_for_timestamps,
    drain_errors,
    our_fault,
)

PAYLOAD_BYTES = 56
"""With the ICMP and IPv4 headers 84 bytes, the size that `ping` sends."""

_SECRET_BYTES = 16
_MAX_READS = 256
_ANCILLARY_BYTES = 128


@dataclass(slots=True)
class Echoes:
    """What came back: seconds by sequence number, and whether a router said "unreachable"."""

    sent: int = 0
    times: dict[int, float] = field(default_factory=dict)
    unreachable: bool = False


class EchoSocket:
    """Echoes over a connected, non-blocking socket, for one run.

    `identifier` None: the kernel chooses it and delivers only its replies.
    """

    def __init__(self, opened: socket.socket, version: int, identifier: int | None) -> None:
        self._socket = opened
        self._version = version
        self._identifier = identifier
        self._payload = os.urandom(_SECRET_BYTES).ljust(PAYLOAD_BYTES, b"\0")
        self._pending: dict[int, tuple[float, int]] = {}
        self._echoes = Echoes()
        self._answered = asyncio.Event()

    async def exchange(self, count: int, interval: float, timeout: float) -> Echoes:
        """Send `count` echoes, `interval` seconds apart; each may take `timeout` to come back.

        Raises ProbeError when this machine could not send.
        """
        loop = asyncio.get_running_loop()
        ask_for_timestamps(self._socket)
        ask_for_errors(self._socket)
        loop.add_reader(self._socket, self._read, timeout)
        try:
            for sequence in range(count):
                self._send(sequence)
                if sequence < count - 1:
                    await asyncio.sleep(interval)
            await self._wait_for_the_rest(timeout)
        finally:
            loop.remove_reader(self._socket)
        return self._echoes

    def _send(self, sequence: int) -> None:
        # An ICMP error for an earlier echo waits on the socket and would be taken for a send error.
        if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._echoes.unreachable = True
        request = encode_request(self._version, self._identifier or 0, sequence, self._payload)
        self._answered.clear()
        self._pending[sequence] = (time.perf_counter(), time.time_ns())
        try:
            self._socket.send(request)
        except OSError as exc:
            raise our_fault(exc) from exc
        self._echoes.sent += 1

    async def _wait_for_the_rest(self, timeout: float) -> None:
        if not self._pending:
            return
        try:
            async with asyncio.timeout(timeout):
                await self._answered.wait()
        except TimeoutError:
            return

    def _read(self, timeout: float) -> None:
        if sys.platform == "win32":
            return  # There, probes.windows.echo does this.
        if drain_errors(self._socket):
            self._echoes.unreachable = True
        for _ in range(_MAX_READS):  # a flood must not hold the event loop
            try:
                data, ancillary, _, _ = self._socket.recvmsg(2048, _ANCILLARY_BYTES)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error for one of our echoes
                self._echoes.unreachable = True
                return
            self._take(data, arrival_ns_or_none(ancillary), timeout)

    def _take(self, data: bytes, arrived_ns: int | None, timeout: float) -> None:
        reply = decode_reply(self._version, data)
        if reply is None or reply.payload != self._payload or reply.sequence not in self._pending:
            return
        if self._identifier is not None and reply.identifier != self._identifier:
            return
        started, started_ns = self._pending.pop(reply.sequence)
        seconds = time.perf_counter() - started
        if arrived_ns is not None and 0 < (by_kernel := (arrived_ns - started_ns) / 1e9) < seconds:
            seconds = by_kernel  # without the wait for this process; unless the clock was set
        if seconds <= timeout:
            self._echoes.times[reply.sequence] = seconds
        if not self._pending:
            self._answered.set()
