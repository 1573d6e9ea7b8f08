"""What lines bring against their contracts, on figures that can be checked by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from collector.judge.judge import Judge, last_day
from collector.judge.line import LineFinding, p10
from collector.judge.model import Verdict, Window
from collector.judge.rows import line_row
from collector.register.model import Link, School
from config.calendar import Calendar
from config.policy import Delivery, LinePolicy, Policies
from tests.collector.judge.town import MBIT, TownStore, catalog, school, with_links

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
WEEK = [date(2026, 11, day) for day in (16, 17, 18, 19, 20)]
MET, NOT_MET, UNDETERMINED = Verdict.MET, Verdict.NOT_MET, Verdict.UNDETERMINED
WAN = Link(name="wan", isp="示例电信", contract_down_bits_per_second=100 * MBIT)


def lines(judge: Judge, store: TownStore, one: School) -> tuple[LineFinding, ...]:
    return judge.judge([one], store, [], NOW.date(), NOW).lines


def only(judge: Judge, store: TownStore, *links: Link) -> LineFinding:
    (found,) = lines(judge, store, with_links(school("A"), *links))
    return found


def test_throttled_line_is_below_its_contract_with_its_evidence(judge: Judge) -> None:
    store = TownStore()
    store.capacity("A", WEEK[:4], [50, 52, 54, 56])
    store.capacity("A", WEEK[4:], [96, 97, 98, 99])
    found = only(judge, store, WAN)
    assert found.verdict is NOT_MET
    assert (found.contract, found.required, found.median) == (100e6, 90e6, 54e6)
    assert (found.n, found.days, found.share) == (20, 5, 0.54)
    assert found.p10 == 50e6
    assert [(d.day, d.n, d.median, d.least) for d in found.by_day] == [
        *((day, 4, 53e6, 50e6) for day in WEEK[:4]),
        (WEEK[4], 4, 97.5e6, 96e6),
    ]
    assert [d.day for d in found.worst_days] == WEEK[:4]
    assert found.reason.zh == (
        "合同 100 Mbit/s，实测中位数只有 54 Mbit/s，为合同的 54%，低于 90%"
        "（5 个上课日 20 次有效测量）。"
    )


def test_line_within_the_tolerance_brings_its_contract(judge: Judge) -> None:
    store = TownStore()
    store.capacity("A", WEEK, [90] * 4)
    assert only(judge, store, WAN).verdict is MET


@pytest.mark.parametrize("tolerance", [Fraction(1, 2), Fraction(1)])
def test_tolerance_is_the_policys(
    calendar: Calendar, policies: Policies, tolerance: Fraction
) -> None:
    terms = LinePolicy(Delivery(tolerance, 20, 5, "default"))
    judge = Judge(catalog(), replace(policies, lines=terms), calendar)
    store = TownStore()
    store.capacity("A", WEEK, [80] * 4)
    assert only(judge, store, WAN).verdict is (MET if tolerance < 1 else NOT_MET)


def test_lower_bounds_prove_a_line_and_never_accuse_one(judge: Judge) -> None:
    fast, slow = TownStore(), TownStore()
    fast.capacity("A", WEEK, [95] * 4, validity="lower_bound")
    slow.capacity("A", WEEK, [5] * 40, validity="lower_bound")
    assert only(judge, fast, WAN).verdict is MET
    found = only(judge, slow, WAN)
    assert (found.verdict, found.n, found.bounds) == (UNDETERMINED, 0, 200)


def test_few_readings_and_blocked_ones_accuse_nobody(judge: Judge) -> None:
    store = TownStore()
    store.capacity("A", WEEK[:4], [5] * 40)
    assert only(judge, store, WAN).verdict is UNDETERMINED
    blocked = TownStore()
    blocked.capacity("A", WEEK, [None] * 40, validity="blocked", why="nothing_arrived")
    found = only(judge, blocked, WAN)
    assert found.verdict is UNDETERMINED
    assert "被阻断" in found.reason.zh


def test_readings_of_weekends_and_of_other_months_are_left_out(judge: Judge) -> None:
    store = TownStore()
    october = [date(2026, 10, day) for day in (12, 13, 14, 15, 16)]
    store.capacity("A", october, [96] * 4)
    store.capacity("A", [date(2026, 10, 17), date(2026, 10, 18)], [1] * 40)
    store.capacity("A", WEEK, [40] * 4)
    one = with_links(school("A"), WAN)
    (found,) = judge.lines([one], store, date(2026, 10, 31), NOW)
    assert found.window == Window(date(2026, 10, 1), date(2026, 10, 31))
    assert (found.verdict, found.n, found.median) == (MET, 20, 96e6)


def test_upload_is_a_finding_of_its_own_where_it_is_contracted(judge: Judge) -> None:
    store = TownStore()
    store.capacity("A", WEEK, [100] * 4)
    store.capacity("A", WEEK, [10] * 4, direction="up")
    both = replace(WAN, contract_up_bits_per_second=30 * MBIT)
    found = {f.direction: f.verdict for f in lines(judge, store, with_links(school("A"), both))}
    assert found == {"down": MET, "up": NOT_MET}


def test_line_without_a_contract_is_measured_and_not_judged(judge: Judge) -> None:
    store = TownStore()
    store.capacity("A", WEEK, [54] * 4)
    found = only(judge, store, replace(WAN, contract_down_bits_per_second=None))
    assert (found.verdict, found.median, found.share) == (UNDETERMINED, 54e6, None)
    assert found.reason.zh == "登记册没有合同带宽。"


def test_of_two_primary_lines_nobody_knows_which_was_measured(judge: Judge) -> None:
    store = TownStore()
    store.capacity("A", WEEK, [5] * 4)
    found = lines(judge, store, with_links(school("A"), WAN, replace(WAN, name="wan2")))
    assert [(f.link.name, f.verdict, f.median) for f in found] == [
        ("wan", UNDETERMINED, None),
        ("wan2", UNDETERMINED, None),
    ]


def test_backup_line_is_no_finding_and_the_education_network_is_one_by_its_own_readings(
    judge: Judge,
) -> None:
    store = TownStore()
    store.capacity("A", WEEK, [100] * 4)
    store.capacity("A", WEEK, [20] * 4, target="education_network")
    backup = replace(WAN, name="4g", role="backup")
    second = replace(WAN, name="edu", role="edu_net")
    found = lines(judge, store, with_links(school("A"), WAN, backup, second))
    assert [(f.link.name, f.verdict) for f in found] == [("wan", MET), ("edu", NOT_MET)]


def test_row_of_a_line_is_plain_and_says_how_it_was_judged(judge: Judge) -> None:
    store = TownStore()
    store.capacity("A", WEEK, [54] * 4)
    row = line_row(only(judge, store, WAN))
    assert (row["provider"], row["direction"], row["verdict"]) == ("示例电信", "down", "not_met")
    assert (row["tolerance"], row["minimum_readings"], row["minimum_days"]) == (0.9, 20, 5)
    assert (row["layer"], row["method"]) == ("ip", "capacity.capacity_bits_per_second")
    assert row["window"] == ["2026-10-25", "2026-11-23"]
    assert row["by_day"][0] == {"day": "2026-11-16", "n": 4, "median": 54e6, "least": 54e6}


def test_p10_is_of_type_seven_and_of_nothing_nothing() -> None:
    assert p10([float(n) for n in range(1, 12)]) == 2.0
    assert (p10([3.0]), p10([])) == (3.0, None)


@pytest.mark.parametrize(
    ("month", "day"),
    [
        ("2026-10", date(2026, 10, 31)),
        ("2025-12", date(2025, 12, 31)),
        ("2024-02", date(2024, 2, 29)),
        ("2026-11", None),
        ("2027-01", None),
        ("2026-13", None),
        ("october", None),
        ("0000-01", None),
    ],
)
def test_month_is_one_that_is_over(month: str, day: date | None) -> None:
    assert last_day(month, NOW.date()) == day
