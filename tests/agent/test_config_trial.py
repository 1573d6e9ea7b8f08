from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from agent.answer import Answer
from agent.config_client import ConfigClient
from agent.config_trial import BLAME, TRIAL, ConfigTrial
from agent.link import UnreachableError
from probes import wire
from probes.text import BanjunError, Text
from probes.wire import AgentConfig, Task
from tests.fakes.clock import FakeClock
from tests.fakes.collector import config_of

OLD = config_of(Task("uptime", 60), revision="old")
NEW = config_of(Task("uptime", 30), revision="new")


class Rig:
    """An agent's configuration over several processes on one disk."""

    def __init__(self, path: Path, clock: FakeClock) -> None:
        self.path = path
        self.clock = clock
        self.applied: list[str] = []
        self.start()

    def start(self, agent: str = "agent1") -> None:
        self.trial = ConfigTrial(
            self.path, agent=agent, apply=self._apply, monotonic=self.clock.monotonic
        )

    def _apply(self, config: AgentConfig) -> None:
        self.applied.append(config.revision)

    def settle(self, config: AgentConfig) -> None:
        self.trial.offer(config)
        self.trial.pushed(config.revision)

    def after(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.trial.check_time()


@pytest.fixture
def rig(tmp_path: Path, clock: FakeClock) -> Rig:
    return Rig(tmp_path / "config.json", clock)


def test_first_configuration_is_good_after_a_push(rig: Rig) -> None:
    assert rig.trial.revision == ""
    rig.trial.offer(OLD)
    assert (rig.trial.revision, rig.trial.on_trial, rig.applied) == ("old", True, ["old"])
    rig.trial.pushed("old")
    assert not rig.trial.on_trial


def test_push_made_before_the_trial_proves_nothing(rig: Rig) -> None:
    rig.trial.offer(OLD)
    rig.trial.pushed("")
    assert rig.trial.on_trial


def test_good_configuration_outlives_the_process(rig: Rig) -> None:
    rig.settle(OLD)
    rig.start()
    assert rig.trial.in_force == OLD


def test_trial_does_not_outlive_the_process(rig: Rig) -> None:
    rig.settle(OLD)
    rig.trial.offer(NEW)
    rig.start()
    assert rig.trial.in_force == OLD
    assert rig.trial.wants("new")


def test_trial_without_a_push_is_rolled_back_and_not_tried_again(rig: Rig) -> None:
    rig.settle(OLD)
    rig.trial.offer(NEW)
    rig.after(TRIAL - 1)
    assert rig.trial.revision == "new"
    rig.after(2)
    assert rig.trial.in_force == OLD
    assert rig.applied == ["old", "new", "old"]
    rig.trial.pushed("old")
    assert not rig.trial.wants("new")
    rig.start()
    assert rig.trial.failed == ("new",)


def test_configuration_is_not_blamed_for_an_outage(rig: Rig) -> None:
    rig.settle(OLD)
    rig.trial.offer(NEW)
    rig.after(TRIAL)
    rig.after(BLAME + 1)
    assert not rig.trial.wants("new")
    rig.trial.pushed("old")
    assert rig.trial.wants("new")


def test_first_configuration_has_nothing_to_go_back_to(rig: Rig) -> None:
    rig.trial.offer(OLD)
    rig.after(10 * TRIAL)
    assert rig.trial.revision == "old"
    rig.trial.pushed("old")
    rig.start()
    assert rig.trial.revision == "old"


def test_first_configuration_outlives_a_kill_without_a_collector(rig: Rig) -> None:
    """2026-11-23: killed twice before its first push, an agent measured nothing for an outage."""
    rig.trial.offer(OLD)
    for _ in range(2):
        rig.start()
        assert rig.trial.in_force == OLD
        assert rig.trial.on_trial
    rig.trial.pushed("old")
    rig.start()
    assert (rig.trial.in_force, rig.trial.on_trial) == (OLD, False)


def test_first_configuration_outlives_a_stop_on_request(rig: Rig) -> None:
    rig.trial.offer(OLD)
    for _ in range(5):
        rig.trial.break_off()
        rig.start()
        assert rig.trial.in_force == OLD


def test_first_configuration_that_kills_the_agent_is_left_at_last(rig: Rig) -> None:
    rig.trial.offer(OLD)
    for _ in range(3):
        rig.start()
    assert rig.trial.in_force is None
    assert rig.trial.wants("old")


def test_configuration_that_kills_the_agent_is_not_tried_for_ever(rig: Rig) -> None:
    rig.settle(OLD)
    for _ in range(3):
        assert rig.trial.wants("new")
        rig.trial.offer(NEW)
        rig.start()
    assert not rig.trial.wants("new")
    assert rig.trial.in_force == OLD


def test_stopping_on_request_speaks_against_no_configuration(rig: Rig) -> None:
    rig.settle(OLD)
    for _ in range(5):
        rig.trial.offer(NEW)
        rig.trial.break_off()
        rig.start()
    assert rig.trial.wants("new")


def test_file_of_another_identity_is_ignored(rig: Rig) -> None:
    rig.settle(OLD)
    rig.start(agent="agent2")
    assert rig.trial.in_force is None


@pytest.mark.parametrize("content", [b"", b"{", b'{"agent": 3}', b"\xff"])
def test_file_that_cannot_be_read_is_ignored(rig: Rig, content: bytes) -> None:
    rig.path.write_bytes(content)
    rig.start()
    assert rig.trial.in_force is None


def test_disk_that_takes_nothing_does_not_stop_a_configuration(
    clock: FakeClock, tmp_path: Path
) -> None:
    rig = Rig(tmp_path / "gone" / "config.json", clock)
    rig.settle(OLD)
    assert rig.trial.revision == "old"


# Fetching


class Fetching:
    def __init__(
        self, rig: Rig, answer: Answer | UnreachableError, refuse: BanjunError | None = None
    ) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.refuse = refuse
        self.client = ConfigClient(
            trial=rig.trial, get=self._get, check=self._check, clock=rig.clock, rng=Random(1)
        )

    def wants(self, revision: str) -> bool:
        """Whether the client wants to fetch, now that the collector has named `revision`."""
        self.client.told(revision)
        return self.client.is_wanted

    async def _get(self, revision: str) -> Answer:
        self.asked.append(revision)
        if isinstance(self.answer, UnreachableError):
            raise self.answer
        return self.answer

    def _check(self, config: AgentConfig) -> None:
        if self.refuse is not None:
            raise self.refuse


async def test_fetched_configuration_goes_on_trial(rig: Rig) -> None:
    rig.settle(OLD)
    fetching = Fetching(rig, Answer(200, wire.encode(NEW)))
    assert [fetching.wants("old"), fetching.wants("new")] == [False, True]
    assert await fetching.client.fetch()
    assert (fetching.asked, rig.trial.revision) == (["old"], "new")


@pytest.mark.parametrize(
    "answer",
    [
        UnreachableError(Text("断", "gone"), reached=False),
        Answer(304),
        Answer(503),
        Answer(200, b"<html>"),
        Answer(200, wire.encode(OLD)),
    ],
)
async def test_anything_else_leaves_the_good_one_in_force(
    rig: Rig, answer: Answer | UnreachableError
) -> None:
    rig.settle(OLD)
    fetching = Fetching(rig, answer)
    assert not await fetching.client.fetch()
    assert (rig.trial.revision, rig.trial.on_trial) == ("old", False)


async def test_interval_out_of_bounds_is_refused(rig: Rig) -> None:
    fetching = Fetching(rig, Answer(200, wire.encode(config_of(Task("uptime", 0.5)))))
    assert not await fetching.client.fetch()
    assert fetching.client.error is not None


async def test_refused_configuration_is_reported_and_not_fetched_again(rig: Rig) -> None:
    rig.settle(OLD)
    no = BanjunError(Text("不行", "no"))
    fetching = Fetching(rig, Answer(200, wire.encode(NEW)), refuse=no)
    assert not await fetching.client.fetch()
    assert (fetching.client.error, rig.trial.revision) == (Text("不行", "no"), "old")
    assert [fetching.wants("new"), fetching.wants("newer")] == [False, True]
