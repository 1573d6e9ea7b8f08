"""Messages over one TCP connection, for either end."""

from __future__ import annotations

import asyncio
import socket

from probes.measuring.message import (
    LENGTH,
    Question,
    Reply,
    decode_question,
    decode_reply,
    encode,
    length_of,
)


class Pipe:
    """Reading raises MessageError, EOFError when the other end has closed, and ConnectionError."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        # Without it a small message waits for the acknowledgement of the last one.
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def question(self) -> Question:
        return decode_question(await self._body())

    async def reply(self) -> Reply:
        return decode_reply(await self._body())

    async def say(self, message: Question | Reply) -> None:
        self.writer.write(encode(message))
        await self.writer.drain()

    def close(self) -> None:
        self.writer.transport.abort()

    async def _body(self) -> bytes:
        length = length_of(await self.reader.readexactly(LENGTH.size))
        return await self.reader.readexactly(length)
