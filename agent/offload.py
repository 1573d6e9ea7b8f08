"""One thread for everything that blocks on the disk, so that no measurement waits for an fsync."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Offload(Protocol):
    """Runs a blocking call; calls are carried out one at a time, in order."""

    async def __call__(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...


class Worker:
    """The one thread. A call that was begun is finished, even if nobody waits for it any more."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "disk")

    async def __call__(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: call(*args, **kwargs))

    def close(self) -> None:
        """Waits for the calls that were begun."""
        self._pool.shutdown(wait=True)
