"""What agents are asked about their school's network, and who is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from agent.allow import EVERYTHING
from agent.leases import Leases as Held
from agent.runner import Runner
from collector.fleet.fleet import Fleet
from collector.fleet.leasing import Leasing
from collector.fleet.schedule import RoleSchedule
from collector.fleet.sentinels import Holder, Sentinels
from collector.lan.schedule import ROLES, LanTask, load_lan_tasks
from collector.lan.sites import LanFolder
from collector.lan.tasks import LanPlan, check_tasks
from collector.register.model import Agent, School
from collector.register.register import Register
from config.strict import PolicyError
from probes.catalog import AnyProbe, Catalog
from probes.model import LOCAL, Probe, Reading, Role, SettingError, Target, setting
from probes.text import Text
from probes.wire import VERSION, AgentConfig, Push, PushReply, Record, Task
from tests.collector.register.conftest import Clock
from tests.collector.test_fleet import enrol, expand
from tests.fakes.clock import FakeClock

from .scene import COMMUNITY, KEYS, OTHER, PASSWORD, SCHOOL, SECRETS, WHOLE, write, write_keys

WORDS = Text("词", "word")
MOST = 2


@dataclass(frozen=True)
class PollSettings:
    devices: tuple[dict[str, Any], ...] = setting((), WORDS, secret=True)
    shown: tuple[dict[str, Any], ...] = setting((), WORDS)
    retries: int = setting(1, WORDS, minimum=0, maximum=3)

    def __post_init__(self) -> None:
        if len(self.devices) > MOST:
            raise SettingError(Text(f"poll：最多 {MOST} 台。", f"poll: {MOST} at most."))


class Poll(Probe[PollSettings]):
    name = "poll"
    title = WORDS
    measures = ()
    roles = ROLES
    Settings = PollSettings

    async def measure(self, target: Target) -> Reading:
        return Reading.ok({})


class Power(Poll):
    name = "power"


@dataclass(frozen=True)
class BeamSettings:
    projectors: tuple[dict[str, Any], ...] = setting((), WORDS, secret=True)


class Beam(Probe[BeamSettings]):
    name = "beam"
    title = WORDS
    measures = ()
    roles = ROLES
    Settings = BeamSettings


@dataclass(frozen=True)
class SweepSettings:
    networks: tuple[str, ...] = setting((), WORDS)


class Sweep(Probe[SweepSettings]):
    name = "sweep"
    title = WORDS
    measures = ()
    roles = ROLES
    Settings = SweepSettings


class Listen(Probe[object]):
    name = "listen"
    title = WORDS
    measures = ()
    roles = ROLES


class OnPc(Probe[object]):
    name = "on_pc"
    title = WORDS
    measures = ()
    roles = frozenset({Role.PC, Role.GATEWAY})


class Aimed(Listen):
    name = "aimed"
    aimed = True


CATALOG = Catalog([cast(AnyProbe, p) for p in (Poll, Power, Beam, Sweep, Listen, OnPc, Aimed)])
ROWS = """
[[lan.task]]
probe = "poll"
every = 60
kinds = ["switch", "unknown"]
settings = { devices = "$devices", retries = 2 }
[[lan.task]]
probe = "power"
every = 300
kinds = ["ups"]
settings = { devices = "$devices" }
[[lan.task]]
probe = "beam"
every = 300
settings = { projectors = "$projectors" }
[[lan.task]]
probe = "sweep"
every = 1800
settings = { networks = "$sweep" }
[[lan.task]]
probe = "listen"
every = 60
"""
OWN = Task("own", 60.0)


def rows(tmp_path: Path, text: str = ROWS) -> tuple[LanTask, ...]:
    path = tmp_path / "schedule.toml"
    path.write_text(text, "utf-8")
    return load_lan_tasks(CATALOG, path)


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    register = Register.open(tmp_path / "register.sqlite3", Clock())
    schools = [School(code=code, name=code, adcode="340199") for code in (SCHOOL, OTHER)]
    register.put_schools(schools, "me")
    yield register
    register.close()


@dataclass
class Scene:
    register: Register
    folder: LanFolder
    fleet: Fleet

    def agent(self, role: Role, school: str = SCHOOL, nonce: str = "nonce-0001") -> Agent:
        return enrol(self.register, School(code=school, name="", adcode="340199"), role, nonce)

    def config(self, role: Role, school: str = SCHOOL) -> AgentConfig:
        return self.fleet.config(self.agent(role, school, f"nonce-{role}{school}"))

    def refresh(self) -> None:
        self.folder.refresh()
        self.fleet.refresh()


def fleet_of(
    register: Register, rows: tuple[LanTask, ...], folder: LanFolder, key: bytes = b"key"
) -> Fleet:
    schedule = {role: RoleSchedule(60, 60, (OWN,)) for role in Role}
    plan = LanPlan(rows, lambda: folder.now.lans)
    return Fleet(register, schedule, expand, Clock(), lan=plan, key=key)


@pytest.fixture
def scene(tmp_path: Path, register: Register) -> Scene:
    write_keys(tmp_path)
    write(tmp_path, WHOLE)
    folder = LanFolder(tmp_path)
    return Scene(register, folder, fleet_of(register, rows(tmp_path), folder))


def by_probe(config: AgentConfig) -> Mapping[str, Task]:
    return {task.probe: task for task in config.tasks}


@pytest.mark.parametrize("role", sorted(ROLES))
def test_described_school_is_asked_what_its_site_file_says(scene: Scene, role: Role) -> None:
    tasks = by_probe(scene.config(role))
    assert list(tasks) == ["own", "poll", "power", "beam", "sweep", "listen"]
    assert {task.lease for task in tasks.values()} == {"", "sentinel"}
    assert tasks["own"].lease == ""
    assert tasks["poll"] == Task(
        "poll", 60.0, "lan",
        settings={
            "retries": 2,
            "devices": [
                {
                    "name": "核心", "host": "10.1.0.2", "port": 161, "version": "3",
                    "user": "banjun", "auth": "SHA-256", "auth_key": "auth-key-of-ours",
                    "privacy": "AES-128", "privacy_key": "priv-key-of-ours",
                }
            ],
        },
        lease="sentinel",
    )  # fmt: skip
    ups = {"name": "ups", "host": "10.1.0.9", "port": 161, "version": "2c", "community": COMMUNITY}
    assert tasks["power"].settings == {"devices": [ups]}
    beam = {"name": "101", "host": "10.1.3.11", "port": 4352, "password": PASSWORD}
    assert tasks["beam"].settings == {"projectors": [beam]}
    assert tasks["sweep"].settings == {"networks": ["10.1.1.0/24"]}


def test_pc_never_gets_a_secret_nor_a_task_of_the_lan(scene: Scene) -> None:
    config = scene.config(Role.PC)
    assert config.tasks == [OWN]
    body = str([task.settings for task in config.tasks])
    assert not [secret for secret in SECRETS if secret in body]


def test_nothing_is_sent_on_a_network_that_nobody_described(scene: Scene) -> None:
    assert scene.config(Role.GATEWAY, OTHER).tasks == [OWN]


def test_site_without_gear_is_asked_for_none(scene: Scene, tmp_path: Path) -> None:
    write(tmp_path, 'networks = ["10.1.0.0/16"]', at=2)
    scene.refresh()
    assert list(by_probe(scene.config(Role.GATEWAY))) == ["own", "listen"]


def test_more_gear_than_a_probe_can_ask_is_the_files_fault_and_not_the_agents(
    tmp_path: Path,
) -> None:
    write_keys(tmp_path)
    check = partial(check_tasks, rows(tmp_path), CATALOG)
    device = '[[device]]\nname = "s{0}"\nhost = "10.1.0.1{0}"\ncredential = "switches"\n'
    gear = "".join(device.format(n) for n in range(MOST))
    write(tmp_path, WHOLE)
    folder = LanFolder(tmp_path, check)
    assert not folder.now.faults
    write(tmp_path, WHOLE + gear, at=2)
    folder.refresh()
    assert folder.now.faults[f"{SCHOOL}.toml"].en == f"lan/{SCHOOL}.toml: poll: {MOST} at most."
    assert len(folder.now.sites[SCHOOL].devices) == 2


def test_projector_without_a_password_is_asked_with_an_empty_one(
    scene: Scene, tmp_path: Path
) -> None:
    write(tmp_path, WHOLE.replace('credential = "pj"\n', ""), at=2)
    scene.refresh()
    (beam,) = by_probe(scene.config(Role.GATEWAY))["beam"].settings["projectors"]
    assert beam["password"] == ""


def test_agents_follow_a_change_of_site_or_secret_and_no_other_school_does(
    scene: Scene, tmp_path: Path
) -> None:
    write(tmp_path, 'networks = ["10.2.0.0/16"]', OTHER)
    scene.refresh()
    gateway = scene.agent(Role.GATEWAY)
    other, pc = scene.agent(Role.GATEWAY, OTHER), scene.agent(Role.PC)
    seen = {scene.fleet.revision(gateway)}
    quiet = [scene.fleet.revision(agent) for agent in (other, pc)]
    write_keys(tmp_path, KEYS.replace(COMMUNITY, "another"), at=2)
    scene.refresh()
    seen.add(scene.fleet.revision(gateway))
    write(tmp_path, WHOLE.replace("10.1.1.0/24", "10.1.2.0/24"), at=2)
    scene.refresh()
    seen.add(scene.fleet.revision(gateway))
    assert len(seen) == 3
    assert [scene.fleet.revision(agent) for agent in (other, pc)] == quiet


def test_revision_says_nothing_to_who_tries_out_communities(
    scene: Scene, tmp_path: Path, register: Register
) -> None:
    """Everything but the secret of the collector may be known."""
    agent = scene.agent(Role.GATEWAY)
    known = fleet_of(register, rows(tmp_path), scene.folder, b"guess")
    assert known.config(agent).tasks == scene.fleet.config(agent).tasks
    assert known.revision(agent) != scene.fleet.revision(agent)
    again = fleet_of(register, rows(tmp_path), scene.folder)
    assert again.revision(agent) == scene.fleet.revision(agent)


def test_readings_of_the_lan_are_owed_by_nobody(scene: Scene) -> None:
    agent = scene.agent(Role.GATEWAY)
    scene.fleet.given(agent, scene.fleet.config(agent))
    assert {e.probe for e in scene.fleet.expectations()} == {"own"}


async def _nothing(school: str, holder: Holder) -> None:
    """Holders are not kept."""


class Machine:
    """An agent that has its configuration, as far as it matters which tasks run."""

    def __init__(self, scene: Scene, leasing: Leasing, agent: Agent) -> None:
        self.clock, self.agent = FakeClock(), agent
        self._config = scene.fleet.config(agent)
        self._leasing = leasing
        self._leases = Held(self.clock.up)
        self._runner = Runner(
            catalog=CATALOG, allow=EVERYTHING, clock=self.clock, collector=("127.0.0.1", 8420),
            keep=self._keep, holds=self._leases.was_last_told,
        )  # fmt: skip

    async def _keep(self, records: list[Record], bulk: bool) -> None:
        """Nobody reads them."""

    async def push(self) -> None:
        push = Push(VERSION, self.agent.school, "session-1", 0, config=self._config.revision)
        leases = await self._leasing.leases(self.agent, push)
        self._leases.told(PushReply(VERSION, 0, "", "", "", leases=leases), self.clock.up())

    async def runs(self) -> list[str]:
        """The probes of the LAN of which a run leaves readings."""
        tasks = [task for task in self._config.tasks if task.target != LOCAL.name]
        return [task.probe for task in tasks if await self._runner.run(task)]


def test_gateway_that_is_not_sentinel_runs_none_of_them_until_it_is(scene: Scene) -> None:
    now = [0.0]
    leasing = Leasing(Sentinels(lambda: now[0], {}), lambda _: 60.0, _nothing)
    first, second = (
        Machine(scene, leasing, scene.agent(Role.GATEWAY, nonce=f"nonce-{n}-of-a-gateway"))
        for n in range(2)
    )

    async def story() -> None:
        for machine in (first, second):
            await machine.push()
        assert "poll" in await first.runs()
        assert await second.runs() == []
        now[0] = 121.0  # the first is gone
        await second.push()
        assert "poll" in await second.runs()
        await first.push()
        assert await first.runs() == []

    asyncio.run(story())


def test_dedicated_sentinel_runs_them_where_no_gateway_has_an_agent(scene: Scene) -> None:
    leasing = Leasing(Sentinels(lambda: 0.0, {}), lambda _: 60.0, _nothing)
    sentinel = Machine(scene, leasing, scene.agent(Role.SENTINEL))

    async def story() -> None:
        assert await sentinel.runs() == []
        await sentinel.push()
        assert await sentinel.runs() == ["poll", "power", "beam", "sweep", "listen"]

    asyncio.run(story())


ROW = '[[lan.task]]\nprobe = "poll"\nevery = 60\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ROW.replace("poll", "pol"), r"lan.task\[1\].probe.*'pol' is not one of"),
        (ROW.replace("60", "0"), r"every: 0 is outside"),
        (ROW + 'lease = "sentinel"', "lease: there is no such key"),
        (ROW.replace("poll", "on_pc"), "on_pc is not for the role sentinel"),
        (ROW.replace("poll", "aimed"), "aimed has to be aimed; not here"),
        (ROW + 'settings = { devices = "$device" }', r"\$device is not known; known: \$devices"),
        (ROW + 'settings = { shown = "$devices" }', "shown.*is no secret, so it may not hold"),
        (ROW + "settings = { retries = 9 }", "retries.*9"),
        (ROW + 'kinds = ["switch"]', r"kinds: it does not ask the \$devices"),
        (
            ROW + 'kinds = ["fridge"]\nsettings = { devices = "$devices" }',
            "kinds: 'fridge' is not one of",
        ),
        (ROW + ROW, "poll is there twice"),
    ],
)
def test_mistake_in_the_schedule_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(PolicyError, match=f"schedule.toml.*{words}"):
        rows(tmp_path, text)


def test_schedule_without_such_tasks_asks_nothing(tmp_path: Path) -> None:
    assert rows(tmp_path, "") == ()
