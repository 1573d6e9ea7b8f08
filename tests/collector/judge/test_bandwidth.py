from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.judge.bandwidth import Demand, classes_behind, contract_leg, delivered_leg, find
from collector.judge.capacity import NO_PROBE, Sample
from collector.judge.model import Finding, LegName, Verdict
from collector.register.model import Link, School
from config.policy import Delivery, Operator
from probes.text import Text
from tests.collector.judge.town import MBIT, school, with_links

DELIVERY = Delivery(Fraction(9, 10), minimum_readings=20, minimum_days=5, origin="default")
SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
EMPTY = Sample(SINCE, UNTIL)
MET, NOT_MET, UNDETERMINED = Verdict.MET, Verdict.NOT_MET, Verdict.UNDETERMINED


def demand(mbit: int = 10, classes: int = 10, operator: Operator = Operator.AT_LEAST) -> Demand:
    return Demand(Fraction(mbit * MBIT), operator, classes, DELIVERY)


def sample(
    mbit: float = 0, readings: int = 0, days: int = 6, bounds: tuple[float, int] = (0, 0)
) -> Sample:
    """Equal readings, and equal lower bounds, on so many school days."""
    bound, count = bounds
    return replace(
        EMPTY,
        valid=(mbit * MBIT,) * readings,
        bounds=(bound * MBIT,) * count,
        valid_days=days if readings else 0,
        all_days=days,
    )


def line(down: int | None, **kinds: object) -> Link:
    rate = None if down is None else down * MBIT
    return replace(Link(name="wan", contract_down_bits_per_second=rate), **kinds)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("contracts", "verdict"),
    [
        ([100], MET),
        ([99], NOT_MET),
        ([0], NOT_MET),
        ([60, 40], MET),
        ([None], UNDETERMINED),
        ([], UNDETERMINED),
        ([99, None], UNDETERMINED),
        ([100, None], MET),
    ],
)
def test_contract_is_held_against_the_value_times_the_classes(
    contracts: list[int | None], verdict: Verdict
) -> None:
    rates = [None if c is None else c * MBIT for c in contracts]
    assert contract_leg(demand(), rates).verdict is verdict


def test_exact_number_meets_at_least_and_not_more_than() -> None:
    assert contract_leg(demand(operator=Operator.AT_LEAST), [100 * MBIT]).verdict is MET
    assert contract_leg(demand(operator=Operator.MORE_THAN), [100 * MBIT]).verdict is NOT_MET
    assert contract_leg(demand(operator=Operator.MORE_THAN), [100 * MBIT + 1]).verdict is MET


def test_contract_that_is_not_a_whole_number_per_class_is_not_rounded_up() -> None:
    short = contract_leg(demand(mbit=10, classes=3), [30 * MBIT - 1])
    assert short.verdict is NOT_MET


@pytest.mark.parametrize(
    ("readings", "verdict"),
    [
        (sample(90, 20, 5), MET),
        (sample(89.999999, 20, 5), NOT_MET),
        (sample(200, 19, 5), UNDETERMINED),
        (sample(200, 20, 4), UNDETERMINED),
        (sample(50, 19, 5), UNDETERMINED),
        (EMPTY, UNDETERMINED),
    ],
)
def test_delivered_median_must_reach_nine_tenths_on_enough_readings(
    readings: Sample, verdict: Verdict
) -> None:
    assert delivered_leg(demand(), readings, links=1).verdict is verdict


def test_tolerance_bound_is_included_also_under_more_than() -> None:
    leg = delivered_leg(demand(operator=Operator.MORE_THAN), sample(90, 20), links=1)
    assert leg.verdict is MET


def test_median_decides_and_not_the_mean() -> None:
    readings = replace(
        EMPTY, valid=(95.0 * MBIT,) * 11 + (1.0 * MBIT,) * 9, valid_days=5, all_days=5
    )
    assert delivered_leg(demand(), readings, links=1).verdict is MET


def test_lower_bounds_prove_met() -> None:
    leg = delivered_leg(demand(), sample(bounds=(95, 20)), links=1)
    assert leg.verdict is MET
    assert "至少" in leg.reason.zh


def test_lower_bounds_never_prove_not_met() -> None:
    assert delivered_leg(demand(), sample(bounds=(5, 500)), links=1).verdict is UNDETERMINED


def test_too_few_readings_are_counted_in_the_reason() -> None:
    leg = delivered_leg(demand(), sample(200, 12, 3), links=1)
    assert leg.reason == Text(
        "有效测量太少：3 个上课日 12 次，至少需要 5 个上课日 20 次。",
        "Too few valid readings: 12 on 3 school days; at least 20 on 5 are needed.",
    )


def test_missing_probe_is_the_reason_as_long_as_it_is_missing() -> None:
    leg = delivered_leg(demand(), NO_PROBE, links=1)
    assert (leg.verdict, leg.reason, leg.value) == (UNDETERMINED, NO_PROBE, None)


def test_reading_of_one_of_two_lines_is_only_a_lower_bound() -> None:
    assert delivered_leg(demand(), sample(95, 20), links=2).verdict is MET
    short = delivered_leg(demand(), sample(50, 20), links=2)
    assert (short.verdict, short.value) == (UNDETERMINED, None)
    assert "2 条" in short.reason.zh


@pytest.mark.parametrize(
    ("contract", "readings", "verdict"),
    [
        (100, sample(95, 20), MET),
        (100, sample(50, 20), NOT_MET),
        (100, EMPTY, UNDETERMINED),
        (99, sample(99, 20), NOT_MET),
        (99, EMPTY, NOT_MET),
        (None, sample(95, 20), UNDETERMINED),
        (None, sample(50, 20), NOT_MET),
        (None, EMPTY, UNDETERMINED),
    ],
)
def test_school_is_met_iff_both_legs_are_and_not_met_iff_either_is_not(
    contract: int | None, readings: Sample, verdict: Verdict
) -> None:
    one = school("A", classes=10, contract=contract)
    assert find(one, demand(), readings, NO_PROBE, 10).verdict is verdict


def test_upstream_is_shown_and_decides_nothing() -> None:
    one = with_links(school("A", classes=10), line(100, contract_up_bits_per_second=20 * MBIT))
    found = find(one, demand(), sample(95, 20), sample(1, 20), 10)
    up = {leg.name: leg for leg in found.legs if not leg.decides}
    assert found.verdict is MET
    assert up[LegName.CONTRACT_UP].value == 2 * MBIT
    assert up[LegName.DELIVERED_UP].verdict is NOT_MET


def test_backup_and_private_lines_do_not_add_up() -> None:
    one = with_links(
        school("A", classes=10), line(60), line(60, role="backup"), line(60, role="edu_net")
    )
    found = find(one, demand(), EMPTY, EMPTY, 10)
    assert (found.verdict, found.contract_gap) == (NOT_MET, 40 * MBIT)


def test_classes_of_every_kind_behind_the_line_count() -> None:
    one = replace(school("A", classes=6, shared=14), multigrade_classes=2, attached_classes=1)
    assert classes_behind(one) == 23
    assert classes_behind(school("A", classes=None)) is None
    assert classes_behind(school("A", classes=0, shared=14)) == 0


def test_gap_is_unknown_while_a_contract_is() -> None:
    found = find(school("A", classes=10, contract=None), demand(), EMPTY, EMPTY, 10)
    assert (found.contract_needed, found.contract_gap) == (100 * MBIT, None)


rates = st.integers(0, 300)
samples = st.builds(
    sample,
    st.floats(0, 300),
    st.integers(0, 30),
    st.integers(1, 10),
    st.tuples(st.floats(0, 300), st.integers(0, 30)),
)
schools = st.builds(
    school,
    st.just("A"),
    classes=st.integers(1, 60),
    contract=st.none() | rates,
    shared=st.integers(0, 20),
)


def judged(one: School, readings: Sample | Text) -> Finding:
    classes = classes_behind(one)
    assert classes is not None
    return find(one, demand(classes=classes), readings, NO_PROBE, classes)


@given(schools, samples)
def test_taking_evidence_away_never_makes_a_school_met(one: School, readings: Sample) -> None:
    before = judged(one, readings).verdict
    poorer = [
        judged(with_links(one, line(None)), readings),
        judged(with_links(one), readings),
        judged(one, EMPTY),
        judged(one, NO_PROBE),
        judged(one, replace(readings, bounds=())),
        judged(one, replace(readings, valid=readings.valid[:19], bounds=(), valid_days=4)),
    ]
    if before is not MET:
        assert MET not in {found.verdict for found in poorer}


@given(schools, samples, st.integers(1, 200))
def test_more_contract_and_faster_readings_never_make_a_school_worse(
    one: School, readings: Sample, more: int
) -> None:
    order = [NOT_MET, UNDETERMINED, MET]
    contract = one.links[0].contract_down_bits_per_second
    richer = with_links(
        one,
        replace(
            one.links[0],
            contract_down_bits_per_second=None if contract is None else contract + more * MBIT,
        ),
    )
    faster = replace(
        readings,
        valid=tuple(v + more * MBIT for v in readings.valid),
        bounds=tuple(v + more * MBIT for v in readings.bounds),
    )
    before = order.index(judged(one, readings).verdict)
    assert order.index(judged(richer, readings).verdict) >= before
    assert order.index(judged(one, faster).verdict) >= before


@given(schools, samples)
def test_school_is_never_met_without_both_a_contract_and_enough_readings(
    one: School, readings: Sample
) -> None:
    if judged(one, readings).verdict is MET:
        assert one.links[0].contract_down_bits_per_second is not None
        assert len(readings.valid) + len(readings.bounds) >= DELIVERY.minimum_readings
        assert readings.all_days >= DELIVERY.minimum_days
