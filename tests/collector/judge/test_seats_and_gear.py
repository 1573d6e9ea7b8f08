"""Computer rooms before lessons and exams, and gear without agents in lessons."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from collector.inventory.model import DeviceKind
from collector.judge.model import Verdict
from collector.register.exams import Exam
from collector.register.room import RoomKind
from collector.remote.lessons import RemoteLessons
from collector.remote.model import Kind, RemoteLesson
from config.calendar import Calendar
from probes.model import Role
from tests.collector.judge.campus import CODE, NOW, Campus, device, lesson, pc, room

LAB = room("J101", RoomKind.COMPUTER_ROOM, seats=4, name="一号机房")
READY, EXAM = "computer_room_ready_ratio", "exam_room_ready_ratio"


@pytest.fixture
def campus(calendar: Calendar) -> Campus:
    one = Campus(calendar)
    one.has(adcode="610724", rooms=(LAB,))
    one.agents = [pc(f"a{n}", "J101") for n in range(4)]
    return one


def on(campus: Campus, agents: Iterable[str], at: datetime) -> None:
    for agent in agents:
        campus.beat(agent, at)


def exam(hours_ahead: float) -> Exam:
    return Exam(id=1, school=CODE, room="J101", at=NOW + timedelta(hours=hours_ahead), title="")


def test_every_seat_that_was_on_in_a_lesson_is_ready(campus: Campus) -> None:
    on(campus, ["a0", "a1", "a2", "a3"], lesson(19))
    assert campus.finding("xixiang.computer_rooms").verdict is Verdict.MET


def test_a_seat_that_was_not_on_is_not_known_rather_than_broken(campus: Campus) -> None:
    on(campus, ["a0", "a1"], lesson(19))
    on(campus, ["a2"], lesson(2))  # longer ago than a week of lessons
    found = campus.finding("xixiang.computer_rooms")
    assert (found.verdict, found.legs[0].value) == (Verdict.UNDETERMINED, 0.5)
    assert found.reason.zh == "一号机房 4 座：开过机 2、未听到 2。"


def test_being_on_at_night_proves_nothing_for_a_lesson(campus: Campus) -> None:
    on(campus, ["a0"], lesson(19, hour=15))
    assert campus.figure(READY).value is None


def test_seats_without_an_agent_and_computers_elsewhere_do_not_help(campus: Campus) -> None:
    campus.agents = [pc("a0", "J101"), pc("a1"), pc("a2", "gone")]
    on(campus, ["a0", "a1", "a2"], lesson(19))
    assert "没有接入 3" in campus.figure(READY).reason.zh


def test_no_figure_is_shown_for_a_school_without_a_computer_room(campus: Campus) -> None:
    campus.has(rooms=(room("A1"),))
    assert READY not in {f.indicator for f in campus.judge().figures}


def test_before_an_exam_what_was_not_on_yet_may_still_be(campus: Campus) -> None:
    campus.exams = [exam(3)]
    on(campus, ["a0", "a1", "a2"], NOW - timedelta(hours=2))
    found = campus.finding("xixiang.exam_rooms")
    assert (found.verdict, found.legs[0].value) == (Verdict.UNDETERMINED, 0.75)


def test_once_it_has_begun_a_silent_seat_was_not_ready(campus: Campus) -> None:
    campus.exams = [exam(-1)]
    on(campus, ["a0", "a1", "a2"], NOW - timedelta(hours=2))
    assert campus.finding("xixiang.exam_rooms").verdict is Verdict.NOT_MET
    on(campus, ["a3"], NOW - timedelta(hours=20))
    assert campus.finding("xixiang.exam_rooms").verdict is Verdict.MET


def test_what_came_on_after_it_began_is_too_late(campus: Campus) -> None:
    campus.exams = [exam(-3)]
    on(campus, ["a0", "a1", "a2"], NOW - timedelta(hours=4))
    on(campus, ["a3"], NOW - timedelta(hours=2))
    assert campus.finding("xixiang.exam_rooms").verdict is Verdict.NOT_MET


def test_of_a_school_of_which_nothing_was_heard_nothing_is_known(campus: Campus) -> None:
    campus.exams = [exam(-1)]
    assert campus.finding("xixiang.exam_rooms").verdict is Verdict.UNDETERMINED


def test_an_exam_of_next_week_is_not_looked_at_yet(campus: Campus) -> None:
    campus.exams = [exam(24 * 7)]
    on(campus, ["a0"], NOW - timedelta(hours=1))
    assert "从前 24 小时起看" in campus.figure(EXAM).reason.zh


def test_without_an_exam_it_does_not_apply(campus: Campus) -> None:
    assert campus.finding("xixiang.exam_rooms").verdict is Verdict.NOT_APPLICABLE


# Gear


def sweep(campus: Campus, at: datetime, *numbers: int) -> None:
    """A round that found these devices."""
    base = {"target": "10.1.1.0/24"}
    labels = {"mac": "all", "address": "all"}
    campus.read("arp_sweep", "gw", at, {"hosts_count": len(numbers)}, labels=labels, **base)
    for number in numbers:
        mac = device(number).macs[0]
        found = {"mac": mac, "address": f"10.1.1.{number}"}
        campus.read("arp_sweep", "gw", at, {"seen": 1}, labels=found, **base)


def test_gear_is_averaged_by_class_and_the_lowest_counts(campus: Campus) -> None:
    campus.devices = [
        device(1, DeviceKind.SWITCH),
        device(2, DeviceKind.SWITCH),
        device(3, DeviceKind.ACCESS_POINT),
        device(4, DeviceKind.PC),
    ]
    for minute, found in ((0, (1, 2, 3)), (5, (1, 3)), (10, (1, 3)), (15, (1, 3))):
        sweep(campus, lesson(19) + timedelta(minutes=minute), *found)
    figure = campus.figure("gear_answering_ratio_in_lessons")
    assert (figure.value, figure.n) == (0.625, 3)
    assert figure.reason.zh == "交换机 62.5%；接入点 100%。"


def test_sweeps_outside_of_lessons_do_not_count(campus: Campus) -> None:
    campus.devices = [device(1, DeviceKind.SWITCH)]
    sweep(campus, lesson(19, hour=15), 1)
    assert campus.figure("gear_answering_ratio_in_lessons").value is None


def test_what_is_polled_by_snmp_counts_beside_what_is_swept(campus: Campus) -> None:
    campus.devices = [
        device(1, DeviceKind.SWITCH, name="core"), device(2, DeviceKind.SWITCH, name="edge")
    ]  # fmt: skip
    for minute in range(0, 20, 5):
        at = lesson(19) + timedelta(minutes=minute)
        campus.read("snmp_system", "gw", at, {"seen": 1}, target="core")
    campus.read("snmp_system", "gw", lesson(19), {"seen": 1}, target="edge")
    assert campus.figure("gear_answering_ratio_in_lessons").value == 0.625


def test_the_lowest_recording_room_counts(campus: Campus) -> None:
    rooms = [room(f"L{n}", RoomKind.RECORDING_ROOM) for n in (1, 2)]
    campus.has(rooms=tuple(rooms))
    campus.devices = [
        device(1, DeviceKind.RECORDER, room="L1"), device(2, DeviceKind.CODEC, room="L2")
    ]  # fmt: skip
    sweep(campus, lesson(19), 1, 2)
    sweep(campus, lesson(19) + timedelta(minutes=5), 1)
    figure = campus.figure("recording_room_online_ratio_in_lessons")
    assert (figure.value, figure.coverage) == (0.5, 1.0)
    assert figure.reason.zh == "L2 50%；L1 100%。"


def test_a_recording_room_without_a_known_recorder_says_so(campus: Campus) -> None:
    campus.has(rooms=(room("L1", RoomKind.RECORDING_ROOM),))
    figure = campus.figure("recording_room_online_ratio_in_lessons")
    assert figure.value is None
    assert "没有哪台录播主机" in figure.reason.zh


def test_a_codec_counts_in_the_remote_lessons_in_which_the_lan_was_swept(campus: Campus) -> None:
    thursday = RemoteLesson(line=2, school=CODE, weekday=3, kind=Kind.GIVE, number=2)
    campus.remote = RemoteLessons((thursday,), revision="r", meetings={CODE: ()})
    campus.agents = [pc("gw", role=Role.GATEWAY)]
    campus.devices = [device(1, DeviceKind.CODEC)]
    sweep(campus, lesson(12), 1)
    sweep(campus, lesson(19), 2)
    sweep(campus, lesson(18), 1)  # no remote lesson is listed then
    figure = campus.figure("remote_class_codec_online_ratio")
    assert (figure.value, figure.n) == (0.5, 2)
    assert figure.coverage is not None
    assert figure.coverage < 1
