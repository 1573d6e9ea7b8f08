"""One test in one direction, from the end of the handshake to the end of the connection."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

from aiohttp import WSCloseCode, WSMsgType, web

from collector.measure.ndt7.protocol import (
    FIRST_MESSAGE_BYTES,
    Direction,
    Ends,
    Query,
    Sample,
    Timing,
    measurement,
    next_size,
    pause_seconds,
    payload,
)
from collector.measure.ndt7.result import End, Ndt7Result
from probes.measuring import tcp_info

_UNSENT_BYTES = 1 << 18
"""What the kernel may hold that has not left yet: without a bound, a slow line is still busy with
it seconds after the end, and text messages queue behind it."""
_WHOLE = 0.9
"""A client that closes after this share of the time has made a whole test."""
_CLOSING = {
    End.DONE: (WSCloseCode.OK, b"Done sending"),
    End.EARLY_EXIT: (WSCloseCode.OK, b"Done sending"),
    End.CLIENT_LEFT: (WSCloseCode.OK, b""),
    End.CLIENT_WRONG: (WSCloseCode.UNSUPPORTED_DATA, b""),
}


class Session:
    """Begins when it is made, right after the handshake.

    Args:
        noted: told of each look at the socket: seconds, and bytes since the handshake.
    """

    def __init__(
        self,
        direction: Direction,
        websocket: web.WebSocketResponse,
        transport: asyncio.Transport,
        query: Query,
        timing: Timing,
        noted: Callable[[float, int], None],
    ) -> None:
        self._zero = time.monotonic()
        self._started = datetime.now(UTC)
        self._direction = direction
        self._websocket = websocket
        self._transport = transport
        self._query = query
        self._timing = timing
        self._noted = noted
        self._socket = transport.get_extra_info("socket")
        self._is_secure = transport.get_extra_info("sslcontext") is not None
        self._ends = Ends(
            _written(transport.get_extra_info("peername")),
            _written(transport.get_extra_info("sockname")),
            str(uuid4()),
            self._started.isoformat().replace("+00:00", "Z"),
        )
        self._bytes = 0
        self._is_over = False
        self._first = self._last = Sample(0.0, 0, tcp_info.read(self._socket))
        self._congestion_control = _prepare(self._socket)

    async def run(self) -> Ndt7Result:
        """The test, never longer than the hard stop; afterwards the connection is closed."""
        end, is_closed = End.CLIENT_LEFT, False
        speak = self._send if self._direction is Direction.DOWNLOAD else self._tell
        speaker, listener = asyncio.create_task(speak()), asyncio.create_task(self._listen())
        try:
            async with asyncio.timeout(self._timing.hard_stop):
                await asyncio.wait(
                    {speaker, listener},
                    timeout=self._timing.end,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                # The speaker is told, not cancelled: aiohttp would wait in vain at the next drain.
                self._is_over = True
                self._look()
                end = self._why(speaker, listener)
                await _stop(listener)  # with it aiohttp would not wait for the client's Close
                is_closed = await self._close(end)
        except ConnectionError:
            pass  # before the end the client has left; after it the test stands
        except TimeoutError:
            if speaker.cancelled() or not speaker.done():  # it waits for the client to read
                end = End.CUT
        finally:
            if not is_closed:
                self._transport.abort()
            await _stop(speaker, listener)
        return self.result(end)

    def result(self, end: End) -> Ndt7Result:
        return Ndt7Result(
            uuid=self._ends.uuid,
            direction=self._direction,
            end=end,
            client=self._ends.client,
            server=self._ends.server,
            secure=self._is_secure,
            started=self._started,
            seconds=self._last.seconds,
            socket_bytes=self._socket_bytes(),
            message_bytes=self._last.message_bytes,
            metadata=self._query.metadata,
            tcp=self._last.tcp,
            congestion_control=self._congestion_control,
        )

    def _why(self, speaker: asyncio.Task[End], listener: asyncio.Task[End]) -> End:
        """Clients that end by their own clock may be a little early."""
        first = next((task for task in (speaker, listener) if task.done()), None)
        end = End.DONE if first is None else first.result()
        is_late = self._last.seconds >= _WHOLE * self._timing.end
        return End.DONE if end is End.CLIENT_LEFT and is_late else end

    async def _close(self, end: End) -> bool:
        """The last text message, Close, and the client's Close; False if that did not come."""
        websocket = self._websocket
        if end in {End.DONE, End.EARLY_EXIT} and websocket.close_code is None:
            await self._say()
        code, reason = _CLOSING[end]
        await websocket.close(code=code, message=reason)
        return websocket.close_code != WSCloseCode.ABNORMAL_CLOSURE

    async def _send(self) -> End:
        """Binary messages as fast as they leave, text messages when they are due."""
        size, due = FIRST_MESSAGE_BYTES, time.monotonic() + pause_seconds()
        while not self._is_over:
            self._bytes += size
            await self._websocket.send_bytes(payload(size))
            if self._is_enough():
                return End.EARLY_EXIT
            size = next_size(size, self._bytes)
            if time.monotonic() >= due and not self._is_over:
                await self._say_now()
                due = time.monotonic() + pause_seconds()
            await asyncio.sleep(0)  # a fast client shall not keep others waiting
        return End.DONE

    async def _tell(self) -> End:
        """Text messages, while the client sends."""
        while True:
            await asyncio.sleep(pause_seconds())
            if self._is_over:
                return End.DONE
            await self._say_now()

    async def _listen(self) -> End:
        """Pings are answered by the library; what clients say of themselves decides nothing."""
        while True:
            message = await self._websocket.receive()
            if message.type is WSMsgType.BINARY and self._direction is Direction.UPLOAD:
                self._bytes += len(message.data)
            elif message.type in {WSMsgType.BINARY, WSMsgType.ERROR}:
                return End.CLIENT_WRONG
            elif message.type is not WSMsgType.TEXT:
                return End.CLIENT_LEFT

    async def _say_now(self) -> None:
        self._look()
        await self._say()
        await self._websocket.ping(b"%d" % time.monotonic_ns())

    async def _say(self) -> None:
        await self._websocket.send_str(measurement(self._direction, self._ends, self._last))

    def _look(self) -> None:
        """At the clock and the socket at one moment; a socket that is gone leaves the last look."""
        tcp = tcp_info.read(self._socket)
        if tcp is None and self._first.tcp is not None:
            return
        self._last = Sample(time.monotonic() - self._zero, self._bytes, tcp)
        moved = self._socket_bytes()
        self._noted(self._last.seconds, self._bytes if moved is None else moved)

    def _is_enough(self) -> bool:
        if self._query.early_exit_bytes is None:
            return False
        self._look()
        moved = self._socket_bytes()
        return (self._bytes if moved is None else moved) >= self._query.early_exit_bytes

    def _socket_bytes(self) -> int | None:
        """Between the handshake and the last look, in the direction of the test."""
        first, last = self._counter(self._first), self._counter(self._last)
        return None if first is None or last is None else last - first

    def _counter(self, sample: Sample) -> int | None:
        if sample.tcp is None:
            return None
        is_down = self._direction is Direction.DOWNLOAD
        return sample.tcp.bytes_acked if is_down else sample.tcp.bytes_received


async def _stop(*tasks: asyncio.Task[End]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _prepare(opened: socket.socket) -> str | None:
    """Ask for BBR, as M-Lab's servers do, and say what sends in the end; None where unknown."""
    try:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
        with suppress(OSError):
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"bbr")
        return (
            opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0").decode()
        )
    except (OSError, AttributeError):
        return None


def _written(address: tuple[str, int]) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
