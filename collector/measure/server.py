"""The measurement server: lets in who has a token, and keeps the sessions.

It sends nothing on its own. A connection without a good token gets at most as many bytes as it
sent, and an address gets trains only after it proved to be the client's (see `door`). So it is of
no use to anybody who would like it to send to somebody else.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import secrets
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from collector.measure.conversation import Conversation
from collector.measure.door import UdpDoor
from collector.measure.token import Grant, TokenError, read
from probes.measuring.message import (
    Hello,
    Join,
    MessageError,
    Refused,
    Welcome,
    encode,
)
from probes.measuring.pipe import Pipe

log = logging.getLogger(__name__)

FIRST_SECONDS = 5.0
"""From the connection to its first message."""
MOST_SESSIONS = 64
MOST_WAITING = 200
"""Connections that have not said who they are; a further one is cut at once."""
LONGEST_SECONDS = 300.0
"""Of a session, whatever its token says."""
_TRIES = 20
"""To find one number that is free for both TCP and UDP."""


class MeasurementServer:
    """`open` one port, for TCP and UDP; `close` ends all sessions.

    Args:
        secret: with which the collector signs tokens.
        now: Unix seconds.
    """

    def __init__(self, secret: bytes, now: Callable[[], float]) -> None:
        if not secret:
            raise ValueError("the secret is empty: anybody could sign")
        self._secret = secret
        self._now = now
        self._door = UdpDoor()
        self._listening: asyncio.Server | None = None
        self._conversations: dict[int, Conversation] = {}
        self._used: dict[str, int] = {}
        self._waiting = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.served = 0
        self.refused: Counter[str] = Counter()
        self.spent_bytes = 0.0
        """Of sessions that have ended: IP bytes, both directions."""

    @property
    def running(self) -> int:
        """Sessions now."""
        return len(self._conversations)

    async def open(self, host: str, port: int) -> int:
        """Listen on every address of `host`; the port, of its own choice for 0. Raises OSError."""
        for attempt in range(_TRIES):
            listening = await asyncio.start_server(self._meet, host or None, port, backlog=256)
            chosen = int(listening.sockets[0].getsockname()[1])
            try:
                self._door.open(host, chosen)
            except OSError as exc:
                listening.close()
                self._door.close()
                if port or exc.errno != errno.EADDRINUSE or attempt == _TRIES - 1:
                    raise
            else:
                self._listening = listening
                return chosen
        raise AssertionError("unreachable")

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # in which aborted connections close their sockets
        self._door.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        pipe = Pipe(reader, writer)
        try:
            if self._waiting < MOST_WAITING:
                await self._serve(pipe)
        except asyncio.CancelledError:
            pass  # the server closes; asyncio would log each connection as an error
        finally:
            self._tasks.discard(task)
            pipe.close()

    async def _serve(self, pipe: Pipe) -> None:
        self._waiting += 1
        try:
            async with asyncio.timeout(FIRST_SECONDS):
                first = await pipe.question()
        except (TimeoutError, MessageError, EOFError, ConnectionError):
            self.refused["malformed"] += 1
            return
        finally:
            self._waiting -= 1
        if isinstance(first, Hello):
            await self._greet(first, pipe)
        elif isinstance(first, Join) and first.session in self._conversations:
            await self._conversations[first.session].join(first, pipe)

    async def _greet(self, hello: Hello, pipe: Pipe) -> None:
        grant = self._grant_or_reason(hello.token)
        if isinstance(grant, Grant):
            await self._converse(grant, pipe)
            return
        self.refused[grant] += 1
        reply = Refused(grant)
        if len(encode(reply)) <= len(encode(hello)):
            with suppress(ConnectionError):
                await pipe.say(reply)
                pipe.writer.write_eof()
                await asyncio.sleep(0.1)  # so that the reason arrives before the connection breaks

    def _grant_or_reason(self, token: str) -> Grant | str:
        now = self._now()
        try:
            grant = read(self._secret, token, now)
        except TokenError:
            return "bad_token"
        self._used = {id: until for id, until in self._used.items() if until >= now}
        if grant.id in self._used:
            return "used"
        if self.running >= MOST_SESSIONS:
            return "full"
        self._used[grant.id] = grant.until
        return grant

    async def _converse(self, grant: Grant, pipe: Pipe) -> None:
        number, key = secrets.randbits(63), secrets.token_bytes(16)
        visitor = self._door.admit(number, key)
        conversation = self._conversations[number] = Conversation(grant, pipe, visitor, key)
        self.served += 1
        try:
            await pipe.say(Welcome(number, key))
            await conversation.run(min(LONGEST_SECONDS, max(0.0, grant.until - self._now())))
        except ConnectionError:
            pass
        finally:
            del self._conversations[number]
            self._door.dismiss(visitor)
            self.spent_bytes += conversation.spent
            log.info("measured id=%s spent_bytes=%.0f", grant.id, conversation.spent)
