"""`banjun-collector duties rectify`: what has to be put right, by whom and until when."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from collector.access.detail import Detail
from collector.commands.output import Styled, say, show_json, show_table, words
from collector.commands.parser import OK, Subparsers, add_json, command, day
from collector.commands.register_access import actor, opened, record_read
from probes.text import Language, Text

if TYPE_CHECKING:
    from collector.register.rectification import Item
    from collector.register.register import Register
    from config.duty import Duty

Row = Mapping[str, Any]

_TITLES = (
    Text("编号", "item"),
    Text("学校", "school"),
    Text("职责", "duty"),
    Text("部分", "part"),
    Text("状态", "state"),
    Text("期限", "due"),
    Text("负责人", "owner"),
    Text("备注", "note"),
)
_NONE = Text("没有整改项。", "There is nothing to put right.")


def add_rectify(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "rectify",
        language,
        title=Text(
            "整改：列出、指派、改期限、备注", "what has to be put right: list, assign, date, note"
        ),
        about=Text(
            "一个部分判定不符合时，整改项自动打开；复测通过（证据比不符合时的新）才自动结束，谁也不能手工"
            "关闭。再次不符合会重新打开。豁免只是暂停它，看得见。",
            "An item opens by itself when a part of a duty fails, and closes by itself when it is "
            "measured again and passes, on evidence newer than that of its failing. Nobody closes "
            "one by hand. It opens again if the part fails again. A waiver suspends it, visibly.",
        ),
        examples=[
            ("duties rectify list --overdue", Text("逾期的", "those overdue")),
            ("duties rectify assign 3 李老师", Text("指派", "who does it")),
            ("duties rectify date 3 2026-12-20", Text("改期限", "until when")),
            ("duties rectify note 3 已下单，周五到货", Text("备注", "what is being done")),
        ],
    )
    actions = parser.add_subparsers(
        title=Text("操作", "actions")(language), metavar="ACTION", required=True
    )
    _add_list(actions, language)
    _add_change(actions, language, "owner", _ASSIGN)
    _add_change(actions, language, "due", _DATE)
    _add_change(actions, language, "note", _NOTE)


class _Change(NamedTuple):
    """What a person may change: the command, what it does, its value and how that is written."""

    name: str
    title: Text
    meaning: Text
    example: str
    kind: Callable[[str], object] = str


_ASSIGN = _Change(
    "assign",
    Text("指派负责人", "say who does it"),
    Text('负责人；"" 表示按职责规定的责任人', 'who; "" = the role that the duty names'),
    "李老师",
)
_DATE = _Change(
    "date",
    Text("改期限", "set until when"),
    Text("日期，如 2026-12-20", "a day, such as 2026-12-20"),
    "2026-12-20",
    day,
)
_NOTE = _Change(
    "note", Text("备注进展", "note how it goes"), Text("一句话", "a sentence"), "周五到货"
)


def _add_list(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "list",
        language,
        title=Text("列出整改项", "list what has to be put right"),
        about=Text("按期限排列，逾期的在前。", "By the day they are due, those overdue first."),
        examples=[("duties rectify list --school 9934000001", Text("一所学校", "one school"))],
        run=run_list,
    )
    parser.add_argument(
        "--school", metavar="CODE", help=Text("只看一所学校", "only this school")(language)
    )
    parser.add_argument(
        "--overdue", action="store_true", help=Text("只看逾期的", "only those overdue")(language)
    )
    parser.add_argument(
        "--all",
        action="store_true",
        dest="every",
        help=Text("也列出已结束的", "those that are over, too")(language),
    )
    add_json(parser, language)


def _add_change(actions: Subparsers, language: Language, field: str, about: _Change) -> None:
    parser = command(
        actions,
        about.name,
        language,
        title=about.title,
        about=Text(
            "谁、何时改的，记入审计记录。", "Who changed it and when goes to the audit trail."
        ),
        examples=[(f"duties rectify {about.name} 3 {about.example}", about.title)],
        run=run_change,
    )
    parser.set_defaults(change=field)
    parser.add_argument("item", type=int, help=Text("编号", "number of the item")(language))
    parser.add_argument(
        "value", type=about.kind, metavar=field.upper(), help=about.meaning(language)
    )


def run_list(args: argparse.Namespace) -> int:
    with opened(args.data_dir) as register:
        rows = _rows(register, args)
        count = len(rows)
        record_read(register, "duties rectify list", Detail.PERSON, school=args.school, rows=count)
    if args.json:
        show_json(rows)
    elif rows:
        lines = [_line(row, args.language) for row in rows]
        show_table([title(args.language) for title in _TITLES], lines, folds=(1, 2, 3, 7))
    else:
        say(_NONE, args.language)
    return OK


def run_change(args: argparse.Namespace) -> int:
    with opened(args.data_dir) as register:
        item = _changed(register, args)
    owner = item.owner
    say(
        Text(
            f"整改 {item.id}：{item.due} 前，负责人 {owner or '按职责'}，备注 {item.note or '无'}",
            f"Item {item.id}: by {item.due}, owner {owner or 'as the duty says'}, "
            f"note {item.note or 'none'}",
        ),
        args.language,
    )
    return OK


def _changed(register: Register, args: argparse.Namespace) -> Item:
    book = register.duties
    if args.change == "due":
        return book.set_due(args.item, args.value, actor())
    if args.change == "owner":
        return book.assign(args.item, args.value, actor())
    return book.note(args.item, args.value, actor())


def _rows(register: Register, args: argparse.Namespace) -> list[Row]:
    from collector.judge.duty.rows import item_row
    from collector.judge.judge import read_policies
    from config.policy_folder import policies_of

    duties = {duty.id: duty for duty in read_policies(policies_of(args.data_dir)).duties}
    today = register.today()
    names = {one.code: one.name for one in register.schools(today)}
    waived = _waived(register)
    found = []
    for item in register.duties.items(args.school, only_open=not args.every):
        row = item_row(item, today)
        if item.key in waived or (item.school, item.duty, "") in waived:
            row |= {"suspended": True, "overdue": False}
        if row["overdue"] or not args.overdue:
            found.append({**row, **_titles(item, duties), "school_name": names.get(item.school)})
    return sorted(found, key=lambda row: not row["overdue"])


def _waived(register: Register) -> set[tuple[str, str, str]]:
    """What is waived for a school as a whole; waivers for one machine suspend nothing here."""
    from collector.register.register import utc_now

    in_force = register.duties.waivers_at(utc_now())
    return {(one.school, one.duty, one.part) for one in in_force if not one.agent}


def _titles(item: Item, duties: Mapping[str, Duty]) -> Row:
    duty = duties.get(item.duty)
    parts = [*duty.checks, *duty.attests] if duty else []
    part = next((each for each in parts if each.id == item.part), None)
    return {
        "duty_title": {"zh": duty.title.zh, "en": duty.title.en} if duty else item.duty,
        "part_title": {"zh": part.title.zh, "en": part.title.en} if part else item.part,
        "role": {"zh": duty.role.zh, "en": duty.role.en} if duty else None,
    }


def _line(row: Row, language: Language) -> list[object]:
    return [
        row["item"],
        row["school_name"] or row["school"],
        words(row["duty_title"], language),
        words(row["part_title"], language),
        _state(row, language),
        row["due"],
        row["owner"] or words(row["role"], language),
        row["note"],
    ]


def _state(row: Row, language: Language) -> Styled:
    if row["suspended"]:
        return Styled(Text("豁免中", "suspended")(language), "cyan")
    if row["overdue"]:
        return Styled(Text("逾期", "overdue")(language), "red")
    return Styled(str(words(row["state_text"], language)), "")
