"""The machine alone: what it is told, and the states that follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from collector.judge.standing import CONTACT, pending
from collector.judge.state import Track, resume, seen, step
from collector.register.model import Held, State
from config.policy import Operator
from config.threshold import Bound, Grounds, Threshold
from probes.model import Role, Unit
from probes.text import Text

UP, DEGRADED, DOWN, UNKNOWN = State.UP, State.DEGRADED, State.DOWN, State.UNKNOWN
NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WORDS = Text("", "")


def threshold(hold: float = 3, recovery: float = 5, down_hold: float = 3) -> Threshold:
    """Degraded from 10 %, down from 90 %; minutes."""
    return Threshold(
        id="loss",
        title=Text("丢失", "loss"),
        probe="tcp_connect",
        metric="loss_ratio",
        statistic="mean",
        window=5 * MINUTE,
        operator=Operator.AT_LEAST,
        unit=Unit.RATIO,
        degraded=Bound(Fraction(1, 10), "10 %", hold * MINUTE, recovery * MINUTE),
        down=Bound(Fraction(9, 10), "90 %", down_hold * MINUTE, recovery * MINUTE),
        roles=frozenset({Role.GATEWAY}),
        targets=frozenset(),
        period=None,
        relative_to="",
        why=WORDS,
        grounds=Grounds("default", "", None, None),
        revision="r1",
    )


def told(
    values: Sequence[float | None],
    track: Track | None = None,
    start: datetime = NOW,
    of: Threshold | None = None,
) -> list[Track]:
    """The track after each of `values`, one a minute."""
    tracks = []
    track = track or Track()
    for number, value in enumerate(values):
        track = step(track, of or threshold(), start + number * MINUTE, value)
        tracks.append(track)
    return tracks


def states(*values: float | None) -> list[State]:
    return [track.state for track in told(values)]


def test_good_value_is_up_at_once() -> None:
    assert states(0.0) == [UP]


def test_worse_state_is_taken_after_its_hold_and_not_before() -> None:
    assert states(0.0, 0.2, 0.2, 0.2, 0.2) == [UP, UP, UP, UP, DEGRADED]


def test_flip_began_when_the_bound_was_broken_not_when_the_hold_was_over() -> None:
    last = told([0.0, 0.2, 0.2, 0.2, 0.2])[-1]
    assert (last.since, last.at) == (NOW + MINUTE, NOW + 4 * MINUTE)


def test_one_good_value_starts_the_hold_again() -> None:
    assert states(0.0, 0.2, 0.2, 0.0, 0.2, 0.2, 0.2)[-1] is UP


def test_state_is_left_only_after_its_recovery() -> None:
    bad = [0.0] + [0.2] * 4
    assert states(*bad, 0.0, 0.0, 0.0, 0.0, 0.0)[-1] is DEGRADED
    assert states(*bad, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)[-1] is UP


def test_line_that_flaps_each_minute_never_changes_its_state() -> None:
    assert set(states(*[0.0, 1.0] * 30)) == {UP}
    down = told([0.0] + [1.0] * 4)[-1]
    assert {t.state for t in told([0.0, 1.0] * 30, down, NOW + 10 * MINUTE)} == {DOWN}


def test_down_is_taken_past_degraded_and_recovers_through_it() -> None:
    found = states(0.0, *[1.0] * 4, *[0.5] * 6, *[0.0] * 6)
    assert [a for a, b in pairwise([*found, UNKNOWN]) if a is not b] == [UP, DOWN, DEGRADED, UP]


def test_degraded_values_count_for_the_hold_of_degraded_while_they_get_worse() -> None:
    of = threshold(hold=3, down_hold=10)
    assert [t.state for t in told([0.0, 0.2, 1.0, 0.2, 1.0], of=of)][-1] is DEGRADED


def test_absent_is_unknown_and_not_down() -> None:
    assert states(0.0, None) == [UP, UNKNOWN]
    assert states(None) == [UNKNOWN]


def test_bad_at_first_sight_is_unknown_until_it_has_lasted() -> None:
    assert states(1.0, 1.0, 1.0, 1.0) == [UNKNOWN, UNKNOWN, UNKNOWN, DOWN]


def test_state_is_taken_up_again_after_silence_when_the_value_agrees() -> None:
    assert states(0.0, None, 0.0) == [UP, UNKNOWN, UP]
    down = told([0.0] + [1.0] * 4)[-1]
    assert [t.state for t in told([None, 1.0], down, NOW + 10 * MINUTE)] == [UNKNOWN, DOWN]


def test_good_value_after_a_silent_outage_must_last_before_it_is_up() -> None:
    down = told([0.0] + [1.0] * 4)[-1]
    after = [t.state for t in told([None] + [0.0] * 6, down, NOW + 10 * MINUTE)]
    assert after == [UNKNOWN] * 6 + [UP]


def test_silence_does_not_count_towards_a_hold() -> None:
    assert states(0.0, 0.2, 0.2, None, 0.2, 0.2)[-1] is UNKNOWN
    broken = told([0.0, 0.2, 0.2])[-1]
    late = step(broken, threshold(), NOW + timedelta(hours=2), 0.2)
    assert late.state is UP  # nobody looked for two hours


def test_instant_told_twice_or_late_changes_nothing() -> None:
    track = told([0.0, 0.2])[-1]
    assert step(track, threshold(), NOW + MINUTE, 1.0) is track
    assert step(track, threshold(), NOW, None) is track


def test_bound_that_policy_no_longer_has_holds_nothing() -> None:
    down = resume(Held(DOWN, DOWN, NOW, NOW))
    found = step(down, CONTACT, NOW + MINUTE, 1.0)
    assert found.state is UP


def test_value_that_waits_for_its_hold_says_so() -> None:
    track = told([0.0, 0.2, 0.2])[-1]
    words = pending(track, threshold())
    assert words is not None
    assert words.zh == "读数已是“下降”60 秒，满 3 分钟才改变状态。"
    assert pending(told([0.0])[-1], threshold()) is None


VALUES = st.lists(st.sampled_from([None, 0.0, 0.05, 0.1, 0.5, 0.9, 1.0]), max_size=60)


@given(VALUES)
def test_same_tellings_give_the_same_states_and_a_restart_gives_no_flip(
    values: list[float | None],
) -> None:
    tracks = told(values)
    assert tracks == told(values)
    for track in tracks:
        if track.since is not None:
            held = Held(track.state, track.held, track.since, NOW)
            assert resume(held).state is track.state


@given(VALUES)
def test_worse_state_always_had_its_hold_of_bad_values(values: list[float | None]) -> None:
    tracks = told(values)
    for number, (before, after) in enumerate(pairwise(tracks), 1):
        if after.state is DOWN and before.held is not DOWN:
            last = values[number - 3 : number + 1]
            assert len(last) == 4
            assert all(v is not None and seen(threshold(), v) is DOWN for v in last)


@given(VALUES)
def test_state_is_unknown_whenever_there_is_no_value(values: list[float | None]) -> None:
    for value, track in zip(values, told(values), strict=True):
        assert value is not None or track.state is UNKNOWN
