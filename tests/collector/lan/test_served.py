"""A running collector hands secrets to the agents that need them, and to nobody else."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from collector.access.detail import ROUTES
from config.policy_folder import POLICY_FOLDER
from probes.catalog import Catalog, discover
from probes.wire import JSON, AgentConfig, decode
from tests.collector import served
from tests.collector.served import Site, site

from .scene import SCHOOL, SECRETS, WHOLE, write, write_keys
from .test_tasks import CATALOG, ROWS


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a county whose schedule has tasks for described networks."""
    catalog = Catalog([*discover().values(), *CATALOG.values()])
    monkeypatch.setattr(served, "discover", lambda: catalog)
    roles, _, _ = (POLICY_FOLDER / "schedule.toml").read_text("utf-8").partition("[[lan.task]]\n")
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "schedule.toml").write_text(roles + ROWS, "utf-8")
    write_keys(tmp_path)
    write(tmp_path, WHOLE)
    return tmp_path


async def config_of(agent: Site) -> AgentConfig:
    status, _, body = await agent.get("/v1/config", {"Authorization": agent._key})
    assert status == 200
    return decode(body.encode(), AgentConfig, JSON)


async def test_gateway_gets_its_secrets_and_its_state_and_pages_show_none(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with site(data_dir) as agent:
        config = await config_of(agent)
        (core,) = next(task for task in config.tasks if task.probe == "poll").settings["devices"]
        assert core["auth_key"] in SECRETS
        await agent.push(0, config=config.revision)
        key = (data_dir / "admin.key").read_text()
        shown: dict[str, str] = {}
        for door in ROUTES:
            method, path = door.split(" ", 1)
            if method == "GET" and path != "/v1/config":
                path = path.format(
                    code=SCHOOL, duty="d", attest="a", number="1", alert="x", name="y"
                )
                _, _, shown[door] = await agent.get(path, {"Authorization": f"Bearer {key}"})
        assert json.loads(shown["GET /v1/status"])["lan_schools"] == 1
        everything = "".join(shown.values()) + caplog.text
        assert not [secret for secret in SECRETS if secret in everything]


async def test_nobody_gets_a_configuration_without_its_agents_key(data_dir: Path) -> None:
    async with site(data_dir) as agent:
        for authorization in ("", "Bearer x.y", f"Bearer {agent.agent}.{'0' * 64}"):
            status, _, body = await agent.get("/v1/config", {"Authorization": authorization})
            assert status == 401
            assert not [secret for secret in SECRETS if secret in body]


async def test_change_of_the_description_reaches_the_agent_and_a_mistake_does_not(
    data_dir: Path,
) -> None:
    async with site(data_dir) as agent:
        first = await config_of(agent)
        write(data_dir, WHOLE.replace("10.1.1.0/24", "10.9.1.0/24"), at=2)
        agent.collector._refresh()
        assert (await config_of(agent)).revision == first.revision
        key = {"Authorization": f"Bearer {(data_dir / 'admin.key').read_text()}"}
        status: dict[str, Any] = json.loads((await agent.get("/v1/status", key))[2])
        assert "10.9.1.0/24 is outside" in status["lan_faults"][f"{SCHOOL}.toml"]["en"]
        write(data_dir, WHOLE.replace("10.1.1.0/24", "10.1.2.0/24"), at=3)
        agent.collector._refresh()
        changed = await config_of(agent)
        sweep = next(task for task in changed.tasks if task.probe == "sweep")
        assert sweep.settings == {"networks": ["10.1.2.0/24"]}
        assert json.loads((await agent.get("/v1/status", key))[2])["lan_faults"] == {}
