"""`banjun-collector token create|list|revoke`: who may enrol agents at which school."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta

from collector.commands.client import serving_url
from collector.commands.output import say, show_json, show_table
from collector.commands.parser import OK, Subparsers, add_json, command, duration
from collector.commands.register_access import actor, opened
from config.enrolment import Enrolment
from probes.model import Role
from probes.text import BanjunError, Language, Text

ROLES = (Role.GATEWAY, Role.PC)
ROLE_NAMES = {Role.GATEWAY: Text("网关", "gateway"), Role.PC: Text("电脑", "PC")}
STATES = {
    "usable": Text("可用", "usable"),
    "revoked": Text("已撤销", "revoked"),
    "expired": Text("已过期", "expired"),
    "used_up": Text("已用完", "used up"),
}


class NoAddressError(BanjunError):
    """The enrolment string needs the collector's address, and nobody said it."""


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "token",
        language,
        title=Text("注册串：新建、列出、撤销", "enrolment strings: create, list, revoke"),
        about=Text(
            "代理程序凭注册串加入一所学校。注册串有期限和次数，只显示一次，登记库里只有它的散列值。",
            "An agent joins a school with an enrolment string. It has an expiry and a number of "
            "uses, is shown once, and the register keeps only its hash.",
        ),
        examples=[
            (
                "token create 9934000001",
                Text("给一台网关，24 小时内有效", "for one gateway, good for 24 hours"),
            ),
            (
                "token create 9934000001 --role pc --uses 44 --expires 7d",
                Text("给一间计算机教室", "for a computer room"),
            ),
        ],
    )
    actions = parser.add_subparsers(
        title=Text("操作", "actions")(language), metavar="ACTION", required=True
    )
    _add_create(actions, language)
    _add_list(actions, language)
    _add_revoke(actions, language)


def _add_create(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "create",
        language,
        title=Text("新建注册串", "create an enrolment string"),
        about=Text(
            "注册串写到标准输出，其余文字写到标准错误，因此可以直接接到别的命令后面。",
            "The string goes to standard output and everything else to standard error, so it can "
            "be passed on to another command.",
        ),
        examples=[
            (
                "token create 9934000001 --url https://collector.example.edu.cn:8470",
                Text("给另一台机器上的代理程序", "for an agent on another machine"),
            )
        ],
        run=run_create,
    )
    parser.add_argument("school", metavar="SCHOOL", help=Text("学校代码", "school code")(language))
    parser.add_argument(
        "--role",
        choices=[role.value for role in ROLES],
        default=Role.GATEWAY.value,
        help=Text("角色，默认 gateway（网关）", "role; gateway unless given")(language),
    )
    parser.add_argument(
        "--uses",
        type=int,
        default=1,
        metavar="N",
        help=Text("可用几次，默认 1", "how many agents it admits; 1 unless given")(language),
    )
    parser.add_argument(
        "--expires",
        type=duration,
        default=timedelta(hours=24),
        metavar="24h",
        help=Text(
            "有效期，默认 24h，最长 90d", "how long it is good; 24h unless given, 90d at most"
        )(language),
    )
    parser.add_argument(
        "--url",
        metavar="URL",
        help=Text(
            "代理程序用来连接采集器的地址，默认为正在运行的采集器的地址",
            "where agents reach the collector; that of the running collector unless given",
        )(language),
    )
    parser.add_argument(
        "--note",
        default="",
        metavar="TEXT",
        help=Text("备注，例如教室", "a remark, such as the room")(language),
    )
    add_json(parser, language)


def _add_list(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "list",
        language,
        title=Text("列出注册串", "list the enrolment strings"),
        about=Text("密钥本身不会再显示。", "Their secrets are not shown again."),
        examples=[("token list --json", Text("全部，作为数据", "all, as data"))],
        run=run_list,
    )
    add_json(parser, language)


def _add_revoke(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "revoke",
        language,
        title=Text("撤销注册串", "revoke an enrolment string"),
        about=Text(
            "已凭它加入的代理程序不受影响；要停用它们用 agents revoke。",
            "Agents that it admitted stay; `agents revoke` ends those.",
        ),
        examples=[("token revoke 3f9ac1d20b77", Text("编号见 token list", "ids: token list"))],
        run=run_revoke,
    )
    parser.add_argument("id", metavar="ID", help=Text("编号", "id of the token")(language))


def run_create(args: argparse.Namespace) -> int:
    url = args.url or serving_url(args.data_dir)
    if url is None:
        raise NoAddressError(
            Text(
                "采集器没有运行，不知道它的地址；请先启动 serve，或用 --url 写明，"
                "例如 --url http://127.0.0.1:8470",
                "The collector is not running, so its address is not known; start it with `serve`, "
                "or name it, such as --url http://127.0.0.1:8470",
            )
        )
    Enrolment(
        url, "check", "check"
    )  # an address that is not usable is found before a token is made
    role = Role(args.role)
    with opened(args.data_dir) as register:
        made = register.create_token(
            args.school,
            role,
            actor=actor(),
            expires_in=args.expires,
            max_uses=args.uses,
            note=args.note,
        )
        school = register.school(args.school, register.today())
    assert school is not None
    until = (datetime.now(UTC) + args.expires).astimezone()
    string = Enrolment(url, made.id, made.secret).to_text()
    if args.json:
        show_json(
            {
                "id": made.id,
                "school": school.code,
                "school_name": school.name,
                "role": role.value,
                "max_uses": args.uses,
                "expires_at": until.isoformat(timespec="seconds"),
                "url": url,
                "enrolment": string,
            }
        )
        return OK
    name = ROLE_NAMES[role]
    say(
        Text(
            f"{school.name}（{school.code}）{name.zh}的注册串，可用 {args.uses} 次，"
            f"{until:%Y-%m-%d %H:%M} 前有效，只显示这一次：",
            f"Enrolment string for a {name.en} of {school.name} ({school.code}), good for "
            f"{args.uses} until {until:%Y-%m-%d %H:%M}, shown only now:",
        ),
        args.language,
    )
    print(string, flush=True)
    say(
        Text(
            f"在学校的机器上运行：banjun-agent enrol 注册串\n代理程序将连接 {url}",
            f"On the machine at the school: banjun-agent enrol STRING\nThe agent will reach {url}",
        ),
        args.language,
    )
    return OK


def run_list(args: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    with opened(args.data_dir) as register:
        tokens = register.tokens()
    if args.json:
        show_json(
            [
                {
                    "id": token.id,
                    "school": token.school,
                    "role": token.role.value,
                    "state": token.state(now),
                    "uses": token.uses,
                    "max_uses": token.max_uses,
                    "expires_at": token.expires_at.isoformat(timespec="seconds"),
                    "created_by": token.created_by,
                    "note": token.note,
                }
                for token in tokens
            ]
        )
        return OK
    titles = [
        Text("编号", "id"),
        Text("学校", "school"),
        Text("角色", "role"),
        Text("状态", "state"),
        Text("已用", "used"),
        Text("到期", "expires"),
        Text("备注", "note"),
    ]
    rows = [
        [
            token.id,
            token.school,
            ROLE_NAMES.get(token.role, Text(token.role, token.role))(args.language),
            STATES[token.state(now)](args.language),
            f"{token.uses}/{token.max_uses}",
            f"{token.expires_at.astimezone():%Y-%m-%d %H:%M}",
            token.note,
        ]
        for token in tokens
    ]
    show_table([title(args.language) for title in titles], rows)
    return OK


def run_revoke(args: argparse.Namespace) -> int:
    with opened(args.data_dir) as register:
        register.revoke_token(args.id, actor())
    say(Text(f"已撤销 {args.id}。", f"{args.id} is revoked."), args.language)
    return OK
