"""Each guard both ways: with it a full line is read, without it nothing is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probes.measuring.baseline import Baseline
from probes.measuring.counter import Total
from probes.measuring.permit import Direction
from probes.measuring.saturation import UNDETERMINED, Load, State
from tests.probes.measuring.story import (
    DOWN,
    MEGA,
    PPP,
    UP,
    Course,
    Story,
    always,
    judged,
    quiet,
    with_totals,
)

FULL = Story(down=always(50 * MEGA), queue_down=always(0.04))


def sawtooth(t: float) -> float:
    """Of a queue that one stream fills, and drops when it is full, each four seconds."""
    gone = t % 4
    return 0.055 - gone if gone < 0.04 else 0.015 + (gone - 0.04) * 0.0101


def into_it(t: float) -> float:
    """What the stream sends: it pauses for the time by which its queue shrinks."""
    return 0 if t % 4 < 0.04 else 20.2 * MEGA


FULL_UP = Story(up=into_it, queue_up=sawtooth)


def verdict(load: Load) -> tuple[State, str | None]:
    assert load.reason is None or load.reason in UNDETERMINED
    assert (load.rate is not None) == (load.state is State.SATURATED)
    return load.state, load.reason


def wave(mean: float, share: float, seconds: float = 2.0) -> Course:
    """Higher in one half of each period than in the other."""
    return lambda t: mean * (1 + share * (1 if t % seconds < seconds / 2 else -1))


@pytest.mark.parametrize(
    ("story", "way", "mbit"), [(FULL, DOWN, 50), (FULL_UP, UP, 20)], ids=["down", "up"]
)
def test_flat_counter_with_a_queue_is_what_the_line_carries(
    story: Story, way: Direction, mbit: float
) -> None:
    found = judged(story, way)
    assert verdict(found) == (State.SATURATED, None)
    assert found.rate == pytest.approx(mbit * MEGA, rel=0.002)
    assert found.used == pytest.approx(mbit * MEGA, rel=0.002)
    assert found.added == pytest.approx(0.035, abs=0.006)
    assert found.variation is not None
    assert found.variation < 0.01
    assert found.seconds is not None
    assert found.seconds >= 8


def test_other_direction_of_a_full_one_is_not_full() -> None:
    found = judged(FULL, UP)
    assert (verdict(found), found.used) == ((State.UNSATURATED, None), 0)


@pytest.mark.parametrize(("share", "is_full"), [(0.02, True), (0.05, False)])
def test_rate_that_swings_is_not_the_lines(share: float, is_full: bool) -> None:
    found = judged(replace(FULL, down=wave(50 * MEGA, share)))
    assert verdict(found) == (
        (State.SATURATED, None) if is_full else (State.UNDETERMINED, "unsteady")
    )


@pytest.mark.parametrize(("queue", "is_full"), [(0.008, False), (0.015, True)])
def test_queue_shorter_than_ten_milliseconds_is_none(queue: float, is_full: bool) -> None:
    found = judged(replace(FULL, queue_down=always(queue)))
    assert verdict(found) == (
        (State.SATURATED, None) if is_full else (State.UNDETERMINED, "no_delay")
    )


@pytest.mark.parametrize(("minutes", "is_full"), [(2, True), (10, False), (14, False)])
def test_old_baseline_asks_for_a_longer_queue(minutes: float, is_full: bool) -> None:
    """50 ppm of ten minutes are 30 ms, and of 14 minutes more than may be doubted at all."""
    story = replace(FULL, begins=3600.0, queue_down=always(0.035))
    found = judged(story, baseline=quiet(story, before=60 * minutes))
    assert (found.state is State.SATURATED) == is_full


def test_video_at_a_steady_rate_is_not_full_when_the_other_direction_is() -> None:
    story = replace(FULL_UP, down=always(12 * MEGA))
    assert verdict(judged(story, DOWN)) == (State.UNDETERMINED, "no_delay")
    assert verdict(judged(story, UP)) == (State.SATURATED, None)


def test_traffic_of_changing_rate_without_a_queue_is_not_full() -> None:
    found = judged(Story(down=wave(12 * MEGA, 0.3)))
    assert verdict(found) == (State.UNSATURATED, None)


def test_few_small_packets_at_a_steady_pace_are_no_traffic_to_judge() -> None:
    found = judged(Story(down=always(0.1 * MEGA), queue_down=always(0.04)))
    assert verdict(found) == (State.UNDETERMINED, "unsteady")


def test_full_line_is_read_though_most_of_the_packets_are_lost() -> None:
    lossy = replace(FULL, lost=lambda n: n % 3 != 0)
    assert verdict(judged(lossy)) == (State.SATURATED, None)


def test_nothing_is_said_when_hardly_any_packet_comes_back() -> None:
    lossy = replace(FULL, lost=lambda n: n % 10 != 0)
    assert verdict(judged(lossy)) == (State.UNDETERMINED, "few_replies")


def test_what_leaves_counts_only_while_the_queue_has_room() -> None:
    """Its counter is before the queue and counts what the queue then drops."""
    flood = replace(FULL_UP, up=always(24 * MEGA), queue_up=always(0.04))
    assert verdict(judged(flood, UP)) == (State.UNDETERMINED, "losses")


def test_one_late_packet_does_not_make_a_full_queue_look_as_if_it_had_room() -> None:
    late = Story(up=always(24 * MEGA), queue_up=lambda t: 0.06 if t in (5.0, 11.0, 15.0) else 0.04)
    assert verdict(judged(late, UP)) == (State.UNDETERMINED, "losses")


@pytest.mark.parametrize(("each", "is_full"), [(6, True), (2, False)])
def test_what_leaves_counts_only_where_no_packet_is_lost(each: int, is_full: bool) -> None:
    found = judged(replace(FULL_UP, lost=lambda n: n % each == 1), UP)
    assert verdict(found) == (
        (State.SATURATED, None) if is_full else (State.UNDETERMINED, "losses")
    )


def test_what_leaves_and_still_queues_has_not_passed_the_line() -> None:
    """A queue that grows by 2 ms a second swallows 0.2 % of what is counted."""
    growing = replace(FULL_UP, up=always(20.04 * MEGA), queue_up=lambda t: 0.02 + 0.002 * t)
    assert judged(growing, UP).rate == pytest.approx(20 * MEGA, rel=0.0003)


def test_boost_that_ends_shows_that_neither_rate_can_be_trusted() -> None:
    boosted = replace(FULL, down=lambda t: (80 if t < 6 else 50) * MEGA)
    assert verdict(judged(boosted)) == (State.UNDETERMINED, "unsteady")


def test_queue_that_comes_and_goes_is_counted_while_it_stands() -> None:
    def has_queue(t: float) -> bool:
        return t % 5 < 4

    coming = Story(
        down=lambda t: (50 if has_queue(t) else 40) * MEGA,
        queue_down=lambda t: 0.04 if has_queue(t) else 0,
    )
    found = judged(coming)
    assert verdict(found) == (State.SATURATED, None)
    assert found.rate == pytest.approx(50 * MEGA, rel=0.002)
    assert found.seconds is not None
    assert 5 < found.seconds < 14


def test_short_dips_do_not_lower_the_rate() -> None:
    """Of 0.1 s each four seconds; the mean of all would be 0.5 % low."""
    dipping = replace(FULL, down=lambda t: (40 if t % 4 < 0.1 else 50) * MEGA)
    assert judged(dipping).rate == pytest.approx(50 * MEGA, rel=0.002)


def test_two_seconds_of_queue_are_too_few() -> None:
    short = Story(
        down=lambda t: 50 * MEGA if t < 2 else wave(20 * MEGA, 0.4)(t),
        queue_down=lambda t: 0.04 if t < 2 else 0,
    )
    assert verdict(judged(short)) == (State.UNSATURATED, None)


def test_line_that_was_full_ever_since_we_look_has_no_baseline_to_rise_from() -> None:
    assert verdict(judged(FULL, baseline=Baseline())) == (State.UNDETERMINED, "no_delay")


def test_clock_that_is_set_right_is_no_queue() -> None:
    """It makes one direction slower by what it makes the other quicker."""
    story = replace(FULL, queue_down=always(0))
    baseline = quiet(story)
    shifted = replace(story, offset=story.offset - 0.03)
    full_both_ways = replace(shifted, queue_up=always(0.02))
    assert verdict(judged(full_both_ways, baseline=baseline)) == (State.UNDETERMINED, "clock")


def test_reset_of_the_counter_leaves_nothing() -> None:
    beats = FULL.beats()
    beats[50:] = [with_totals(b, {way: Total(n, n) for way in Direction})
                  for n, b in enumerate(beats[50:])]  # fmt: skip
    found = judged(FULL, beats=beats)
    assert (verdict(found), found.used) == ((State.UNDETERMINED, "counter_reset"), None)


def test_packets_counted_as_one_have_lost_their_headers() -> None:
    found = judged(FULL, line=replace(PPP, largest_packet=600))
    assert verdict(found) == (State.UNDETERMINED, "merged_packets")


@pytest.mark.parametrize(
    ("busy", "share", "is_full"), [(0.97, 0.005, True), (0.8, 0.02, True), (0.97, 0.02, False)]
)
def test_rate_that_a_busy_machine_makes_uneven_is_not_the_lines(
    busy: float, share: float, is_full: bool
) -> None:
    uneven = replace(FULL, down=wave(50 * MEGA, share))
    assert verdict(judged(uneven, busy=busy)) == (
        (State.SATURATED, None) if is_full else (State.UNDETERMINED, "machine_limited")
    )
