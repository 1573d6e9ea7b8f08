"""Rooms as a CSV file: reading one strictly, and writing one that reads back equal.

The file is the whole list of the rooms of the schools that it names; other schools keep theirs.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from typing import Any

from collector.register.model import School
from collector.register.room import ROOM_TITLES, Room, RoomKind
from collector.register.sheet import cells
from collector.register.sheet.cells import error
from collector.register.sheet.columns import Column, Found, fold
from collector.register.sheet.compare import shown
from collector.register.sheet.decode import Line, lines_of
from collector.register.sheet.header import Header, Kind, has_width
from collector.register.sheet.remarks import Remark, SheetError
from probes.text import Language, Text

KIND_NAMES: Mapping[str, tuple[str, ...]] = {
    RoomKind.CLASSROOM: ("普通教室", "教室"),
    RoomKind.COMPUTER_ROOM: ("计算机教室", "机房", "微机室"),
    RoomKind.RECORDING_ROOM: ("录播教室", "录播室"),
    RoomKind.REMOTE_CLASS_ROOM: ("远程互动教室", "专递课堂教室"),
    RoomKind.DIGITAL_LAB: ("数字实验室",),
    RoomKind.TRAINING_ROOM: ("实训室",),
    RoomKind.OFFICE: ("办公室",),
    RoomKind.MEETING_ROOM: ("会议室",),
    RoomKind.OTHER: ("其他",),
}


def room_id(text: str) -> str:
    if not re.fullmatch(r"[^\s|*?\[\],;]{1,32}", cells.words(text)):
        raise error(
            "房间编号不超过 32 个字，不含空格、逗号、|、* 等符号",
            "a room id has up to 32 characters and no space, comma, | or *",
        )
    return text


def room_name(text: str) -> str:
    if "|" in cells.words(text):
        raise error("名称里不能有 |", "a name has no |")
    return text


COLUMNS = (
    Column(
        "code",
        Text("学校代码", "school code"),
        ("XXDM", "school_code", "学校标识码"),
        cells.school_code,
    ),
    Column("id", Text("房间编号", "room"), ("编号", "房间", "room id", "教室编号"), room_id),
    Column("name", Text("房间名称", "room name"), ("名称",), room_name),
    Column("kind", Text("房间类型", "room kind"), ("类型", "kind"), cells.one_of(KIND_NAMES)),
    Column("seats", Text("座位数", "seats"), ("机位数", "座位"), cells.count),
    Column(
        "main_teaching_place",
        Text("主要教学场所", "main teaching place"),
        ("是否主要教学场所",),
        cells.yes_or_no,
    ),
    Column(
        "set_installed",
        Text("已装班班通", "set installed"),
        ("班班通", "班班通设备"),
        cells.yes_or_no,
    ),
    Column("wifi", Text("无线覆盖", "wifi"), ("Wi-Fi", "无线", "无线网络"), cells.yes_or_no),
    Column("surveyed_on", Text("无线勘测日期", "surveyed on"), ("勘测日期",), cells.day),
)
TITLES = {column.key: column.title for column in COLUMNS}
_INDEX = {fold(name): column for column in COLUMNS for name in column.names}


def _find(header: str) -> Found | None:
    column = _INDEX.get(fold(header))
    return Found(column, column.key) if column else None


def _nearest(header: str) -> Text | None:
    close = get_close_matches(fold(header), _INDEX, n=1, cutoff=0.72)
    return _INDEX[close[0]].title if close else None


ROOMS = Kind(_find, _nearest, TITLES, ("code", "id", "kind"))


@dataclass(frozen=True, slots=True)
class RoomSheet:
    """School code -> its rooms, by id; and remarks that ask for nothing."""

    rooms: Mapping[str, tuple[Room, ...]]
    notices: Sequence[Remark]


def read_rooms(data: bytes, known: Mapping[str, School]) -> RoomSheet:
    """Raises UnreadableSheetError, or SheetError with every mistake in the file."""
    first, *lines = lines_of(data)
    notices: list[Remark] = []
    header = Header(first, notices, ROOMS)
    body = _Body(header, known)
    for line in lines:
        body.read(line)
    if not lines:
        header.complain("", Text("表头之后没有房间", "no room follows the header"))
    if mistakes := header.mistakes + body.mistakes:
        raise SheetError(mistakes)
    by_school = {
        code: tuple(sorted(rooms.values(), key=lambda r: r.id))
        for code, rooms in body.rooms.items()
    }
    return RoomSheet(by_school, notices)


class _Body:
    """The lines below the header, one room each."""

    def __init__(self, header: Header, known: Mapping[str, School]) -> None:
        self.mistakes: list[Remark] = []
        self.rooms: dict[str, dict[str, Room]] = {}
        self._header = header
        self._known = known
        self._line_of: dict[tuple[str, str], int] = {}

    def read(self, line: Line) -> None:
        if not has_width(line, len(self._header.columns), self.mistakes):
            return
        before = len(self.mistakes)
        facts = self._header.facts(line, self.mistakes)
        for key in ROOMS.required:
            if facts.get(key) is None and len(self.mistakes) == before:
                self._complain(line, key, "", Text("必须填写", "must be filled in"))
        if len(self.mistakes) == before:
            self._add(line, facts)

    def _complain(self, line: Line, key: str, value: str, text: Text) -> None:
        self.mistakes.append(Remark(line.number, self._header.title(key), value, text))

    def _add(self, line: Line, facts: dict[str, Any]) -> None:
        code, id = facts.pop("code"), facts["id"]
        first = self._line_of.setdefault((code, id), line.number)
        if code not in self._known:
            text = Text("登记库中没有这所学校", "the register has no such school")
            self._complain(line, "code", code, text)
        elif first != line.number:
            text = Text(f"与第 {first} 行重复", f"the same as on line {first}")
            self._complain(line, "id", id, text)
        elif (facts.get("wifi") is None) != (facts.get("surveyed_on") is None):
            text = Text(
                "无线覆盖和勘测日期要么都填，要么都空",
                "fill in both what the survey found and its date, or neither",
            )
            self._complain(line, "surveyed_on", "", text)
        else:
            self.rooms.setdefault(code, {})[id] = _room(facts)


def _room(facts: Mapping[str, Any]) -> Room:
    """A classroom is a main teaching place unless the file says no; other rooms only if it says
    yes."""
    kind = RoomKind(facts["kind"])
    main, surveyed = facts.get("main_teaching_place"), facts.get("surveyed_on")
    return Room(
        id=facts["id"],
        kind=kind,
        name=facts.get("name") or "",
        seats=facts.get("seats"),
        main_teaching_place=kind is RoomKind.CLASSROOM if main is None else main,
        set_installed=facts.get("set_installed"),
        wifi=facts.get("wifi"),
        surveyed_on=date.fromisoformat(surveyed) if surveyed else None,
    )


def with_rooms(school: School, rooms: tuple[Room, ...], since: date) -> School:
    return replace(school, rooms=rooms, valid_from=since)


def write_rooms(schools: Iterable[School], language: Language) -> str:
    """A header and a line a room; without rooms, an empty form to fill in."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.title(language) for column in COLUMNS])
    for school in schools:
        writer.writerows(_cells(school, room, language) for room in school.rooms)
    return text.getvalue()


def _cells(school: School, room: Room, language: Language) -> list[str]:
    values = (
        school.code,
        room.id,
        room.name,
        ROOM_TITLES[room.kind].zh if language is Language.ZH else room.kind.value,
        room.seats,
        room.main_teaching_place,
        room.set_installed,
        room.wifi,
        room.surveyed_on.isoformat() if room.surveyed_on else None,
    )
    return ["" if value in (None, "") else shown("", value, language) for value in values]
