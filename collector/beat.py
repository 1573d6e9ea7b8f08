"""Work that is done again and again while a collector runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

log = logging.getLogger(__name__)


async def every(seconds: float, work: Callable[[], object], first: float = 0.0) -> None:
    """Do blocking work in a thread on a beat; a failure is logged, and the beat goes on."""
    await asyncio.sleep(first)
    while True:
        try:
            await asyncio.to_thread(work)
        except Exception:
            log.exception("%s failed; it is tried again in %.0f s", work.__name__, seconds)
        await asyncio.sleep(seconds)
