from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from collector.register.exams import UnknownExamError
from collector.register.model import School
from collector.register.register import Register
from collector.register.room import Room, RoomKind
from collector.register.school_facts import differences, facts_of, school_from
from collector.register.sheet.remarks import SheetError
from collector.register.sheet.rooms import read_rooms, write_rooms
from probes.text import Language

EXAMPLE = Path(__file__).parents[3] / "config" / "examples" / "rooms.csv"
CODE = "9934000001"
KNOWN = {CODE: School(code=CODE, name="示例小学", adcode="340199")}
HEADER = "学校代码,房间编号,房间类型,座位数,主要教学场所,已装班班通,无线覆盖,无线勘测日期"


def rooms(*lines: str) -> tuple[Room, ...]:
    return read_rooms("\n".join([HEADER, *lines]).encode(), KNOWN).rooms[CODE]


def mistakes(*lines: str) -> list[tuple[int, str]]:
    with pytest.raises(SheetError) as caught:
        rooms(*lines)
    return [(m.line, m.full().en) for m in caught.value.mistakes]


def test_facts_of_a_school_with_rooms_come_back_equal(school: School) -> None:
    assert school_from(facts_of(school)) == replace(school, valid_from=date(2000, 1, 1))


def test_a_school_keeps_its_rooms_in_the_register(register: Register, school: School) -> None:
    register.put_schools([school], "test", date(2026, 3, 1))
    found = register.school(school.code, date(2026, 3, 2))
    assert found is not None
    assert (found.rooms, found.counts, found.claims) == (school.rooms, school.counts, school.claims)
    assert found.seat == "county_town"


def test_what_a_room_has_is_a_fact_with_a_history(register: Register, school: School) -> None:
    register.put_schools([school], "test", date(2026, 3, 1))
    later = replace(school, rooms=(replace(school.rooms[0], set_installed=True),))
    register.put_schools([later], "test", date(2026, 3, 2))
    before = register.school(school.code, date(2026, 3, 1))
    assert before is not None
    assert before.rooms == school.rooms
    assert set(differences(school, later)) == {"room.A101", "room.J101"}


def test_what_a_cell_does_not_say_is_not_known() -> None:
    (room,) = rooms(f"{CODE},A101,教室,,,,,")
    assert (room.seats, room.set_installed, room.wifi) == (None, None, None)


def test_a_classroom_is_a_main_teaching_place_unless_the_file_says_no() -> None:
    found = rooms(
        f"{CODE},A1,普通教室,,,,,", f"{CODE},A2,普通教室,,否,,,", f"{CODE},B1,办公室,,,,,"
    )
    assert [room.main_teaching_place for room in found] == [True, False, False]


def test_every_mistake_is_named_with_its_line() -> None:
    found = mistakes(
        f"{CODE},A1,大厅,,,,,",
        f"{CODE},A2,教室,五十,,,,",
        f"{CODE},A3,教室,,,,是,",
        "9934000009,A4,教室,,,,,",
        f"{CODE},A5,教室,,,,,",
        f"{CODE},A5,教室,,,,,",
        f"{CODE},,教室,,,,,",
    )
    wanted = ["computer_room", "whole number", "both", "no such school", "line 6", "filled in"]
    assert [line for line, _ in found] == [2, 3, 4, 5, 7, 8]
    for (_, text), words in zip(found, wanted, strict=True):
        assert words in text


@pytest.mark.parametrize("language", Language)
def test_what_goes_out_comes_back_equal(language: Language, school: School) -> None:
    text = write_rooms([school], language)
    assert read_rooms(text.encode(), {school.code: school}).rooms[school.code] == school.rooms


def test_the_example_is_read_without_a_remark() -> None:
    known = dict.fromkeys((CODE, "9934000005"), KNOWN[CODE])
    sheet = read_rooms(EXAMPLE.read_bytes(), known)
    assert not sheet.notices
    assert {room.kind for room in sheet.rooms[CODE]} >= {
        RoomKind.COMPUTER_ROOM,
        RoomKind.RECORDING_ROOM,
    }


def test_a_cancelled_exam_is_no_longer_listed(register: Register) -> None:
    at = register._clock()
    first, second = (register.exams.announce(CODE, "J101", at, "", "test") for _ in range(2))
    register.exams.cancel(first, "test")
    assert [exam.id for exam in register.exams.since(at)] == [second]
    with pytest.raises(UnknownExamError):
        register.exams.cancel(first, "test")
