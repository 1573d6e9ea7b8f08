"""A collector under load is killed again and again, while it seals and merges all the time: what it
acknowledged is there, and nothing is there twice."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from random import Random

import pytest

from tests.durability.children import collector_on
from tests.durability.contents import file_kinds, stored
from tests.durability.crowd import Crowd
from tests.durability.processes import found_school, free_port

KILLS = 20
AGENTS = 24


@pytest.fixture
def crowd(data_dir: Path, port: int) -> Crowd:
    _, agents = found_school(data_dir, f"http://127.0.0.1:{port}", AGENTS)
    return Crowd(agents, f"http://127.0.0.1:{port}/v1/push")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def port() -> int:
    return free_port()


def check(data_dir: Path, crowd: Crowd) -> None:
    """All that was acknowledged is there, perhaps more of what was sent, and nothing twice."""
    found = stored(data_dir)
    missing = crowd.acknowledged() - found
    surplus = found - crowd.made()
    assert not missing, f"{missing.total()} acknowledged rows are missing: {missing}"
    assert not surplus, f"{surplus.total()} rows are there twice, or were never sent: {surplus}"


async def test_collector_killed_under_load_loses_and_doubles_nothing(
    data_dir: Path, port: int, crowd: Crowd
) -> None:
    dice = Random(1)
    async with crowd.pushing():
        for _ in range(KILLS):
            collector = await collector_on(data_dir, port, restless=True)
            await crowd.answered(dice.randint(1, 60))
            await asyncio.sleep(0.1 * dice.random())
            collector.kill()
            collector.join()
            assert collector.exitcode == -signal.SIGKILL
            check(data_dir, crowd)
    collector = await collector_on(data_dir, port, restless=True)
    await crowd.finish()
    collector.kill()
    collector.join()

    assert crowd.wrong() == []
    assert stored(data_dir) == crowd.acknowledged() == crowd.made()
    # The load was what it should be: files were merged, and batches came again.
    assert "day" in file_kinds(data_dir)
    assert crowd.duplicates() > KILLS


async def test_collector_that_is_asked_to_stop_under_load_stops_and_keeps_all(
    data_dir: Path, port: int, crowd: Crowd
) -> None:
    async with crowd.pushing():
        collector = await collector_on(data_dir, port, restless=False)
        await crowd.answered(30)
        collector.terminate()
        await asyncio.to_thread(collector.join, 10)
        assert collector.exitcode == 0
    check(data_dir, crowd)
