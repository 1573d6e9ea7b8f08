"""A disk that returns errors: the collector ends, rather than acknowledge what may not be there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.durability.children import collector_on
from tests.durability.contents import stored
from tests.durability.crowd import Crowd
from tests.durability.processes import found_school, free_port

SECONDS_TO_STOP = 10


@pytest.mark.server("strace")
async def test_collector_ends_with_an_error_when_its_journal_cannot_be_synced(
    tmp_path: Path,
) -> None:
    data_dir, port = tmp_path / "data", free_port()
    _, agents = found_school(data_dir, f"http://127.0.0.1:{port}", 24)
    crowd = Crowd(agents, f"http://127.0.0.1:{port}/v1/push")
    async with crowd.pushing():
        collector = await collector_on(data_dir, port, restless=False)
        await crowd.answered(30)
        faults = await asyncio.create_subprocess_exec(
            *("strace", "-f", "-p", str(collector.pid), "-o", str(tmp_path / "trace")),
            *("-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO"),
            stderr=asyncio.subprocess.PIPE,
        )
        await asyncio.to_thread(collector.join, SECONDS_TO_STOP)
        ended = collector.exitcode
        collector.kill()
        _, said = await faults.communicate()
    if b"ptrace" in said:
        pytest.skip("this system does not let strace trace a process")
    assert ended == 1
    acknowledged = crowd.acknowledged()
    assert not acknowledged - stored(data_dir)

    again = await collector_on(data_dir, port, restless=False)
    await crowd.finish()
    again.terminate()
    again.join(SECONDS_TO_STOP)
    assert again.exitcode == 0
    assert crowd.wrong() == []
    assert stored(data_dir) == crowd.acknowledged() == crowd.made()
