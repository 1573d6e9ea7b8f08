"""What stands between a client and its server reads as blocked, never as slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import pytest

import probes.measuring.session as session_module
from probes.measuring.message import Hello, Welcome, encode
from probes.measuring.permit import Permit, Tier
from probes.measuring.pipe import Pipe
from probes.measuring.session import BlockedError, Session

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]


def permit(port: int) -> Permit:
    return Permit("1", "127.0.0.1", port, "token" * 20, Tier.STREAMS, 10**6, 1e9, 60)


@asynccontextmanager
async def between(serve: Serve) -> AsyncIterator[int]:
    """Something that takes connections in the server's place."""
    writers = list[asyncio.StreamWriter]()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await serve(reader, writer)

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.05)


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "REPLY_SECONDS", 0.3)
    monkeypatch.setattr(session_module, "KNOCK_SECONDS", 0.05)


async def _nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    return


async def test_port_that_nobody_listens_on_is_blocked() -> None:
    async with between(_nothing) as port:
        pass
    with pytest.raises(BlockedError, match="tcp_blocked"):
        await Session.connect(permit(port))


async def test_portal_that_answers_with_a_page_is_told_as_interception() -> None:
    async def portal(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n")
        await writer.drain()

    async with between(portal) as port:
        with pytest.raises(BlockedError, match="intercepted"):
            await Session.connect(permit(port))


async def test_box_that_cuts_what_it_does_not_know_is_told_as_interception() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.transport.abort()

    async with between(cut) as port:
        with pytest.raises(BlockedError, match="intercepted"):
            await Session.connect(permit(port))


async def test_connection_that_nobody_answers_is_blocked() -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with between(swallow) as port:
        with pytest.raises(BlockedError, match="tcp_blocked"):
            await Session.connect(permit(port))


async def test_packets_that_nobody_answers_are_blocked_though_tcp_passes() -> None:
    async def without_udp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pipe = Pipe(reader, writer)
        assert isinstance(await pipe.question(), Hello)
        writer.write(encode(Welcome(7, bytes(16))))
        await reader.read()

    async with between(without_udp) as port:
        opened = await Session.connect(permit(port))
        with pytest.raises(BlockedError, match="udp_blocked"):
            await opened.prove()
        opened.close()
