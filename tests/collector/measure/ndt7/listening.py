"""An NDT7 server on loopback for the time of a `with` block."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from collector.measure.ndt7.admission import Limits
from collector.measure.ndt7.protocol import Timing
from collector.measure.ndt7.result import Ndt7Result
from collector.measure.ndt7.server import Ndt7Server

SHORT = Timing(end=0.6, hard_stop=1.6)


@dataclass
class Listening:
    """`url` is of the plain or the TLS listener, whichever there is."""

    server: Ndt7Server
    port: int
    url: str
    told: asyncio.Queue[Ndt7Result]

    async def result(self) -> Ndt7Result:
        """The next one that the server tells of."""
        return await asyncio.wait_for(self.told.get(), 5)


@asynccontextmanager
async def listening(
    limits: Limits | None = None, timing: Timing = SHORT, context: ssl.SSLContext | None = None
) -> AsyncIterator[Listening]:
    told: asyncio.Queue[Ndt7Result] = asyncio.Queue()
    server = Ndt7Server(limits or Limits(), told.put_nowait, timing)
    try:
        port = await server.open("127.0.0.1", 0, context)
        scheme = "http" if context is None else "https"
        yield Listening(server, port, f"{scheme}://127.0.0.1:{port}/ndt/v7/", told)
    finally:
        await server.close()
