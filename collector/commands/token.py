"""`banjun-collector token list|revoke`, and `create` from its own file."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from collector.access.detail import Detail
from collector.commands import token_create
from collector.commands.output import say, show_json, show_table
from collector.commands.parser import OK, Subparsers, add_json, command
from collector.commands.register_access import actor, opened, record_read
from collector.commands.token_create import ROLE_NAMES
from probes.text import Language, Text

if TYPE_CHECKING:
    from collector.register.model import Token

STATES = {
    "usable": Text("可用", "usable"),
    "revoked": Text("已撤销", "revoked"),
    "expired": Text("已过期", "expired"),
    "used_up": Text("已用完", "used up"),
}


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
    token_create.add_action(actions, language)
    _add_list(actions, language)
    _add_revoke(actions, language)


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


def run_list(args: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    with opened(args.data_dir) as register:
        tokens = register.tokens()
        record_read(register, "token list", Detail.SECURITY, rows=len(tokens))
    if args.json:
        show_json([_plain(token, now) for token in tokens])
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
    rows = [_row(token, now, args.language) for token in tokens]
    show_table([title(args.language) for title in titles], rows)
    return OK


def _plain(token: Token, now: datetime) -> dict[str, object]:
    return {
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


def _row(token: Token, now: datetime, language: Language) -> list[object]:
    return [
        token.id,
        token.school,
        ROLE_NAMES[token.role](language),
        STATES[token.state(now)](language),
        f"{token.uses}/{token.max_uses}",
        f"{token.expires_at.astimezone():%Y-%m-%d %H:%M}",
        token.note,
    ]


def run_revoke(args: argparse.Namespace) -> int:
    with opened(args.data_dir) as register:
        register.revoke_token(args.id, actor())
    say(Text(f"已撤销 {args.id}。", f"{args.id} is revoked."), args.language)
    return OK
