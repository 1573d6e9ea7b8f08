from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from agent.allow import AllowList
from agent.config_check import MAX_TASKS, ConfigRefusedError, check_config
from config.agent_settings import AllowSettings
from probes.catalog import CatalogError
from probes.model import Probe, Role, SettingError, setting
from probes.text import Text
from probes.wire import Task
from tests.agent.test_runner import WORDS, FakeProbe
from tests.fakes.collector import config_of


class AimedProbe(FakeProbe):
    aimed = True


@dataclass(frozen=True)
class SweepSettings:
    networks: tuple[str, ...] = setting((), WORDS, secret=True)

    def __post_init__(self) -> None:
        if "" in self.networks:
            raise SettingError(Text("空网段。", "An empty network."))


class SweepProbe(Probe[SweepSettings]):
    name = "sweep"
    title = WORDS
    measures = ()
    roles = frozenset({Role.GATEWAY})
    Settings = SweepSettings

    def reaches(self) -> Sequence[str]:
        return (*self.settings.networks, "203.0.113.254")  # the last is found on the machine


CATALOG: Any = {"fake": FakeProbe, "aimed": AimedProbe, "sweep": SweepProbe}
ALLOW = AllowList.of(AllowSettings(probes=("fake", "aimed", "newer", "sweep")))


def check(*tasks: Task) -> None:
    check_config(config_of(*tasks), CATALOG, ALLOW)


def test_sound_configuration_is_accepted() -> None:
    check(
        Task("fake", 60),
        Task("fake", 60, "two", settings={"step": 2}),
        Task("aimed", 60, "gw", "10.0.0.1", 80),
        Task("aimed", 60, "collector", "collector"),
        Task("sweep", 60, settings={"networks": ["10.1.1.0/24", "10.1.9.9"]}),
        Task("sweep", 60, "names", settings={"networks": ["www.example.com"]}),
    )


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (Task("newer", 60), "no probe newer"),
        (Task("fake", 60, settings={"stepp": 1}), "stepp"),
        (Task("fake", 60, settings={"step": 10}), "outside 1 to 9"),
        (Task("fake", 60, settings={"step": "1"}), "wrong type"),
        (Task("aimed", 60, "gw"), "no host"),
        (Task("aimed", 60, "gw", "10.0.0.1", 0), "no port 0"),
        (Task("aimed", 60, "gw", "10.0.0.1", 70_000), "no port 70000"),
        (Task("aimed", 60, "meta", "169.254.169.254"), "allow.hosts"),
        (Task("aimed", 60, "off", "www.example.com"), "allow.hosts"),
        (
            Task("sweep", 60, settings={"networks": ["10.1.1.0/24", "203.0.113.0/24"]}),
            "does not permit '203.0.113.0/24'; if it should, add it to allow.hosts of agent.toml",
        ),
        (Task("sweep", 60, settings={"networks": ["203.0.113.9"]}), "203.0.113.9"),
        (Task("sweep", 60, settings={"networks": [""]}), "An empty network"),
    ],
)
def test_one_wrong_task_refuses_the_whole_and_is_named(task: Task, words: str) -> None:
    with pytest.raises(ConfigRefusedError) as caught:
        check(Task("fake", 60, "sound"), task)
    assert words in caught.value.text.en
    named = words in ("stepp", "An empty network")
    assert f"{task.probe} → {task.target}" in caught.value.text.zh or named


def test_probe_beyond_the_allow_list_is_refused() -> None:
    allow = AllowList.of(AllowSettings(probes=("other",)))
    with pytest.raises(ConfigRefusedError, match=r"allow\.probes"):
        check_config(config_of(Task("fake", 60)), CATALOG, allow)


def test_same_task_twice_is_refused() -> None:
    with pytest.raises(ConfigRefusedError, match="twice"):
        check(Task("fake", 60), Task("fake", 30))


def test_endless_configuration_is_refused() -> None:
    with pytest.raises(ConfigRefusedError, match="at most"):
        check(*(Task("fake", 60, f"t{n}") for n in range(MAX_TASKS + 1)))


def test_newer_format_is_refused() -> None:
    config = config_of(Task("fake", 60))
    config.v = 2
    with pytest.raises(ConfigRefusedError, match="format 2"):
        check_config(config, CATALOG, ALLOW)


def test_probe_that_cannot_be_loaded_refuses_the_configuration() -> None:
    class Broken(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            raise CatalogError(Text("坏了。", "Broken."))

    with pytest.raises(ConfigRefusedError, match="Broken"):
        check_config(config_of(Task("fake", 60)), Broken(fake=None), ALLOW)
