"""UDP peers that a test writes in a few lines, served from the test's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

Answer = Callable[[bytes], Iterable[bytes]]


class _Peer(asyncio.DatagramProtocol):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for reply in self._answer(data):
            self._transport.sendto(reply, addr)


@asynccontextmanager
async def udp_peer(answer: Answer) -> AsyncIterator[int]:
    """The port of a peer on 127.0.0.1 that sends back what `answer` makes of each packet."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Peer(answer), local_addr=("127.0.0.1", 0)
    )
    try:
        yield int(transport.get_extra_info("sockname")[1])
    finally:
        transport.close()


def silence(_: bytes) -> Iterable[bytes]:
    """A port that takes packets and never answers."""
    return ()
