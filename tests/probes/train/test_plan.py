from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.train.estimate import Outcome, Reason, TrainResult, combine, judge_train
from probes.train.plan import FIRST_PACKETS, Plan
from tests.probes.train.arrivals import even, paced, train

SHORT = TrainResult(Outcome.INCONCLUSIVE, Reason.SHORT, 300e6, 0.0008, 40, 40)
LONG = TrainResult(Outcome.VALID, None, 100e6, 0.006, 113, 113)
RESULTS = st.lists(
    st.builds(
        TrainResult,
        st.sampled_from(Outcome),
        st.sampled_from(Reason),
        st.none() | st.floats(1e3, 1e10),
        st.floats(0, 1),
        st.integers(1, 8192),
        st.integers(0, 8192),
    ),
    max_size=10,
)


def run(plan: Plan, rate: float) -> list[TrainResult]:
    """A whole measurement of an ideal line."""
    results: list[TrainResult] = []
    while (count := plan.next_count(results)) is not None:
        results.append(judge_train(train(even(count, rate, 2e10), count, 2e10)))
    return results


@pytest.mark.parametrize(
    ("mbit", "megabytes"), [(5, 0.25), (20, 0.25), (50, 0.4), (100, 0.64), (300, 2.0), (1000, 6.7)]
)
def test_ideal_line_is_read_for_few_bytes(mbit: float, megabytes: float) -> None:
    plan = Plan()
    results = run(plan, mbit * 1e6)
    found = combine(results, plan.spent(results))
    assert (found.outcome, found.valid_trains) == (Outcome.VALID, 3)
    assert found.rate == pytest.approx(mbit * 1e6, rel=0.001)
    assert found.ip_bytes <= megabytes * 1e6


def test_line_too_fast_for_the_budget_is_not_given_a_rate() -> None:
    plan = Plan(most_bytes=300_000)
    found = combine(run(plan, 300e6), 0)
    assert (found.outcome, found.reason, found.rate) == (
        Outcome.INCONCLUSIVE, Reason.SHORT, None,
    )  # fmt: skip


@given(RESULTS, st.integers(0, 20_000_000))
def test_budget_is_never_passed(results: list[TrainResult], most: int) -> None:
    plan = Plan(most_bytes=most)
    count = plan.next_count(results)
    if count is not None:
        assert plan.spent(results) + count * plan.packet_bytes <= most


def test_train_grows_at_most_eightfold() -> None:
    assert Plan().next_count([SHORT]) == 8 * FIRST_PACKETS
    assert Plan().next_count([replace(SHORT, tail_seconds=0.0, rate=None)]) == 8 * FIRST_PACKETS


def test_train_that_was_long_enough_is_repeated() -> None:
    assert Plan().next_count([SHORT, LONG]) == LONG.count
    assert Plan().next_count([SHORT, LONG, LONG, LONG]) is None


def test_token_bucket_is_emptied_by_longer_trains() -> None:
    plan, results = Plan(), list[TrainResult]()
    while (count := plan.next_count(results)) is not None:
        arrivals = paced(count, lambda i: 1e9 if i < 100 else 20e6)
        results.append(judge_train(train(arrivals, count)))
    found = combine(results, plan.spent(results))
    assert found.outcome in (Outcome.VALID, Outcome.INCONCLUSIVE)
    assert found.rate is None or found.rate == pytest.approx(20e6, rel=0.01)


def test_silence_ends_after_two_trains() -> None:
    lost = judge_train(train([], FIRST_PACKETS))
    assert Plan().next_count([lost]) == FIRST_PACKETS
    assert Plan().next_count([lost, lost]) is None
