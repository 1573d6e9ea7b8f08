"""`banjun-collector access`: who read which detail about persons or security."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from collector.access.detail import DETAILS, Detail
from collector.commands.output import UNKNOWN, say, show_json, show_table
from collector.commands.parser import FAILED, OK, Subparsers, add_json, command, duration
from collector.commands.register_access import opened, record_read
from probes.text import Language, Text

_TITLES = (
    Text("时间", "at"),
    Text("谁", "who"),
    Text("地址", "address"),
    Text("内容", "detail"),
    Text("入口", "door"),
    Text("学校", "school"),
    Text("机器", "agent"),
    Text("条数", "rows"),
    Text("结果", "outcome"),
)
_OUTCOMES = {
    "shown": Text("已显示", "shown"),
    "not_found": Text("没有", "not found"),
    "refused": Text("被拒", "refused"),
    "failed": Text("出错", "failed"),
}


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "access",
        language,
        title=Text("访问记录：谁看过人员和安全信息", "who looked at persons and security"),
        about=Text(
            "每次查看人员或安全方面的细节都记一条，每天封存一次，前后相链，默认保存 400 天。"
            "查看这份记录也会记下来。",
            "Each read of detail about persons or security is an entry. Each day is sealed and "
            "linked to the one before; entries are kept for 400 days unless records.toml says "
            "otherwise. That this log is read is recorded as well.",
        ),
        examples=[
            ("access --since 7d --school 9934000001", Text("一所学校一周的", "a school's week")),
            ("access verify", Text("核对封条", "check the seals")),
        ],
        run=run,
    )
    parser.add_argument(
        "--since",
        type=duration,
        default=timedelta(days=1),
        metavar="24h",
        help=Text("多久以来，默认一天", "since how long; a day unless given")(language),
    )
    parser.add_argument("--school", metavar="CODE", help=Text("只看这所", "only this")(language))
    parser.add_argument(
        "--limit",
        type=int,
        default=1000,
        help=Text("最多几条，默认 1000", "how many at most; 1000 unless given")(language),
    )
    add_json(parser, language)
    actions = parser.add_subparsers(
        title=Text("操作", "actions")(language), metavar="ACTION", required=False
    )
    _add_verify(actions, language)


def _add_verify(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "verify",
        language,
        title=Text("核对封条", "check the seals"),
        about=Text(
            "指出每个被改动、补写或过早删除的日子；最后一环请抄到别处。有问题时退出码为 1。",
            "It names each day whose entries were changed, added or deleted too early. Write the "
            "newest link down elsewhere. Exit code 1 if anything is wrong.",
        ),
        examples=[("access verify --json", Text("作为数据", "as data"))],
        run=run_verify,
    )
    add_json(parser, language)


def run(args: argparse.Namespace) -> int:
    from collector.access.book import AccessBook
    from collector.register.register import utc_now

    with opened(args.data_dir) as register:
        book = AccessBook(register.database, utc_now)
        found = book.reads(utc_now() - args.since, args.school, max(1, args.limit))
        record_read(register, "access", Detail.PERSON, school=args.school, rows=len(found))
    if args.json:
        show_json([{"at": one.at, **one.read} for one in found])
    elif found:
        rows = [[_local(one.at), *_cells(one.read, args.language)] for one in found]
        show_table([title(args.language) for title in _TITLES], rows)
    else:
        say(Text("这段时间没有人查看。", "Nobody looked in that time."), args.language)
    return OK


def _cells(read: Mapping[str, Any], language: Language) -> list[object]:
    detail, outcome = str(read["detail"]), str(read["outcome"])
    return [
        read["who"] or UNKNOWN,
        read["address"] or None,
        DETAILS[Detail(detail)](language) if detail in set(Detail) else detail,
        read["door"],
        read["school"] or None,
        read["agent"] or None,
        read["rows"],
        _OUTCOMES[outcome](language) if outcome in _OUTCOMES else outcome,
    ]


def run_verify(args: argparse.Namespace) -> int:
    from collector.access.book import AccessBook
    from collector.register.register import utc_now

    with opened(args.data_dir) as register:
        found = AccessBook(register.database, utc_now).verify()
    newest = found.newest
    if args.json:
        show_json(
            {
                "whole": not found.faults,
                "days": found.days,
                "entries": found.entries,
                "faults": [{"day": f.day, "zh": f.words.zh, "en": f.words.en}
                           for f in found.faults],
                "newest": newest and {"day": newest.day, "link": newest.link},
            }
        )  # fmt: skip
        return FAILED if found.faults else OK
    for fault in found.faults:
        say(fault.words, args.language)
    last = f"{newest.day} {newest.link}" if newest else "—"
    good = Text("有问题。", "not whole. ") if found.faults else Text("完好。", "whole. ")
    print(
        Text(
            f"封存 {found.days} 天，{found.entries} 条：{good.zh}最后一环（请抄到别处）：{last}",
            f"{found.days} sealed days, {found.entries} entries: {good.en}"
            f"Newest link, to write down elsewhere: {last}",
        )(args.language)
    )
    return FAILED if found.faults else OK


def _local(at: str) -> str:
    """In this machine's own time."""
    return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
