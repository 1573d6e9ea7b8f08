from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest

from collector.measure.rules import dearest, reserve
from collector.register.model import Link, School
from config.calendar import Calendar
from config.calendar_file import load_calendar
from config.measuring_file import Loading, load_measuring
from probes.measuring.permit import Tier

SCHOOL = School(code="9934000001", name="示例", adcode="340199")
POLICY = load_measuring()
MBIT = 1e6
LESSON = datetime(2026, 11, 23, 6, 20, tzinfo=UTC)
"""14:20 in Shanghai, a Monday: within the first lesson after noon."""
NIGHT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


@cache
def calendar() -> Calendar:
    return load_calendar()


def allowed(at: datetime, wanted: Loading = Tier.STREAMS, school: School = SCHOOL) -> list[Loading]:
    return dearest(POLICY, calendar(), school, wanted, at)


def first_bell() -> datetime:
    stretches = calendar().expand("default", LESSON.replace(hour=0), NIGHT, "Asia/Shanghai")
    return next(s.since for s in stretches if s.kind == "lesson")


def test_lesson_has_trains_and_never_streams() -> None:
    assert allowed(LESSON) == [Tier.TRAINS]


@pytest.mark.parametrize("at", [NIGHT, SUNDAY])
def test_streams_are_for_outside_lessons(at: datetime) -> None:
    assert allowed(at) == [Tier.STREAMS, Tier.TRAINS]
    assert allowed(at, Tier.TRAINS) == [Tier.TRAINS]


def test_streams_do_not_begin_when_a_bell_would_ring_before_their_end() -> None:
    bell = first_bell().timestamp()
    seconds = POLICY.bounds[Tier.STREAMS].seconds
    before = datetime.fromtimestamp(bell - seconds, UTC)
    late = datetime.fromtimestamp(bell - seconds + 1, UTC)
    assert allowed(before) == [Tier.STREAMS, Tier.TRAINS]
    assert allowed(late) == [Tier.TRAINS]


def test_school_without_a_known_timetable_may_be_in_a_lesson_at_any_time() -> None:
    assert allowed(NIGHT, school=replace(SCHOOL, calendar="nowhere")) == [Tier.TRAINS]


def test_county_may_forbid_all_loading_in_lessons() -> None:
    policy = replace(POLICY, allowed={**POLICY.allowed, "lesson": Tier.PASSIVE})
    assert dearest(policy, calendar(), SCHOOL, Tier.STREAMS, LESSON) == []


def test_what_is_set_aside_follows_what_is_expected_then_contracted_then_a_careful_guess() -> None:
    line = Link(
        name="主线",
        contract_down_bits_per_second=int(200 * MBIT),
        contract_up_bits_per_second=int(20 * MBIT),
    )
    school = replace(SCHOOL, links=(line,))
    assert reserve(POLICY, school, "line", 80 * MBIT, 1000 * MBIT) == 100 * MBIT
    assert reserve(POLICY, school, "line", None, 1000 * MBIT) == 250 * MBIT
    assert reserve(POLICY, SCHOOL, "line", None, 1000 * MBIT) == 125 * MBIT


def test_second_uplink_has_its_own_contract() -> None:
    links = (
        Link(name="a", contract_down_bits_per_second=int(200 * MBIT)),
        Link(name="b", role="edu_net", contract_down_bits_per_second=int(40 * MBIT)),
    )
    school = replace(SCHOOL, links=links)
    assert reserve(POLICY, school, "education_network", None, 1000 * MBIT) == 50 * MBIT


def test_no_more_is_set_aside_than_the_server_has_and_no_less_than_a_train_needs() -> None:
    assert reserve(POLICY, SCHOOL, "line", 5000 * MBIT, 1000 * MBIT) == 1000 * MBIT
    assert reserve(POLICY, SCHOOL, "line", 1 * MBIT, 1000 * MBIT) == 10 * MBIT
    assert reserve(POLICY, SCHOOL, "line", 1 * MBIT, 5 * MBIT) == 5 * MBIT
