"""Worked examples of remote lessons: a month with one each Tuesday and Thursday, eight in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from collector.judge.judge import Judge, Judgement, read_policies
from collector.judge.model import Figure, Finding, LegName, Verdict
from collector.remote.lessons import NONE_LISTED, RemoteLessons
from collector.remote.model import Kind, MeetingPoint, RemoteLesson
from collector.remote.occasions import Occasion, occasions
from collector.store.memory import MemoryStore, StoredReading
from config.calendar import Calendar
from probes.catalog import Catalog, discover
from probes.model import Outcome, Role
from probes.text import Text
from tests.collector.judge import town
from tests.collector.judge.town import agent

NOW = datetime(2026, 11, 23, 0, 10, tzinfo=UTC)
SCHOOL = town.school("1461072401", adcode="610724")
MINUTE = timedelta(minutes=1)
MEETING = MeetingPoint("meet.example.edu.cn", 443)
FINE = {
    "loss_ratio": 0.0,
    "rtt_seconds_p95": 0.03,
    "jitter_up_seconds_mean": 0.004,
    "jitter_down_seconds_mean": 0.004,
    "received_bits_per_second_mean": 6e6,
    "sent_bits_per_second_mean": 5e6,
}
CUT = {"loss_ratio": 1.0}


def lesson(weekday: int, meeting: MeetingPoint | None = None) -> RemoteLesson:
    return RemoteLesson(
        line=2, school=SCHOOL.code, weekday=weekday, kind=Kind.GIVE, number=3, meeting=meeting
    )


@dataclass
class Month:
    """`listed` lessons, what the gateway read of them, and the judgement."""

    calendar: Calendar
    listed: tuple[RemoteLesson, ...] = (lesson(1), lesson(3))
    gateways: tuple[str, ...] = ("gw",)
    catalog: Catalog = field(default_factory=discover)

    def __post_init__(self) -> None:
        self.store = MemoryStore(self.catalog)
        first, last = NOW.date() - timedelta(days=29), NOW.date()
        self.due = occasions(self.listed, SCHOOL, self.calendar, first, last)

    def put(
        self, probe: str, at: datetime, values: dict[str, float], target: str, **labels: str
    ) -> None:
        self.store.readings.append(
            StoredReading(
                probe=probe, at=at, school=SCHOOL.code, agent="gw", values=values, target=target,
                labels=labels, outcome=Outcome.OK,
            )
        )  # fmt: skip

    def way(self, occasion: Occasion, minutes: Sequence[int], **changed: float) -> None:
        """A run bears the instant of its end, most of a minute after its beginning."""
        for minute in minutes:
            at = occasion.since + minute * MINUTE + timedelta(seconds=54)
            self.put("loaded_latency", at, {**FINE, **changed}, "collector")

    def capacity(
        self, mbit: float, *, minutes: Sequence[int] = (-7, 3, 13, 23, 33), **labels: str
    ) -> None:
        """In every lesson, in both directions."""
        for occasion in self.due:
            for minute in minutes:
                for direction in ("down", "up"):
                    given = {"direction": direction, "validity": "valid", "tier": "t1", "why": "-"}
                    given |= {"vantage": "gateway", "layer": "ip", **labels}
                    values = {"capacity_bits_per_second": mbit * 1e6}
                    self.put("capacity", occasion.since + minute * MINUTE, values, "line", **given)

    def fine(self, *without: int) -> None:
        """Every lesson went well, but for those of these numbers, of which nothing was read."""
        self.capacity(100)
        for number, occasion in enumerate(self.due):
            if number not in without:
                self.way(occasion, range(40))

    def judge(self, listed: RemoteLessons | None = None) -> Judgement:
        if listed is None:
            listed = RemoteLessons(self.listed, None, "r1", {SCHOOL.code: ()})
        agents = [agent(name, SCHOOL.code, Role.GATEWAY) for name in self.gateways]
        judge = Judge(self.catalog, read_policies(), self.calendar)
        return judge.judge([SCHOOL], self.store, agents, NOW.date(), NOW, listed)

    def finding(self, listed: RemoteLessons | None = None) -> Finding:
        found = self.judge(listed).schools
        return next(v.finding for v in found if v.target.policy == "xixiang.remote_class")

    def figure(self, indicator: str = "remote_lesson_good_ratio") -> Figure:
        return next(f.figure for f in self.judge().figures if f.indicator == indicator)

    def held(self) -> Figure:
        return self.figure("remote_lessons_held_count")


@pytest.fixture
def month(calendar: Calendar) -> Month:
    return Month(calendar)


def test_eight_lessons_are_due(month: Month) -> None:
    assert [occasion.day.day for occasion in month.due] == [27, 29, 3, 5, 10, 12, 17, 19]


def test_month_of_good_lessons_is_met(month: Month) -> None:
    month.fine()
    found = month.finding()
    assert found.verdict is Verdict.MET
    assert found.reason.zh == "排定 8 节：优良 8，欠佳 0，差 0，无法判定 0。"
    (leg,) = found.legs
    assert (leg.name, leg.value, leg.required) == (LegName.REMOTE, 1.0, 0.95)
    assert (leg.evidence.n, leg.evidence.days, leg.evidence.coverage) == (8, 8, 1.0)
    assert month.figure().value == 1.0


def test_two_poor_minutes_of_forty_do_not_spoil_a_lesson_and_three_do(month: Month) -> None:
    month.fine(0, 1)
    month.way(month.due[0], range(38))
    month.way(month.due[0], range(38, 40), rtt_seconds_p95=0.2)
    month.way(month.due[1], range(37))
    month.way(month.due[1], range(37, 40), rtt_seconds_p95=0.2, jitter_up_seconds_mean=0.06)
    found = month.finding()
    assert found.verdict is Verdict.NOT_MET
    assert found.reason.zh == (
        "排定 8 节：优良 7，欠佳 1，差 0，无法判定 0。不合格的分钟数：时延 3、抖动 3。"
    )


@pytest.mark.parametrize("changed", [{"loss_ratio": 0.051}, {"rtt_seconds_p95": 0.301}, CUT])
def test_lesson_that_could_hardly_be_followed_is_bad(
    month: Month, changed: dict[str, float]
) -> None:
    month.fine(0)
    month.way(month.due[0], range(37))
    month.way(month.due[0], range(37, 40), **changed)
    assert "优良 7，欠佳 0，差 1" in month.finding().reason.zh


def test_bounds_themselves_are_good(month: Month) -> None:
    month.fine(0)
    at_bounds = {"loss_ratio": 0.01, "rtt_seconds_p95": 0.15, "jitter_down_seconds_mean": 0.05}
    month.way(month.due[0], range(40), **at_bounds)
    assert "优良 8" in month.finding().reason.zh


def test_lesson_of_which_too_little_is_known_is_undetermined_and_never_bad(month: Month) -> None:
    month.fine(0)
    month.way(month.due[0], range(29), **CUT)
    found = month.finding()
    assert found.verdict is Verdict.UNDETERMINED
    assert "优良 7，欠佳 0，差 0，无法判定 1" in found.reason.zh
    assert month.figure().value == 1.0
    assert month.figure().coverage == 7 / 8
    month.way(month.due[0], [29], **CUT)
    assert "优良 7，欠佳 0，差 1，无法判定 0" in month.finding().reason.zh


def test_few_lessons_are_too_few_for_a_verdict(month: Month) -> None:
    month.fine(0, 1, 2, 3)
    found = month.finding()
    assert found.verdict is Verdict.UNDETERMINED
    assert "至少需要 3 天 5 节" in found.reason.zh


def test_without_a_capacity_nothing_is_good_and_nothing_bad(month: Month) -> None:
    for occasion in month.due:
        month.way(occasion, range(40))
    found = month.finding()
    assert found.verdict is Verdict.UNDETERMINED
    assert "无法判定 8。缺少数据的分钟数：上行余量 320、下行余量 320" in found.reason.zh


def test_line_too_narrow_for_any_lesson_fails(month: Month) -> None:
    month.capacity(3.9)
    for occasion in month.due:
        month.way(occasion, range(40))
    assert "不合格的分钟数：上行余量 320、下行余量 320" in month.finding().reason.zh
    assert month.finding().verdict is Verdict.NOT_MET


def test_what_the_lesson_itself_carries_is_not_held_against_it(month: Month) -> None:
    """Of 8 Mbit/s 5 are in use, perhaps by this lesson: there is no telling."""
    month.capacity(8)
    for occasion in month.due:
        month.way(occasion, range(40))
    assert month.figure().value is None
    month.store.readings.clear()
    month.capacity(8)
    for occasion in month.due:
        month.way(
            occasion, range(40), sent_bits_per_second_mean=3e6, received_bits_per_second_mean=4e6
        )
    assert month.figure().value == 1.0


def test_lower_bound_of_the_capacity_can_prove_room_and_never_the_lack_of_it(month: Month) -> None:
    month.capacity(20, validity="lower_bound")
    for occasion in month.due:
        month.way(occasion, range(40))
    assert month.figure().value == 1.0
    month.store.readings.clear()
    month.capacity(3, validity="lower_bound")
    for occasion in month.due:
        month.way(occasion, range(40))
    assert month.figure().value is None


@pytest.mark.parametrize(
    ("vantage", "layer", "validity"),
    [
        ("wifi", "ip", "valid"),
        ("gateway", "transport", "valid"),
        ("gateway", "ip", "inconclusive"),
    ],
)
def test_capacity_that_is_not_the_lines_does_not_count(
    month: Month, vantage: str, layer: str, validity: str
) -> None:
    month.capacity(100, vantage=vantage, layer=layer, validity=validity)
    for occasion in month.due:
        month.way(occasion, range(40))
    assert month.figure().value is None


def test_capacity_of_the_morning_says_nothing_of_the_afternoon(month: Month) -> None:
    month.capacity(100, minutes=[-61])
    for occasion in month.due:
        month.way(occasion, range(40))
    assert month.figure().value is None
    month.capacity(100, minutes=[-20])
    assert month.figure().value == 1.0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"reachable": 1.0, "handshake_seconds_min": 0.05}, "优良 4，欠佳 0，差 0，无法判定 0"),
        ({"reachable": 1.0, "handshake_seconds_min": 0.2}, "优良 0，欠佳 4，差 0，无法判定 0"),
        ({"reachable": 0.0}, "优良 0，欠佳 0，差 4，无法判定 0"),
        (None, "优良 0，欠佳 0，差 0，无法判定 4"),
    ],
)
def test_meeting_point_has_to_be_reached(
    calendar: Calendar, values: dict[str, float] | None, said: str
) -> None:
    month = Month(calendar, listed=(lesson(1, MEETING),))
    month.fine()
    for occasion in month.due:
        for minute in range(40):
            at = occasion.since + minute * MINUTE + timedelta(seconds=40)
            month.put("tcp_connect", at, {"reachable": 1.0}, "meeting.other.example:443")
            if values is not None:
                month.put("tcp_connect", at, values, MEETING.target)
    assert said in month.figure().reason.zh


def test_what_happens_outside_of_the_lesson_does_not_count(month: Month) -> None:
    month.fine()
    for occasion in month.due:
        month.way(occasion, [*range(-10, 0), *range(40, 50)], **CUT)
    assert month.figure().value == 1.0


def test_lesson_that_has_just_ended_waits_for_its_readings(month: Month) -> None:
    now = month.due[-1].until + timedelta(minutes=9)
    month.fine()
    agents = [agent("gw", SCHOOL.code, Role.GATEWAY)]
    listed = RemoteLessons(month.listed, None, "r1", {SCHOOL.code: ()})
    judge = Judge(month.catalog, read_policies(), month.calendar)
    for later, due in ((now, 7), (now + MINUTE, 8)):
        judged = judge.judge([SCHOOL], month.store, agents, later.date(), later, listed)
        figure = next(f for f in judged.figures if f.indicator == "remote_lesson_good_ratio")
        assert figure.figure.n == due


def test_who_has_no_remote_lessons_is_not_asked_for_any(month: Month) -> None:
    assert month.finding(NONE_LISTED).verdict is Verdict.NOT_APPLICABLE
    others = RemoteLessons(month.listed, None, "r1", {"9934000009": ()})
    found = month.finding(others)
    assert (found.verdict, found.reason.zh) == (
        Verdict.NOT_APPLICABLE,
        "远程课表里没有该校，不适用。",
    )


def test_mistake_in_the_list_leaves_all_undetermined_and_is_shown(month: Month) -> None:
    month.fine()
    fault = Text("remote-lessons.csv：第 3 行……", "remote-lessons.csv: line 3 ...")
    found = month.finding(RemoteLessons(month.listed, fault, "r1", {SCHOOL.code: ()}))
    assert (found.verdict, found.reason) == (Verdict.UNDETERMINED, fault)


def test_school_without_a_gateway_is_undetermined(month: Month) -> None:
    month.gateways = ()
    found = month.finding()
    assert (found.verdict, "没有接入网关" in found.reason.zh) == (Verdict.UNDETERMINED, True)


def traffic(month: Month, occasion: Occasion, before: float, during: float) -> None:
    """Mbit/s up and down, ten minutes before and in the lesson."""
    for minutes, mbit in ((range(-10, 0), before), (range(40), during)):
        rates = {"sent_bits_per_second_mean": mbit * 1e6}
        month.way(occasion, minutes, received_bits_per_second_mean=mbit * 1e6, **rates)


def test_traffic_tells_lessons_held_from_those_not_held_and_from_neither(month: Month) -> None:
    for number, occasion in enumerate(month.due):
        if number < 3:
            traffic(month, occasion, before=0.4, during=2.5)
        elif number < 5:
            traffic(month, occasion, before=0.4, during=0.1)
        else:
            traffic(month, occasion, before=2.0, during=2.5)
    figure = month.held()
    assert (figure.value, figure.lower_bound) == (3, True)
    assert figure.reason.zh == "排定 8 节：流量表明开了 3，没开 2，无法判定 3。"


def test_no_lesson_is_said_not_to_be_held_for_want_of_evidence(month: Month) -> None:
    for occasion in month.due:
        traffic(month, occasion, before=2.0, during=2.5)
    assert month.held().value is None
    assert month.held().n == 0


def test_lesson_without_readings_before_it_proves_nothing(month: Month) -> None:
    month.fine()
    assert month.held().value is None


def test_every_lesson_not_held_is_none_held(month: Month) -> None:
    for occasion in month.due:
        traffic(month, occasion, before=0.4, during=0.1)
    assert (month.held().value, month.held().lower_bound) == (0, False)


def test_closed_day_has_no_lesson_to_be_held(month: Month) -> None:
    replaced = replace(month.listed[0], until=NOW.date() - timedelta(days=60))
    month.listed = (replaced,)
    assert month.finding().verdict is Verdict.NOT_APPLICABLE
