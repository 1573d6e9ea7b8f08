"""A whole collector: what it hands out to an agent is what its reflector accepts."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from collector.app import Collector
from collector.measure.service import PortError
from collector.register.model import Agent
from probes.instruments.udp_jitter import UdpJitter
from probes.metrics import LOSS_RATIO
from probes.model import Outcome, Reading, Role, Target, parse_settings
from probes.wire import EnrolRequest, Task
from tests.collector.served import SCHOOL, serving
from tests.lab.daemon import free_port


def enrolled_gateway(collector: Collector) -> Agent:
    token = collector.register.create_token(SCHOOL.code, Role.GATEWAY, actor="me")
    request = EnrolRequest(1, f"{token.id}.{token.secret}", "nonce-0001")
    agent = collector.register.agent(collector.register.enrol(request, "127.0.0.1").agent)
    assert agent is not None
    return agent


def tasks(collector: Collector) -> dict[str, Task]:
    return {t.probe: t for t in collector.fleet.config(enrolled_gateway(collector)).tasks}


async def test_agents_task_measures_against_the_collector(tmp_path: Path) -> None:
    port = free_port(socket.SOCK_DGRAM)
    async with serving(tmp_path, reflector_port=port) as (collector, _):
        task = tasks(collector)["udp_jitter"]
        settings = parse_settings(UdpJitter.Settings, {**task.settings, "count": 10}, "task")
        reading = await UdpJitter(settings).measure(Target("collector", "127.0.0.1", task.port))
        assert isinstance(reading, Reading)
        assert (reading.outcome, reading.values[LOSS_RATIO]) == (Outcome.OK, 0)
        assert collector.reflector.answered == 10


async def test_key_is_the_same_after_a_restart(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        async with serving(tmp_path, reflector_port=free_port(socket.SOCK_DGRAM)) as (made, _):
            keys.append(tasks(made)["udp_jitter"].settings["key"])
    assert keys[0] == keys[1]
    assert (tmp_path / "reflector.key").stat().st_mode & 0o077 == 0


async def test_collector_without_a_reflector_asks_for_no_jitter(tmp_path: Path) -> None:
    async with serving(tmp_path) as (collector, _):
        assert "udp_jitter" not in tasks(collector)


async def test_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(PortError, match=f"{port}/udp"):
            async with serving(tmp_path, reflector_port=port):
                pass
