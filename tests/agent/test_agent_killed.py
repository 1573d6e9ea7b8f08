"""The unplugged school in small: a real agent is killed again and again while answers get lost."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import sys
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from agent.config_trial import ConfigTrial
from probes import wire
from probes.wire import Task
from tests.agent.enrolled import ENROLMENT, identity_at
from tests.fakes.collector import FakeCollector, config_of, drop_answer

pytestmark = pytest.mark.long

Start = Callable[[], Awaitable[Process]]

REPOSITORY = Path(__file__).parents[2]
KILLS = 4
# Compiled once, not at each start.
QUICK = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
TASKS = [Task("tick", 1, f"target{n}") for n in range(12)]


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    place = tmp_path / "state"
    place.mkdir()
    return place


@pytest.fixture
async def start(state_dir: Path, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts an agent whose diary is `tmp_path / "diary"`; none outlives its test."""
    agents: list[Process] = []

    async def begin() -> Process:
        agent = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.agent.victim", str(state_dir), str(tmp_path / "diary")),
            cwd=REPOSITORY,
            env=QUICK,
            stderr=asyncio.subprocess.DEVNULL,
        )
        agents.append(agent)
        return agent

    yield begin
    for agent in agents:
        if agent.returncode is None:
            agent.kill()
            await agent.wait()


def written(diary: Path) -> list[int]:
    return [int(line) for line in diary.read_text().split()] if diary.exists() else []


async def grown(diary: Path, size: int) -> None:
    """Wait until the diary has that many entries."""
    async with asyncio.timeout(10):
        while len(written(diary)) < size:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)


def ticks(records: list[wire.Record]) -> list[int]:
    return [int(record.values["tick_count"]) for record in records]


def in_spool(state_dir: Path) -> list[int]:
    """What a dead agent's spool holds, read from a copy so that nothing is repaired."""
    copy = state_dir.with_name("copy")
    shutil.copytree(state_dir, copy)
    with closing(sqlite3.connect(copy / "spool.sqlite3")) as db:
        rows = db.execute("SELECT record FROM record").fetchall()
        bodies = db.execute("SELECT body FROM batch").fetchall()
    shutil.rmtree(copy)
    open_ones = [msgspec.msgpack.decode(row[0], type=wire.Record) for row in rows]
    sealed = [r for body in bodies for r in wire.records(wire.unpack(body[0]))]
    return ticks(open_ones) + ticks(sealed)


async def test_nothing_recorded_is_lost_or_doubled_when_the_agent_is_killed(
    state_dir: Path, tmp_path: Path, start: Start
) -> None:
    diary = tmp_path / "diary"
    survived: set[int] = set()
    async with FakeCollector(config=config_of(*TASKS), enrolments={"n": ENROLMENT}) as collector:
        identity_at(collector.url).save(state_dir)
        for n in range(KILLS):
            before = len(written(diary))
            agent = await start()
            await grown(diary, before + 4 + 2 * n)
            if n == 1:
                collector.faults.append(drop_answer)  # For what the next process sends first.
            agent.send_signal(signal.SIGKILL)
            await agent.wait()
            survived.update(in_spool(state_dir))
        heard = len(collector.pushes)
        agent = await start()
        await collector.until(lambda: len(collector.pushes) > heard)
        await collector.until(lambda: survived <= set(ticks(collector.records())))
        agent.send_signal(signal.SIGTERM)
        assert await agent.wait() == 0

        received = Counter(ticks(collector.records()))
    assert survived
    assert survived <= set(received)
    assert set(received) <= set(written(diary))
    assert max(received.values()) == 1
    assert collector.duplicates
    assert collector.conflicts == []
    assert collector.gaps == {}
    assert in_spool(state_dir) == []
    # A reading is committed right after it is taken: a kill costs what was being taken, no more.
    assert len(written(diary)) - len(received) <= KILLS * 2
    assert len({key[1] for key in collector.stored}) > 1


async def test_agent_that_is_asked_to_stop_delivers_first(
    state_dir: Path, tmp_path: Path, start: Start
) -> None:
    diary = tmp_path / "diary"
    config = config_of(*TASKS, every=3600)
    async with FakeCollector(config=config, enrolments={"n": ENROLMENT}) as collector:
        identity_at(collector.url).save(state_dir)
        agent = await start()
        await grown(diary, len(TASKS) + 3)
        agent.send_signal(signal.SIGTERM)
        assert await agent.wait() == 0
        assert sorted(ticks(collector.records())) == sorted(written(diary))
    assert collector.duplicates == {}
    assert collector.most_in_flight == 1


async def test_agent_measures_on_without_its_collector(
    state_dir: Path, tmp_path: Path, start: Start, unused_tcp_port: int
) -> None:
    identity_at(f"http://127.0.0.1:{unused_tcp_port}").save(state_dir)
    kept = ConfigTrial(
        state_dir / "config.json", agent="agent1", apply=lambda config: None, monotonic=lambda: 0.0
    )
    kept.offer(config_of(*TASKS))
    kept.pushed("r1")
    diary = tmp_path / "diary"
    agent = await start()
    await grown(diary, 4)
    agent.send_signal(signal.SIGTERM)
    assert await agent.wait() == 0
    assert sorted(in_spool(state_dir)) == sorted(written(diary))
