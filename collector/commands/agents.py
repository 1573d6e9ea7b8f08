"""`banjun-collector agents`: the enrolled agents and how they are doing; `revoke` ends one, `place`
says where some stand."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from collector.commands import agents_place
from collector.commands.client import ask
from collector.commands.output import UNKNOWN, say, show_json, show_table, words
from collector.commands.parser import OK, Subparsers, add_json, command
from collector.commands.register_access import actor, opened
from probes.text import Language, Text

_TITLES = (
    Text("代理程序", "agent"),
    Text("学校", "school"),
    Text("角色", "role"),
    Text("主机名", "hostname"),
    Text("房间", "room"),
    Text("版本", "version"),
    Text("最近联系", "heard"),
    Text("待送", "waiting"),
    Text("丢失", "lost"),
    Text("未能运行", "not run"),
)


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "agents",
        language,
        title=Text("代理程序：列出、停用、登记房间", "agents: list, revoke, place"),
        about=Text(
            "不带操作时列出全部代理程序及其最近的情况，取自运行中的采集器。",
            "Without an action it lists all agents and how they last were, as the running "
            "collector knows it.",
        ),
        examples=[
            ("agents", Text("列出", "list")),
            ("agents --school 9934000001", Text("一所学校的", "those of one school")),
            ("agents revoke 5f0c...", Text("停用一个", "end the access of one")),
        ],
        run=run_list,
    )
    parser.add_argument(
        "--school", metavar="CODE", help=Text("只看一所学校", "only of this school")(language)
    )
    add_json(parser, language)
    actions = parser.add_subparsers(title=Text("操作", "actions")(language), metavar="ACTION")
    agents_place.add_action(actions, language)
    revoke = command(
        actions,
        "revoke",
        language,
        title=Text("停用一个代理程序", "end the access of an agent"),
        about=Text(
            "几秒内生效，它不能再推送；已有的测量保留。要重新加入须用新的注册串。",
            "It takes effect within seconds: the agent can push no more. What it measured stays. "
            "To come back it needs a new enrolment string.",
        ),
        examples=[("agents revoke 5f0c...", Text("编号见 agents", "ids: agents"))],
        run=run_revoke,
    )
    revoke.add_argument("id", metavar="ID", help=Text("编号", "id of the agent")(language))


def run_list(args: argparse.Namespace) -> int:
    rows = ask(args.data_dir, "/v1/agents")
    if args.school:
        rows = [row for row in rows if row.get("school") == args.school]
    if args.json:
        show_json(rows)
    elif rows:
        titles = [title(args.language) for title in _TITLES]
        show_table(titles, [_line(row, args.language) for row in rows])
    else:
        say(
            Text(
                "没有代理程序；用 token create 学校代码 新建注册串。",
                "No agent; `token create SCHOOL` makes an enrolment string.",
            ),
            args.language,
        )
    return OK


def _line(row: Mapping[str, Any], language: Language) -> list[object]:
    not_run = [
        f"{_asked(each)}: {words(each.get('reason_text', each.get('reason')), language)}"
        for each in row.get("not_run") or []
    ]
    if refused := (row.get("state") or {}).get("config_error"):
        not_run.insert(0, str(refused))  # the agent says it in English alone
    return [
        row.get("agent"),
        row.get("school"),
        _role(row, language),
        row.get("hostname"),
        row.get("room") or None,
        row.get("version"),
        Text("已停用", "revoked")(language) if row.get("revoked") else _ago(row, language),
        row.get("spool_readings"),
        row.get("lost_readings"),
        " ".join(not_run) or UNKNOWN,
    ]


def _asked(run: Mapping[str, Any]) -> str:
    """The probe, and what it asked unless that is the machine itself."""
    target = run.get("target")
    return f"{run.get('probe')} {target}" if target not in (None, "local") else str(run["probe"])


def _role(row: Mapping[str, Any], language: Language) -> str:
    role = str(row.get("role"))
    return (
        role + Text("（当值哨兵）", " (sentinel on duty)")(language)
        if row.get("sentinel")
        else role
    )


def _ago(row: Mapping[str, Any], language: Language) -> str:
    seconds = row.get("heard_seconds_ago")
    if seconds is None:
        return Text("启动以来没有", "not since the start")(language)
    whole = round(seconds)
    if whole < 120:
        return Text(f"{whole} 秒前", f"{whole} s ago")(language)
    return Text(f"{whole // 60} 分钟前", f"{whole // 60} min ago")(language)


def run_revoke(args: argparse.Namespace) -> int:
    with opened(args.data_dir) as register:
        register.revoke(args.id, actor())
    say(Text(f"已停用 {args.id}。", f"{args.id} is revoked."), args.language)
    return OK
