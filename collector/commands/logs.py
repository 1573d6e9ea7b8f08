"""`banjun-collector logs`: are six months of logs kept, and what was tampered with."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from collector.access.detail import Detail
from collector.commands import logs_config, logs_sources
from collector.commands.logs_access import LogAccess, logs_of, now
from collector.commands.output import Styled, say, show_json, show_table, words
from collector.commands.parser import FAILED, OK, Subparsers, add_json, command
from collector.commands.register_access import record_read
from probes.text import Language, Text

if TYPE_CHECKING:
    from config.log_file import LogPolicy

Row = Mapping[str, Any]

_STYLES = {"proven": "green", "gaps": "red", "damaged": "red", "never": "yellow"}
_TITLES = (
    Text("来源", "source"),
    Text("学校", "school"),
    Text("最早", "since"),
    Text("天数", "days"),
    Text("连续", "unbroken"),
    Text("缺口", "gaps"),
    Text("状态", "state"),
    Text("预计证明于", "proven on"),
    Text("最近", "newest"),
)
_GAP_TITLES = (
    Text("起", "first day"),
    Text("止", "last day"),
    Text("天", "days"),
    Text("原因", "cause"),
)
_FAULT_TITLES = (
    Text("问题", "fault"),
    Text("文件或锚值", "file or anchor"),
    Text("封存序号", "seal"),
)
_NONE = Text(
    "还没有登记日志来源。先用 logs config 配好接收，再用 logs sources add 登记；见 docs/logs.md。",
    "No source of logs is registered. Set up receiving with `logs config`, then register gear with "
    "`logs sources add`; see docs/logs.md.",
)


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "logs",
        language,
        title=Text(
            "六个月的日志：留存、缺口、证明、核对", "six months of logs: kept, proven, verified"
        ),
        about=Text(
            "网关和交换机的日志由 rsyslog 接收，每天封存。这里列出每个来源从哪天起有、缺了哪几天、"
            "是否已满法定天数，或哪天能满。“连续”是到昨天为止一天不缺的天数。\n"
            "最后一行是锚值：请抄到别处，以后用 logs verify --anchor 核对。",
            "rsyslog receives the logs of gateways and switches, and each day is sealed. The list "
            "says since when each source has lines, how many days are missing, and whether it has "
            "what the law asks, or when it will. 'unbroken' counts days up to yesterday without a "
            "missing one.\nThe last line is the anchor: write it down elsewhere, and hold it "
            "against the chain later with `logs verify --anchor`.",
        ),
        examples=[
            ("logs", Text("全部来源", "all sources")),
            ("logs gaps xiwang-gateway", Text("一个来源缺哪几天", "which days one source lacks")),
            ("logs verify", Text("重读全部封存的文件", "read all sealed files again")),
            ("logs config > rsyslog.conf", Text("接收用的配置", "what the receiver needs")),
        ],
        run=run,
    )
    add_json(parser, language)
    actions = parser.add_subparsers(
        title=Text("操作", "actions")(language), metavar="ACTION", required=False
    )
    logs_config.add_action(actions, language)
    logs_sources.add_action(actions, language)
    _add_verify(actions, language)
    _add_gaps(actions, language)


def _add_verify(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "verify",
        language,
        title=Text("核对：封存的文件和记录有没有被动过", "was anything tampered with"),
        about=Text(
            "重读每个封存文件，重算整条链；有问题时退出码为 1。有改动的那一天从此算缺失，"
            "放回原样再核对一次即恢复。",
            "Reads every sealed file and works out the whole chain again; the exit code is 1 if "
            "anything is wrong. A day that was altered counts as missing until it is put back and "
            "verified once more.",
        ),
        examples=[
            (
                "logs verify --anchor 184:3f0a9c21d05e77b4",
                Text("再与抄下的锚值核对", "also against an anchor that was written down"),
            )
        ],
        run=run_verify,
    )
    parser.add_argument(
        "--anchor",
        action="append",
        default=[],
        metavar="NUMBER:LINK",
        help=Text("以前显示过的锚值，可给几次", "one shown earlier; may be given again")(language),
    )
    add_json(parser, language)


def _add_gaps(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "gaps",
        language,
        title=Text("一个来源缺哪几天", "which days a source lacks"),
        about=Text(
            "连同原因、依据的条款和天数。", "With the cause, and the clause that asks for them."
        ),
        examples=[("logs gaps xiwang-gateway", Text("列出", "list them"))],
        run=run_gaps,
    )
    parser.add_argument("source", metavar="SOURCE", help=Text("来源名", "its name")(language))
    add_json(parser, language)


def run(args: argparse.Namespace) -> int:
    with logs_of(args) as access:
        rows, newest, policy = _rows(access), access.logs.book.newest(), access.policy
        record_read(access.register, "logs", Detail.SECURITY, rows=len(rows))
    anchor = newest.anchor if newest else None
    if args.json:
        law = [
            {"document": c.document, "article": c.article, "verified": c.verified.value}
            for c in policy.citations
        ]
        required = {"required_days": policy.required_days, "target_days": policy.target_days}
        show_json({"sources": rows, "anchor": anchor, **required, "citations": law})
        return OK
    show_table([title(args.language) for title in _TITLES], [_line(r, args.language) for r in rows])
    if all(str(row["source"]).startswith("_") for row in rows):
        say(_NONE, args.language)
    if anchor:
        print(Text(f"锚值 {anchor}", f"anchor {anchor}")(args.language))
    return OK


def run_verify(args: argparse.Namespace) -> int:
    from collector.logs.keeping import look
    from collector.logs.rows import finding_row
    from collector.logs.verify import anchor_fault

    with logs_of(args) as access:
        book, folder = access.logs.book, access.logs.folder
        seals = book.seals()
        wrong = [fault for text in args.anchor if (fault := anchor_fault(seals, text))]
        found = [finding_row(one) for one in [*look(book, folder, lambda _: True), *wrong]]
        record_read(access.register, "logs verify", Detail.SECURITY, rows=len(found))
    if args.json:
        show_json({"seals": len(seals), "findings": found})
    elif found:
        show_table(
            [title(args.language) for title in _FAULT_TITLES],
            [_fault(r, args.language) for r in found],
        )
    count = len(found)
    say(
        Text(
            f"核对了 {len(seals)} 条封存记录：{count} 处问题。",
            f"{len(seals)} seals verified: {count} findings.",
        ),
        args.language,
    )
    return FAILED if found else OK


def run_gaps(args: argparse.Namespace) -> int:
    from collector.logs.source import no_such_source

    with logs_of(args) as access:
        rows = [row for row in _rows(access) if row["source"] == args.source]
        policy = access.policy
        record_read(access.register, "logs gaps", Detail.SECURITY, rows=len(rows))
    if not rows:
        raise no_such_source(args.source)
    (row,) = rows
    if args.json:
        show_json(row["gaps"])
        return OK
    if row["gaps"]:
        lines = [
            [g["first_day"], g["last_day"], g["days"], words(g["cause_text"], args.language)]
            for g in row["gaps"]
        ]
        show_table([title(args.language) for title in _GAP_TITLES], lines)
    law = _law(policy, args.language)
    when = row["forecast"]
    say(
        Text(
            f"需要连续 {policy.required_days} 天（{law}；目标 {policy.target_days} 天），"
            f"现有 {row['days_kept']} 天。"
            + (f"不再缺失时，{when} 可证明。" if when else "已证明。"),
            f"{policy.required_days} days without a gap are required ({law}; the target is "
            f"{policy.target_days}), and {row['days_kept']} are there. "
            + (f"It is proven on {when} if nothing more is missed." if when else "It is proven."),
        ),
        args.language,
    )
    return OK


def _law(policy: LogPolicy, language: Language) -> str:
    """Articles in force, and how sure each is."""
    from config.policy import VERIFICATIONS

    return "; ".join(
        f"{cited.document} {cited.article} [{VERIFICATIONS[cited.verified](language)}]"
        for cited in policy.cited(policy.today(now()))
    )


def _rows(access: LogAccess) -> list[Row]:
    from collector.logs.rows import source_row

    names = access.school_names()
    return [source_row(one, names) for one in access.logs.evidence.sources()]


def _line(row: Row, language: Language) -> list[object]:
    return [
        row["source"],
        row["school_name"] or row["school"] or words(row["note"], language) or None,
        row["first_day"],
        row["days"],
        row["days_kept"],
        sum(gap["days"] for gap in row["gaps"]) or None,
        Styled(words(row["state_text"], language), _STYLES.get(row["state"], "")),
        row["forecast"],
        _local(row["newest"]),
    ]


def _fault(row: Row, language: Language) -> list[object]:
    return [words(row["fault_text"], language), row["subject"], row["seal"]]


def _local(at: str | None) -> str | None:
    """In this machine's own time."""
    return at and datetime.fromisoformat(at).astimezone().strftime("%m-%d %H:%M:%S")
