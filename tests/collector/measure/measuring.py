"""A measurement server on loopback, and permits for it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

from collector.measure.server import MeasurementServer
from collector.measure.token import Grant, mint
from probes.measuring.permit import Permit, Tier
from probes.measuring.session import Session

SECRET = b"between collector and server"
_numbers = count()


@dataclass
class Serving:
    server: MeasurementServer
    port: int

    def permit(
        self,
        *,
        tier: Tier = Tier.STREAMS,
        most_bytes: int = 50_000_000,
        seconds: float = 60,
        secret: bytes = SECRET,
    ) -> Permit:
        grant = Grant(f"grant-{next(_numbers)}", int(time.time() + seconds), tier, most_bytes, 1e9)
        token = mint(secret, grant)
        return Permit(grant.id, "127.0.0.1", self.port, token, tier, most_bytes, 1e9, seconds)


@asynccontextmanager
async def serving() -> AsyncIterator[Serving]:
    server = MeasurementServer(SECRET, time.time)
    try:
        yield Serving(server, await server.open("127.0.0.1", 0))
    finally:
        await server.close()


@asynccontextmanager
async def session(permit: Permit) -> AsyncIterator[Session]:
    opened = await Session.connect(permit)
    try:
        yield opened
    finally:
        opened.close()
