"""Listens for NDT7 clients, plain or with TLS, and turns away whom it cannot serve now.

Tests need no key, as the protocol has none: it never sends before TCP and WebSocket have shaken
hands, which proves the client's address, and it lends only what its limits say.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from math import ceil

from aiohttp import web

from collector.measure.ndt7.admission import Admission, Limits, RefusedError
from collector.measure.ndt7.protocol import (
    LARGEST_RECEIVED_BYTES,
    LARGEST_TEXT_BYTES,
    SUBPROTOCOL,
    Direction,
    Query,
    QueryError,
    Timing,
    parse_query,
)
from collector.measure.ndt7.result import End, Ndt7Result
from collector.measure.ndt7.session import Session
from probes.text import Text

log = logging.getLogger(__name__)

HANDSHAKE_SECONDS = 10.0
"""From the connection to the end of the WebSocket's handshake."""
MOST_WAITING = 200
"""Connections without a test; a further one is cut at once."""
_PATHS = {f"/ndt/v7/{direction}": direction for direction in Direction}


class Ndt7Server:
    """`open` as many addresses as there shall be; `close` ends all tests.

    Args:
        told: gets the result of every test that began.
    """

    def __init__(
        self, limits: Limits, told: Callable[[Ndt7Result], None], timing: Timing | None = None
    ) -> None:
        self._admission = Admission(limits, time.monotonic)
        self._told = told
        self._timing = timing or Timing()
        self._listening: list[asyncio.Server] = []
        self._waiting: dict[web.RequestHandler, asyncio.TimerHandle] = {}
        application = web.Application()
        application.add_routes([web.get(path, self._handle) for path in _PATHS])
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)

    @property
    def running(self) -> int:
        """Tests now."""
        return self._admission.running

    async def open(self, host: str, port: int, context: ssl.SSLContext | None = None) -> int:
        """Listen, with TLS if there is a context; the port, of its own choice for 0.

        Raises OSError.
        """
        if self._runner.server is None:
            await self._runner.setup()
        listening = await asyncio.get_running_loop().create_server(
            self._connect,
            host or None,
            port,
            ssl=context,
            ssl_handshake_timeout=None if context is None else HANDSHAKE_SECONDS / 2,
        )
        self._listening.append(listening)
        return int(listening.sockets[0].getsockname()[1])

    async def close(self) -> None:
        while self._listening:
            self._listening.pop().close()
        await self._runner.cleanup()

    def _connect(self) -> asyncio.BaseProtocol:
        server = self._runner.server
        assert server is not None
        protocol: web.RequestHandler = server()
        waiting = sum(each.transport is not None for each in self._waiting)
        patience = HANDSHAKE_SECONDS if waiting < MOST_WAITING else 0
        loop = asyncio.get_running_loop()
        self._waiting[protocol] = loop.call_later(patience, self._cut, protocol)
        return protocol

    def _cut(self, protocol: web.RequestHandler) -> None:
        del self._waiting[protocol]
        if protocol.transport is not None:
            protocol.transport.abort()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        query = _checked(request)
        try:
            slot = self._admission.enter(request.remote or "")
        except RefusedError as exc:
            after = {"Retry-After": str(ceil(exc.retry_seconds))}
            return _refusal(exc.status, exc.text, after)
        try:
            return await self._test(request, query, slot.show)
        finally:
            self._admission.leave(slot)

    async def _test(
        self, request: web.Request, query: Query, noted: Callable[[float, int], None]
    ) -> web.StreamResponse:
        direction = _PATHS[request.path]
        largest = LARGEST_RECEIVED_BYTES if direction is Direction.UPLOAD else LARGEST_TEXT_BYTES
        websocket = web.WebSocketResponse(
            protocols=[SUBPROTOCOL],
            compress=False,
            autoclose=False,
            max_msg_size=largest + 1,  # the library refuses from there on
            timeout=self._timing.hard_stop - self._timing.end,
        )
        await websocket.prepare(request)
        timer, transport = self._waiting.pop(request.protocol, None), request.transport
        if timer is None or transport is None or transport.get_extra_info("peername") is None:
            raise ConnectionResetError  # it is gone already
        timer.cancel()
        session = Session(direction, websocket, transport, query, self._timing, noted)
        end = End.STOPPED
        try:
            result = await session.run()
            end = result.end
        finally:
            self._tell(session.result(end))
        return websocket

    def _tell(self, result: Ndt7Result) -> None:
        rate = result.bits_per_second
        log.info(
            "ndt7 %s %s client=%s seconds=%.1f rate=%s",
            result.direction,
            result.end,
            result.client,
            result.seconds,
            "unknown" if rate is None else f"{rate / 1e6:.1f} Mbit/s",
        )
        self._told(result)


def _checked(request: web.Request) -> Query:
    """Raises an HTTPException when it is no handshake of an NDT7 client."""
    if request.headers.get("Sec-WebSocket-Protocol") != SUBPROTOCOL:
        raise _bad(
            Text(
                f"这里只接受子协议为 {SUBPROTOCOL} 的 WebSocket",
                f"a WebSocket with the subprotocol {SUBPROTOCOL} is wanted here",
            )
        )
    if not web.WebSocketResponse(protocols=[SUBPROTOCOL]).can_prepare(request):
        raise _bad(Text("不是 WebSocket 握手", "this is no handshake of a WebSocket"))
    try:
        return parse_query(request.url.raw_query_string)
    except QueryError as exc:
        raise _bad(exc.text) from exc


def _bad(text: Text) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=f"{text.zh}\n{text.en}\n")


def _refusal(status: int, text: Text, headers: dict[str, str]) -> web.Response:
    return web.Response(status=status, text=f"{text.zh}\n{text.en}\n", headers=headers)
