"""Clients of the ingest benchmark: many keep-alive connections, requests made beforehand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

Request = Callable[[], bytes]
"""Makes the bytes to send, just before they are sent."""


@dataclass(slots=True)
class Outcome:
    """What was answered, and how long each answer took in seconds."""

    answered: int = 0
    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Connection:
    """One HTTP/1.1 connection; `accept` raises when an answer is not the wanted one."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        accept: Callable[[bytes, bytes], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._accept = accept

    async def exchange(self, request: bytes) -> None:
        try:
            await self._exchange(request)
        except (asyncio.IncompleteReadError, ConnectionResetError) as exc:
            if getattr(exc, "partial", b""):
                raise
            # The server closed a connection that was idle, as it may: once more on a new one.
            host, port = self._writer.get_extra_info("peername")[:2]
            self._reader, self._writer = await asyncio.open_connection(host, port)
            await self._exchange(request)

    async def _exchange(self, request: bytes) -> None:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        lowered = head.lower()
        length = 0
        if (at := lowered.find(b"content-length:")) >= 0:
            length = int(lowered[at + 15 : lowered.index(b"\r\n", at)])
        self._accept(head, await self._reader.readexactly(length) if length else b"")

    def close(self) -> None:
        self._writer.close()


async def connect(
    port: int, count: int, accept: Callable[[bytes, bytes], None]
) -> list[Connection]:
    found = []
    for _ in range(count):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        found.append(Connection(reader, writer, accept))
    return found


async def saturate(
    connections: Sequence[Connection], queues: Sequence[Iterator[Request]], each: int
) -> Outcome:
    """Every connection sends `each` requests, the next as soon as the last one is answered."""
    outcome = Outcome()
    started = time.perf_counter()

    async def drive(connection: Connection, queue: Iterator[Request]) -> None:
        for request in islice(queue, each):
            await connection.exchange(request())
            outcome.answered += 1

    await asyncio.gather(*map(drive, connections, queues))
    outcome.seconds = time.perf_counter() - started
    return outcome


async def pace(
    connections: Sequence[Connection],
    queues: Sequence[Iterator[Request]],
    rate: float,
    each: int,
) -> Outcome:
    """`rate` requests a second over all connections, each sent at its time whatever happened."""
    outcome = Outcome()
    started = time.perf_counter()
    total = each * len(connections)

    async def drive(number: int) -> None:
        for n in range(number, total, len(connections)):
            await asyncio.sleep(max(0.0, started + n / rate - time.perf_counter()))
            request = next(queues[number])()
            sent = time.perf_counter()
            await connections[number].exchange(request)
            outcome.waits.append(time.perf_counter() - sent)
            outcome.answered += 1

    await asyncio.gather(*map(drive, range(len(connections))))
    outcome.seconds = time.perf_counter() - started
    return outcome
