"""`banjun-collector rooms import|list|export`: the rooms of schools, and what is in them."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from collector.commands.output import say, show_json, show_table
from collector.commands.parser import OK, Subparsers, add_json, command, day
from collector.commands.register_access import actor, opened
from collector.commands.sheet_file import add_sheet_file, contents, say_dry_run, say_notices
from probes.text import Language, Text

if TYPE_CHECKING:
    from collector.register.model import School
    from collector.register.register import Register
    from collector.register.sheet.compare import Change

_TITLES = (
    Text("学校代码", "school"),
    Text("房间", "room"),
    Text("名称", "name"),
    Text("类型", "kind"),
    Text("座位", "seats"),
    Text("主要教学场所", "main place"),
    Text("班班通", "set"),
    Text("无线", "Wi-Fi"),
    Text("勘测", "surveyed"),
    Text("代理程序", "agents"),
)


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "rooms",
        language,
        title=Text("房间登记：导入、列出、导出", "rooms of schools: import, list, export"),
        about=Text(
            "班班通配备率、无线覆盖率、录播教室、计算机教室都按房间判定。哪台电脑在哪个房间，"
            "用 agents place 登记。",
            "Classroom sets, Wi-Fi, recording rooms and computer rooms are judged room by room. "
            "`agents place` says which computer stands in which room.",
        ),
        examples=[
            (
                "rooms export > rooms.csv",
                Text("现有的，或空表", "what there is, or a form"),
            ),
            ("rooms import rooms.csv --dry-run", Text("先看会改变什么", "look before it changes")),
        ],
    )
    actions = parser.add_subparsers(
        title=Text("操作", "actions")(language), metavar="ACTION", required=True
    )
    _add_import(actions, language)
    _add_list(actions, language)
    _add_export(actions, language)


def _add_import(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "import",
        language,
        title=Text("从 CSV 文件登记房间", "register rooms from a CSV file"),
        about=Text(
            "一行一个房间。文件中出现的学校，其房间以文件为准，文件里没有的房间不再登记；"
            "没有出现的学校不变。空单元格表示不知道。普通教室默认是主要教学场所，其他房间默认不是。"
            "有任何错误就什么都不导入，并逐行列出。列的说明见 config/examples/rooms.md。",
            "One line a room. For a school that the file names, the file is the whole list of its "
            "rooms; other schools keep theirs. An empty cell means not known. A classroom is a "
            "main teaching place unless the file says no; other rooms only if it says yes. With "
            "any mistake nothing is imported, and each is named with its line. "
            "config/examples/rooms.md explains the columns.",
        ),
        examples=[("rooms import config/examples/rooms.csv", Text("示例", "the example"))],
        run=run_import,
    )
    add_sheet_file(parser, language)
    parser.add_argument(
        "--from",
        dest="since",
        type=day,
        metavar="DATE",
        help=Text("从哪天起成立，默认今天", "since when; today unless given")(language),
    )


def _add_list(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "list",
        language,
        title=Text("列出房间", "list the rooms"),
        about=Text("包括每个房间里登记了几个代理程序。", "With how many agents stand in each."),
        examples=[("rooms list 9934000001", Text("一所学校的", "those of one school"))],
        run=run_list,
    )
    _add_school(parser, language)
    add_json(parser, language)


def _add_export(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "export",
        language,
        title=Text("导出为 CSV", "print them as CSV"),
        about=Text("可修改后再导入。", "It can be edited and imported again."),
        examples=[("rooms export > rooms.csv", Text("全部学校", "all schools"))],
        run=run_export,
    )
    _add_school(parser, language)


def _add_school(parser: argparse.ArgumentParser, language: Language) -> None:
    parser.add_argument(
        "school",
        nargs="?",
        metavar="SCHOOL",
        help=Text("学校代码，默认全部", "school code; all unless given")(language),
    )


def run_import(args: argparse.Namespace) -> int:
    from collector.register.room_facts import ROOM
    from collector.register.school_facts import differences
    from collector.register.sheet.compare import Change
    from collector.register.sheet.rooms import read_rooms, with_rooms

    data = contents(args.file)
    with opened(args.data_dir) as register:
        since = args.since or register.today()
        known = {school.code: school for school in register.schools(since)}
        sheet = read_rooms(data, known)
        changes = []
        for code, rooms in sheet.rooms.items():
            school = with_rooms(known[code], rooms, since)
            found = differences(known[code], school)
            changed = {key: pair for key, pair in found.items() if key.startswith(ROOM)}
            changes.append(Change(school, known[code], changed))
        if not args.dry_run:
            register.put_schools([c.school for c in changes if c.differences], actor())
    say_notices(sheet.notices, args.language)
    _show_changes(changes, args.language)
    if args.dry_run:
        say_dry_run(args.language)
    return OK


def _show_changes(changes: Sequence[Change], language: Language) -> None:
    from collector.register.sheet.compare import title

    count: Counter[str] = Counter()
    for change in changes:
        for key, (old, new) in change.differences.items():
            sign = "+" if old is None else "-" if new is None else "~"
            count[sign] += 1
            print(f"{sign} {change.school.code} {change.school.name} {title(key, language)}")
    added, changed, gone = count["+"], count["~"], count["-"]
    print(
        Text(
            f"新增 {added} 间，变更 {changed} 间，不再登记 {gone} 间。",
            f"{added} added, {changed} changed, {gone} no longer registered.",
        )(language)
    )


def run_list(args: argparse.Namespace) -> int:
    with opened(args.data_dir) as register:
        schools = _schools(register, args.school)
        placed = Counter((a.school, a.room) for a in register.agents() if not a.revoked)
    rows = [
        (school.code, room, placed[school.code, room.id])
        for school in schools
        for room in school.rooms
    ]
    if args.json:
        show_json([_plain(*row) for row in rows])
    elif rows:
        titles = [title(args.language) for title in _TITLES]
        show_table(titles, [_line(_plain(*row), args.language) for row in rows])
    else:
        say(
            Text(
                "还没有登记房间；rooms export 给出空表，rooms import 导入。",
                "No room yet; `rooms export` prints a form, `rooms import` reads it.",
            ),
            args.language,
        )
    return OK


def _schools(register: Register, code: str | None) -> list[School]:
    from collector.register.register import UnknownSchoolError

    schools = [s for s in register.schools(register.today()) if code in (None, s.code)]
    if code is not None and not schools:
        raise UnknownSchoolError(code)
    return schools


def _plain(code: str, room: object, agents: int) -> dict[str, object]:
    from collector.register.room import Room

    assert isinstance(room, Room)
    return {
        "school": code,
        "room": room.id,
        "name": room.name,
        "kind": room.kind.value,
        "seats": room.seats,
        "main_teaching_place": room.main_teaching_place,
        "set_installed": room.set_installed,
        "wifi": room.wifi,
        "surveyed_on": room.surveyed_on.isoformat() if room.surveyed_on else None,
        "agents": agents,
    }


def _line(row: dict[str, object], language: Language) -> list[object]:
    from collector.register.room import ROOM_TITLES, RoomKind
    from collector.register.sheet.compare import shown

    kind = ROOM_TITLES[RoomKind(str(row["kind"]))](language)
    words = {**row, "kind": kind}
    return [
        shown("", value, language) if isinstance(value, bool) else value for value in words.values()
    ]


def run_export(args: argparse.Namespace) -> int:
    from collector.register.sheet.rooms import write_rooms

    with opened(args.data_dir) as register:
        schools = _schools(register, args.school)
    # The mark at the beginning is what makes spreadsheets read Chinese rightly.
    sys.stdout.write("\ufeff" + write_rooms(schools, args.language))
    return OK
