from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.train.estimate import (
    LUMP_NS,
    Arrival,
    Outcome,
    Reason,
    Train,
    TrainResult,
    combine,
    judge_train,
    lumps,
    own_pace,
    pace,
    queue_growth_ns,
    send_rate,
)
from tests.probes.train.arrivals import IP_BITS, PAYLOAD, START, even, paced, train

LONG = TrainResult(Outcome.VALID, None, 100e6, 0.006, 113, 113)


def near(rate: float, within: float = 0.001) -> object:
    return pytest.approx(rate, rel=within)


@given(st.floats(1e6, 900e6), st.randoms())
def test_even_arrivals_give_the_rate_of_ip_packets(rate: float, random: object) -> None:
    count = max(40, int(0.012 * rate / IP_BITS) + 2)
    arrivals = even(count, rate)
    random.shuffle(arrivals)  # type: ignore[attr-defined]
    result = judge_train(train(arrivals, count))
    assert (result.outcome, result.reason) == (Outcome.VALID, None)
    assert result.rate == near(rate)


def test_ip_headers_count_by_the_version() -> None:
    four = train(even(40, 20e6), 40)
    assert judge_train(four).rate == near(20e6)
    assert judge_train(replace(four, ip_version=6)).rate == near(20e6 * 1448 / 1428)


def test_lump_arrives_with_its_first_packet() -> None:
    at = (0, LUMP_NS - 1, 2 * LUMP_NS - 2, 1_000_000, 1_000_000 + LUMP_NS)
    merged = lumps(train([Arrival(START + t, i, PAYLOAD) for i, t in enumerate(at)], 5))
    assert [(lump.at - START, lump.size, lump.packets) for lump in merged] == [
        (0, 3 * 1428, 3), (1_000_000, 1428, 1), (1_000_000 + LUMP_NS, 1428, 1),
    ]  # fmt: skip


def test_first_lumps_bytes_took_the_time_before_it() -> None:
    # Ten packets at once every millisecond: counted naively, a tenth too much in eleven lumps.
    arrivals = [Arrival(START + i // 10 * 1_000_000 + i % 10, i, PAYLOAD) for i in range(240)]
    assert pace(lumps(train(arrivals, 240))) == near(10 * IP_BITS * 1000)
    assert judge_train(train(arrivals, 240)).rate == near(10 * IP_BITS * 1000)


def test_pace_of_one_lump_is_unknown() -> None:
    assert pace(lumps(train([Arrival(START, 0, PAYLOAD)], 1))) is None
    assert pace([]) is None


def test_lost_packets_do_not_change_the_rate_of_a_full_queue() -> None:
    # Dropped before the narrow hop: the others follow each other without a gap.
    arrivals = [replace(a, sequence=a.sequence * 3) for a in even(60, 50e6)]
    result = judge_train(train(arrivals, 180))
    assert (result.outcome, result.rate) == (Outcome.VALID, near(50e6))
    assert result.arrived == 60


def test_nineteen_packets_are_too_few() -> None:
    result = judge_train(train(even(19, 1e6), 40))
    assert (result.outcome, result.reason) == (Outcome.INCONCLUSIVE, Reason.FEW_PACKETS)


def test_one_packet_tells_nothing() -> None:
    result = judge_train(train(even(1, 1e6), 1))
    assert (result.reason, result.rate) == (Reason.FEW_PACKETS, None)


def test_train_of_which_nothing_came_is_blocked() -> None:
    result = judge_train(train([], 40))
    assert result == TrainResult(Outcome.BLOCKED, Reason.NOTHING_ARRIVED, None, 0.0, 40, 0)


def test_train_in_a_single_lump_is_too_short() -> None:
    result = judge_train(train([Arrival(START + i, i, PAYLOAD) for i in range(40)], 40))
    assert (result.reason, result.rate, result.tail_seconds) == (Reason.SHORT, None, 0.0)


def test_tail_below_five_milliseconds_is_too_short() -> None:
    assert judge_train(train(even(40, 100e6), 40)).reason is Reason.SHORT


def test_few_large_lumps_show_the_grants_of_a_radio() -> None:
    arrivals = [Arrival(START + i // 20 * 10_000_000 + i % 20, i, PAYLOAD) for i in range(160)]
    assert judge_train(train(arrivals, 160)).reason is Reason.LUMPY


@pytest.mark.parametrize("bucket", [30, 100, 200, 300])
def test_token_bucket_is_never_read_above_the_rate_behind_it(bucket: int) -> None:
    # The first packets pass at 1 Gbit/s, the rest at 20 Mbit/s.
    arrivals = paced(400, lambda i: 1e9 if i < bucket else 20e6)
    result = judge_train(train(arrivals, 400))
    assert result.reason is Reason.UNSTEADY or result.rate == near(20e6)


@given(st.lists(st.integers(0, 3), min_size=160, max_size=160))
def test_result_never_claims_validity_for_a_changing_rate(factors: list[int]) -> None:
    halves = (lambda i: 60e6, lambda i: 60e6 / (1 + factors[i]))
    arrivals = paced(160, lambda i: halves[i >= 120](i))
    result = judge_train(train(arrivals, 160))
    if result.outcome is Outcome.VALID:
        fourth = 40 * IP_BITS / sum(IP_BITS / halves[1](i) for i in range(120, 160))
        assert fourth == near(60e6, within=0.15)


def between(others: set[int]) -> list[Arrival]:
    """At 100 Mbit/s; before each of these, a packet of another sender had its turn."""
    return paced(200, lambda i: 50e6 if i in others else 100e6)


def test_gaps_without_a_counter_leave_a_lower_bound() -> None:
    result = judge_train(train(between(set(range(100, 200, 7))), 200))
    assert (result.outcome, result.reason) == (Outcome.LOWER_BOUND, Reason.MIXED)
    assert result.rate == near(100e6 * 99 / 113, within=0.01)


def test_gaps_that_other_traffic_explains_are_left_out() -> None:
    busy = replace(train(between(set(range(100, 200, 7))), 200), others=40e6)
    result = judge_train(busy)
    assert (result.outcome, result.rate) == (Outcome.VALID, near(100e6))


def test_gaps_on_an_idle_line_are_the_lines_own() -> None:
    # A shaper of 87 Mbit/s that lets seven packets pass at 100 before it waits.
    idle = replace(train(between(set(range(100, 200, 7))), 200), others=100e3)
    result = judge_train(idle)
    assert (result.outcome, result.rate) == (Outcome.VALID, near(100e6 * 99 / 113, within=0.01))


def test_gaps_beyond_what_other_traffic_explains_leave_a_lower_bound() -> None:
    little = replace(train(between(set(range(100, 200, 7))), 200), others=5e6)
    assert judge_train(little).reason is Reason.MIXED


@pytest.mark.parametrize(("others", "reason"), [(180e6, Reason.MIXED), (50e6, None), (None, None)])
def test_lumps_hide_others_as_far_as_the_sender_is_slow(
    others: float | None, reason: Reason | None
) -> None:
    # Pairs at 300 Mbit/s, sent at 4 Gbit/s: 180 Mbit/s of others may hide 4.5 %.
    pairs = [replace(a, at=START + a.sequence // 2 * 76_160) for a in even(400, 300e6)]
    assert judge_train(replace(train(pairs, 400), others=others)).reason is reason


def test_grants_of_a_faster_fibre_are_not_taken_for_the_line() -> None:
    # Four packets at 1 Gbit/s, then a pause: 300 Mbit/s.
    fibre = train(paced(400, lambda i: 1e9 if i % 4 else IP_BITS / 117.6e-6), 400)
    for others in (None, 0.0, 100e6):
        result = judge_train(replace(fibre, others=others))
        assert result.rate == near(300e6, within=0.02)


@given(st.sets(st.integers(26, 49), max_size=18), st.integers(0, 3))
def test_packets_of_others_in_between_do_not_slow_it(fourths: set[int], rest: int) -> None:
    others = {4 * n + rest - 3 for n in fourths}
    # Before each of these packets, one of another sender had its turn at the narrow hop.
    found = paced(200, lambda i: 50e6 if i in others else 100e6)
    assert own_pace(lumps(train(found, 200))[100:]) == near(100e6)


def test_where_many_others_stood_in_between_nothing_is_left_out() -> None:
    tail = lumps(train(paced(200, lambda i: 100e6 if i % 2 else 50e6), 200))[100:]
    assert own_pace(tail) is None


@pytest.mark.parametrize("slow", range(1, 31))
def test_line_that_slows_down_at_the_very_end_is_unsteady(slow: int) -> None:
    arrivals = paced(200, lambda i: 100e6 if i < 200 - slow else 10e6)
    assert judge_train(train(arrivals, 200)).reason is Reason.UNSTEADY


def test_late_packet_is_no_packet_of_others() -> None:
    # The receiver was busy; the next packet is early by as much, and both must count.
    found = even(200, 100e6)
    found = [replace(a, at=a.at + 80_000) if a.sequence % 10 == 5 else a for a in found]
    assert own_pace(lumps(train(found, 200))[100:]) == near(100e6)


def test_in_lumps_nothing_is_left_out() -> None:
    gaps = [1_000_000 * i + (700_000 if i >= 15 else 0) for i in range(24)]
    found = [Arrival(START + gaps[i // 10] + i % 10, i, PAYLOAD) for i in range(240)]
    tail = lumps(train(found, 240))[12:]
    assert own_pace(tail) is None


def test_pace_of_the_sender_is_only_a_lower_bound() -> None:
    result = judge_train(train(even(200, 100e6), 200, sending=105e6))
    assert (result.outcome, result.reason) == (Outcome.LOWER_BOUND, Reason.SENDER_LIMITED)
    assert result.rate == near(100e6)


def test_without_the_senders_word_its_stamps_tell_the_rate_of_sending() -> None:
    slow = Train(tuple(even(200, 100e6, sending=105e6)), 200)
    assert send_rate(slow) == near(105e6)
    assert judge_train(slow).reason is Reason.SENDER_LIMITED
    half = replace(slow, arrivals=slow.arrivals[::2])
    assert send_rate(half) == near(105e6, within=0.02)


def test_unknown_rate_of_sending_leaves_a_lower_bound() -> None:
    bare = tuple(replace(a, sent=None) for a in even(200, 100e6))
    assert judge_train(Train(bare, 200)).reason is Reason.SEND_RATE_UNKNOWN


def test_policer_that_drops_without_a_queue_is_seen() -> None:
    # Of 400 packets every tenth passes, each with the same delay.
    arrivals = [a for a in even(400, 100e6, sending=100e6) if a.sequence % 10 == 0]
    result = judge_train(train(arrivals, 400, sending=100e6))
    assert (result.outcome, result.reason) == (Outcome.INCONCLUSIVE, Reason.NO_QUEUE)


def test_queue_growth_needs_no_common_clock() -> None:
    there = even(200, 100e6)
    elsewhere = [replace(a, sent=(a.sent or 0) + 10**15) for a in there]
    assert queue_growth_ns(train(there, 200)) == queue_growth_ns(train(elsewhere, 200))
    assert queue_growth_ns(Train((Arrival(START, 0, PAYLOAD),), 1)) is None


@pytest.mark.parametrize(
    ("change", "outcome", "reason"),
    [
        ({"dropped": 3}, Outcome.LOWER_BOUND, Reason.RECEIVER_DROPPED),
        ({"interface": 100e6}, Outcome.INCONCLUSIVE, Reason.ABOVE_INTERFACE),
        ({"interface": 150e6}, Outcome.VALID, None),
        ({"is_kernel_clock": False}, Outcome.INCONCLUSIVE, Reason.COARSE_CLOCK),
        ({"dropped": None}, Outcome.VALID, None),
    ],
)
def test_what_else_may_have_set_the_pace(
    change: dict[str, object], outcome: Outcome, reason: Reason | None
) -> None:
    result = judge_train(replace(train(even(200, 150e6), 200), **change))  # type: ignore[arg-type]
    assert (result.outcome, result.reason) == (outcome, reason)


def test_estimate_is_the_median_with_its_spread() -> None:
    rates = (96e6, 100e6, 102e6)
    found = combine([replace(LONG, rate=rate) for rate in rates], 1234)
    assert (found.outcome, found.rate, found.ip_bytes) == (Outcome.VALID, 100e6, 1234)
    assert found.spread_ratio == pytest.approx(0.06)
    assert found.is_spread


def test_trains_that_were_too_short_do_not_count() -> None:
    short = replace(LONG, outcome=Outcome.INCONCLUSIVE, reason=Reason.SHORT, rate=300e6)
    found = combine([short, short, LONG, LONG], 1)
    assert (found.outcome, found.valid_trains, found.trains) == (Outcome.VALID, 2, 4)
    assert combine([short], 1).reason is Reason.SHORT


def test_one_valid_train_is_not_enough() -> None:
    found = combine([LONG], 1)
    assert (found.outcome, found.reason, found.rate) == (
        Outcome.INCONCLUSIVE, Reason.FEW_TRAINS, None,
    )  # fmt: skip


def test_most_long_trains_must_be_valid() -> None:
    unsteady = replace(LONG, outcome=Outcome.INCONCLUSIVE, reason=Reason.UNSTEADY)
    found = combine([LONG, LONG, unsteady, unsteady], 1)
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, Reason.UNSTEADY)


def test_lower_bounds_stay_lower_bounds() -> None:
    bound = replace(LONG, outcome=Outcome.LOWER_BOUND, reason=Reason.SENDER_LIMITED)
    found = combine([bound, bound, replace(bound, rate=120e6)], 1)
    assert (found.outcome, found.reason) == (Outcome.LOWER_BOUND, Reason.SENDER_LIMITED)
    assert (found.rate, found.spread_ratio) == (100e6, None)


def test_blocked_only_if_no_train_left_a_packet() -> None:
    lost = judge_train(train([], 40))
    assert combine([lost, lost], 1).outcome is Outcome.BLOCKED
    few = judge_train(train(even(3, 1e6), 40))
    assert combine([lost, few], 1).outcome is Outcome.INCONCLUSIVE
    assert combine([], 0).outcome is Outcome.INCONCLUSIVE
