"""`banjun-collector posture SCHOOL`: what each machine says of its security, and how it knows."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from collector.commands.client import ask
from collector.commands.duties import MACHINE_STYLES, age
from collector.commands.output import Styled, say, show_json, show_table, words
from collector.commands.parser import OK, Subparsers, add_json, command
from probes.text import Language, Text

Row = Mapping[str, Any]
_TITLES = (
    Text("设备", "machine"),
    Text("事实", "fact"),
    Text("现值", "value"),
    Text("来源", "source"),
    Text("权限", "privilege"),
    Text("测于", "age"),
    Text("用于职责", "supports"),
)
_NONE = Text(
    "还没有安全态势的读数：代理程序按小时或每天检查一次，也可在设备上运行 banjun-agent once。",
    "No posture was reported yet: agents look each hour or day, or at once with "
    "`banjun-agent once` on the machine.",
)


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "posture",
        language,
        title=Text("一所学校各设备的安全事实", "the security facts of a school's machines"),
        about=Text(
            "每个事实都写明来源、读取时的权限和时间，以及哪些职责用到它、判成什么。读不到的写明原因，"
            "不当作“否”。取自运行中的采集器。",
            "Each fact with its source, the privilege with which it was read, its age, and the "
            "duties that rest on it and how they took it. What could not be read says why, and is "
            "never a no. The running collector is asked.",
        ),
        examples=[
            ("posture 9934000001", Text("全校", "all machines")),
            (
                "posture 9934000001 --agent pc-03",
                Text("一台（主机名或编号）", "one, by name or id"),
            ),
            ("posture 9934000001 --json", Text("作为数据", "as data")),
        ],
        run=run,
    )
    parser.add_argument("school", metavar="SCHOOL", help=Text("学校代码", "school code")(language))
    parser.add_argument(
        "--agent",
        metavar="NAME",
        help=Text("只看一台：主机名或代理程序编号", "one machine: hostname or id")(language),
    )
    add_json(parser, language)


def run(args: argparse.Namespace) -> int:
    answer = dict(ask(args.data_dir, "/v1/posture", {"school": args.school}))
    if args.agent:
        answer["facts"] = [
            row for row in answer["facts"] if args.agent in (row["agent"], row["hostname"])
        ]
    if args.json:
        show_json(answer)
    elif answer["facts"]:
        print(f"{answer['school_name']} {answer['school']}")
        _show(answer["facts"], args.language)
    else:
        say(_NONE, args.language)
    return OK


def _show(rows: Sequence[Row], language: Language) -> None:
    lines = [
        [
            row["hostname"] or row["agent"],
            _fact(row, language),
            _value(row, language),
            row["source"],
            row["privilege"],
            age(row["age_seconds"], language),
            _supports(row, language),
        ]
        for row in rows
    ]
    show_table([title(language) for title in _TITLES], lines, folds=(0, 1, 2, 6))


def _fact(row: Row, language: Language) -> str:
    """`主机防火墙：防火墙有效 posture_firewall.firewall_active (part)`."""
    name = f"{row['probe']}.{row['metric']}" if row["metric"] else row["probe"]
    where = [row["part"], *row["about"].values()]
    shown = ", ".join(str(each) for each in where if each)
    title = words(row["title"], language)
    return f"{title} {name}{f' ({shown})' if shown else ''}"


def _value(row: Row, language: Language) -> str:
    """In words; what was not read says why."""
    reason = words(row["reason"], language) if row["reason"] else ""
    if row["value"] is None:
        return f"{Text('未知', 'unknown')(language)}: {reason}"
    value = str(words(row["value_text"], language))
    if not row["outdated"]:
        return value
    later = Text("最近一次没有再得到", "the newest run found none")(language)
    return f"{value} ({later}{f': {reason}' if reason else ''})"


def _supports(row: Row, language: Language) -> Styled | None:
    told = row["supports"]
    if not told:
        return None
    worst = min(told, key=lambda one: _ORDER.get(one["state"], 9))
    text = "; ".join(
        f"{one['duty']}/{one['part']}: {words(one['state_text'], language)}" for one in told
    )
    return Styled(text, MACHINE_STYLES.get(worst["state"], ""))


_ORDER = {"not_met": 0, "error": 1, "unknown": 2, "met": 3, "not_here": 4}
