"""The lock files fit pyproject.toml, carry hashes, and say nothing of where packages come from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
EXTRAS = {
    "requirements-agent.lock": [],
    "requirements-lan.lock": ["lan"],
    "requirements.lock": ["collector"],
    "requirements-dev.lock": ["collector", "lan", "dev"],
}
LOCKS = list(EXTRAS)


def pins(lock: str) -> dict[str, set[str]]:
    """Name -> versions; more than one where they differ between Python versions."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / lock).read_text(), re.M):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


@pytest.fixture
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def required(project: dict[str, Any], *extras: str) -> list[Requirement]:
    optional = project["project"]["optional-dependencies"]
    lines = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    found = [Requirement(line) for extra in extras for line in optional[extra]]
    return [*map(Requirement, lines), *(r for r in found if r.name != "banjun")]


@pytest.mark.parametrize(("lock", "extras"), EXTRAS.items())
def test_lock_holds_what_pyproject_asks_for(
    project: dict[str, Any], lock: str, extras: list[str]
) -> None:
    pinned = pins(lock)
    for requirement in required(project, *extras):
        versions = pinned.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement} is not in {lock}; run: make lock"
        assert all(map(requirement.specifier.contains, versions)), f"{requirement}; run: make lock"


def test_build_group_is_what_the_build_needs(project: dict[str, Any]) -> None:
    # setup.sh builds without isolation, from the lock
    assert project["dependency-groups"]["build"] == project["build-system"]["requires"]


@pytest.mark.parametrize(
    ("less", "more"),
    [(a, b) for a in LOCKS for b in LOCKS if set(EXTRAS[a]) < set(EXTRAS[b])],
)
def test_larger_lock_holds_the_same_versions(less: str, more: str) -> None:
    fewer, all_pins = pins(less), pins(more)
    assert {name: all_pins.get(name) for name in fewer} == fewer


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    blocks = re.split(r"^(?=[\w.-]+==)", text, flags=re.M)[1:]
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in text


def test_every_dependency_is_explained(project: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    explained = set(re.findall(r"^\| ([\w.-]+) \|", page, re.M))
    assert set(pins("requirements-dev.lock")) - explained == set()
    direct = {canonicalize_name(r.name) for r in required(project, "collector", "lan", "dev")}
    rows = dict(re.findall(r"^\| ([\w.-]+) \| (.+) \|$", page, re.M))
    assert {name for name in direct if rows[name].count("|") < 3} == set()
