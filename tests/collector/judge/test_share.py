from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from collector.judge.model import Verdict
from collector.judge.share import judge_share, needed
from config.policy import Operator

AT_LEAST, MORE_THAN = Operator.AT_LEAST, Operator.MORE_THAN
counts = st.integers(0, 12)
shares = st.fractions(Fraction(1, 20), 1, max_denominator=20)
operators = st.sampled_from([AT_LEAST, MORE_THAN])


def test_third_of_seven_schools_means_three() -> None:
    third = Fraction(1, 3)
    assert needed(7, third, AT_LEAST) == 3
    assert judge_share(2, 5, 0, third, AT_LEAST) is Verdict.NOT_MET
    assert judge_share(3, 4, 0, third, AT_LEAST) is Verdict.MET


def test_fifth_of_four_schools_means_one() -> None:
    assert needed(4, Fraction(1, 5), AT_LEAST) == 1


def test_at_least_half_includes_the_half_and_more_than_half_does_not() -> None:
    half = Fraction(1, 2)
    assert judge_share(4, 4, 0, half, AT_LEAST) is Verdict.MET
    assert judge_share(4, 4, 0, half, MORE_THAN) is Verdict.NOT_MET
    assert needed(8, half, MORE_THAN) == 5


def test_no_school_at_all_is_not_applicable_rather_than_met() -> None:
    assert judge_share(0, 0, 0, Fraction(1), AT_LEAST) is Verdict.NOT_APPLICABLE
    assert needed(0, Fraction(1), AT_LEAST) == 0


@given(counts, counts, counts, shares, operators)
def test_verdict_is_what_every_outcome_of_the_undetermined_agrees_on(
    met: int, not_met: int, undetermined: int, share: Fraction, operator: Operator
) -> None:
    total = met + not_met + undetermined
    verdict = judge_share(met, not_met, undetermined, share, operator)
    if total == 0:
        return
    outcomes = {
        operator.holds(Fraction(met + good, total), share) for good in range(undetermined + 1)
    }
    expected = {
        frozenset({True}): Verdict.MET,
        frozenset({False}): Verdict.NOT_MET,
        frozenset({True, False}): Verdict.UNDETERMINED,
    }
    assert verdict is expected[frozenset(outcomes)]


@given(counts, counts, counts, shares, operators)
def test_one_more_undetermined_never_makes_a_share_met(
    met: int, not_met: int, undetermined: int, share: Fraction, operator: Operator
) -> None:
    before = judge_share(met, not_met, undetermined, share, operator)
    after = judge_share(met, not_met, undetermined + 1, share, operator)
    assert before is Verdict.MET or after is not Verdict.MET


@given(st.integers(1, 12), counts, counts, shares, operators)
def test_losing_a_met_school_to_silence_never_makes_a_share_met(
    met: int, not_met: int, undetermined: int, share: Fraction, operator: Operator
) -> None:
    before = judge_share(met, not_met, undetermined, share, operator)
    after = judge_share(met - 1, not_met, undetermined + 1, share, operator)
    assert before is Verdict.MET or after is not Verdict.MET


@given(st.integers(1, 40), shares, operators)
def test_needed_is_the_first_count_that_holds(
    total: int, share: Fraction, operator: Operator
) -> None:
    count = needed(total, share, operator)
    assert not operator.holds(Fraction(count - 1, total), share)
    assert count > total or operator.holds(Fraction(count, total), share)
