from __future__ import annotations

import pytest

from agent.leases import SENTINEL, Leases
from probes.wire import VERSION, PushReply
from tests.fakes.clock import FakeClock


@pytest.fixture
def leases(clock: FakeClock) -> Leases:
    return Leases(clock.up)


def reply(**leases: dict[str, float]) -> PushReply:
    return PushReply(VERSION, 0, "n", "g", "r", leases=leases)


def sentinel(epoch: int = 3, seconds: float = 120.0) -> PushReply:
    return reply(sentinel={"epoch": epoch, "until_seconds": seconds})


def test_nothing_is_held_until_it_is_told(leases: Leases) -> None:
    assert leases.epoch(SENTINEL) is None


def test_lease_counts_from_the_question_not_from_its_answer(
    leases: Leases, clock: FakeClock
) -> None:
    asked = clock.up()
    clock.advance(20)  # a slow line
    leases.told(sentinel(), asked)
    clock.advance(99.9)
    assert leases.epoch(SENTINEL) == 3
    clock.advance(0.2)
    assert leases.epoch(SENTINEL) is None


def test_machine_that_slept_past_the_end_holds_it_no_longer(
    leases: Leases, clock: FakeClock
) -> None:
    leases.told(sentinel(), clock.up())
    clock.suspend(3600)
    assert leases.epoch(SENTINEL) is None


def test_answer_that_does_not_name_it_ends_it(leases: Leases, clock: FakeClock) -> None:
    leases.told(sentinel(), clock.up())
    leases.told(reply(), clock.up())
    assert leases.epoch(SENTINEL) is None


def test_lease_outlasts_its_end_for_what_may_be_done_twice(
    leases: Leases, clock: FakeClock
) -> None:
    assert not leases.was_last_told(SENTINEL)
    leases.told(sentinel(), clock.up())
    clock.advance(3600)  # no collector answers
    assert leases.epoch(SENTINEL) is None
    assert leases.was_last_told(SENTINEL)
    leases.told(reply(), clock.up())
    assert not leases.was_last_told(SENTINEL)


def test_wall_clock_does_not_matter(leases: Leases, clock: FakeClock) -> None:
    leases.told(sentinel(), clock.up())
    clock.set_wall(0)
    assert leases.epoch(SENTINEL) == 3


def test_lease_that_says_no_end_is_none(leases: Leases, clock: FakeClock) -> None:
    leases.told(reply(sentinel={"epoch": 1}), clock.up())
    assert leases.epoch(SENTINEL) is None
