"""`banjun-collector agents`: the enrolled agents and how they are doing; `revoke` ends one."""

from __future__ import annotations

import argparse

from collector.commands.client import ask
from collector.commands.output import say, show_json, show_rows
from collector.commands.parser import OK, Subparsers, add_json, command
from collector.commands.register_access import actor, opened
from probes.text import Language, Text


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "agents",
        language,
        title=Text("代理程序：列出、停用", "agents: list, revoke"),
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
        show_rows(rows, args.language)
    else:
        say(
            Text(
                "没有代理程序；用 token create 学校代码 新建注册串。",
                "No agent; `token create SCHOOL` makes an enrolment string.",
            ),
            args.language,
        )
    return OK


def run_revoke(args: argparse.Namespace) -> int:
    with opened(args.data_dir) as register:
        register.revoke(args.id, actor())
    say(Text(f"已停用 {args.id}。", f"{args.id} is revoked."), args.language)
    return OK
