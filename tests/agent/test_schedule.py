from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.plan import jobs_of, jobs_without_config
from agent.schedule import Job, PhaseTrigger, SystemSchedule, phase
from probes.wire import Task
from tests.fakes.collector import config_of

NOW = datetime(2025, 10, 9, 8, 0, tzinfo=UTC)


def test_phase_is_the_same_for_ever() -> None:
    assert phase(60, "agent1", "uptime", "local") == pytest.approx(40.38705, abs=1e-5)


def test_phases_of_a_county_are_spread_over_the_interval() -> None:
    phases = sorted(phase(60, f"agent{n}", "uptime", "local") for n in range(3000))
    assert phases[0] >= 0
    assert phases[-1] < 60
    fullest = max(sum(s <= p < s + 1 for p in phases) for s in range(60))
    assert fullest < 2 * 3000 / 60


@pytest.mark.parametrize("every", [60, 600, 3600, 86_400])
def test_no_county_measures_on_the_full_minute(every: int) -> None:
    phases = [phase(every, f"agent{n}", "capacity", "line") for n in range(3000)]
    on_the_minute = sum(p % 60 < 1 for p in phases)
    assert on_the_minute < 3000 * 2 / 60


def test_phases_of_tasks_and_targets_differ() -> None:
    names = [
        ("a", "uptime", "x"),
        ("a", "uptime", "y"),
        ("a", "icmp_echo", "x"),
        ("b", "uptime", "x"),
    ]
    assert len({phase(60, *name) for name in names}) == 4


def test_push_follows_the_seal() -> None:
    jobs = jobs_of("agent1", config_of(Task("uptime", 60), every=60))
    assert (jobs["push"].phase - jobs["seal"].phase) % 60 == pytest.approx(2)
    assert jobs["uptime/local"].every == 60


def test_agent_without_configuration_has_a_heartbeat() -> None:
    assert list(jobs_without_config("agent1")) == ["push"]


INSTANTS = st.datetimes(
    datetime(1990, 1, 1),
    datetime(2090, 1, 1),
    timezones=st.just(UTC),
)


@given(every=st.floats(1, 86_400), share=st.floats(0, 0.999), now=INSTANTS)
def test_next_run_is_ahead_by_at_most_one_interval(
    every: float, share: float, now: datetime
) -> None:
    trigger = PhaseTrigger(every, every * share)
    at = trigger.get_next_fire_time(None, now)
    assert now < at <= now + timedelta(seconds=every + 0.01)


@given(every=st.floats(1, 86_400), share=st.floats(0, 0.999), now=INSTANTS)
def test_runs_are_one_interval_apart(every: float, share: float, now: datetime) -> None:
    trigger = PhaseTrigger(every, every * share)
    first = trigger.get_next_fire_time(None, now)
    second = trigger.get_next_fire_time(first, first)
    assert (second - first).total_seconds() == pytest.approx(every, abs=0.01)


def test_clock_set_forward_by_fifty_years_makes_up_for_nothing() -> None:
    trigger = PhaseTrigger(60, 7)
    at = trigger.get_next_fire_time(datetime(1970, 1, 1, tzinfo=UTC), NOW)
    runs = 0
    while at <= NOW:
        at, runs = trigger.get_next_fire_time(at, NOW), runs + 1
    assert runs <= 1


class Bell:
    """Counts what a schedule fires."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.event = asyncio.Event()

    async def __call__(self, name: str) -> None:
        self.rung.append(name)
        self.event.set()


async def test_job_fires_at_its_phase() -> None:
    bell = Bell()
    schedule = SystemSchedule(bell)
    soon = (datetime.now(UTC).timestamp() + 0.05) % 1
    schedule.replace({"tick": Job(1.0, soon, None)})
    schedule.start()
    await asyncio.wait_for(bell.event.wait(), 3)
    await schedule.stop(1)
    assert set(bell.rung) == {"tick"}


async def test_unchanged_job_goes_on_undisturbed_when_others_change() -> None:
    schedule = SystemSchedule(Bell())
    schedule.start()
    kept, changed = Job(60, 1, "kept"), Job(60, 2, "before")
    schedule.replace({"kept": kept, "changed": changed, "gone": Job(60, 3, "gone")})
    job = schedule._scheduler.get_job("kept")
    schedule.replace({"kept": kept, "changed": Job(60, 2, "after"), "new": Job(60, 4, "new")})
    assert schedule._scheduler.get_job("kept") is job
    assert schedule._scheduler.get_job("gone") is None
    assert schedule.next_at("new") > datetime.now(UTC)
    await schedule.stop(1)


async def test_clock_set_back_by_a_day_does_not_silence_a_job() -> None:
    schedule = SystemSchedule(Bell())
    schedule.start()
    schedule.replace({"tick": Job(60, 7, None)})
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    schedule._scheduler.modify_job("tick", next_run_time=tomorrow)
    schedule.rearm()
    assert schedule.next_at("tick") <= datetime.now(UTC) + timedelta(seconds=60.1)
    await schedule.stop(1)


async def test_stop_waits_for_what_runs() -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def slow(name: str) -> None:
        started.set()
        await asyncio.sleep(0.05)
        ended.set()

    schedule = SystemSchedule(slow)
    schedule.start()
    schedule.replace({"slow": Job(1.0, (datetime.now(UTC).timestamp() + 0.02) % 1, None)})
    await asyncio.wait_for(started.wait(), 3)
    await schedule.stop(5)
    assert ended.is_set()


async def test_stop_does_not_wait_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    started = asyncio.Event()

    async def hang(name: str) -> None:
        started.set()
        await asyncio.sleep(3600)

    schedule = SystemSchedule(hang)
    schedule.start()
    schedule.replace({"hang": Job(1.0, (datetime.now(UTC).timestamp() + 0.02) % 1, None)})
    await asyncio.wait_for(started.wait(), 3)
    await schedule.stop(0.01)
    await asyncio.sleep(0.05)  # what APScheduler has to say, it says a turn later
    assert "Traceback" not in caplog.text


async def test_failing_job_is_logged_and_fires_again(caplog: pytest.LogCaptureFixture) -> None:
    failed = asyncio.Event()

    async def fail(name: str) -> None:
        failed.set()
        raise RuntimeError("a bug")

    schedule = SystemSchedule(fail)
    schedule.start()
    schedule.replace({"fail": Job(1.0, (datetime.now(UTC).timestamp() + 0.02) % 1, None)})
    await asyncio.wait_for(failed.wait(), 3)
    await schedule.stop(1)
    assert "a bug" in caplog.text
