"""A store and its ingest in one event loop, without HTTP: wired as collector.app does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from collector.ingest.receive import Boots, Ingest
from collector.register.model import Agent
from collector.store.commit import Committer
from collector.store.storehouse import BatchKeys, Storehouse
from probes.model import Role
from probes.wire import VERSION, Ack, Batch, Push
from tests.collector.store.vocabulary import CATALOG

SCHOOL = "s1"


def milliseconds() -> int:
    return time.time_ns() // 1_000_000


def agent(name: str) -> Agent:
    return Agent(
        id=name, school=SCHOOL, role=Role.PC, key_sha256=b"",
        enrolled_at=datetime(2025, 1, 1, tzinfo=UTC),
    )  # fmt: skip


class Intake:
    """Use it in `async with`; leaving it closes the files, and seals nothing."""

    def __init__(self, data_dir: Path) -> None:
        self.house = Storehouse(data_dir, CATALOG, milliseconds)
        journal = self.house.journal
        self._committer = Committer(
            journal, self.house.joiner, self.house.take, self.house.writer, interval=0
        )
        self._ingest = Ingest(CATALOG, self._committer, Boots(journal.boots()), journal.seen())
        for key, sha256 in journal.identities():
            self._ingest.remember(key, sha256)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()

        def forget(keys: BatchKeys) -> None:
            loop.call_soon_threadsafe(self._ingest.forget, keys)

        self.house.on_sealed = forget
        self._running = asyncio.create_task(self._committer.run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._committer.close()
        await self._running
        self.house.close()

    async def push(self, sender: str, batches: Sequence[Batch]) -> list[Ack]:
        push = Push(
            v=VERSION, school=SCHOOL, session=batches[0].session, wall=milliseconds(),
            batches=list(batches),
        )  # fmt: skip
        return await self._ingest.receive(push, agent(sender), milliseconds())
