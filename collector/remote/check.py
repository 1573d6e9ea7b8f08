"""A list of remote lessons against the register and the timetables: what would come to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from collector.register.model import School
from collector.register.sheet.remarks import Remark
from collector.remote.model import WEEKDAYS, RemoteLesson
from config.calendar import Calendar
from probes.text import Text

SCHOOL = Text("学校代码", "school code")
PARTNER = Text("对方学校代码", "partner school")
WHEN = Text("星期、节次", "weekday, lesson")
END = Text("结束", "end")


def remarks_on(
    lessons: Sequence[RemoteLesson],
    schools: Mapping[str, School],
    calendar: Calendar,
    least: timedelta,
) -> list[Remark]:
    """In order of lines; none when every lesson will be judged.

    `schools`: the register, by code. `least`: shorter lessons are never judged.
    """
    return [
        Remark(lesson.line, *remark)
        for lesson in lessons
        for remark in _remarks(lesson, schools, calendar, least)
    ]


def _remarks(
    lesson: RemoteLesson, schools: Mapping[str, School], calendar: Calendar, least: timedelta
) -> Iterator[tuple[Text, str, Text]]:
    unknown = Text(
        "登记库里没有这所学校；请核对代码，或先用 schools import 登记",
        "the register has no such school; check the code, or register it with schools import",
    )
    school = schools.get(lesson.school)
    if school is None:
        yield SCHOOL, lesson.school, unknown
    else:
        yield from _never_held(lesson, school, calendar)
    if lesson.partner and lesson.partner not in schools:
        yield PARTNER, lesson.partner, unknown
    if lesson.start and lesson.end and _length(lesson) < least:
        minutes = int(least.total_seconds() // 60)
        text = Text(
            f"不到 {minutes} 分钟，始终无法判定", f"under {minutes} minutes is never judged"
        )
        yield END, f"{lesson.end:%H:%M}", text


def _never_held(
    lesson: RemoteLesson, school: School, calendar: Calendar
) -> Iterator[tuple[Text, str, Text]]:
    held = calendar.timetable(school.calendar).lessons_on[lesson.weekday]
    zh, en = WEEKDAYS[lesson.weekday]
    if held < max(1, lesson.number):
        text = Text(
            f"校历“{school.calendar}”{zh}有 {held} 节课，这一节不会有",
            f"calendar {school.calendar!r} has {held} lessons on {en}, so this one never comes",
        )
        yield WHEN, lesson.when.zh, text


def _length(lesson: RemoteLesson) -> timedelta:
    assert lesson.start is not None
    assert lesson.end is not None
    day = date.min
    return datetime.combine(day, lesson.end) - datetime.combine(day, lesson.start)
