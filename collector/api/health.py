"""GET /readyz: may this collector be sent pushes, and if not, why not.

Anybody may ask, so it names kinds of trouble and nothing of what is kept here. /healthz, which only
shows that the event loop answers, is one of the pages.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from aiohttp import web

from collector.figures import Figures
from collector.store.commit import NotCommittedError
from collector.store.commit_tally import DISK_FULL, CommitTally
from probes.text import Text
from probes.wire import JSON

READY_PATH = "/readyz"
FRESH_SECONDS = 10.0
"""How long the result of a commit stands; after that one is tried when somebody asks."""
PATIENCE_SECONDS = 5.0
LEAST_FREE_BYTES = 200_000_000
"""More than the journal of 2,000 agents grows by until it is sealed, the new files included."""
JUDGING_SECONDS, JUDGING_BEATS = 600.0, 3
"""Judging is late when no round went well for this long and for so many beats."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """`what` is the short name that a program looks for."""

    what: str
    text: Text


class Readiness:
    """Lives in the event loop.

    Args:
        read: the figures; called in a thread.
        commits: how the newest commit went.
        try_out: makes a commit of nothing, or raises NotCommittedError.
        judge_every: seconds between two rounds.
    """

    def __init__(
        self,
        read: Callable[[], Figures],
        commits: CommitTally,
        try_out: Callable[[], Awaitable[None]],
        judge_every: float,
        least_free_bytes: int = LEAST_FREE_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._commits = commits
        self._try_out = try_out
        self._judging_limit = max(JUDGING_SECONDS, JUDGING_BEATS * judge_every)
        self._least_free = least_free_bytes
        self._clock = clock
        self._started = clock()
        self._trial: asyncio.Future[None] | None = None

    async def troubles(self) -> list[Trouble]:
        """What is not well; empty when all is."""
        found = [await self._journal()]
        figures = await asyncio.to_thread(self._read)
        if figures.disk_free_bytes < self._least_free:
            found.append(_DISK)
        age = figures.judging_age
        if (self._clock() - self._started if age is None else age) > self._judging_limit:
            found.append(_JUDGING)
        return [trouble for trouble in found if trouble is not None]

    async def _journal(self) -> Trouble | None:
        """By the newest commit. An old one says nothing: then another is made, of nothing."""
        at = self._commits.last_at
        if at is None or time.monotonic() - at > FRESH_SECONDS:
            if self._trial is None or self._trial.done():
                self._trial = asyncio.ensure_future(self._try())
            done, _ = await asyncio.wait({self._trial}, timeout=PATIENCE_SECONDS)
            if not done:
                return _STUCK
        fault = self._commits.last_fault
        if fault is None:
            return None
        return _FULL if fault == DISK_FULL else _UNWRITABLE

    async def _try(self) -> None:
        try:
            await self._try_out()
        except NotCommittedError:
            return  # it is in the tally


class ReadyDoor:
    """Answers 200 or 503."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    def routes(self) -> list[web.RouteDef]:
        return [web.get(READY_PATH, self._handle)]

    async def _handle(self, request: web.Request) -> web.Response:
        troubles = await self._readiness.troubles()
        answer: dict[str, object] = {"ready": not troubles, "not_well": [t.what for t in troubles]}
        if troubles:
            answer["error"] = " ".join(t.text.en for t in troubles)
            answer["error_zh"] = "".join(t.text.zh for t in troubles)
        return web.Response(
            status=503 if troubles else 200,
            body=msgspec.json.encode(answer),
            content_type=JSON,
            headers={"Cache-Control": "no-store"},
        )


_STUCK = Trouble(
    "journal",
    Text(
        "日志迟迟没有写完，磁盘可能没有响应；请看系统日志。",
        "A write to the journal does not end: its disk may hang. Look at the system's log.",
    ),
)
_UNWRITABLE = Trouble(
    "journal",
    Text(
        "最近一次提交失败，原因在采集器的日志里。",
        "The newest commit failed; the collector's log says why.",
    ),
)
_FULL = Trouble(
    "journal",
    Text(
        "磁盘已满，最近一次提交失败；请清理数据目录所在的磁盘。",
        "The newest commit failed for want of space; make room on the disk of the data directory.",
    ),
)
_DISK = Trouble(
    "disk",
    Text(
        "磁盘快满了；请清理数据目录所在的磁盘，或缩短 retention_days。",
        "The disk is nearly full; make room on the disk of the data directory, or lower "
        "retention_days.",
    ),
)
_JUDGING = Trouble(
    "judging",
    Text(
        "很久没有完成评判，原因在采集器的日志里。",
        "No round of judging has ended well for long; the collector's log says why.",
    ),
)
