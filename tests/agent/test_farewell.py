"""The last word: a real agent is stopped or killed, and started again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent import app, farewell
from agent.app import Agent
from agent.farewell import what_stops
from config.agent_settings import AgentSettings
from probes.catalog import discover
from probes.life import Stopping
from probes.wire import Record, Task
from tests.agent.enrolled import ENROLMENT, identity_at
from tests.fakes.collector import FakeCollector, config_of, lose_request


def a_collector() -> FakeCollector:
    return FakeCollector(config=config_of(Task("presence", 60)), enrolments={"n": ENROLMENT})


def an_agent(state_dir: Path, url: str) -> Agent:
    identity = identity_at(url)
    catalog: Any = discover()
    return Agent(settings=AgentSettings(), state_dir=state_dir, identity=identity, catalog=catalog)


async def run_until(agent: Agent, done: Callable[[], bool]) -> None:
    """Run it, and stop it in order once `done`."""
    stop = asyncio.Event()
    running = asyncio.create_task(agent.run(stop))
    async with asyncio.timeout(10):
        while not done():  # noqa: ASYNC110 - what it waits for arrives over a socket
            await asyncio.sleep(0.01)
        stop.set()
        await running


@pytest.fixture
def stopping(monkeypatch: pytest.MonkeyPatch) -> Callable[[Stopping], None]:
    """Have the agent find that this is what goes down."""

    def be(what: Stopping) -> None:
        async def found() -> Stopping:
            return what

        monkeypatch.setattr(app, "what_stops", found)

    return be


def beats(collector: FakeCollector) -> list[Record]:
    return sorted(collector.records(), key=lambda r: r.values["beat_count_total"])


@pytest.mark.parametrize(("what", "value"), [(Stopping.MACHINE, 1), (Stopping.AGENT, 0)])
async def test_collector_is_told_that_the_silence_is_meant(
    tmp_path: Path, stopping: Callable[[Stopping], None], what: Stopping, value: float
) -> None:
    stopping(what)
    async with a_collector() as collector:
        await run_until(an_agent(tmp_path, collector.url), lambda: bool(collector.records()))
        last = beats(collector)[-1]
        assert last.values["machine_stopping"] == value
        assert collector.pushes[-1].state["stopping"] == what.value
        assert "stopping" not in collector.pushes[0].state


async def test_next_process_says_that_the_one_before_ended_in_order(
    tmp_path: Path, stopping: Callable[[Stopping], None]
) -> None:
    stopping(Stopping.AGENT)
    async with a_collector() as collector:
        for round_ in (1, 2):
            wanted = 2 * round_ - 1
            await run_until(
                an_agent(tmp_path, collector.url),
                lambda wanted=wanted: len(collector.records()) >= wanted,  # type: ignore[misc]
            )
        first, last, again, _ = beats(collector)
        assert "same_boot" not in first.values
        assert last.values["machine_stopping"] == 0
        assert (again.values["same_boot"], again.values["previous_stop_clean"]) == (1, 1)


async def test_next_process_says_that_the_one_before_broke_off(tmp_path: Path) -> None:
    async with a_collector() as collector:
        agent = an_agent(tmp_path, collector.url)
        running = asyncio.create_task(agent.run(asyncio.Event()))
        async with asyncio.timeout(10):
            while not collector.records():  # noqa: ASYNC110 - arrives over a socket
                await asyncio.sleep(0.01)
        running.cancel()  # as near to a kill as one process allows; no word is left
        await asyncio.wait([running])
        await run_until(an_agent(tmp_path, collector.url), lambda: len(collector.records()) >= 2)
        again = beats(collector)[1]
        assert (again.values["same_boot"], again.values["previous_stop_clean"]) == (1, 0)


async def test_last_word_waits_in_the_spool_for_a_collector_that_is_away(
    tmp_path: Path, stopping: Callable[[Stopping], None]
) -> None:
    stopping(Stopping.MACHINE)
    async with a_collector() as collector:
        agent = an_agent(tmp_path, collector.url)

        def begun() -> bool:
            if collector.records():
                collector.fault = lose_request
            return collector.fault is not None

        await run_until(agent, begun)
        assert not any("machine_stopping" in r.values for r in collector.records())
        collector.fault = None
        await run_until(
            an_agent(tmp_path, collector.url),
            lambda: any("machine_stopping" in r.values for r in collector.records()),
        )


async def test_each_run_of_cron_ends_in_order(tmp_path: Path) -> None:

    async with a_collector() as collector:
        await an_agent(tmp_path, collector.url).once()
        await an_agent(tmp_path, collector.url).once()
        again = beats(collector)[-1]
        assert (again.values["same_boot"], again.values["previous_stop_clean"]) == (1, 1)


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A systemctl that says this, on a machine that runs systemd."""
    monkeypatch.setattr(farewell, "NO_LOGIN", tmp_path / "nologin")
    monkeypatch.setattr(farewell, "SYSTEMD", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))

    def says(word: str) -> None:
        program = tmp_path / "systemctl"
        program.write_text(f"#!/bin/sh\necho {word}\n")
        program.chmod(0o755)

    return says


@pytest.mark.parametrize(
    ("word", "what"),
    [
        ("stopping", Stopping.MACHINE),
        ("running", Stopping.AGENT),
        ("degraded", Stopping.AGENT),
    ],
)
async def test_systemd_says_what_goes_down(
    systemd: Callable[[str], None], word: str, what: Stopping
) -> None:
    systemd(word)
    assert await what_stops() is what


async def test_without_systemd_a_shutdown_is_known_by_its_ban_on_logins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(farewell, "SYSTEMD", tmp_path / "none")
    monkeypatch.setattr(farewell, "NO_LOGIN", tmp_path / "nologin")
    assert await what_stops() is Stopping.AGENT
    (tmp_path / "nologin").touch()
    assert await what_stops() is Stopping.MACHINE


async def test_ban_on_logins_means_nothing_while_systemd_says_it_runs(
    systemd: Callable[[str], None], tmp_path: Path
) -> None:
    systemd("running")
    (tmp_path / "nologin").touch()
    assert await what_stops() is Stopping.AGENT
