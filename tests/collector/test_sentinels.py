"""Who is sentinel, on a clock that the test moves. Times are in push intervals of 60 s."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.fleet.leasing import Leasing, fitness_of
from collector.fleet.sentinels import Fitness, Holder, Lease, Sentinels
from collector.register.model import Agent
from probes.model import Role
from probes.wire import AgentState, Push
from tests.collector.web_scene import agent as agent_of

EVERY = 60.0
GATEWAY, DEDICATED = Fitness.GATEWAY, Fitness.DEDICATED
WIRED, BESIDE = Fitness.WIRED, Fitness.BESIDE


@dataclass
class School:
    """One school, whose holders are kept as a collector does."""

    known: dict[str, Holder] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    now: float = 1000.0

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.sentinels = Sentinels(lambda: self.now, self.known, lambda a: a not in self.revoked)

    def push(self, agent: str, fitness: Fitness = WIRED) -> Lease | None:
        lease = self.sentinels.heard("s", agent, fitness, EVERY)
        if lease and lease.fresh:
            self.known["s"] = lease.fresh
            self.sentinels.kept("s", lease.fresh)
        return lease

    def wait(self, intervals: float) -> None:
        self.now += intervals * EVERY

    def holder(self) -> str | None:
        return self.sentinels.holder("s")


@pytest.fixture
def school() -> School:
    return School()


def test_first_agent_that_pushes_is_sentinel_for_two_intervals(school: School) -> None:
    lease = school.push("pc1")
    assert lease is not None
    assert (lease.epoch, lease.seconds) == (1, 2 * EVERY)
    assert school.push("pc2") is None
    assert school.holder() == "pc1"


def test_sentinel_that_pushes_on_stays_it(school: School) -> None:
    for _ in range(5):
        lease = school.push("pc1")
        school.wait(0.5)
        assert school.push("pc2") is None
        school.wait(0.5)
    assert lease is not None
    assert (lease.epoch, lease.seconds) == (1, 2 * EVERY)


@given(killed=st.floats(0, 0.999), phase=st.floats(0, 0.999))
def test_killed_sentinel_is_replaced_within_three_intervals(killed: float, phase: float) -> None:
    school = School()
    school.push("gw", GATEWAY)
    pushes = [phase + n for n in range(4)]
    replaced = None
    for at in pushes:
        school.now = 1000.0 + at * EVERY
        if school.push("pc") is not None:
            replaced = at
            break
    assert replaced is not None
    # Killed after its push at 0 and before the next one at 1.
    assert replaced - killed <= 3
    assert school.holder() == "pc"


def test_epoch_grows_with_each_new_holder(school: School) -> None:
    epochs = []
    for agent in ("pc1", "pc2", "pc1"):
        lease = school.push(agent)
        assert lease is not None
        epochs.append(lease.epoch)
        school.wait(2)
    assert epochs == [1, 2, 3]


def test_holder_that_comes_back_before_others_keeps_its_epoch(school: School) -> None:
    school.push("pc1")
    school.wait(5)
    assert school.holder() is None
    lease = school.push("pc1")
    assert lease is not None
    assert lease.epoch == 1


def test_gateway_that_appears_takes_over_when_the_lease_of_the_pc_ends(school: School) -> None:
    school.push("pc")
    school.wait(0.5)
    assert school.push("gw", GATEWAY) is None
    school.wait(0.5)
    lease = school.push("pc")
    assert lease is not None
    assert lease.seconds == EVERY  # it is not made longer any more
    school.wait(0.5)
    assert school.push("gw", GATEWAY) is None
    school.wait(0.5)
    assert school.push("pc") is None
    assert school.holder() is None
    school.wait(0.5)
    lease = school.push("gw", GATEWAY)
    assert lease is not None
    assert (school.holder(), lease.epoch) == ("gw", 2)


def test_gateway_that_is_gone_again_leaves_the_pc_its_role(school: School) -> None:
    school.push("pc")
    school.push("gw", GATEWAY)
    for _ in range(3):
        school.wait(1)
        school.push("pc")
    assert school.holder() == "pc"


def test_wired_pc_goes_before_one_by_radio_and_not_before_another_wired_one(
    school: School,
) -> None:
    school.push("radio", BESIDE)
    school.push("wired", WIRED)
    school.push("wired2", WIRED)
    school.wait(1)
    for name, fitness in (("radio", BESIDE), ("wired", WIRED), ("wired2", WIRED)):
        school.push(name, fitness)
    school.wait(1)
    assert school.push("radio", BESIDE) is None
    assert school.push("wired", WIRED) is not None
    school.wait(1)
    school.push("wired2", WIRED)
    school.push("wired", WIRED)
    assert school.holder() == "wired"


def test_revoked_agent_loses_it_at_once(school: School) -> None:
    school.push("gw", GATEWAY)
    school.revoked.add("gw")
    assert school.holder() is None
    lease = school.push("pc")
    assert lease is not None
    assert (school.holder(), lease.epoch) == ("pc", 2)


def test_after_a_restart_nobody_else_gets_it_before_the_old_lease_is_surely_over(
    school: School,
) -> None:
    school.push("gw", GATEWAY)
    school.wait(0.1)
    school.restart()
    assert school.push("pc") is None
    school.wait(1.9)  # the agent's own lease, which counts from its push, has ended by now
    assert school.push("pc") is None
    school.wait(0.2)
    lease = school.push("pc")
    assert lease is not None
    assert lease.epoch == 2


def test_after_a_restart_the_holder_goes_on_with_its_epoch(school: School) -> None:
    school.push("pc1")
    school.wait(2)
    school.push("pc2")
    school.restart()
    lease = school.push("pc2")
    assert lease is not None
    assert (lease.epoch, lease.fresh) == (2, None)


MOVES = st.lists(
    st.tuples(
        st.floats(0.05, 1.2),
        st.sampled_from([("gw", GATEWAY), ("pc1", WIRED), ("pc2", WIRED), ("radio", BESIDE)]),
        st.sampled_from(["push"] * 12 + ["restart", "lost answer"]),
    ),
    max_size=80,
)


@given(MOVES)
def test_no_two_agents_believe_at_once_and_epochs_never_go_back(
    moves: list[tuple[float, tuple[str, Fitness], str]],
) -> None:
    """Whatever is pushed, lost or restarted; agents count from when they began to push."""
    school = School()
    believed: dict[str, float] = {}
    epochs = [0]
    for wait, (name, fitness), what in moves:
        school.wait(wait)
        if what == "restart":
            school.restart()
            continue
        lease = school.push(name, fitness)
        if what == "lost answer":
            continue
        believed.pop(name, None)
        if lease is not None:
            believed[name] = school.now + lease.seconds
            epochs.append(lease.epoch)
        assert sum(until > school.now for until in believed.values()) <= 1
    assert epochs == sorted(epochs)


# What a push says


def push(config: str = "r1", state: AgentState | None = None) -> Push:
    return Push(1, "9934000001", "session-1", 0, config=config, state=state or {})


@pytest.mark.parametrize(
    ("role", "state", "fitness"),
    [
        (Role.GATEWAY, {"link_wireless": True, "link_metered": True}, GATEWAY),
        (Role.SENTINEL, {"link_wireless": True}, DEDICATED),
        (Role.PC, {}, WIRED),
        (Role.PC, {"link_wireless": False, "link_metered": False}, WIRED),
        (Role.PC, {"link_wireless": True}, BESIDE),
        (Role.PC, {"link_metered": True}, BESIDE),
        (Role.PC, {"link_wireless": "yes"}, WIRED),
    ],
)
def test_fitness_is_of_role_and_way_out(role: Role, state: AgentState, fitness: Fitness) -> None:
    assert fitness_of(agent_of("a", role=role), state) is fitness


class Keeping:
    """A disk that may be full."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.kept: list[Holder] = []

    async def __call__(self, school: str, holder: Holder) -> None:
        if self.error is not None:
            raise self.error
        self.kept.append(holder)


@pytest.fixture
def keeping() -> Keeping:
    return Keeping()


@pytest.fixture
def leasing(keeping: Keeping) -> Leasing:
    return Leasing(Sentinels(lambda: 0.0, {}), lambda _: EVERY, keeping)


def gateway() -> Agent:
    return agent_of("gw")


async def test_client_that_runs_no_configuration_is_never_sentinel(leasing: Leasing) -> None:
    assert await leasing.leases(gateway(), push(config="")) == {}
    assert await leasing.leases(agent_of("pc", role=Role.PC), push()) == {
        "sentinel": {"epoch": 1, "until_seconds": 120.0}
    }


async def test_holder_is_written_down_before_it_is_told_and_only_once(
    leasing: Leasing, keeping: Keeping
) -> None:
    keeping.error = sqlite3.OperationalError("disk full")
    assert await leasing.leases(gateway(), push()) == {}
    keeping.error = None
    assert await leasing.leases(gateway(), push()) != {}
    assert await leasing.leases(gateway(), push()) != {}
    assert keeping.kept == [Holder("gw", 1, 120.0)]
