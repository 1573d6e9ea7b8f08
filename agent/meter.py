"""Counts what the conversation with the collector carries.

It sees messages, not packets, so it counts what they cost at most: bodies before compression, and
an allowance for headers, encryption, and a connection that has to be opened anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from agent.answer import Answer
from agent.clock import Clock
from agent.link import IDLE, UnreachableError

MESSAGE_BYTES = 600
"""Of headers, TLS records and TCP/IP around a request, and as many around its answer."""
OPENING_BYTES = 5000
"""Of a TCP and TLS handshake, both ways."""


class Meter:
    """Passes requests on, tells `carried` what they took, and raises what the link raises."""

    def __init__(
        self,
        *,
        post: Callable[[str, bytes], Awaitable[Answer]],
        get: Callable[[str, str], Awaitable[Answer]],
        carried: Callable[[int], None],
        clock: Clock,
    ) -> None:
        self._post = post
        self._get = get
        self._carried = carried
        self._clock = clock
        self._last: float | None = None

    async def post(self, path: str, body: bytes) -> Answer:
        return await self._counted(len(body), self._post(path, body))

    async def get(self, path: str, etag: str) -> Answer:
        return await self._counted(0, self._get(path, etag))

    async def _counted(self, body: int, asking: Awaitable[Answer]) -> Answer:
        try:
            answer = await asking
        except UnreachableError as exc:
            if exc.reached:  # Otherwise nothing went beyond a name server.
                self._count(body)
            raise
        self._count(body)
        self._carried(MESSAGE_BYTES + len(answer.body))
        return answer

    def _count(self, body: int) -> None:
        now = self._clock.monotonic()
        if self._last is None or now - self._last > IDLE:
            self._carried(OPENING_BYTES)
        self._last = now
        self._carried(MESSAGE_BYTES + body)
