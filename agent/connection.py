"""One connection to the collector: one request at a time, and the answer to it."""

from __future__ import annotations

import asyncio
import ssl
import sys
from typing import cast

from agent.answer import Answer, AnswerReader, BadAnswerError, CutOffError

NEXT_ADDRESS = 0.25
"""Seconds before the next address of a name is tried as well (RFC 8305)."""


class DroppedError(ConnectionError):
    """The other side closed the connection without a byte of an answer."""


class Connection(asyncio.Protocol):
    """Made by `connect`. Not for two requests at once."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._reader: AnswerReader | None = None
        self._answer: asyncio.Future[Answer] | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes, max_answer: int) -> Answer:
        """The answer; the connection is closed unless it can be used again.

        Raises DroppedError, CutOffError, BadAnswerError, OSError.
        """
        if self._transport is None or self._transport.is_closing():
            raise DroppedError("the connection was closed")
        self._reader = AnswerReader(max_answer)
        self._answer = asyncio.get_running_loop().create_future()
        try:
            # An answer may come before all is sent, so it is waited for at once.
            self._transport.write(request)
            answer = await self._answer
        except BaseException:
            self.abort()
            raise
        finally:
            self._answer = None
        if not self._reader.keep:
            self.abort()
        return answer

    def presented(self) -> list[bytes]:
        """The certificates that the other side presented, its own first, unverified; DER."""
        assert self._transport is not None
        tls: ssl.SSLObject = self._transport.get_extra_info("ssl_object")
        if sys.version_info >= (3, 13):
            return list(tls.get_unverified_chain())
        # The same function, which Python 3.11 and 3.12 have without a public name.
        chain = tls._sslobj.get_unverified_chain() or ()  # type: ignore[attr-defined]
        return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in chain]

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._reader is None or self._answer is None or self._answer.done():
            self.abort()  # Nobody has asked: this is not a conversation that we understand.
            return
        try:
            answer = self._reader.feed(data)
        except BadAnswerError as exc:
            self._answer.set_exception(exc)
        else:
            if answer is not None:
                self._answer.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._reader is None or self._answer is None or self._answer.done():
            return
        if not self._reader.begun:
            why = f"the connection was closed ({exc})" if exc else "the connection was closed"
            self._answer.set_exception(DroppedError(why))
            return
        try:
            if exc is not None:
                raise CutOffError(str(exc)) from exc
            self._answer.set_result(self._reader.end())
        except (BadAnswerError, CutOffError) as cut:
            self._answer.set_exception(cut)


async def connect(host: str, port: int, context: ssl.SSLContext | None) -> Connection:
    """Raises OSError, of which ssl.SSLError is one. `context` None: plain TCP."""
    _, connection = await asyncio.get_running_loop().create_connection(
        Connection,
        host,
        port,
        ssl=context,
        server_hostname=None if context is None else host,
        happy_eyeballs_delay=NEXT_ADDRESS,
    )
    return connection
