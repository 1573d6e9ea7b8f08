"""`banjun-collector schools import`: a CSV file into the register, or all its mistakes."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING

from collector.commands.output import say, show_json
from collector.commands.parser import OK, Subparsers, add_json, command, day
from collector.commands.register_access import actor, opened
from collector.commands.sheet_file import add_sheet_file, contents, say_dry_run, say_notices
from probes.text import Language, Text

if TYPE_CHECKING:
    from collector.register.sheet.compare import Change
    from collector.register.sheet.remarks import Remark

NOTICES_SHOWN = 20


def add_action(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "import",
        language,
        title=Text("从 CSV 文件登记学校", "register schools from a CSV file"),
        about=Text(
            "UTF-8 和 GB18030 编码、逗号、分号和制表符分隔都可以；"
            "表头可用中文、英文或 XXDM 等拼音键。"
            "带宽列的单位写在表头，例如“合同下行带宽(Mbit/s)”。"
            "文件里没有的列保持原值；空单元格表示不知道，不是 0。"
            "有任何错误就什么都不导入，并逐行列出全部错误。列的说明见 config/examples/county.md。",
            "UTF-8 or GB18030, separated by commas, semicolons or tabs; headers in Chinese, "
            "English, or keys such as XXDM. The unit of a bandwidth stands in its header, like "
            '"contract down(Mbit/s)". A column that is not in the file leaves what is known; an '
            "empty cell means not known, not 0. With any mistake nothing is imported, and every "
            "mistake is named with its line. config/examples/county.md explains the columns.",
        ),
        examples=[
            ("schools import county.csv --dry-run", Text("只看不改", "look, do not change")),
            (
                "schools import autumn.csv --from 2026-09-01",
                Text("新学年的班数自 9 月 1 日起成立", "the new year's classes hold from then on"),
            ),
        ],
        run=run_import,
    )
    add_sheet_file(parser, language)
    parser.add_argument(
        "--from",
        dest="since",
        type=day,
        metavar="DATE",
        help=Text(
            "这些事实从哪天起成立；默认新学校一直成立，变更从今天起",
            "since when the facts hold; unless given: new schools always, changes from today",
        )(language),
    )
    add_json(parser, language)


def run_import(args: argparse.Namespace) -> int:
    from collector.register.sheet.compare import compare
    from collector.register.sheet.read import read_sheet
    from config.calendar_file import load_calendar
    from config.policy_folder import policies_of

    data = contents(args.file)
    calendar = load_calendar(policies_of(args.data_dir) / "calendar.toml")
    with opened(args.data_dir, create=True) as register:
        today = register.today()
        known = {school.code: school for school in register.schools(today)}
        sheet = read_sheet(data, known, calendar.timetables)
        changes = compare(sheet.rows, known, args.since, today)
        if not args.dry_run:
            register.put_schools([c.school for c in changes if c.kind != "unchanged"], actor())
    if args.json:
        show_json(_plain(changes, sheet.notices, dry_run=args.dry_run))
        return OK
    _show_notices(sheet.notices, args.language)
    _show_changes(changes, args.language, dry_run=args.dry_run)
    return OK


def _show_notices(notices: list[Remark], language: Language) -> None:
    say_notices(notices[:NOTICES_SHOWN], language)
    more = len(notices) - NOTICES_SHOWN
    if more > 0:
        say(
            Text(
                f"提示：另有 {more} 处，用 --json 查看。", f"Note: {more} more; --json lists them."
            ),
            language,
        )


def _show_changes(changes: list[Change], language: Language, *, dry_run: bool) -> None:
    from collector.register.sheet.compare import shown, title

    for change in changes:
        school = change.school
        if change.kind == "new":
            print(f"+ {school.code} {school.name}")
        elif change.kind == "changed":
            since = Text(f"自 {school.valid_from} 起", f"from {school.valid_from}")(language)
            print(f"~ {school.code} {school.name}  {since}")
            for key, (old, new) in change.differences.items():
                before, after = shown(key, old, language), shown(key, new, language)
                print(f"    {title(key, language)}: {before} → {after}")
    count = Counter(change.kind for change in changes)
    new, changed, same = count["new"], count["changed"], count["unchanged"]
    print(
        Text(
            f"新增 {new} 所，变更 {changed} 所，不变 {same} 所。",
            f"{new} new, {changed} changed, {same} unchanged.",
        )(language)
    )
    if dry_run:
        say_dry_run(language)


def _plain(changes: list[Change], notices: list[Remark], *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "schools": [
            {
                "code": change.school.code,
                "name": change.school.name,
                "kind": change.kind,
                "valid_from": change.school.valid_from.isoformat(),
                "changes": {key: list(pair) for key, pair in change.differences.items()},
            }
            for change in changes
        ],
        "notices": [
            {"line": notice.line, "zh": notice.full().zh, "en": notice.full().en}
            for notice in notices
        ],
    }
