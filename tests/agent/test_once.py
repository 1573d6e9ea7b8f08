"""`once` as cron runs it: without a terminal, without a locale, perhaps twice at a time."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import pytest

from agent.__main__ import main
from agent.identity import Identity
from agent.lock import StateLock
from agent.schedule import phase
from probes import wire
from probes.wire import Task
from tests.fakes.collector import FakeCollector, config_of, status

REPOSITORY = Path(__file__).parents[2]
TASKS = [Task("uptime", 60), Task("host_resources", 3600, settings={"window_seconds": 0.1})]
CRON = {"PATH": "/usr/bin:/bin", "HOME": "/"}
"""All that cron gives, as Debian has it."""


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    place = tmp_path / "state"
    place.mkdir()
    return place


def enrolled(collector: FakeCollector, state_dir: Path) -> None:
    asked = wire.EnrolRequest(wire.VERSION, "tok.secret", "nonce-00000001")
    reply = collector._admit(asked)
    Identity(
        agent=reply.agent, key=reply.key, school=reply.school, school_name=reply.school_name,
        role=reply.role, url=collector.url,
    ).save(state_dir)  # fmt: skip


async def from_cron(
    state_dir: Path, *words: str, environment: dict[str, str] | None = None
) -> tuple[int, bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent", "once", "--state-dir", str(state_dir), *words,
        cwd=REPOSITORY, env={**CRON, **(environment or {})}, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out, err


async def test_once_from_cron_measures_and_delivers_in_chinese(state_dir: Path) -> None:
    async with FakeCollector(config=config_of(*TASKS)) as collector:
        enrolled(collector, state_dir)
        code, out, err = await from_cron(state_dir)
        assert (code, "读数 2 条" in out.decode()) == (0, True), err
        assert len(collector.records()) == 2
        code, out, _ = await from_cron(state_dir, "--json")
    found = json.loads(out)
    assert (code, found["left_readings"], found["held_back"], found["error"]) == (0, 0, False, None)


async def test_terminal_without_chinese_gets_escapes_and_no_traceback(state_dir: Path) -> None:
    async with FakeCollector(config=config_of(*TASKS)) as collector:
        enrolled(collector, state_dir)
        code, out, err = await from_cron(
            state_dir, "--lang", "zh", environment={"PYTHONIOENCODING": "latin-1"}
        )
    assert (code, b"\\u8bfb\\u6570" in out, b"Traceback" in err) == (0, True, False)


@pytest.mark.parametrize("doing", ["run", "once"])
async def test_once_beside_another_agent_does_nothing_and_says_so(
    state_dir: Path, doing: str
) -> None:
    async with FakeCollector(config=config_of(*TASKS)) as collector:
        enrolled(collector, state_dir)
        with StateLock(state_dir, doing):
            code, out, err = await from_cron(state_dir, "--lang", "en")
        assert (code, out, collector.pushes) == (3, b"", [])
        assert f"banjun-agent {doing} (process {os.getpid()})" in err.decode()
        assert (await from_cron(state_dir))[0] == 0


async def test_undelivered_readings_are_a_failure_and_are_kept(state_dir: Path) -> None:
    async with FakeCollector(config=config_of(*TASKS)) as collector:
        enrolled(collector, state_dir)
        await from_cron(state_dir)
        collector.fault = status(503)
        code, out, _ = await from_cron(state_dir, "--json")
        assert (code, json.loads(out)["left_readings"]) == (1, 2)
        collector.fault = None
        assert (await from_cron(state_dir))[0] == 0
        assert len(collector.records()) == 6


async def test_bulk_that_waits_on_a_metered_link_is_no_failure(
    state_dir: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "agent.toml"
    settings.write_text("[link]\nmetered = true\n")
    async with FakeCollector(config=config_of(*TASKS)) as collector:
        enrolled(collector, state_dir)
        assert (await from_cron(state_dir, "--config", str(settings)))[0] == 0
        code, out, _ = await from_cron(state_dir, "--config", str(settings), "--json")
        found = json.loads(out)
        assert (code, found["left_readings"], found["held_back"]) == (0, 1, True)
        sent = [record.probe for record in collector.records()]
        assert sorted(sent) == ["host_resources", "host_resources", "uptime"]


def test_jitter_is_the_same_on_a_machine_and_another_on_each(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    for name in ("a", "b", "a"):
        Identity(
            agent=name, key="k", school="s", school_name="s", role="pc", url="http://127.0.0.1:9"
        ).save(state_dir)
        assert main(["once", "--state-dir", str(state_dir), "--jitter", "120"]) == 1
    assert slept == [phase(120, "a", "once"), phase(120, "b", "once"), phase(120, "a", "once")]
    assert slept[0] != slept[1]
    assert max(slept) < 120


@pytest.mark.parametrize("given", ["-1", "3601", "x", "nan"])
def test_useless_jitter_is_explained(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["once", "--jitter", given, "--lang", "en"]) == 2
    assert f"--jitter {given}" in capsys.readouterr().err


def test_help_names_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    for lang, words in (("zh", "退出码：0 已测量并送达"), ("en", "exit codes: 0 measured")):
        with pytest.raises(SystemExit):
            main(["once", "--lang", lang, "--help"])
        assert words in capsys.readouterr().out
