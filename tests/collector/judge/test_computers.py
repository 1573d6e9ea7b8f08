"""People to a computer: what is counted, and what it can prove."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from collector.inventory.model import DeviceKind, Standing, Use
from collector.judge.judge import read_policies
from collector.judge.model import Finding, LegName, Verdict
from collector.register.room import RoomKind
from config.calendar import Calendar
from config.policy_folder import POLICY_FOLDER, CountyFolder
from config.strict import PolicyError
from tests.collector.judge.campus import NOW, Campus, device, pc, room

LAB = room("J101", RoomKind.COMPUTER_ROOM, seats=50)
PUPILS = "hefei.students_per_computer"


def campus(calendar: Calendar, pupils: int, declared: int | None) -> Campus:
    found = Campus(calendar)
    counts = {} if declared is None else {"student_terminals": declared}
    found.has(students={"primary": pupils}, counts=counts, rooms=(LAB,))
    return found


def values(finding: Finding) -> dict[LegName, float | None]:
    return {leg.name: leg.value for leg in finding.legs}


def test_six_to_one_is_met_by_exactly_six_and_not_by_one_more(calendar: Calendar) -> None:
    one = campus(calendar, 1260, None)
    one.devices = [device(n, use=Use.STUDENT) for n in range(210)]
    assert one.finding(PUPILS).verdict is Verdict.MET
    one.has(students={"primary": 1261})
    assert one.finding(PUPILS).verdict is Verdict.UNDETERMINED


def test_what_was_seen_never_proves_that_there_are_too_few(calendar: Calendar) -> None:
    one = campus(calendar, 1260, None)
    one.devices = [device(1, use=Use.STUDENT)]
    found = one.finding(PUPILS)
    assert (found.verdict, values(found)[LegName.COUNTED]) == (Verdict.UNDETERMINED, 1260)


def test_what_is_declared_proves_too_few_and_says_how_many_are_missing(calendar: Calendar) -> None:
    found = campus(calendar, 1260, 150).finding(PUPILS)
    assert found.verdict is Verdict.NOT_MET
    assert values(found) == {LegName.DECLARED: 8.4, LegName.COUNTED: None}
    assert "还差 60 台" in found.reason.zh


def test_what_is_declared_does_not_prove_that_there_are_enough(calendar: Calendar) -> None:
    one = campus(calendar, 1260, 300)
    one.devices = [device(n, use=Use.STUDENT) for n in range(150)]
    found = one.finding(PUPILS)
    assert found.verdict is Verdict.UNDETERMINED
    assert values(found) == {LegName.DECLARED: 4.2, LegName.COUNTED: 8.4}


def test_more_than_was_declared_may_be_there(calendar: Calendar) -> None:
    one = campus(calendar, 1260, 150)
    one.devices = [device(n, use=Use.STUDENT) for n in range(210)]
    assert one.finding(PUPILS).verdict is Verdict.MET


def test_a_school_that_declares_none_has_too_few(calendar: Calendar) -> None:
    found = campus(calendar, 12, 0).finding(PUPILS)
    assert (found.verdict, values(found)[LegName.DECLARED]) == (Verdict.NOT_MET, None)


@pytest.mark.parametrize(
    ("facts", "counts"),
    [
        ({"use": Use.STUDENT}, True),
        ({"room": "J101"}, True),
        ({"use": Use.TEACHER, "room": "J101"}, False),
        ({"use": Use.UNKNOWN}, False),
        ({"use": Use.STUDENT, "standing": Standing.SCRAPPED}, False),
        ({"use": Use.STUDENT, "standing": Standing.IGNORED}, False),
        ({"use": Use.STUDENT, "last_seen": NOW - timedelta(days=31)}, False),
        ({"use": Use.STUDENT, "last_seen": None}, False),
        ({"use": Use.STUDENT, "kind": DeviceKind.TABLET}, True),
        ({"use": Use.STUDENT, "kind": DeviceKind.SMART_BOARD}, False),
    ],
)
def test_what_counts_as_a_computer_for_students(
    calendar: Calendar, facts: dict[str, object], counts: bool
) -> None:
    one = campus(calendar, 6, None)
    one.devices = [replace(device(1), **facts)]  # type: ignore[arg-type]
    assert (one.finding(PUPILS).verdict is Verdict.MET) is counts


def test_an_agent_in_a_computer_room_counts_once_with_its_device(calendar: Calendar) -> None:
    one = campus(calendar, 7, None)
    one.agents = [pc("a1", "J101"), pc("a2", "J101"), pc("a3")]
    for agent in one.agents:
        one.beat(agent.id, NOW - timedelta(hours=3))
    one.devices = [device(1, agent="a1")]  # which stands where its agent does
    assert values(one.finding(PUPILS))[LegName.COUNTED] == 3.5


def test_a_declared_use_of_an_agents_device_outweighs_its_room(calendar: Calendar) -> None:
    one = campus(calendar, 7, None)
    one.agents = [pc("a1", "J101")]
    one.beat("a1", NOW - timedelta(hours=3))
    one.devices = [device(1, agent="a1", use=Use.TEACHER)]
    assert values(one.finding(PUPILS))[LegName.COUNTED] is None


def test_pupils_of_a_stage_that_nobody_counted_make_it_unknown(calendar: Calendar) -> None:
    one = campus(calendar, 100, 5)
    one.has(classes={"primary": 6, "junior": 3})
    found = one.finding(PUPILS)
    assert (found.verdict, found.legs) == (Verdict.UNDETERMINED, ())


def test_a_school_without_pupils_is_not_judged(calendar: Calendar) -> None:
    assert campus(calendar, 0, 5).finding(PUPILS).verdict is Verdict.NOT_APPLICABLE


def test_one_computer_for_each_teacher(calendar: Calendar) -> None:
    one = Campus(calendar)
    one.has(teachers=2, rooms=(room("B1", RoomKind.OFFICE), room("A1")))
    one.devices = [device(1, room="B1"), device(2, use=Use.TEACHER), device(3, room="A1")]
    found = one.finding("hefei.teachers_per_computer")
    assert (found.verdict, values(found)[LegName.COUNTED]) == (Verdict.MET, 1.0)


def test_each_year_replaces_the_one_before(calendar: Calendar) -> None:
    one = campus(calendar, 17, 2)
    asked = [v.target.written for v in one.judge().schools if v.target.policy == PUPILS]
    assert asked == ["6:1"]


def test_a_half_is_exact() -> None:
    rows = {t.id: t for t in read_policies().targets}
    row = rows["hefei.students_per_computer.2016.all"]
    assert (str(row.value), row.written) == ("17/2", "8.5:1")


def test_a_word_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    text = (POLICY_FOLDER / "counting.toml").read_text("utf-8")
    (tmp_path / "counting.toml").write_text(text.replace('"tablet"', '"tablett"', 1), "utf-8")
    with pytest.raises(PolicyError, match="tablett"):
        read_policies(CountyFolder(tmp_path))
