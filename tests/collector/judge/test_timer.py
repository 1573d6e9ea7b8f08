from __future__ import annotations

import pytest

from collector.judge.timer import REST, JudgingTimer, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timer(clock: Clock) -> JudgingTimer:
    return JudgingTimer(60, clock)


def test_first_judgement_is_due_at_once(timer: JudgingTimer) -> None:
    assert timer.seconds_until_due() == 0
    assert timer.start()


def test_second_judgement_waits_for_the_first_to_finish(timer: JudgingTimer, clock: Clock) -> None:
    timer.start()
    clock.now += 3600
    assert not timer.start()


def test_next_judgement_is_due_one_beat_after_the_last_started(
    timer: JudgingTimer, clock: Clock
) -> None:
    timer.start()
    clock.now += 2
    assert timer.finish() == 2
    assert timer.seconds_until_due() == 58
    assert not timer.start()
    clock.now += 58
    assert timer.start()


def test_missed_beats_are_not_made_up_for(timer: JudgingTimer, clock: Clock) -> None:
    timer.start()
    clock.now += 600
    timer.finish()
    assert timer.seconds_until_due() == 5
    clock.now += 5
    assert timer.start()
    timer.finish()
    assert timer.seconds_until_due() == 60


def test_nudge_brings_the_next_judgement_forward(timer: JudgingTimer, clock: Clock) -> None:
    timer.start()
    timer.finish()
    clock.now += 10
    timer.nudge()
    assert timer.seconds_until_due() == 5
    timer.nudge()
    clock.now += 5
    assert timer.start()


def test_finishing_what_never_started_is_a_fault(timer: JudgingTimer) -> None:
    with pytest.raises(RuntimeError):
        timer.finish()


def test_work_that_takes_long_rests_for_three_times_as_long(clock: Clock) -> None:
    pace = Pace(clock)
    assert pace.is_due()
    with pace.working():
        clock.now += 40
    clock.now += 40 * REST - 1
    assert not pace.is_due()
    clock.now += 1
    assert pace.is_due()


def test_work_that_fails_rests_too(clock: Clock) -> None:
    pace = Pace(clock)

    def fail() -> None:
        with pace.working():
            clock.now += 10
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not pace.is_due()
