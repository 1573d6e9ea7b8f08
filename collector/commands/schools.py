"""`banjun-collector schools list|close`, and `import` from its own file."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from collector.commands import schools_import
from collector.commands.output import say, show_json, show_table
from collector.commands.parser import OK, Subparsers, add_json, command, day
from collector.commands.register_access import actor, opened
from probes.text import Language, Text

if TYPE_CHECKING:
    from collector.register.model import School


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "schools",
        language,
        title=Text("学校登记：导入、列出、撤销", "schools: import, list, close"),
        about=Text(
            "关于学校的事实从某一天起成立：改动不会抹去以前的记录，旧报告可以重算。",
            "Facts about a school hold from a date on: a change does not erase what held before, "
            "and an old report can be worked out again.",
        ),
        examples=[
            (
                "schools import config/examples/county.csv --dry-run",
                Text("先看会改变什么，不写入", "see what it would change, without writing"),
            ),
            ("schools list", Text("列出学校", "list the schools")),
        ],
    )
    actions = parser.add_subparsers(
        title=Text("操作", "actions")(language), metavar="ACTION", required=True
    )
    schools_import.add_action(actions, language)
    _add_list(actions, language)
    _add_close(actions, language)


def _add_list(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "list",
        language,
        title=Text("列出学校", "list the schools"),
        about=Text(
            "--csv 的输出可以修改后再导入；还没有学校时，得到一张空表。",
            "What --csv prints can be edited and imported again; without schools it is an empty "
            "form.",
        ),
        examples=[
            ("schools list --csv > schools.csv", Text("导出", "export")),
            (
                "schools list --as-of 2025-09-01",
                Text("那一天的学校", "the schools as they stood that day"),
            ),
        ],
        run=run_list,
    )
    parser.add_argument(
        "--as-of",
        type=day,
        metavar="DATE",
        help=Text("哪一天的情况，默认今天", "as things stood on a date; today unless given")(
            language
        ),
    )
    parser.add_argument("--csv", action="store_true", help=Text("输出 CSV", "print CSV")(language))
    add_json(parser, language)


def _add_close(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "close",
        language,
        title=Text("撤销一所学校", "close a school"),
        about=Text(
            "从那一天起不再判定该校，历史保留；再次导入可恢复。",
            "From that day on it is not judged; its history stays. Importing it again reopens it.",
        ),
        examples=[
            ("schools close 9934000005 --from 2026-08-01", Text("撤点并校", "a point merged away"))
        ],
        run=run_close,
    )
    parser.add_argument("code", metavar="CODE", help=Text("学校代码", "school code")(language))
    parser.add_argument(
        "--from",
        dest="since",
        type=day,
        metavar="DATE",
        help=Text("从哪天起，默认今天", "since when; today unless given")(language),
    )


def run_list(args: argparse.Namespace) -> int:
    from collector.register.school_facts import facts_of
    from collector.register.sheet.write import write_sheet

    with opened(args.data_dir, create=args.csv) as register:  # an empty form needs no register
        schools = register.schools(args.as_of or register.today())
    if args.json:
        show_json(
            [
                {**facts_of(s), "valid_from": s.valid_from.isoformat(), "revision": s.revision}
                for s in schools
            ]
        )
    elif args.csv:
        # The mark at the beginning is what makes spreadsheets read Chinese rightly.
        sys.stdout.write("\ufeff" + write_sheet(schools, args.language))
    elif not schools:
        say(
            Text(
                "还没有登记学校；用 schools import 文件.csv 导入。",
                "No school yet; `schools import FILE.csv` registers some.",
            ),
            args.language,
        )
    else:
        _show_schools(schools, args.language)
    return OK


def _show_schools(schools: list[School], language: Language) -> None:
    titles = [
        Text("学校代码", "code"),
        Text("名称", "name"),
        Text("区域", "area"),
        Text("班数", "classes"),
        Text("学生", "students"),
        Text("合同下行", "contract down"),
        Text("起始", "valid from"),
    ]
    show_table([t(language) for t in titles], [_row(school, language) for school in schools])


def _row(school: School, language: Language) -> list[object]:
    from collector.register.register import ALWAYS
    from collector.register.sheet.compare import shown

    key = "link1.contract_down_bits_per_second"
    contracts = [
        shown(key, link.contract_down_bits_per_second, language)
        for link in school.links
        if link.role == "primary"
    ]
    return [
        school.code,
        school.name,
        shown("policy_area", school.policy_area, language),
        school.own_classes,
        sum(school.students.values()) if school.students else None,
        " + ".join(contracts) or None,
        None if school.valid_from == ALWAYS else school.valid_from,
    ]


def run_close(args: argparse.Namespace) -> int:
    with opened(args.data_dir) as register:
        since = args.since or register.today()
        register.close_school(args.code, actor(), since)
    say(
        Text(
            f"学校 {args.code} 自 {since} 起撤销。",
            f"School {args.code} is closed from {since} on.",
        ),
        args.language,
    )
    return OK
