from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from math import inf, nan
from typing import Any, ClassVar

import pytest

from agent.allow import AllowList
from agent.runner import Last, Runner
from config.agent_settings import AllowSettings
from probes.model import (
    Better,
    Metric,
    Probe,
    ProbeError,
    Reading,
    Role,
    Target,
    Unit,
    setting,
)
from probes.text import Text
from probes.wire import Record, Task
from tests.fakes.clock import FakeClock

WORDS = Text("词", "word")


def metric(name: str, **changes: Any) -> Metric:
    given = {"unit": Unit.COUNT, "better": Better.NEITHER, "title": WORDS, "meaning": WORDS}
    return Metric(name=name, resolution=1, **{**given, **changes})


TICK = metric("tick_count", minimum=0, maximum=100)
OTHER = metric("other_count")

Act = Callable[["FakeProbe", Target], Awaitable[Any]]


@dataclass(frozen=True)
class FakeSettings:
    step: int = setting(1, WORDS, minimum=1, maximum=9)


class FakeProbe(Probe[FakeSettings]):
    name = "fake"
    version = 3
    title = WORDS
    measures = (TICK,)
    labels: ClassVar[Mapping[str, Text]] = {"interface": WORDS}
    reasons: ClassVar[Mapping[str, Text]] = {"own": WORDS}
    roles = frozenset({Role.PC})
    Settings = FakeSettings
    deadline_seconds = 0.02
    act: Act

    def __init__(self, settings: FakeSettings) -> None:
        super().__init__(settings)
        self.count = 0

    async def measure(self, target: Target) -> Any:
        self.count += self.settings.step
        return await type(self).act(self, target)


class Rig:
    """A runner with one probe that does as a test says."""

    def __init__(self, clock: FakeClock, **allow: Any) -> None:
        self.kept: list[tuple[list[Record], bool]] = []
        self.leases: set[str] = set()
        self.probe: Any = type("OneProbe", (FakeProbe,), {})
        catalog: Mapping[str, Any] = {"fake": self.probe}
        self.runner = Runner(
            catalog=catalog,
            allow=AllowList.of(AllowSettings(**allow)),
            clock=clock,
            collector=("127.0.0.1", 8470),
            keep=self._keep,
            holds=lambda lease: lease in self.leases,
        )

    async def _keep(self, records: list[Record], bulk: bool) -> None:
        self.kept.append((records, bulk))

    async def run(self, act: Act, task: Task | None = None) -> list[Record]:
        self.probe.act = staticmethod(act)
        return await self.runner.run(task or Task("fake", 60))


@pytest.fixture
def rig(clock: FakeClock) -> Rig:
    return Rig(clock)


def returning(*readings: Reading) -> Act:
    async def act(probe: FakeProbe, target: Target) -> Any:
        return readings[0] if len(readings) == 1 else readings

    return act


def raising(error: BaseException) -> Act:
    async def act(probe: FakeProbe, target: Target) -> Any:
        raise error

    return act


async def test_reading_becomes_a_record_and_is_kept(rig: Rig, clock: FakeClock) -> None:
    (record,) = await rig.run(returning(Reading.ok({TICK: 3}, {"interface": "eth0"})))
    assert record == Record(
        probe="fake",
        version=3,
        at=clock.wall(),
        up=clock.up(),
        values={"tick_count": 3.0},
        labels={"interface": "eth0"},
    )
    assert rig.kept == [([record], True)]


async def test_record_bears_the_time_at_which_the_run_ended(rig: Rig, clock: FakeClock) -> None:
    async def act(probe: FakeProbe, target: Target) -> Reading:
        clock.advance(1)
        return Reading.ok({TICK: 3})

    began = clock.wall()
    (record,) = await rig.run(act)
    assert record.at == began + 1000


async def test_failing_target_is_knowledge(rig: Rig) -> None:
    (record,) = await rig.run(returning(Reading.failed("own", {TICK: 0})))
    assert (record.outcome, record.reason, record.values) == ("failed", "own", {"tick_count": 0.0})


async def test_several_readings_of_one_run_are_kept_together(rig: Rig) -> None:
    records = await rig.run(
        returning(*(Reading.ok({TICK: n}, {"interface": f"eth{n}"}) for n in range(3)))
    )
    assert [r.labels["interface"] for r in records] == ["eth0", "eth1", "eth2"]
    assert len(rig.kept) == 1


async def test_one_run_may_look_at_many_targets(rig: Rig) -> None:
    act = returning(Reading.ok({TICK: 1}, target="sw1"), Reading.not_run("deadline", target="sw2"))
    records = await rig.run(act, Task("fake", 60, "switches"))
    assert [(r.target, r.outcome) for r in records] == [("sw1", "ok"), ("sw2", "not_run")]


async def test_target_that_is_too_long_to_store_is_a_fault(rig: Rig) -> None:
    (record,) = await rig.run(returning(Reading.ok({TICK: 1}, target="x" * 257)))
    assert (record.outcome, record.reason, record.target) == ("not_run", "fault", "local")


async def test_place_beyond_the_allow_list_is_not_reached(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.probe.reaches = lambda self: ("10.1.0.0/16", "203.0.113.0/24")
    (record,) = await rig.run(returning(Reading.ok({TICK: 1})))
    assert (record.outcome, record.reason) == ("not_run", "not_allowed")
    assert "allow.hosts of agent.toml probe=fake place=203.0.113.0/24" in caplog.text
    rig.probe.reaches = lambda self: ("10.1.0.0/16",)
    (record,) = await rig.run(returning(Reading.ok({TICK: 1})))
    assert record.outcome == "ok"


async def test_task_of_a_lease_runs_only_while_it_is_held(rig: Rig) -> None:
    task = Task("fake", 60, lease="sentinel")
    assert await rig.run(returning(Reading.ok({TICK: 1})), task) == []
    assert rig.kept == []
    rig.leases.add("sentinel")
    assert len(await rig.run(returning(Reading.ok({TICK: 1})), task)) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ProbeError("no_privilege"), "no_privilege"),
        (ProbeError("own", "because"), "own"),
        (ProbeError("invented"), "fault"),
        (RuntimeError("a bug"), "fault"),
        (TimeoutError("of the probe's own"), "fault"),
    ],
)
async def test_run_that_taught_nothing_is_a_record_with_its_reason(
    rig: Rig, error: BaseException, reason: str
) -> None:
    (record,) = await rig.run(raising(error))
    assert (record.outcome, record.reason, record.values) == ("not_run", reason, {})


async def test_fault_is_logged_with_its_traceback(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    await rig.run(raising(RuntimeError("a bug")))
    assert "Traceback" in caplog.text


async def test_run_without_end_is_cut_at_the_deadline(rig: Rig) -> None:
    async def act(probe: FakeProbe, target: Target) -> Reading:
        await asyncio.sleep(3600)
        return Reading.ok({})

    (record,) = await rig.run(act)
    assert (record.outcome, record.reason) == ("not_run", "deadline")


@pytest.mark.parametrize(
    "reading",
    [
        Reading.ok({OTHER: 1}),
        Reading.ok({metric("tick_count", minimum=-5): 1}),
        Reading.ok({TICK: nan}),
        Reading.ok({TICK: inf}),
        Reading.ok({TICK: -1}),
        Reading.ok({TICK: 101}),
        Reading.ok({TICK: 1}, {"colour": "red"}),
        Reading.ok({TICK: 1}, {"interface": "x" * 257}),
        Reading.failed("invented"),
    ],
)
async def test_reading_that_the_collector_would_refuse_is_a_fault(
    rig: Rig, reading: Reading
) -> None:
    good = Reading.ok({TICK: 7})
    bad, kept = await rig.run(returning(reading, good))
    assert (bad.outcome, bad.reason, bad.values) == ("not_run", "fault", {})
    assert kept.values == {"tick_count": 7.0}


async def test_run_without_a_reading_is_a_fault(rig: Rig) -> None:
    (record,) = await rig.run(returning(*()))
    assert record.reason == "fault"


async def test_every_record_has_every_label(rig: Rig) -> None:
    (record,) = await rig.run(raising(ProbeError("no_source")))
    assert record.labels == {"interface": ""}


async def counted(probe: FakeProbe, target: Target) -> Reading:
    return Reading.ok({TICK: probe.count})


async def test_probe_remembers_between_runs_of_one_task(rig: Rig) -> None:
    task, other = Task("fake", 60, settings={"step": 2}), Task("fake", 60, target="other")
    values = [(await rig.run(counted, t))[0].values["tick_count"] for t in (task, task, other)]
    assert values == [2, 4, 1]


async def test_probe_begins_anew_when_its_task_changes(rig: Rig) -> None:
    await rig.run(counted, Task("fake", 60))
    (record,) = await rig.run(counted, Task("fake", 60, settings={"step": 5}))
    assert record.values["tick_count"] == 5


async def test_probe_of_a_task_that_went_is_forgotten(rig: Rig) -> None:
    task = Task("fake", 60)
    await rig.run(counted, task)
    rig.runner.retain([])
    assert rig.runner.runs.last == {}
    assert (await rig.run(counted, task))[0].values["tick_count"] == 1


@pytest.mark.parametrize(
    ("task", "target"),
    [
        (Task("fake", 60), Target("local")),
        (Task("fake", 60, "gw", "10.0.0.1"), Target("gw", "10.0.0.1")),
        (Task("fake", 60, "gw", "10.0.0.1", 80), Target("gw", "10.0.0.1", 80)),
        (Task("fake", 60, "up", "collector"), Target("up", "127.0.0.1", 8470)),
        (Task("fake", 60, "up", "collector", 443), Target("up", "127.0.0.1", 443)),
    ],
)
async def test_probe_is_aimed_where_the_task_says(rig: Rig, task: Task, target: Target) -> None:
    aimed: list[Target] = []

    async def act(probe: FakeProbe, target: Target) -> Reading:
        aimed.append(target)
        return Reading.ok({TICK: 1})

    await rig.run(act, task)
    assert aimed == [target]


@pytest.mark.parametrize("changes", [{"probes": ("uptime",)}, {"hosts": ("10.0.0.0/8",)}])
async def test_task_beyond_the_allow_list_is_never_run(
    clock: FakeClock, changes: dict[str, Any]
) -> None:
    rig = Rig(clock, **changes)
    ran: list[str] = []

    async def act(probe: FakeProbe, target: Target) -> Reading:
        ran.append(target.host)
        return Reading.ok({})

    (record,) = await rig.run(act, Task("fake", 60, "meta", "192.168.0.1"))
    assert (record.outcome, record.reason) == ("not_run", "not_allowed")
    assert ran == []


async def test_task_that_still_runs_is_not_run_twice(rig: Rig) -> None:
    release = asyncio.Event()

    async def act(probe: FakeProbe, target: Target) -> Reading:
        await release.wait()
        return Reading.ok({TICK: 1})

    first = asyncio.create_task(rig.run(act))
    await asyncio.sleep(0)
    assert await rig.run(act) == []
    release.set()
    assert len(await first) == 1


async def test_readings_of_rare_tasks_are_not_bulk(rig: Rig) -> None:
    await rig.run(counted, Task("fake", 899))
    await rig.run(counted, Task("fake", 900))
    assert [bulk for _, bulk in rig.kept] == [True, False]


async def test_outcomes_are_counted(rig: Rig) -> None:
    await rig.run(counted)
    await rig.run(raising(RuntimeError()))
    assert rig.runner.runs.outcomes == {"ok": 1, "not_run": 1, "fault": 1}
    assert rig.runner.runs.last == {("fake", "local"): Last("not_run", "fault")}


async def test_trouble_of_one_device_is_not_hidden_by_the_next(rig: Rig) -> None:
    async def act(probe: FakeProbe, target: Target) -> list[Reading]:
        silent = Reading.failed("own", target="silent")
        return [Reading.ok({TICK: 1}), silent, Reading.ok({TICK: 1}, target="core")]

    await rig.run(act)
    assert rig.runner.runs.last == {("fake", "local"): Last("failed", "own", "silent")}


async def test_probe_remembers_from_run_to_run(rig: Rig, clock: FakeClock) -> None:
    assert await counts(rig, clock, 60, 60, 60) == [1, 2, 3, 4]


@pytest.mark.parametrize("seconds", [130, 1800, 86_400])
async def test_difference_never_spans_runs_that_were_left_out(
    rig: Rig, clock: FakeClock, seconds: float
) -> None:
    assert await counts(rig, clock, 60, seconds, 60) == [1, 2, 1, 2]


async def test_difference_never_spans_a_sleep(rig: Rig, clock: FakeClock) -> None:
    first = await counts(rig, clock)
    clock.suspend(20)
    clock.advance(40)
    assert first + await counts(rig, clock, 60) == [1, 1, 2]


async def counts(rig: Rig, clock: FakeClock, *waits: float) -> list[int]:
    """How often the instance had been asked, at a run now and after each of the waits."""
    found: list[int] = []

    async def act(probe: FakeProbe, target: Target) -> Reading:
        found.append(probe.count)
        return Reading.ok({TICK: probe.count})

    await rig.run(act)
    for wait in waits:
        clock.advance(wait)
        await rig.run(act)
    return found


async def test_what_a_probe_saw_across_a_sleep_is_no_reading(rig: Rig, clock: FakeClock) -> None:
    async def sleep_and_fail(probe: FakeProbe, target: Target) -> Reading:
        clock.suspend(1800)
        return Reading.failed("own")

    async def stop_and_succeed(probe: FakeProbe, target: Target) -> Reading:
        clock.advance(1800)
        return Reading.ok({TICK: 1})

    for act in (sleep_and_fail, stop_and_succeed):
        (record,) = await rig.run(act)
        assert (record.outcome, record.reason) == ("not_run", "interrupted")
        assert record.values == {}


async def test_rare_task_waits_after_a_short_absence_and_a_frequent_one_does_not(
    rig: Rig, clock: FakeClock
) -> None:
    daily, often = Task("fake", 86_400), Task("fake", 300, "other")
    for task in (daily, often):
        assert rig.runner.wanted_after_absence(task)
        await rig.run(returning(Reading.ok({TICK: 1})), task)
    clock.suspend(86_399)
    assert not rig.runner.wanted_after_absence(daily)
    assert rig.runner.wanted_after_absence(often)
    clock.suspend(1)
    assert rig.runner.wanted_after_absence(daily)
