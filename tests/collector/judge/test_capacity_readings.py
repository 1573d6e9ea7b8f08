"""What stored readings of the capacity probe prove about a school's line, and what they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from collector.judge.judge import Judge, Judgement
from collector.judge.model import Leg, LegName, Verdict
from collector.judge.periods import school_periods
from collector.judge.unmeasured import NO_READING
from collector.judge.why import WORDS
from collector.register.model import School
from collector.store import LastRun
from collector.store.storehouse import Storehouse
from config.calendar import Calendar
from probes.model import Outcome
from probes.train.estimate import Reason
from tests.collector.judge.town import TownStore, catalog, school
from tests.collector.store.stock import stock

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
WEEK = [date(2026, 11, day) for day in (16, 17, 18, 19, 20)]
FOUR: Sequence[float | None] = (95, 95, 95, 95)
NONE: Sequence[float | None] = (None, None, None, None)
MET, NOT_MET, UNDETERMINED = Verdict.MET, Verdict.NOT_MET, Verdict.UNDETERMINED
GOOD = school("A", classes=8)


def judged(judge: Judge, store: TownStore, one: School = GOOD) -> Judgement:
    return judge.judge([one], store, [], NOW.date(), NOW)


def delivered(judge: Judge, store: TownStore, one: School = GOOD) -> Leg:
    """Of the newest demand per class: 10 Mbit/s for 8 classes."""
    found = judged(judge, store, one)
    verdict = next(v for v in found.schools if v.target.id == "hefei.egress_per_class.2020.urban")
    return next(leg for leg in verdict.finding.legs if leg.name is LegName.DELIVERED)


def test_gateways_readings_of_the_line_stand_for_it(judge: Judge) -> None:
    store = TownStore()
    store.capacity("A", WEEK, FOUR)
    leg = delivered(judge, store)
    assert (leg.verdict, leg.evidence.n, leg.evidence.layer) == (MET, 20, "ip")


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (
            {"vantage": "wifi", "agent": "pc-1"},
            "只有电脑经 Wi-Fi 的测量（20 次），不能代表学校出口",
        ),
        (
            {"vantage": "wired", "agent": "pc-1"},
            "只有电脑经有线网的测量（20 次），不能代表学校出口",
        ),
        ({"layer": "transport"}, "只有传输层的测量（20 次），不能代表学校出口"),
        ({"target": "education_network"}, NO_READING.zh),
        ({"direction": "up"}, NO_READING.zh),
    ],
)
@pytest.mark.parametrize("mbit", [5, 500])
def test_nothing_else_ever_stands_for_it(
    judge: Judge, labels: dict[str, str], said: str, mbit: float
) -> None:
    store = TownStore()
    store.capacity("A", WEEK, [mbit] * 4, **labels)
    leg = delivered(judge, store)
    assert (leg.verdict, leg.value, leg.evidence.n) == (UNDETERMINED, None, 0)
    assert leg.reason.zh.startswith(said)
    lines = judged(judge, store).lines
    assert {line.verdict for line in lines if line.direction == "down"} == {UNDETERMINED}


@pytest.mark.parametrize("wifi", [5, 500])
def test_wifi_of_a_pc_changes_nothing_beside_the_gateways(judge: Judge, wifi: float) -> None:
    store = TownStore()
    store.capacity("A", WEEK, FOUR)
    alone = delivered(judge, store)
    store.capacity("A", WEEK, [wifi] * 40, vantage="wifi", agent="pc-1")
    assert delivered(judge, store) == alone


def test_wifi_of_a_pc_that_went_through_journal_and_archive_is_no_line_either(
    judge: Judge, calendar: Calendar, tmp_path: Path
) -> None:
    made = TownStore()
    made.capacity("A", WEEK, [500] * 4, vantage="wifi", agent="pc-1")
    made.capacity("B", WEEK, FOUR)
    house = Storehouse(tmp_path, catalog(), lambda: round(NOW.timestamp() * 1000))
    try:
        stock(house, made.readings)
        house.seal()
        schools = [GOOD, school("B", classes=8)]
        house.store.set_periods(
            school_periods(calendar, schools, NOW - timedelta(days=30), NOW + timedelta(days=1))
        )
        found = judge.judge(schools, house.store, [], NOW.date(), NOW)
    finally:
        house.close()
    assert [(f.school.code, f.verdict, f.n) for f in found.lines] == [
        ("A", UNDETERMINED, 0),
        ("B", MET, 20),
    ]
    access = {v.school: v.verdict for v in found.schools if v.target.value == 100_000_000}
    assert access == {"A": UNDETERMINED, "B": MET}


def test_blocked_is_not_slow(judge: Judge) -> None:
    store = TownStore()
    store.capacity("A", WEEK, NONE, validity="blocked", why="nothing_arrived")
    leg = delivered(judge, store)
    assert (leg.verdict, leg.value) == (UNDETERMINED, None)
    assert leg.reason.zh == ("20 次测量被阻断，速率未知，这不等于慢：发出的 UDP 包一个也没有到达。")


def test_why_measurements_come_to_nothing_is_the_commonest_cause_of_those_that_loaded_the_line(
    judge: Judge,
) -> None:
    store = TownStore()
    quiet = {"validity": "inconclusive", "why": "not_full", "tier": "t0"}
    store.capacity("A", WEEK, [None] * 60, **quiet)
    assert delivered(judge, store).reason.zh.endswith("线路没有被用满。")
    store.capacity("A", WEEK, [None] * 3, validity="inconclusive", why="mixed")
    store.capacity("A", WEEK, [None], validity="inconclusive", why="short")
    assert delivered(judge, store).reason.zh == (
        "20 次测量没有结论，最常见的原因：与他人的流量混在一起。"
    )


def test_refusal_is_named_where_the_line_is_only_watched(judge: Judge) -> None:
    refused = LastRun("A", "gw", "capacity", "line", NOW, Outcome.NOT_RUN, "not_sentinel")
    store = TownStore(runs=[refused])
    assert delivered(judge, store).reason.zh == "没有主动测量：由另一台机器测速。"
    store.capacity("A", WEEK, NONE, validity="inconclusive", why="not_full", tier="t0")
    store.runs = [replace(refused, at=datetime(2030, 1, 1, tzinfo=UTC))]
    assert delivered(judge, store).reason.zh == "没有主动测量：由另一台机器测速。"


def test_too_few_readings_say_also_what_became_of_the_others(judge: Judge) -> None:
    store = TownStore()
    store.capacity("A", WEEK[:2], FOUR)
    store.capacity("A", WEEK, NONE, validity="blocked", why="nothing_arrived")
    said = delivered(judge, store).reason.zh
    assert said.startswith("有效测量太少：2 个上课日 8 次，至少需要 5 个上课日 20 次。")
    assert "20 次测量被阻断" in said


def test_every_reason_of_a_train_has_words() -> None:
    assert {reason.value for reason in Reason} <= WORDS.keys()


@pytest.mark.parametrize(
    ("contract", "measured", "verdict"),
    [(100, 90, MET), (100, 89, NOT_MET), (99, 99, NOT_MET), (100, None, UNDETERMINED)],
)
def test_hundred_megabit_access_is_contracted_and_arrives(
    judge: Judge, contract: int, measured: float | None, verdict: Verdict
) -> None:
    store = TownStore()
    if measured is not None:
        store.capacity("A", WEEK, [measured] * 4)
    found = judged(judge, store, school("A", contract=contract))
    access = next(v for v in found.schools if v.target.policy == "national.access_100m")
    assert access.verdict is verdict
    assert [leg.name for leg in access.finding.legs if leg.decides] == [
        LegName.CONTRACT,
        LegName.DELIVERED,
    ]
