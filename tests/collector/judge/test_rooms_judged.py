"""Rooms: classroom sets, Wi-Fi, recording rooms, labs, and what is only declared or signed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest

from collector.inventory.model import DeviceKind
from collector.judge.duty.papers import Papers, Says, Signed
from collector.judge.model import Verdict
from collector.register.model import School, Seat
from collector.register.room import Room, RoomKind
from config.calendar import Calendar
from tests.collector.judge.campus import CODE, DAY, NOW, Campus, device, pc, room
from tests.collector.judge.town import school

MET, NOT_MET, UNDETERMINED = Verdict.MET, Verdict.NOT_MET, Verdict.UNDETERMINED
SETS, WIFI = "hefei.classroom_sets", "hefei.wifi_full"


@pytest.fixture
def campus(calendar: Calendar) -> Campus:
    return Campus(calendar)


def surveyed(id: str, wifi: bool = True) -> Room:
    return room(id, wifi=wifi, surveyed_on=DAY)


def other(number: int, seat: Seat = "urban", **facts: object) -> School:
    one = replace(school(f"34990001{number:02}"), seat=seat)
    return replace(one, **facts)  # type: ignore[arg-type]


# Classroom sets


def test_every_place_has_to_have_a_set(campus: Campus) -> None:
    campus.has(rooms=(room("A1", set_installed=True), room("A2", set_installed=True)))
    assert campus.finding(SETS).verdict is MET
    campus.has(rooms=(*campus.school.rooms, room("A3", set_installed=False)))
    found = campus.finding(SETS)
    assert found.verdict is NOT_MET
    assert found.legs[0].value == pytest.approx(2 / 3)


def test_a_room_of_which_nothing_is_said_leaves_it_open(campus: Campus) -> None:
    campus.has(rooms=(room("A1", set_installed=True), room("A2")))
    found = campus.finding(SETS)
    assert found.verdict is UNDETERMINED
    assert found.reason.zh == "共 2 处：登记有 1、未知 1。"


def test_a_set_that_is_seen_outweighs_what_was_registered(campus: Campus) -> None:
    campus.has(rooms=(room("A1", set_installed=False), room("A2")))
    campus.agents = [pc("a1", "A1")]
    campus.beat("a1", NOW - timedelta(hours=5))
    campus.devices = [device(1, DeviceKind.SMART_BOARD, room="A2")]
    found = campus.finding(SETS)
    assert (found.verdict, found.reason.zh) == (MET, "共 2 处：实测有 2。")


def test_rooms_that_are_no_main_teaching_places_do_not_count(campus: Campus) -> None:
    campus.has(rooms=(room("A1", set_installed=True), room("B1", RoomKind.OFFICE)))
    assert campus.finding(SETS).verdict is MET


def test_places_that_are_not_listed_are_not_known(campus: Campus) -> None:
    campus.has(rooms=(room("A1", set_installed=True),), counts={"main_teaching_places": 3})
    found = campus.finding(SETS)
    assert found.verdict is UNDETERMINED
    assert "未逐间登记 2" in found.reason.zh


def test_without_a_list_the_declared_numbers_hold(campus: Campus) -> None:
    assert campus.finding(SETS).verdict is UNDETERMINED
    campus.has(counts={"main_teaching_places": 50, "equipped_places": 49})
    assert campus.finding(SETS).verdict is NOT_MET
    campus.now = NOW.replace(year=2017, month=6)
    assert campus.finding(SETS).verdict is MET  # 98% is asked until the end of 2017


# Wi-Fi


def test_one_room_without_wifi_is_not_full_coverage(campus: Campus) -> None:
    campus.has(rooms=(surveyed("A1"), surveyed("A2")))
    assert campus.finding(WIFI).verdict is MET
    campus.has(rooms=(surveyed("A1"), surveyed("A2", wifi=False)))
    assert campus.finding(WIFI).verdict is NOT_MET


def test_any_number_of_access_points_elsewhere_proves_nothing(campus: Campus) -> None:
    campus.has(rooms=(room("A1"),))
    campus.devices = [device(n, DeviceKind.ACCESS_POINT) for n in range(50)]
    assert campus.finding(WIFI).verdict is UNDETERMINED
    campus.devices.append(device(99, DeviceKind.ACCESS_POINT, room="A1"))
    assert campus.finding(WIFI).verdict is MET


def test_an_access_point_that_vanished_proves_nothing(campus: Campus) -> None:
    campus.has(rooms=(room("A1"),))
    campus.devices = [
        device(1, DeviceKind.ACCESS_POINT, room="A1", last_seen=NOW - timedelta(days=31))
    ]
    assert campus.finding(WIFI).verdict is UNDETERMINED


def test_a_computer_of_the_room_on_wifi_proves_it(campus: Campus) -> None:
    campus.has(rooms=(surveyed("A1", wifi=False),))
    campus.agents = [pc("a1", "A1")]
    campus.read("wifi_link", "a1", NOW - timedelta(days=2), {"signal_dbm": -60})
    found = campus.finding(WIFI)
    assert (found.verdict, found.reason.zh) == (MET, "共 1 处：电脑连着无线 1。")


def test_an_old_survey_is_no_evidence(campus: Campus) -> None:
    campus.has(rooms=(room("A1", wifi=True, surveyed_on=date(2024, 9, 1)),))
    found = campus.finding(WIFI)
    assert (found.verdict, found.reason.zh) == (UNDETERMINED, "共 1 处：勘测已过期 1。")


def test_more_than_half_is_more_than_half(campus: Campus) -> None:
    campus.has(rooms=(surveyed("A1"),))
    without = (surveyed("A1", wifi=False),)
    campus.also = [
        other(1, rooms=(surveyed("A1"),)),
        other(2, rooms=without),
        other(3, rooms=without),
    ]
    area = campus.area("hefei.wifi_full.2020.all")
    assert (area.low, area.verdict, area.missing_schools) == (Fraction(1, 2), NOT_MET, 1)
    campus.also = [other(1, rooms=(surveyed("A1"),)), other(2, rooms=without)]
    assert campus.area("hefei.wifi_full.2020.all").verdict is MET


def test_an_education_office_is_looked_at_by_its_offices(campus: Campus) -> None:
    one = room("B1", RoomKind.OFFICE, wifi=True, surveyed_on=DAY)
    campus.has(unit_kind="office", rooms=(one, room("M1", RoomKind.MEETING_ROOM), room("A1")))
    assert campus.asked() == {"hefei.office_wifi"}
    assert campus.finding("hefei.office_wifi").verdict is UNDETERMINED
    campus.has(rooms=(one,))
    assert campus.finding("hefei.office_wifi").verdict is MET


# Rooms that are there or not


def test_a_listed_room_proves_that_it_is_there_and_only_a_zero_that_it_is_not(
    campus: Campus,
) -> None:
    policy = "hefei.recording_room"
    campus.has(seat="township", rooms=(room("A1"),))
    assert campus.finding(policy).verdict is UNDETERMINED
    campus.has(counts={"recording_rooms": 0})
    assert campus.finding(policy).verdict is NOT_MET
    campus.has(rooms=(room("L1", RoomKind.RECORDING_ROOM, name="录播一室"),))
    found = campus.finding(policy)
    assert (found.verdict, found.reason.zh) == (MET, "登记有录播教室 录播一室。")
    assert found.legs[0].evidence.layer == "declared"


def test_a_share_of_schools_is_rounded_up_to_whole_schools(campus: Campus) -> None:
    campus.has(seat="urban", counts={"recording_rooms": 1})
    campus.also = [other(n, counts={"recording_rooms": 0}) for n in range(6)]
    campus.now = NOW.replace(year=2017, month=6)
    area = campus.area("hefei.recording_room.2016.town")  # 20% of 7 is 1.4: two schools
    assert (area.verdict, area.missing_schools) == (NOT_MET, 1)


def test_a_village_school_is_in_none_of_the_three_words_and_not_called_unregistered(
    campus: Campus,
) -> None:
    campus.has(seat="urban", counts={"recording_rooms": 1})
    campus.also = [other(1, "village"), other(2, "")]
    area = campus.area("hefei.recording_room.2020.town")
    assert area.tally.total == 1
    assert "另有 1 所的区域未登记" in area.population.zh
    campus.has(seat="village")
    assert "hefei.recording_room" not in campus.asked()
    assert "hefei.wifi_full" in campus.asked()


def test_seat_decides_where_three_words_are_used_and_policy_area_where_two_are(
    campus: Campus,
) -> None:
    campus.has(seat="county_town", policy_area="county", claims={"smart_campus": True})
    rows = {v.target.id for v in campus.judge().schools if v.school == CODE}
    assert "hefei.smart_campus.2020.county_town" in rows
    assert "hefei.egress_per_class.2020.county" in rows


@pytest.mark.parametrize(
    ("type_code", "seat", "asked"),
    [
        ("342", "county_town", {"hefei.digital_lab_senior", "hefei.smart_campus_senior"}),
        ("341", "township", {"hefei.digital_lab_other", "hefei.smart_campus_senior"}),
        ("311", "village", {"hefei.digital_lab_other"}),
        ("312", "urban", {"hefei.digital_lab_other", "hefei.smart_campus"}),
        ("211", "urban", {"hefei.smart_campus"}),
        ("365", "urban", {"hefei.digital_campus"}),
    ],
)
def test_a_school_type_decides_which_schedule_binds(
    campus: Campus, type_code: str, seat: Seat, asked: set[str]
) -> None:
    campus.has(type_code=type_code, seat=seat)
    of_types = ("hefei.digital", "hefei.smart_campus")
    assert {policy for policy in campus.asked() if policy.startswith(of_types)} == asked


# Declared and signed


def signed(says: Says = Says.FULFILLED, **more: object) -> Papers:
    one = Signed(
        school=CODE,
        duty="duty.hefei_smart_school",
        attest="smart-class-used",
        says=says,
        at=NOW - timedelta(days=20),
        until=NOW + timedelta(days=300),
        is_whole=True,
        by="principal",
    )
    return Papers(signed=(replace(one, **more),))  # type: ignore[arg-type]


def test_what_nobody_declared_is_undetermined(campus: Campus) -> None:
    campus.has(seat="urban")
    assert campus.finding("hefei.smart_classroom").verdict is UNDETERMINED


@pytest.mark.parametrize(("claim", "verdict"), [(True, MET), (False, NOT_MET)])
def test_a_declaration_decides_and_says_since_when(
    campus: Campus, claim: bool, verdict: Verdict
) -> None:
    campus.has(seat="urban", claims={"smart_classroom": claim}, valid_from=date(2026, 9, 1))
    found = campus.finding("hefei.smart_classroom")
    assert found.verdict is verdict
    assert "since 2026-09-01" in found.reason.en


def test_a_signature_outweighs_a_declaration_while_it_holds(campus: Campus) -> None:
    campus.has(seat="urban", claims={"smart_classroom": False})
    campus.papers = signed()
    found = campus.finding("hefei.smart_classroom")
    assert (found.verdict, found.reason.en) == (MET, "Attested on 2026-11-03: yes.")
    campus.papers = signed(until=NOW - timedelta(days=1))
    assert campus.finding("hefei.smart_classroom").verdict is NOT_MET
    campus.papers = signed(is_whole=False)
    assert campus.finding("hefei.smart_classroom").verdict is NOT_MET


# Rooms per hundred students


def per_hundred(campus: Campus, **facts: object) -> dict[str, Verdict]:
    campus.has(tags=frozenset({"balanced-development"}), type_code="312", **facts)
    return {
        v.target.policy.rpartition("_")[2]: v.verdict
        for v in campus.judge().schools
        if v.target.policy.startswith("balanced.")
    }


def test_two_thousand_pupils_need_forty_six_rooms(campus: Campus) -> None:
    facts = {"students": {"primary": 2000}, "classes": {"primary": 40}}
    found = per_hundred(campus, **facts, counts={"networked_multimedia_rooms": 46})
    assert found == {"primary": MET, "junior": Verdict.NOT_APPLICABLE}
    assert per_hundred(campus, counts={"networked_multimedia_rooms": 45})["primary"] is NOT_MET


def test_a_nine_year_school_is_divided_by_stage(campus: Campus) -> None:
    facts = {"students": {"primary": 1000, "junior": 500}}
    total = {"networked_multimedia_rooms": 40}
    undivided = per_hundred(campus, **facts, counts=total)
    assert undivided == {"primary": UNDETERMINED, "junior": UNDETERMINED}
    by_stage = {
        "networked_multimedia_rooms.primary": 28,
        "networked_multimedia_rooms.junior": 12,
    }
    assert per_hundred(campus, counts={**total, **by_stage}) == {"primary": MET, "junior": MET}
