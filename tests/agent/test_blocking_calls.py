"""A dead name server keeps threads busy for half a minute; everything else must go on."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

import agent.first_round
from agent.app import Agent
from agent.identity import Identity
from config.agent_settings import AgentSettings
from probes.model import Reading, Target
from probes.wire import VERSION, EnrolRequest, Task
from tests.agent.test_runner import TICK, FakeProbe
from tests.fakes.collector import FakeCollector, config_of

HANGING = 12


async def test_calls_that_hang_do_not_keep_other_probes_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent.first_round, "SPREAD", 0.1)
    answered, done = threading.Event(), asyncio.Event()

    class Hang(FakeProbe):
        name = "hang"
        deadline_seconds = 20.0

        async def measure(self, target: Target) -> Any:
            await asyncio.to_thread(answered.wait, 10)
            return Reading.ok({TICK: 1})

    class Quick(FakeProbe):
        name = "quick"
        deadline_seconds = 20.0

        async def measure(self, target: Target) -> Any:
            await asyncio.to_thread(int)
            done.set()
            return Reading.ok({TICK: 1})

    tasks = [Task("hang", 3600, f"t{n}") for n in range(HANGING)] + [Task("quick", 3600)]
    catalog: Any = {"hang": Hang, "quick": Quick}
    stop = asyncio.Event()
    async with FakeCollector(config=config_of(*tasks)) as collector:
        reply = collector._admit(EnrolRequest(VERSION, "tok.secret", "nonce-00000001"))
        identity = Identity(
            agent=reply.agent, key=reply.key, school="s", school_name="s", role="pc",
            url=collector.url,
        )  # fmt: skip
        one = Agent(
            settings=AgentSettings(), state_dir=tmp_path, identity=identity, catalog=catalog
        )
        running = asyncio.create_task(one.run(stop))
        try:
            await asyncio.wait_for(done.wait(), 5)
            assert not answered.is_set()
        finally:
            answered.set()
            stop.set()
            await running
