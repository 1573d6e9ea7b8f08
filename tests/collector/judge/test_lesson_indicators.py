"""Worked examples of what is judged over lesson time: uplink, platforms, use of the line.

One school week, 33 lessons of 40 minutes, looked at every five minutes: 264 looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from collector.judge.egress import (
    NO_LINE,
    NO_RATE,
    NO_TRAFFIC,
    SEVERAL_INTERFACES,
    SEVERAL_LINES,
)
from collector.judge.indicators import platform_reachable_ratio_in_lessons as platforms_module
from collector.judge.judge import Judge, Judgement, read_policies
from collector.judge.model import Finding, LegName, Verdict
from collector.judge.periods import school_periods
from collector.register.model import Link, School
from collector.store import Expectation
from collector.store.memory import MemoryStore, StoredReading
from config.calendar import Calendar
from config.platform_file import Platform
from probes.catalog import Catalog, discover
from probes.metrics import REACHABLE
from probes.model import Probe, Role
from probes.text import Text
from tests.collector.judge.town import MBIT, agent, school

NOW = datetime(2026, 11, 23, 0, 10, tzinfo=UTC)
"""Monday before the first lesson: last week is complete."""
MONDAY = datetime(2026, 11, 15, 16, tzinfo=UTC)
SATURDAY = datetime(2026, 11, 20, 16, tzinfo=UTC)
EVERY = timedelta(minutes=5)
LOOKS = 264
CODE = "1499000001"
CLOUD = Platform("cloud", Text("县云", "Cloud"), "cloud.example.edu.cn", 443, 300, "notice 1")
STUDY = Platform("study", Text("学习", "Study"), "study.example.edu.cn", 443, 300, "notice 1")


class Week:
    """A school with one gateway, its readings of last week, and the judgement of them."""

    def __init__(self, calendar: Calendar, catalog: Catalog, of: School) -> None:
        self.calendar, self.catalog, self.school = calendar, catalog, of
        self.platforms: tuple[Platform, ...] = ()
        self.store = MemoryStore(catalog)
        periods = school_periods(calendar, [of], MONDAY - timedelta(days=30), NOW)
        self.store.set_periods(periods)
        self.lessons = [p for p in periods if p.kind == "lesson" and p.since >= MONDAY]
        self.expectations: list[Expectation] = []

    def looks(self) -> Iterator[datetime]:
        for lesson in self.lessons:
            at = lesson.since
            while at < lesson.until:
                yield at
                at += EVERY

    def read(
        self,
        probe: str,
        target: str,
        value: Callable[[int], dict[str, float] | None],
        labels: dict[str, str] | None = None,
    ) -> None:
        """A reading for each look; None is one that never came. In the nights all is well."""
        asked = Expectation(
            self.school.code, "gw", probe, target, EVERY.total_seconds(), MONDAY, SATURDAY
        )
        if asked not in self.expectations:  # one run gives a reading for each interface
            self.expectations.append(asked)
        self.store.set_expectations(self.expectations)
        for number, at in enumerate(self.looks()):
            if (values := value(number)) is not None:
                reading = StoredReading(
                    probe=probe, at=at, school=self.school.code, agent="gw", values=values,
                    target=target, labels=labels,
                )  # fmt: skip
                self.store.readings.append(reading)

    def reach(self, target: str, failed: int = 0, missing: int = 0) -> None:
        """The first `failed` looks did not get through, the next `missing` never came."""

        def value(number: int) -> dict[str, float] | None:
            if failed <= number < failed + missing:
                return None
            return {"reachable": float(number >= failed)}

        self.read("tcp_connect", target, value)

    def judge(self) -> Judgement:
        policies = replace(read_policies(), platforms=self.platforms)
        judge = Judge(self.catalog, policies, self.calendar)
        agents = [agent("gw", self.school.code, Role.GATEWAY)]
        return judge.judge([self.school], self.store, agents, NOW.date(), NOW)

    def finding(self, policy: str) -> Finding:
        found = [v for v in self.judge().schools if v.target.policy == policy]
        assert len(found) == 1
        return found[0].finding


def figures(week: Week) -> dict[str, tuple[float | None, str]]:
    return {f.indicator: (f.figure.value, f.figure.reason.zh) for f in week.judge().figures}


def test_uplink_is_shown_for_schools_of_which_no_plan_asks_it(calendar: Calendar) -> None:
    week = Week(calendar, discover(), school(CODE))
    week.reach("collector", failed=66)
    value, reason = figures(week)["uplink_up_ratio"]
    assert value == 0.75
    assert "66 次不通" in reason
    assert "平台清单为空" in figures(week)["platform_reachable_ratio_in_lessons"][1]


def test_platform_without_a_reading_is_shown_before_those_that_are_reached(
    calendar: Calendar,
) -> None:
    week = Week(calendar, discover(), school(CODE))
    week.platforms = (CLOUD, STUDY)
    week.reach(CLOUD.target)
    value, reason = figures(week)["platform_reachable_ratio_in_lessons"]
    assert (value, reason) == (None, "学习：上课时还没有读数。")


def rural(adcode: str = "140999") -> School:
    return replace(school(CODE, "county", adcode=adcode), tags=frozenset({"protection-level-3"}))


@pytest.fixture
def week(calendar: Calendar) -> Week:
    return Week(calendar, discover(), rural())


def test_the_week_has_264_looks(week: Week) -> None:
    assert len(list(week.looks())) == LOOKS


def test_uplink_that_was_up_95_percent_of_the_lessons_is_met(week: Week) -> None:
    week.reach("collector", failed=13)
    found = week.finding("shanxi.uplink_up")
    assert found.verdict is Verdict.MET
    (leg,) = found.legs
    assert (leg.name, leg.evidence.n, leg.evidence.days) == (LegName.UPLINK, LOOKS, 5)
    assert leg.value == pytest.approx(251 / 264)
    assert leg.evidence.coverage == 1


def test_uplink_that_was_up_less_is_not_met(week: Week) -> None:
    week.reach("collector", failed=14)
    found = week.finding("shanxi.uplink_up")
    assert found.verdict is Verdict.NOT_MET
    assert found.reason.zh.startswith("上课时应有 264 次，250 次连通、14 次不通：94.7%")


def test_looks_that_never_came_are_neither_up_nor_down(week: Week) -> None:
    week.reach("collector", missing=14)
    found = week.finding("shanxi.uplink_up")
    assert found.verdict is Verdict.UNDETERMINED
    assert "14 次没有消息：在 94.7% 与 100% 之间" in found.reason.zh
    assert found.legs[0].value == 1.0
    assert found.legs[0].evidence.coverage == pytest.approx(250 / 264)


def test_silence_does_not_excuse_what_failed(week: Week) -> None:
    week.reach("collector", failed=20, missing=14)
    assert week.finding("shanxi.uplink_up").verdict is Verdict.NOT_MET


def test_outage_outside_lessons_does_not_count(week: Week) -> None:
    week.reach("collector")
    for hour in range(10):
        week.store.readings.append(
            StoredReading(
                probe="tcp_connect", at=MONDAY - timedelta(hours=hour), school=CODE, agent="gw",
                values={"reachable": 0.0}, target="collector",
            )
        )  # fmt: skip
    assert week.finding("shanxi.uplink_up").verdict is Verdict.MET


def test_school_without_readings_is_undetermined_and_says_how_few(week: Week) -> None:
    found = week.finding("shanxi.uplink_up")
    assert found.verdict is Verdict.UNDETERMINED
    assert found.legs[0].value is None
    assert "0 天 0 次" in found.reason.zh


def test_rural_reachability_is_the_split_of_its_area(week: Week) -> None:
    week.reach("collector", failed=14)
    (area,) = [a for a in week.judge().areas if a.target.policy == "shanxi.uplink_up"]
    assert [(title.zh, tally.not_met) for title, tally in area.split] == [("乡村", 1)]


def test_number_of_the_plan_that_is_ours_is_marked_so(week: Week) -> None:
    (area,) = [a for a in week.judge().areas if a.target.policy == "shanxi.uplink_up"]
    assert (area.target.origin.kind, area.target.origin.value_origin) == ("plan", "default")
    assert area.target.quote == "寬帶網(wǎng)絡(luò)服務(wù)可到達"


@pytest.fixture
def county(calendar: Calendar) -> Week:
    return Week(calendar, discover(), rural("610724"))


def test_without_a_list_of_platforms_the_target_does_not_apply(county: Week) -> None:
    found = county.finding("xixiang.platforms")
    assert found.verdict is Verdict.NOT_APPLICABLE
    assert "平台清单为空" in found.reason.zh


def test_worst_platform_decides_and_is_named(county: Week) -> None:
    county.platforms = (CLOUD, STUDY)
    county.reach(CLOUD.target)
    county.reach(STUDY.target, failed=66)
    found = county.finding("xixiang.platforms")
    assert found.verdict is Verdict.NOT_MET
    assert found.reason.zh.startswith("学习：上课时应有 264 次，198 次连通")
    assert found.legs[0].value == 0.75


def test_platform_that_nobody_looked_at_keeps_it_undetermined(county: Week) -> None:
    county.platforms = (CLOUD, STUDY)
    county.reach(CLOUD.target)
    found = county.finding("xixiang.platforms")
    assert found.verdict is Verdict.UNDETERMINED
    assert found.reason.zh.startswith("学习：上课时的读数太少")


class Fetch(Probe[object]):
    name = "web_fetch"
    title = Text("", "")
    measures = (REACHABLE,)
    roles: ClassVar[frozenset[Role]] = frozenset({Role.GATEWAY})
    aimed = True


def test_page_that_was_fetched_says_more_than_a_connection(calendar: Calendar) -> None:
    catalog = Catalog([*(p for n, p in discover().items() if n != "web_fetch"), Fetch])
    county = Week(calendar, catalog, rural("610724"))
    county.platforms = (CLOUD,)
    county.reach(CLOUD.target)
    county.read("web_fetch", CLOUD.target, lambda n: {"reachable": float(n >= 66)})
    found = county.finding("xixiang.platforms")
    assert found.verdict is Verdict.NOT_MET
    assert (found.legs[0].evidence.method, found.legs[0].evidence.layer) == (
        "web_fetch.reachable",
        "http",
    )
    assert platforms_module.PROBES[0] == ("web_fetch", "http")


def carry(week: Week, mbits: Callable[[int], float], interface: str = "eth0") -> None:
    def value(number: int) -> dict[str, float]:
        rate = mbits(number) * MBIT
        return {"received_bits_per_second": rate, "sent_bits_per_second": rate / 10}

    week.read("interface_rate", "local", value, {"interface": interface})


def load(week: Week) -> Finding:
    return week.finding("dengbao.line_load")


def test_line_below_seven_tenths_in_95_percent_of_the_lessons_is_met(week: Week) -> None:
    carry(week, lambda n: 99 if n < 13 else 60)  # 4.9 % of the time it was full
    found = load(week)
    assert found.verdict is Verdict.MET
    down, up = found.legs
    assert (down.decides, up.decides) == (True, False)
    assert down.value == pytest.approx(0.6)
    assert up.value is None  # no upload rate is contracted
    assert (down.evidence.layer, down.evidence.n) == ("counter", LOOKS)


def test_line_that_is_full_more_often_is_not_met(week: Week) -> None:
    carry(week, lambda n: 99 if n < 20 else 60)
    found = load(week)
    assert found.verdict is Verdict.NOT_MET
    assert found.legs[0].value == pytest.approx(0.99)


def test_line_that_was_not_seen_enough_is_undetermined(week: Week) -> None:
    week.read(
        "interface_rate", "local",
        lambda n: {"received_bits_per_second": 6e7} if n % 2 else None, {"interface": "eth0"},
    )  # fmt: skip
    found = load(week)
    assert found.verdict is Verdict.UNDETERMINED
    assert "只覆盖 50%" in found.reason.zh


@pytest.mark.parametrize(
    ("links", "interfaces", "reason"),
    [
        ((), ("eth0",), NO_LINE),
        ((Link(name="x"),), ("eth0",), NO_RATE),
        ((Link(name="x", contract_down_bits_per_second=10**8),), (), NO_TRAFFIC),
        (
            (Link(name="x", contract_down_bits_per_second=10**8),),
            ("eth0", "eth1"),
            SEVERAL_INTERFACES,
        ),
        ((Link(name="x"), Link(name="y")), ("eth0", "eth1"), SEVERAL_LINES),
    ],
)
def test_way_out_is_never_guessed(
    calendar: Calendar, links: tuple[Link, ...], interfaces: tuple[str, ...], reason: Text
) -> None:
    week = Week(calendar, discover(), replace(rural(), links=links))
    for interface in interfaces:
        carry(week, lambda n: 60, interface)
    found = load(week)
    assert (found.verdict, found.reason) == (Verdict.UNDETERMINED, reason)


def test_interface_that_carries_nothing_is_not_the_way_out(week: Week) -> None:
    carry(week, lambda n: 60)
    carry(week, lambda n: 0, "docker0")
    assert load(week).verdict is Verdict.MET


def test_of_two_named_lines_the_fullest_decides(calendar: Calendar) -> None:
    links = tuple(
        Link(name=name, contract_down_bits_per_second=100 * MBIT) for name in ("wan1", "wan2")
    )
    week = Week(calendar, discover(), replace(rural(), links=links))
    carry(week, lambda n: 20, "wan1")
    carry(week, lambda n: 80, "wan2")
    carry(week, lambda n: 99, "lan")
    found = load(week)
    assert found.verdict is Verdict.NOT_MET
    assert found.legs[0].value == pytest.approx(0.8)


def test_use_of_the_line_is_asked_at_protection_level_three_only(calendar: Calendar) -> None:
    week = Week(calendar, discover(), replace(rural(), tags=frozenset()))
    assert "dengbao.line_load" not in {v.target.policy for v in week.judge().schools}
