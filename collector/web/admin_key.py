"""The one key of a collector: whoever holds it may see everything. It lies in DATA_DIR/admin.key.

It is 256 random bits, so nobody guesses it; wrong ones are slowed and limited to keep the log and
the processor quiet. The right one is never limited: a neighbour's mistake locks nobody out.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from collector.register.limits import FailureLimit

log = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
MOST_PAUSING = 50
"""Wrong answers held back at once; more are answered at once, so that they cost no memory."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class AdminKey:
    """Lives in the event loop."""

    def __init__(
        self,
        key: str,
        now: Callable[[], datetime] = _utc_now,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if not key.strip():
            raise ValueError("the admin key is empty: it would let everyone in")
        self._sha256 = _sha256(key.strip())
        self._now = now
        self._pause = pause
        self._pausing = 0
        self._failures = FailureLimit(10, timedelta(minutes=1))

    def matches(self, given: str) -> bool:
        """In a time that does not tell how much of it was right."""
        return hmac.compare_digest(_sha256(given), self._sha256)

    def mark(self, words: str) -> str:
        """64 hexadecimal digits that nobody makes of these words without the key."""
        return hmac.new(self._sha256, words.encode(), hashlib.sha256).hexdigest()

    async def refuse(self, source: str) -> timedelta | None:
        """A wrong key came from `source`: hold the answer back.

        None if it is to be told so; else how long it is to stay away.
        """
        wait = self._failures.wait(source, self._now())
        if wait is None:
            log.warning("wrong admin key from %s", source)
        if self._pausing < MOST_PAUSING:
            self._pausing += 1
            try:
                await self._pause(PAUSE_SECONDS)
            finally:
                self._pausing -= 1
        return wait


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
