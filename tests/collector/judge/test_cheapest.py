"""The cheapest set of schools, against trying every set there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from collector.judge.bandwidth import Demand, find
from collector.judge.capacity import Sample
from collector.judge.cheapest import cheapest, plan_words
from collector.judge.judge import Judge
from collector.judge.model import Finding, Step, Verdict
from collector.judge.rows import rows
from collector.judge.share import judge_share, needed
from config.policy import Delivery, LinePolicy, Operator
from probes.text import Text
from tests.collector.judge.town import MBIT, TownStore, school

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
WEEK = [date(2026, 11, day) for day in (16, 17, 18, 19, 20)]
MET, NOT_MET, UNDETERMINED = Verdict.MET, Verdict.NOT_MET, Verdict.UNDETERMINED
NOTHING = Text("", "")
GAPS = st.one_of(st.none(), st.integers(min_value=0, max_value=4).map(lambda n: n * 50 * MBIT))


def finding(verdict: Verdict, gap: int | None) -> Finding:
    if verdict is MET:
        return Finding(MET, NOTHING, contract_needed=100 * MBIT, contract_gap=0)
    needed_rate = None if gap is None else 100 * MBIT + gap
    return Finding(verdict, NOTHING, contract_needed=needed_rate, contract_gap=gap)


FINDINGS = st.lists(
    st.builds(finding, st.sampled_from([MET, NOT_MET, UNDETERMINED, Verdict.NOT_APPLICABLE]), GAPS),
    max_size=7,
)
SHARES = st.sampled_from([Fraction(1, 3), Fraction(1, 2), Fraction(3, 5), Fraction(1)])


def by_brute_force(found: dict[str, Finding], share: Fraction) -> int | None:
    """The fewest bits a second with which some set of schools reaches the share; None if none."""
    counted = [f for f in found.values() if f.verdict is not Verdict.NOT_APPLICABLE]
    met = sum(f.verdict is MET for f in counted)
    open_ = [f for f in counted if f.verdict is not MET and f.contract_gap is not None]
    costs = [
        sum(f.contract_gap or 0 for f in chosen)
        for size in range(len(open_) + 1)
        for chosen in combinations(open_, size)
        if judge_share(met + size, len(counted) - met - size, 0, share, Operator.AT_LEAST)
        in (MET, Verdict.NOT_APPLICABLE)
    ]
    return min(costs, default=None)


@given(FINDINGS, SHARES)
def test_no_set_of_schools_is_cheaper(findings: list[Finding], share: Fraction) -> None:
    found = {f"{n:02}": each for n, each in enumerate(findings)}
    verdicts = [f.verdict for f in findings]
    total = len(verdicts) - verdicts.count(Verdict.NOT_APPLICABLE)
    short = max(0, needed(total, share, Operator.AT_LEAST) - verdicts.count(MET)) if total else 0
    plan = cheapest(short, found.items())
    best = by_brute_force(found, share)
    assert plan.suffices is (best is not None)
    if best is not None:
        assert plan.add == best


@given(FINDINGS, st.randoms(use_true_random=False))
def test_order_of_the_schools_changes_nothing(findings: list[Finding], random: object) -> None:
    found = [(f"{n:02}", each) for n, each in enumerate(findings)]
    mixed = list(found)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert cheapest(3, mixed) == cheapest(3, found)


def test_of_equal_prices_the_lower_code_is_chosen() -> None:
    found = {code: finding(NOT_MET, 50 * MBIT) for code in ("C", "A", "B")}
    assert [c.school for c in cheapest(2, found.items()).chosen] == ["A", "B"]


def test_groups_say_who_has_to_act(judge: Judge) -> None:
    """Four schools of 10 classes; all of them must reach 10 Mbit/s a class."""
    schools = [
        school("A", classes=10, contract=100),  # brings half of it
        school("B", classes=10, contract=100),  # never measured
        school("C", classes=10, contract=60),
        school("D", classes=10, contract=None),
    ]
    store = TownStore()
    store.capacity("A", WEEK, [50] * 4)
    found = judge.judge(schools, store, [], NOW.date(), NOW)
    area = next(a for a in found.areas if a.target.id == "hefei.egress_per_class.2020.urban")
    plan = area.plan
    assert plan is not None
    steps = {step: [c.school for c in plan.of(step)] for step in Step}
    assert steps == {Step.PROVIDER: ["A"], Step.MEASURE: ["B"], Step.CONTRACT: ["C"]}
    assert (plan.short, plan.add, plan.unknown, plan.suffices) == (4, 40 * MBIT, ("D",), False)
    assert plan_words(plan).zh == (
        "还差 4 所；最省的办法是 1 所合计增加合同带宽 40 Mbit/s；1 所合同已够，由运营商履约；"
        "1 所合同已够，还需测量；另有 1 所要先登记班级数和合同带宽。"
    )
    row = next(r for r in rows(found)["areas"] if r["target_value"].endswith("2020.urban"))
    assert row["plan"]["add_bits_per_second"] == 40 * MBIT
    assert [s["step"] for s in row["plan"]["schools"]] == ["provider", "measure", "contract"]


def test_worst_school_need_not_be_bought_for_a_third(judge: Judge) -> None:
    """2018 asks 10 Mbit/s of a third of urban schools: one of three, and the cheapest will do."""
    schools = [
        school("A", classes=60, contract=100),
        school("B", classes=12, contract=100),
        school("C", classes=30, contract=100),
    ]
    found = judge.judge(schools, TownStore(), [], date(2018, 12, 31), NOW)
    area = next(a for a in found.areas if a.target.id == "hefei.egress_per_class.2018.urban")
    assert area.plan is not None
    assert [(c.school, c.add, c.total) for c in area.plan.chosen] == [("B", 20 * MBIT, 120 * MBIT)]


def test_demands_that_are_due_later_have_a_plan_already(judge: Judge) -> None:
    found = judge.judge([school("A", classes=48)], TownStore(), [], date(2018, 6, 1), NOW)
    coming = next(a for a in found.coming if a.target.id == "hefei.egress_per_class.2018.urban")
    assert coming.plan is not None
    assert coming.plan.add == 380 * MBIT
    assert coming.target.id not in {a.target.id for a in found.areas}


def test_what_no_contract_plays_a_part_in_has_no_plan(judge: Judge) -> None:
    found = judge.judge([replace(school("A"), adcode="140101")], TownStore(), [], NOW.date(), NOW)
    plans = {a.target.policy: a.plan for a in found.areas}
    assert plans["shanxi.uplink_up"] is None
    assert plans["national.access_100m"] is not None


DELIVERY = Delivery(Fraction(9, 10), 20, 5, "default")
EMPTY = Sample(NOW, NOW)


def needs(operator: Operator, offers: tuple[int, ...] = (), contract: int = 60) -> Finding:
    demand = Demand(Fraction(10 * MBIT), operator, 12, DELIVERY)
    terms = LinePolicy(DELIVERY, tuple(offer * MBIT for offer in offers))
    return find(school("A", contract=contract), demand, EMPTY, EMPTY, 12, terms)


def test_what_to_contract_is_rounded_up_to_what_is_sold_only_if_policy_says_what_that_is() -> None:
    exact, sold = needs(Operator.AT_LEAST), needs(Operator.AT_LEAST, (50, 100, 200, 300))
    assert (exact.contract_needed, exact.contract_gap) == (120 * MBIT, 60 * MBIT)
    assert (sold.contract_needed, sold.contract_gap) == (200 * MBIT, 140 * MBIT)
    beyond = needs(Operator.AT_LEAST, (50, 100))
    assert beyond.contract_needed == 120 * MBIT


def test_contract_that_suffices_is_not_rounded_up() -> None:
    found = needs(Operator.AT_LEAST, (100, 200), contract=130)
    assert (found.contract_needed, found.contract_gap) == (120 * MBIT, 0)


def test_more_than_needs_one_bit_more() -> None:
    found = needs(Operator.MORE_THAN, contract=120)
    assert (found.contract_needed, found.contract_gap) == (120 * MBIT + 1, 1)
