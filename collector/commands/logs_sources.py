"""`banjun-collector logs sources add|list|remove`: which gear sends logs, and whose it is."""

from __future__ import annotations

import argparse
import re

from collector.access.detail import Detail
from collector.commands.logs_access import LogAccess, logs_of, require_owner
from collector.commands.output import say, show_json, show_table
from collector.commands.parser import OK, Subparsers, add_json, command
from collector.commands.register_access import actor, record_read
from probes.text import Language, Text

_TITLES = (
    Text("来源", "source"),
    Text("学校", "school"),
    Text("地址", "addresses"),
    Text("允许沉默（天）", "silent days"),
    Text("备注", "note"),
)
_SENDER = re.compile(rb"^\S+ (\S+) ", re.M)
_TAIL_BYTES = 1 << 20


def add_action(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "sources",
        language,
        title=Text("日志来源：登记、列出、去掉", "sources of logs: add, list, remove"),
        about=Text(
            "一个来源是一台设备，凭它发日志用的地址认出。",
            "A source is one piece of gear, known by the address that it sends from.",
        ),
        examples=[
            (
                "logs sources add xiwang-gateway --school 9934000001 --address 192.0.2.1",
                Text("登记一所学校的网关", "the gateway of a school"),
            )
        ],
    )
    inner = parser.add_subparsers(
        title=Text("操作", "actions")(language), metavar="ACTION", required=True
    )
    _add_add(inner, language)
    _add_list(inner, language)
    _add_remove(inner, language)


def _add_add(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "add",
        language,
        title=Text("登记，或改登记", "register one, or change it"),
        about=Text(
            "再次登记同名来源即改为新的地址、学校和天数。只影响以后收到的行；已收到的留在原处。",
            "Registering a name again gives it the new addresses, school and days. It holds for "
            "lines to come; those that came stay where they are.",
        ),
        examples=[
            (
                "logs sources add xiwang-ups --school 9934000001 --address 192.0.2.9 "
                "--silent-days 8",
                Text("每周才说一次话的设备", "gear that speaks once a week"),
            ),
            (
                "logs sources add county-core --address 192.0.2.30",
                Text("县里自己的设备，不属于学校", "gear of the county, of no school"),
            ),
        ],
        run=run_add,
    )
    parser.add_argument("source", metavar="SOURCE", help=Text("来源名", "its name")(language))
    parser.add_argument(
        "--school",
        default="",
        metavar="CODE",
        help=Text("学校代码", "code of its school")(language),
    )
    parser.add_argument(
        "--address",
        action="append",
        required=True,
        metavar="IP",
        help=Text("发送地址，可给几次", "where it sends from; may be given again")(language),
    )
    parser.add_argument(
        "--silent-days",
        type=int,
        metavar="N",
        help=Text(
            "连续 N 天没有日志才算缺口；默认按策略",
            "N days in a row without a line are a gap; as policy says unless given",
        )(language),
    )
    parser.add_argument("--note", default="", help=Text("备注", "a note")(language))


def _add_list(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "list",
        language,
        title=Text("列出来源", "list them"),
        about=Text(
            "也指出最近发来日志、却没有登记的地址。",
            "It also names addresses that sent of late and are not registered.",
        ),
        examples=[("logs sources list", Text("全部", "all"))],
        run=run_list,
    )
    add_json(parser, language)


def _add_remove(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "remove",
        language,
        title=Text("去掉来源", "remove one"),
        about=Text(
            "不再要求它每天有日志；已封存的保留。记入审计记录。",
            "It is not asked for lines any more; what is sealed stays. The audit trail has it.",
        ),
        examples=[("logs sources remove xiwang-ups", Text("设备已拆除", "the gear is gone"))],
        run=run_remove,
    )
    parser.add_argument("source", metavar="SOURCE", help=Text("来源名", "its name")(language))


def run_add(args: argparse.Namespace) -> int:
    from collector.logs.source import MOST_SILENT_DAYS, LogSourceError
    from collector.register.register import UnknownSchoolError

    if args.silent_days is not None and not 1 <= args.silent_days <= MOST_SILENT_DAYS:
        raise LogSourceError(
            Text(
                f"--silent-days {args.silent_days} 应为 1 至 {MOST_SILENT_DAYS}；"
                "更久没有日志的来源，证明不了六个月。",
                f"--silent-days {args.silent_days} should be 1 to {MOST_SILENT_DAYS}; a source "
                "that is silent for longer proves no six months.",
            )
        )
    with logs_of(args) as access:
        require_owner(args.data_dir)
        if args.school and args.school not in access.school_names():
            raise UnknownSchoolError(args.school)
        access.logs.book.put_source(
            args.source,
            args.school,
            args.address,
            actor(),
            note=args.note,
            silent_days=args.silent_days,
        )
        told = _tell(access)
    say(Text(f"已登记 {args.source}。", f"{args.source} is registered."), args.language)
    _say_told(told, args.language)
    return OK


def run_remove(args: argparse.Namespace) -> int:
    with logs_of(args) as access:
        require_owner(args.data_dir)
        access.logs.book.remove_source(args.source, actor())
        told = _tell(access)
    say(Text(f"已去掉 {args.source}。", f"{args.source} is removed."), args.language)
    _say_told(told, args.language)
    return OK


def run_list(args: argparse.Namespace) -> int:
    with logs_of(args) as access:
        sources, names = access.logs.book.sources(), access.school_names()
        strangers = _strangers(access)
        record_read(access.register, "logs sources list", Detail.SECURITY, rows=len(sources))
    if args.json:
        rows = [
            {
                "source": one.name,
                "school": one.school or None,
                "addresses": list(one.addresses),
                "silent_days": one.silent_days,
                "note": one.note,
                "added_at": one.added_at.isoformat(timespec="seconds"),
            }
            for one in sources
        ]
        show_json({"sources": rows, "unregistered": strangers})
        return OK
    lines = [
        [
            one.name,
            names.get(one.school, one.school) or None,
            " ".join(one.addresses),
            one.silent_days,
            one.note or None,
        ]
        for one in sources
    ]
    show_table([title(args.language) for title in _TITLES], lines)
    if strangers:
        listed = " ".join(strangers)
        say(
            Text(
                f"没有登记、但发来日志的地址：{listed}。用 logs sources add 登记。",
                f"These send and are not registered: {listed}. Register them with "
                "`logs sources add`.",
            ),
            args.language,
        )
    return OK


def _tell(access: LogAccess) -> bool:
    from collector.logs.receiver import put_sources

    access.logs.folder.make()
    return put_sources(access.logs.folder, access.logs.book.sources())


def _say_told(told: bool, language: Language) -> None:
    if not told:
        say(
            Text(
                "没有找到运行中的接收程序；启动它：systemctl start banjun-logs（见 logs config）。",
                "No receiver runs here; start it with systemctl start banjun-logs (see "
                "`logs config`).",
            ),
            language,
        )


def _strangers(access: LogAccess) -> list[str]:
    """From the end of the newest file of those that nobody registered."""
    from collector.logs.source import UNREGISTERED

    files = [file for file in access.logs.folder.arrived() if file.source == UNREGISTERED]
    if not files:
        return []
    with open(max(files, key=lambda file: file.day).path, "rb") as newest:
        newest.seek(max(0, files[-1].bytes - _TAIL_BYTES))
        senders = set(_SENDER.findall(newest.read(_TAIL_BYTES)))
    return sorted(sender.decode("ascii", "replace") for sender in senders)
