"""Provisioning and compose files: they load, and what they name exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.collector_settings import DEFAULT_PORT, CollectorSettings
from config.load import build_settings
from config.strict import read_toml
from grafana.edition import SOURCE_TYPES, Engine

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "grafana"
COMPOSE = GRAFANA / "compose"
FILES = sorted(GRAFANA.rglob("*.yaml"))
ENGINE_PORTS = {Engine.VICTORIAMETRICS: 8428, Engine.INFLUXDB: 8086}


def loaded(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def mounts(services: dict[str, Any]) -> list[tuple[str, str]]:
    """Each mount of a file or folder of ours: where it is here, and in the container."""
    listed = [volume.split(":") for service in services.values() for volume in service["volumes"]]
    return [(parts[0], parts[1]) for parts in listed if parts[0].startswith(".")]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(GRAFANA)))
def test_file_is_yaml_with_a_version_or_services(path: Path) -> None:
    assert {"apiVersion", "services"} & loaded(path).keys()


@pytest.mark.parametrize("engine", Engine)
def test_compose_names_paths_that_exist(engine: Engine) -> None:
    services = loaded(COMPOSE / f"{engine}.yaml")["services"]
    found = mounts(services)
    assert len(found) == 4
    assert [here for here, _ in found if not (COMPOSE / here).exists()] == []
    assert (COMPOSE / services["collector"]["build"] / "Dockerfile").is_file()


@pytest.mark.parametrize("engine", Engine)
def test_grafana_finds_its_dashboards_in_the_container(engine: Engine) -> None:
    services = loaded(COMPOSE / f"{engine}.yaml")["services"]
    there = {inside: COMPOSE / here for here, inside in mounts(services)}
    dashboards = there[services["grafana"]["environment"]["BANJUN_DASHBOARDS"]]
    providers = loaded(there["/etc/grafana/provisioning/dashboards"] / "banjun.yaml")["providers"]
    for provider in providers:
        folder = provider["options"]["path"].replace("${BANJUN_DASHBOARDS}", str(dashboards))
        assert list(Path(folder).glob("*.json")), folder
    sources = there["/etc/grafana/provisioning/datasources"] / "banjun.yaml"
    assert [s["type"] for s in loaded(sources)["datasources"]] == [SOURCE_TYPES[engine]]


@pytest.mark.parametrize("engine", Engine)
def test_one_address_of_the_engine_is_named_everywhere(engine: Engine) -> None:
    text = (COMPOSE / f"{engine}.yaml").read_text("utf-8")
    assert set(re.findall(r"127\.0\.0\.1:(\d+)", text)) == {str(ENGINE_PORTS[engine])}
    settings = read_toml(COMPOSE / f"collector-{engine}.toml")
    environment = loaded(COMPOSE / f"{engine}.yaml")["services"]["grafana"]["environment"]
    assert settings["export"]["url"] == environment["BANJUN_ENGINE_URL"]


@pytest.mark.parametrize("engine", Engine)
def test_settings_of_the_collector_are_ones_it_knows(engine: Engine) -> None:
    data = read_toml(COMPOSE / f"collector-{engine}.toml")
    data["export"].pop("token_file", None)  # a file of the container
    settings = build_settings(CollectorSettings, data, f"collector-{engine}.toml")
    assert settings.export.url.endswith(str(ENGINE_PORTS[engine]))


@pytest.mark.parametrize("engine", Engine)
def test_variables_that_grafana_needs_are_set(engine: Engine) -> None:
    environment = loaded(COMPOSE / f"{engine}.yaml")["services"]["grafana"]["environment"]
    provisioned = [
        *(GRAFANA / "provisioning" / "common").rglob("*.yaml"),
        *(GRAFANA / "provisioning" / engine).rglob("*.yaml"),
    ]
    text = "".join(path.read_text("utf-8") for path in provisioned)
    assert set(re.findall(r"\$\{(\w+)\}", text)) <= environment.keys()


def test_example_of_the_environment_holds_what_compose_asks_for() -> None:
    asked = {
        name
        for engine in Engine
        for name in re.findall(r"\$\{(\w+):\?\}", (COMPOSE / f"{engine}.yaml").read_text("utf-8"))
    }
    example = (COMPOSE / "env.example").read_text("utf-8")
    assert set(re.findall(r"^(\w+)=", example, re.M)) == asked


def test_dockerfile_copies_what_exists_and_serves_on_the_known_port() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    copied = [word for line in re.findall(r"^COPY (.+) \S+$", text, re.M) for word in line.split()]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert re.findall(r"^EXPOSE (\d+)$", text, re.M) == [str(DEFAULT_PORT)]


def test_contact_points_are_those_that_the_policy_names() -> None:
    folder = GRAFANA / "provisioning" / "alerting"
    points = {point["name"] for point in loaded(folder / "contact-points.yaml")["contactPoints"]}
    policies = loaded(folder / "notification-policies.yaml")["policies"]
    assert {policy["receiver"] for policy in policies} <= points
