"""A setting that is a secret stays in the agent's own file, which nobody else may read."""

from __future__ import annotations

import asyncio
import logging
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.__main__ import main
from agent.app import Agent
from agent.config_trial import ConfigTrial
from agent.identity import Identity
from config.agent_settings import AgentSettings
from probes.model import Probe, Reading, Role, SettingError, Target, parse_settings, setting
from probes.text import Text
from probes.wire import Task
from tests.agent.test_once import enrolled
from tests.fakes.collector import FakeCollector, config_of

SECRET = "c0ffee-read-only"
DEVICES = [{"name": "sw", "host": "10.1.0.2", "community": SECRET}]
WORDS = Text("词", "word")


@dataclass(frozen=True)
class Settings:
    devices: tuple[dict[str, Any], ...] = setting((), WORDS, secret=True)

    def __post_init__(self) -> None:
        if any("host" not in device for device in self.devices):
            raise SettingError(Text("缺少 host。", "A device without a host."))


class Poll(Probe[Settings]):
    name = "poll"
    title = WORDS
    measures = ()
    roles = frozenset({Role.GATEWAY})
    Settings = Settings

    def reaches(self) -> Sequence[str]:
        return [device["host"] for device in self.settings.devices]

    async def measure(self, target: Target) -> Reading:
        raise RuntimeError("this device answers garbage")


CATALOG: Any = {"poll": Poll}


def poll(devices: object) -> Task:
    return Task("poll", 60, "lan", settings={"devices": devices})


async def once(state_dir: Path, task: Task) -> None:
    async with FakeCollector(config=config_of(task)) as collector:
        enrolled(collector, state_dir)
        agent = Agent(
            settings=AgentSettings(),
            state_dir=state_dir,
            identity=Identity.load(state_dir),
            catalog=CATALOG,
        )
        await agent.once()


@pytest.mark.parametrize(
    "devices",
    [
        DEVICES,
        [{"name": "sw", "community": SECRET}],
        [{"name": "sw", "host": "203.0.113.9", "community": SECRET}],
        SECRET,
        {"sw": SECRET},
    ],
    ids=["fault", "no host", "not allowed", "wrong type", "a table"],
)
def test_secret_is_in_no_log_no_status_and_no_other_file(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    devices: object,
) -> None:
    with caplog.at_level(logging.DEBUG):
        asyncio.run(once(tmp_path, poll(devices)))
        main(["status", "--state-dir", str(tmp_path)])
        main(["status", "--json", "--state-dir", str(tmp_path)])
    told = capsys.readouterr()
    assert "config" in told.out
    assert SECRET not in f"{caplog.text}{told.out}{told.err}"
    holding = [path for path in tmp_path.rglob("*") if SECRET.encode() in content(path)]
    assert [path.name for path in holding] == (["config.json"] if devices is DEVICES else [])
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in holding)


def content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def test_configuration_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    trial = ConfigTrial(path, agent="a", apply=lambda _: None, monotonic=lambda: 0.0)
    trial.offer(config_of(poll(DEVICES)))
    trial.pushed("r1")
    assert SECRET in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_task_is_printed_without_the_values_of_its_settings() -> None:
    assert SECRET not in f"{config_of(poll(DEVICES))!r}"
    assert SECRET not in f"{parse_settings(Settings, {'devices': DEVICES}, 'poll')!r}"
    assert "devices" in f"{poll(DEVICES)!r}"
