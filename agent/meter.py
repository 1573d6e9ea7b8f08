"""Counts what the conversation with the collector carries.

It sees messages, not packets, so it counts what they cost at most: bodies before compression, and
an allowance for headers, encryption, and a connection that has to be opened anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from agent.clock import Clock

if TYPE_CHECKING:
    from agent.answer import Answer

MESSAGE_BYTES = 600
"""Of headers, TLS records and TCP/IP around a request, and as many around its answer."""
OPENING_BYTES = 5000
"""Of a TCP and TLS handshake, both ways."""
KEPT = 100.0
"""Seconds after which the link does not use its connection again."""


class Meter:
    """Passes requests on and tells `carried` what they took."""

    def __init__(
        self,
        *,
        post: Callable[[str, bytes], Awaitable[Answer]],
        get: Callable[..., Awaitable[Answer]],
        carried: Callable[[int], None],
        clock: Clock,
    ) -> None:
        self._post = post
        self._get = get
        self._carried = carried
        self._clock = clock
        self._last: float | None = None

    async def post(self, path: str, body: bytes) -> Answer:
        """Raises what the link raises; a request without an answer counts as well."""
        self._count(len(body))
        return self._answered(await self._post(path, body))

    async def get(self, path: str, *, etag: str = "") -> Answer:
        self._count(0)
        return self._answered(await self._get(path, etag=etag))

    def _count(self, body: int) -> None:
        now = self._clock.monotonic()
        if self._last is None or now - self._last > KEPT:
            self._carried(OPENING_BYTES)
        self._last = now
        self._carried(MESSAGE_BYTES + body)

    def _answered(self, answer: Answer) -> Answer:
        self._carried(MESSAGE_BYTES + len(answer.body))
        return answer
