from __future__ import annotations

import asyncio

import pytest

from agent.first_round import LONGEST, SPREAD, FirstRounds
from probes.wire import Task
from tests.fakes.clock import FakeClock


class Rig:
    def __init__(self, clock: FakeClock) -> None:
        self.ran: list[str] = []
        self.done: asyncio.Queue[list[str]] = asyncio.Queue()
        self.rounds = FirstRounds(run=self._run, done=self._done, clock=clock)

    async def _run(self, task: Task) -> None:
        if task.target == "bad":
            raise RuntimeError("a bug")
        if task.target == "slow":
            await asyncio.sleep(3600)
        self.ran.append(task.target)

    async def _done(self) -> None:
        await self.done.put(list(self.ran))


def tasks(*names: str) -> list[Task]:
    return [Task("fake", 60, name) for name in names]


async def test_round_is_done_when_every_task_ran(clock: FakeClock) -> None:
    rig = Rig(clock)
    running = asyncio.create_task(rig.rounds.run())
    rig.rounds.add(tasks(*(f"t{n}" for n in range(30))))
    assert len(await rig.done.get()) == 30
    assert max(clock.slept) <= SPREAD
    assert len(set(clock.slept)) == 30
    running.cancel()


async def test_failing_task_does_not_hold_up_the_round(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(clock)
    running = asyncio.create_task(rig.rounds.run())
    rig.rounds.add(tasks("bad", "good"))
    assert await rig.done.get() == ["good"]
    assert "a bug" in caplog.text
    running.cancel()


async def test_slow_task_does_not_hold_up_the_round(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert LONGEST > SPREAD
    monkeypatch.setattr("agent.first_round.LONGEST", 0.02)
    rig = Rig(clock)
    running = asyncio.create_task(rig.rounds.run())
    rig.rounds.add(tasks("slow", "good"))
    assert await rig.done.get() == ["good"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_round_without_tasks_is_done_at_once(clock: FakeClock) -> None:
    rig = Rig(clock)
    running = asyncio.create_task(rig.rounds.run())
    rig.rounds.add([])
    assert await rig.done.get() == []
    running.cancel()
