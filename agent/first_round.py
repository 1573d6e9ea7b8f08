"""Runs new tasks once, soon, so that a first start shows readings within seconds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from agent.clock import Clock
from probes.wire import Task

log = logging.getLogger(__name__)

SPREAD = 2.0
"""Seconds over which the tasks of a round begin, at most."""
APART = 0.25
"""Seconds from one beginning to the next, at most."""
LONGEST = 3.0
"""Seconds after which a round counts as done, though a slow probe may still run."""


class FirstRounds:
    """A queue of rounds.

    Args:
        run: runs one task.
        done: called when every task of a round has run, to seal and push what they brought.
    """

    def __init__(
        self,
        *,
        run: Callable[[Task], Awaitable[object]],
        done: Callable[[], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self._run = run
        self._done = done
        self._clock = clock
        self._waiting: asyncio.Queue[Sequence[Task]] = asyncio.Queue()
        self._running: set[asyncio.Task[None]] = set()

    def add(self, tasks: Sequence[Task]) -> None:
        self._waiting.put_nowait(tasks)

    async def run(self) -> None:
        try:
            while True:
                await self._round(await self._waiting.get())
                await self._done()
        finally:
            for running in self._running:
                running.cancel()

    async def _round(self, tasks: Sequence[Task]) -> None:
        apart = min(APART, SPREAD / max(1, len(tasks)))
        begun = [asyncio.create_task(self._later(apart * i, task)) for i, task in enumerate(tasks)]
        for running in begun:
            self._running.add(running)
            running.add_done_callback(self._running.discard)
        if begun:
            await asyncio.wait(begun, timeout=LONGEST)

    async def _later(self, wait: float, task: Task) -> None:
        await self._clock.sleep(wait)
        try:
            await self._run(task)
        except Exception:
            log.exception("first run failed probe=%s target=%s", task.probe, task.target)
