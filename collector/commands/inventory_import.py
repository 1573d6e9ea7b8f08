"""`banjun-collector inventory import`: a list of devices into the register, or all its mistakes."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from collector.commands.output import show_json
from collector.commands.parser import OK, Subparsers, add_json, command
from collector.commands.register_access import actor, opened
from collector.commands.sheet_file import add_sheet_file, contents, say_dry_run
from collector.commands.unknown_rooms import say_unknown_rooms
from probes.text import Language, Text

if TYPE_CHECKING:
    from collector.inventory.declaring import Step


def add_action(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "import",
        language,
        title=Text("从 CSV 文件登记设备", "declare devices from a CSV file"),
        about=Text(
            "列：学校代码、MAC 地址、资产编号、类型、用途、房间、名称、购置年份、状态、备注；"
            "MAC 地址和资产编号至少有一项。UTF-8 和 GB18030 编码都可以。"
            "一个单元格里可以写几个 MAC 地址（同一台设备的几块网卡）。"
            "文件里没有的列和设备保持原样；空单元格表示不知道。"
            "有任何错误就什么都不导入，并逐行列出全部错误。",
            "Columns: school code, MAC, asset number, kind, use, room, name, purchase year, "
            "status, note; a MAC or an asset number is needed. UTF-8 or GB18030. Several MACs in "
            "a cell are several cards of one device. Columns and devices not in the file stay as "
            "they are; an empty cell means not known. With any mistake nothing is imported, and "
            "every mistake is named with its line.",
        ),
        examples=[
            ("inventory import devices.csv --dry-run", Text("只看不改", "look, do not change")),
            ("inventory import devices.csv", Text("登记", "declare")),
        ],
        run=run_import,
    )
    add_sheet_file(parser, language)
    add_json(parser, language)


def run_import(args: argparse.Namespace) -> int:
    from collector.inventory.book import DeviceBook
    from collector.inventory.declaring import plan
    from collector.inventory.part import inventory_of
    from collector.inventory.sheet import read_devices
    from collector.register.register import utc_now

    rows = read_devices(contents(args.file))
    with opened(args.data_dir) as register:
        schools = register.schools(register.today())
        known = inventory_of(register, args.data_dir).to_match()
        steps = plan(rows, known, {school.code for school in schools})
        if not args.dry_run:
            wishes = [step.wish for step in steps if step.kind != "unchanged"]
            DeviceBook(register.database, utc_now).declare(wishes, actor())
    say_unknown_rooms(steps, schools, args.language)
    if args.json:
        show_json({"dry_run": args.dry_run, "devices": [_plain(step) for step in steps]})
    else:
        _show(steps, args.language, dry_run=args.dry_run)
    return OK


def _show(steps: Sequence[Step], language: Language, *, dry_run: bool) -> None:
    for step in steps:
        if step.kind != "unchanged":
            sign = "+" if step.device is None else f"~ {step.device.id}"
            print(f"{sign} {step.row.school} {' '.join(step.row.macs) or step.row.asset}")
        if step.kind == "changed":
            for key, (before, after) in step.changes.items():
                print(f"    {key}: {before or '-'} → {after or '-'}")
    count = Counter(step.kind for step in steps)
    new, changed, same = count["new"], count["changed"], count["unchanged"]
    print(
        Text(
            f"新增 {new} 台，变更 {changed} 台，不变 {same} 台。",
            f"{new} new, {changed} changed, {same} unchanged.",
        )(language)
    )
    if dry_run:
        say_dry_run(language)


def _plain(step: Step) -> dict[str, Any]:
    return {
        "line": step.row.line,
        "kind": step.kind,
        "device": step.device.id if step.device else None,
        "changes": {key: list(pair) for key, pair in step.changes.items()},
    }
