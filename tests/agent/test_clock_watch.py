from __future__ import annotations

import pytest

from agent.clock_watch import ClockWatch
from tests.fakes.clock import FakeClock

EVERY = 10.0
HALF_AN_HOUR = 1800.0


@pytest.fixture
def watch(clock: FakeClock) -> ClockWatch:
    return ClockWatch(clock, EVERY)


def test_ordinary_looks_change_nothing(watch: ClockWatch, clock: FakeClock) -> None:
    for seconds in (0, 0.5, EVERY, EVERY + 29):
        clock.advance(seconds)
        change = watch.look()
        assert (change.set_by, change.away) == (0, 0)


def test_sleep_is_an_absence_and_not_a_clock_that_was_set(
    watch: ClockWatch, clock: FakeClock
) -> None:
    clock.advance(4)
    clock.suspend(HALF_AN_HOUR)
    change = watch.look()
    assert (change.set_by, change.away) == (0, HALF_AN_HOUR + 4 - EVERY)
    assert watch.look().away == 0


def test_stopped_process_was_away_as_well(watch: ClockWatch, clock: FakeClock) -> None:
    clock.advance(HALF_AN_HOUR)
    assert watch.look().away == HALF_AN_HOUR - EVERY


@pytest.mark.parametrize("seconds", [3, -3, -86_400, 1_760_000_000])
def test_clock_that_was_set_is_no_absence(
    watch: ClockWatch, clock: FakeClock, seconds: int
) -> None:
    clock.set_wall(clock.wall() + seconds * 1000)
    clock.advance(EVERY)
    change = watch.look()
    assert change.set_by == pytest.approx(seconds)
    assert change.away == 0
    assert watch.look().set_by == 0


def test_both_at_once_are_told_apart(watch: ClockWatch, clock: FakeClock) -> None:
    clock.suspend(HALF_AN_HOUR)
    clock.set_wall(clock.wall() - 3_600_000)
    change = watch.look()
    assert change.set_by == pytest.approx(-3600)
    assert change.away == HALF_AN_HOUR - EVERY
