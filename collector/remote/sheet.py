"""The county's list of remote lessons as CSV, with every mistake named by line, column and value.

Nothing of a list with a mistake is used. The same spellings, encodings and separators are
understood as in the sheet of schools.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from collector.register.sheet import cells
from collector.register.sheet.cells import CellError, clean
from collector.register.sheet.columns import fold
from collector.register.sheet.decode import Line, lines_of
from collector.register.sheet.header import columns_named, has_width
from collector.register.sheet.remarks import WHOLE_LINE, Remark, SheetError
from collector.remote.model import WEEKDAYS, Kind, MeetingPoint, RemoteLesson
from probes.text import Text

MOST_LESSONS = 20
"""Numbered lessons of one day."""
USUAL_PORT = 443
_ENDPOINT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]{1,253}))(?::([0-9]{1,5}))?")
_KINDS = {
    Kind.GIVE.value: ("主讲", "授课", "输出"),
    Kind.RECEIVE.value: ("接收", "听课", "输入"),
}
_DAYS: dict[str, tuple[str, ...]] = {
    str(number): (zh, zh.replace("周", "星期"), zh.replace("周", "礼拜"), en, en[:3])
    for number, (zh, en) in enumerate(WEEKDAYS, 1)
}
_DAYS["7"] += ("星期天", "周天")


def _weekday(text: str) -> int:
    return int(str(cells.one_of(_DAYS)(text))) - 1


def _number(text: str) -> int:
    match = re.fullmatch(r"第?\s*([0-9]{1,2})\s*节?", text)
    if not match or not 1 <= int(match[1]) <= MOST_LESSONS:
        raise cells.error(
            f"应为当天第几节课，1 至 {MOST_LESSONS}",
            f"write which lesson of the day, 1 to {MOST_LESSONS}",
        )
    return int(match[1])


def _clock(text: str) -> time:
    match = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})(?::00)?", text)
    try:
        if match:
            return time(int(match[1]), int(match[2]))
    except ValueError:
        pass
    raise cells.error("不是时刻，请写成 14:00", "not a time of day; write it like 14:00")


def _kind(text: str) -> Kind:
    return Kind(str(cells.one_of(_KINDS)(text)))


def _meeting(text: str) -> MeetingPoint:
    match = _ENDPOINT.fullmatch(text)
    port = int(match[3] or USUAL_PORT) if match else 0
    if not match or not 1 <= port <= 65535:
        raise cells.error(
            f"应为 主机:端口，例如 meet.example.edu.cn:443；不写端口即 {USUAL_PORT}",
            f"write host:port, like meet.example.edu.cn:443; {USUAL_PORT} where none is given",
        )
    return MeetingPoint((match[1] or match[2]).lower(), port)


def _day(text: str) -> date:
    return date.fromisoformat(cells.day(text))


@dataclass(frozen=True, slots=True)
class _Column:
    key: str
    title: Text
    read: Callable[[str], Any]
    aliases: tuple[str, ...] = ()
    required: bool = False


COLUMNS = (
    _Column("school", Text("学校代码", "school code"), cells.school_code, ("school", "XXDM"), True),
    _Column("weekday", Text("星期", "weekday"), _weekday, required=True),
    _Column("number", Text("节次", "lesson"), _number, ("第几节", "lesson number")),
    _Column("start", Text("开始", "start"), _clock, ("开始时间",)),
    _Column("end", Text("结束", "end"), _clock, ("结束时间",)),
    _Column("kind", Text("类型", "kind"), _kind, ("主讲或接收",), True),
    _Column("meeting", Text("会议点", "meeting point"), _meeting, ("会议地址", "meeting")),
    _Column(
        "partner",
        Text("对方学校代码", "partner school"),
        cells.school_code,
        ("对方学校", "partner"),
    ),
    _Column("since", Text("起始日期", "since"), _day, ("生效日期", "from")),
    _Column("until", Text("截止日期", "until"), _day, ("结束日期", "to")),
)
_INDEX = {
    fold(name): column
    for column in COLUMNS
    for name in (column.key, column.title.zh, column.title.en, *column.aliases)
}


def read_lessons(data: bytes) -> list[RemoteLesson]:
    """In the order of the list. Raises UnreadableSheetError or SheetError."""
    header, *lines = lines_of(data)
    mistakes: list[Remark] = []
    columns = _header(header, mistakes)
    lessons = []
    if not mistakes:
        for line in lines:
            if (lesson := _lesson(line, columns, mistakes)) is not None:
                lessons.append(lesson)
        _refuse_twins(lessons, mistakes)
    if mistakes:
        raise SheetError(mistakes)
    return lessons


def _header(line: Line, mistakes: list[Remark]) -> list[_Column]:
    columns = columns_named(line, _INDEX, [c.title for c in COLUMNS], mistakes)
    for column in COLUMNS:
        if column.required and column not in columns:
            text = Text("表头里没有这一列", "the header lacks this column")
            mistakes.append(Remark(line.number, column.title, "", text))
    return columns


def _lesson(line: Line, columns: Sequence[_Column], mistakes: list[Remark]) -> RemoteLesson | None:
    if not has_width(line, len(columns), mistakes):
        return None
    facts: dict[str, Any] = {}
    found: list[Remark] = []
    for column, cell in zip(columns, line.cells, strict=True):
        try:
            if plain := clean(cell):
                facts[column.key] = column.read(plain)
            elif column.required:
                raise cells.error("不能为空", "must not be empty")
        except CellError as exc:
            found.append(Remark(line.number, column.title, cell, exc.text))
    if not found:
        found = [Remark(line.number, c, v, text) for c, v, text in _contradictions(facts)]
    mistakes += found
    return None if found else RemoteLesson(line=line.number, **facts)


def _contradictions(facts: Mapping[str, Any]) -> list[tuple[Text, str, Text]]:
    found = []
    timed = [key for key in ("start", "end") if key in facts]
    if ("number" in facts) == bool(timed) or len(timed) == 1:
        text = Text(
            "“节次”，或“开始”和“结束”，二者填其一",
            "fill in either the lesson, or both start and end",
        )
        found.append((WHOLE_LINE, "", text))
    elif timed and facts["start"] >= facts["end"]:
        text = Text("应晚于开始", "must be after the start")
        found.append((_title("end"), f"{facts['end']:%H:%M}", text))
    if facts.get("partner") == facts["school"]:
        text = Text(
            "是本校自己；请写对方的代码，或留空",
            "is the school itself; name the other, or leave it empty",
        )
        found.append((_title("partner"), facts["school"], text))
    if "since" in facts and "until" in facts and facts["until"] < facts["since"]:
        text = Text("早于起始日期", "is before the first day")
        found.append((_title("until"), f"{facts['until']}", text))
    return found


def _title(key: str) -> Text:
    return next(column.title for column in COLUMNS if column.key == key)


def _refuse_twins(lessons: Sequence[RemoteLesson], mistakes: list[Remark]) -> None:
    """Two lines for one hour of one school would count its minutes twice."""
    first: dict[tuple[object, ...], list[RemoteLesson]] = {}
    for lesson in lessons:
        hour = (lesson.school, lesson.weekday, lesson.number, lesson.start)
        for other in first.setdefault(hour, []):
            if _share_days(lesson, other):
                text = Text(
                    f"与第 {other.line} 行是同一节课；请删去一行，或用日期分开",
                    f"the same lesson as on line {other.line}; delete one, or part them by dates",
                )
                mistakes.append(Remark(lesson.line, WHOLE_LINE, lesson.when.zh, text))
                break
        first[hour].append(lesson)


def _share_days(one: RemoteLesson, other: RemoteLesson) -> bool:
    first = max(one.since or date.min, other.since or date.min)
    return first <= min(one.until or date.max, other.until or date.max)
