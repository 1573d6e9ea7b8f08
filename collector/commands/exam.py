"""`banjun-collector exam add|list|cancel`: examinations for which computer rooms must be ready."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from collector.commands.output import say, show_json, show_table
from collector.commands.parser import OK, Subparsers, add_json, command
from collector.commands.register_access import actor, opened
from probes.text import BanjunError, Language, Text

if TYPE_CHECKING:
    from collector.register.exams import Exam
    from collector.register.model import School

_TITLES = (
    Text("编号", "id"),
    Text("学校代码", "school"),
    Text("房间", "room"),
    Text("开考", "begins"),
    Text("名称", "title"),
)
PAST = timedelta(days=30)


class NoComputerRoomError(BanjunError):
    """The register has no such room with a number of seats."""


class NoExamError(BanjunError):
    """It has begun already, or was announced before."""


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "exam",
        language,
        title=Text("上机考试：登记、列出、取消", "exams on computers: add, list, cancel"),
        about=Text(
            "登记了考试的计算机教室，开考前 24 小时内每个座位的电脑都要开过机；"
            "结果见学校页面的“考前机房就绪率”。",
            "In the 24 hours before an examination the computer of every seat of its room has to "
            "have been on; the school's page shows the share as it goes.",
        ),
        examples=[
            (
                'exam add 9934000001 J101 "2026-12-05 08:30" "信息技术考试"',
                Text("登记", "announce one"),
            ),
            ("exam list", Text("列出", "list them")),
        ],
    )
    actions = parser.add_subparsers(
        title=Text("操作", "actions")(language), metavar="ACTION", required=True
    )
    _add_add(actions, language)
    listing = command(
        actions,
        "list",
        language,
        title=Text("列出考试", "list the examinations"),
        about=Text("最近三十天的和以后的。", "Those of the last thirty days and later ones."),
        examples=[("exam list", Text("列出", "list them"))],
        run=run_list,
    )
    add_json(listing, language)
    cancel = command(
        actions,
        "cancel",
        language,
        title=Text("取消一场考试", "cancel one"),
        about=Text("记录保留在审计中。", "The audit trail keeps it."),
        examples=[("exam cancel 3", Text("编号见 exam list", "ids: exam list"))],
        run=run_cancel,
    )
    cancel.add_argument("id", type=int, metavar="ID", help=Text("编号", "its id")(language))


def _add_add(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "add",
        language,
        title=Text("登记一场考试", "announce an examination"),
        about=Text(
            "时间是学校当地时间。房间要先用 rooms import 登记，并有座位数。",
            "The time is the school's own. The room has to be registered with its seats first: "
            "`rooms import`.",
        ),
        examples=[
            ('exam add 9934000001 J101 "2026-12-05 08:30"', Text("一间机房", "one computer room"))
        ],
        run=run_add,
    )
    for name, words in (
        ("school", Text("学校代码", "school code")),
        ("room", Text("房间编号", "room id")),
    ):
        parser.add_argument(name, metavar=name.upper(), help=words(language))
    parser.add_argument(
        "at",
        type=_moment,
        metavar="TIME",
        help=Text("开考时间，如 “2026-12-05 08:30”", "when it begins, like '2026-12-05 08:30'")(
            language
        ),
    )
    parser.add_argument(
        "title",
        nargs="?",
        default="",
        metavar="TITLE",
        help=Text("名称，可省略", "what it is called; optional")(language),
    )


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time, such as 2026-12-05 08:30") from None
    if found.tzinfo is not None or len(text.strip()) <= len("2026-12-05"):
        raise argparse.ArgumentTypeError(f"{text!r} is no time, such as 2026-12-05 08:30")
    return found


def run_add(args: argparse.Namespace) -> int:
    from collector.register.register import UnknownSchoolError

    with opened(args.data_dir) as register:
        school = register.school(args.school, register.today())
        if school is None:
            raise UnknownSchoolError(args.school)
        _check_room(school, args.room)
        at = args.at.replace(tzinfo=ZoneInfo(school.time_zone))
        _check_time(at, args.room, [e for e in register.exams.since(at) if e.school == school.code])
        id = register.exams.announce(school.code, args.room, at, args.title[:64], actor())
    say(
        Text(
            f"已登记，编号 {id}：{school.name} {args.room}，{at:%Y-%m-%d %H:%M} 开考。",
            f"Announced with id {id}: {school.name} {args.room}, it begins {at:%Y-%m-%d %H:%M}.",
        ),
        args.language,
    )
    return OK


def _check_time(at: datetime, room: str, announced: Iterable[Exam]) -> None:
    from collector.register.register import utc_now

    if at <= utc_now():
        raise NoExamError(
            Text(
                f"{at:%Y-%m-%d %H:%M} 已经过去；请核对年份和时间。",
                f"{at:%Y-%m-%d %H:%M} is over; check year and time.",
            )
        )
    if (twin := next((e for e in announced if e.at == at and e.room == room), None)) is not None:
        raise NoExamError(
            Text(
                f"{room} 这个时间的考试已经登记，编号 {twin.id}；要改就先 exam cancel {twin.id}。",
                f"The examination in {room} at that time is announced already, id {twin.id}; to "
                f"change it, first exam cancel {twin.id}.",
            )
        )


def _check_room(school: School, id: str) -> None:
    room = next((room for room in school.rooms if room.id == id), None)
    if room is None or not room.seats:
        known = ", ".join(r.id for r in school.rooms if r.seats) or "—"
        raise NoComputerRoomError(
            Text(
                f"{school.name}没有登记带座位数的房间“{id}”；有：{known}。用 rooms import 登记。",
                f"{school.name} has no room {id!r} with seats; it has {known}. "
                "`rooms import` registers rooms.",
            )
        )


def run_list(args: argparse.Namespace) -> int:
    from collector.register.register import utc_now

    with opened(args.data_dir) as register:
        exams = register.exams.since(utc_now() - PAST)
        zones = {s.code: s.time_zone for s in register.schools(register.today())}
    rows = [
        {
            "id": exam.id,
            "school": exam.school,
            "room": exam.room,
            "at": exam.at.astimezone(ZoneInfo(zones.get(exam.school, "Asia/Shanghai"))),
            "title": exam.title,
        }
        for exam in exams
    ]
    if args.json:
        show_json([{**row, "at": str(row["at"])} for row in rows])
    elif rows:
        titles = [title(args.language) for title in _TITLES]
        show_table(
            titles, [[*{**row, "at": f"{row['at']:%Y-%m-%d %H:%M}"}.values()] for row in rows]
        )
    else:
        say(Text("没有登记考试。", "No examination is announced."), args.language)
    return OK


def run_cancel(args: argparse.Namespace) -> int:
    with opened(args.data_dir) as register:
        exam = register.exams.cancel(args.id, actor())
    say(
        Text(
            f"已取消 {args.id}：{exam.school} {exam.room}。",
            f"Cancelled {args.id}: {exam.school} {exam.room}.",
        ),
        args.language,
    )
    return OK
