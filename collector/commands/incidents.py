"""`banjun-collector incidents`: what is or was wrong, and that somebody has taken it up."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from collector.access.detail import Detail
from collector.commands.output import Styled, say, show_json, show_table, words
from collector.commands.parser import OK, Subparsers, add_json, command
from collector.commands.register_access import actor, opened, record_read
from probes.text import Language, Text

if TYPE_CHECKING:
    from collector.register.register import Register

Row = Mapping[str, Any]

STYLES = {"degraded": "yellow", "down": "red", "unknown": "red"}
_TITLES = (
    Text("编号", "id"),
    Text("学校", "school"),
    Text("原因", "cause"),
    Text("程度", "severity"),
    Text("起于", "since"),
    Text("止于", "until"),
    Text("确认", "acknowledged"),
    Text("消息", "messages"),
)
_NONE = Text("没有事件。", "There is no incident.")
_NONE_OPEN = Text("没有未结束的事件。", "No incident is open.")
_COLLECTOR = Text("采集器", "the collector")


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "incidents",
        language,
        title=Text("事件：出了什么问题，有没有人在处理", "what is wrong, and who is on it"),
        about=Text(
            "一所学校的一个原因是一个事件，从翻转到坏的状态起，到全部翻转回来并稳定为止。"
            "断线的学校是一个事件，不是每台设备一个。直接读写登记库，采集器不必在运行。",
            "One cause at one school is one incident, from the flip to something bad until all of "
            "it is back and stays so. A school whose line is cut is one incident, not one for each "
            "machine. It works on the register itself, whether or not the collector runs.",
        ),
        examples=[
            ("incidents --open", Text("未结束的", "those that are open")),
            ("incidents ack 12 --note 已报修", Text("确认：有人在处理", "somebody is on it")),
            ("incidents --json", Text("作为数据", "as data")),
        ],
        run=run,
    )
    parser.add_argument(
        "--open",
        action="store_true",
        dest="only_open",
        help=Text("只看未结束的", "only those that are open")(language),
    )
    parser.add_argument(
        "--limit",
        type=int,
        default=50,
        help=Text("最多几个，默认 50", "how many at most; 50 unless given")(language),
    )
    add_json(parser, language)
    _add_ack(parser, language)


def _add_ack(parser: Any, language: Language) -> None:
    actions = parser.add_subparsers(
        title=Text("操作", "actions")(language), metavar="ACTION", required=False
    )
    ack = command(
        actions,
        "ack",
        language,
        title=Text("确认：有人在处理", "acknowledge: somebody is on it"),
        about=Text(
            "谁、何时、做了什么，记入事件和审计记录；不影响恢复时的消息。",
            "Who, when and what goes to the incident and to the audit trail. The message about its "
            "end is sent all the same.",
        ),
        examples=[("incidents ack 12 --note 已报修", Text("确认 12 号", "acknowledge number 12"))],
        run=run_ack,
    )
    ack.add_argument("incident", type=int, help=Text("编号", "id")(language))
    ack.add_argument(
        "--note",
        required=True,
        help=Text("做了什么、由谁处理", "what was done, and who does it")(language),
    )


def run(args: argparse.Namespace) -> int:
    with opened(args.data_dir) as register:
        rows = _rows(register, args)
        record_read(register, "incidents", Detail.PERSON, rows=len(rows))
    if args.json:
        show_json(rows)
    elif rows:
        _show(rows, args.language)
    else:
        say(_NONE_OPEN if args.only_open else _NONE, args.language)
    return OK


def run_ack(args: argparse.Namespace) -> int:
    with opened(args.data_dir) as register:
        found = register.acknowledge(args.incident, actor(), args.note)
    say(
        Text(
            f"事件 {found.id} 已确认：{found.acknowledged_by}，{found.note}",
            f"Incident {found.id} is acknowledged: {found.acknowledged_by}, {found.note}",
        ),
        args.language,
    )
    return OK


def _rows(register: Register, args: argparse.Namespace) -> list[Row]:
    from collector.alert.rows import delivery_rows, incident_row
    from collector.alert.scene import read_alert_policy
    from config.policy_folder import policies_of
    from config.threshold_file import load_thresholds
    from probes.catalog import discover

    folder = policies_of(args.data_dir)
    policy = read_alert_policy(load_thresholds(discover(), folder).rows, folder)
    names = {one.code: one.name for one in register.schools(register.today())}
    found = register.incidents(only_open=args.only_open, limit=max(1, args.limit))
    return [
        {
            **incident_row(one, policy, names),
            "deliveries": delivery_rows(register.deliveries(one.id)),
        }
        for one in found
    ]


def _show(rows: Sequence[Row], language: Language) -> None:
    lines = [
        [
            row["incident"],
            row["school_name"] or row["school"] or _COLLECTOR(language),
            words(row["title"], language),
            Styled(words(row["severity_text"], language), STYLES.get(row["severity"], "")),
            _local(row["since"]),
            _local(row["closed_at"]),
            f"{row['acknowledged_by']} {row['note']}" if row["acknowledged_at"] else None,
            _messages(row["deliveries"], language),
        ]
        for row in rows
    ]
    show_table([title(language) for title in _TITLES], lines)


def _messages(deliveries: Sequence[Row], language: Language) -> str | None:
    """`mail ✓✓  robot … (对方没有应答)`."""
    signs = {"sent": "✓", "failed": "✗", "pending": "…", "sending": "…", "withdrawn": ""}
    told: dict[str, str] = {}
    for one in deliveries:
        why = f" ({words(one['fault'], language)})" if one["fault"] else ""
        told[one["channel"]] = told.get(one["channel"], "") + signs[one["state"]] + why
    return "  ".join(f"{channel} {sign}" for channel, sign in told.items() if sign) or None


def _local(at: str | None) -> str | None:
    """In this machine's own time."""
    return at and datetime.fromisoformat(at).astimezone().strftime("%m-%d %H:%M:%S")
