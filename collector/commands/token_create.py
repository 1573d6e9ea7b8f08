"""`banjun-collector token create`: an enrolment string, shown once."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from collector.commands.client import pin_of, public_url
from collector.commands.output import say, show_json
from collector.commands.parser import OK, Parser, Subparsers, add_json, command, duration
from collector.commands.register_access import actor, opened
from config.enrolment import Enrolment
from probes.model import Role
from probes.text import BanjunError, Language, Text

ROLE_NAMES = {
    Role.GATEWAY: Text("网关", "gateway"),
    Role.PC: Text("电脑", "PC"),
    Role.SENTINEL: Text("哨兵", "sentinel"),
}


class NoAddressError(BanjunError):
    """The enrolment string needs the collector's address, and nobody said it."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                "采集器没有运行，不知道它的地址；请先启动 serve，或用 --url 写明，"
                "例如 --url http://127.0.0.1:8421",
                "The collector is not running, so its address is not known; start it with `serve`, "
                "or name it, such as --url http://127.0.0.1:8421",
            )
        )


@dataclass(frozen=True, slots=True)
class _Made:
    """What is told about a new token."""

    school: str
    school_name: str
    role: Role
    uses: int
    until: datetime
    enrolment: Enrolment


def add_action(actions: Subparsers, language: Language) -> None:
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
                "token create 9934000001 --url https://collector.example.edu.cn:8421",
                Text("给另一台机器上的代理程序", "for an agent on another machine"),
            )
        ],
        run=run_create,
    )
    _add_arguments(parser, language)


def _add_arguments(parser: Parser, language: Language) -> None:
    parser.add_argument("school", metavar="SCHOOL", help=Text("学校代码", "school code")(language))
    parser.add_argument(
        "--role",
        choices=[role.value for role in Role],
        default=Role.GATEWAY.value,
        help=Text(
            "角色，默认 gateway（网关）；sentinel（哨兵）是专门查看局域网的机器",
            "role; gateway unless given; a sentinel is a machine for looking at the school's LAN",
        )(language),
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


def run_create(args: argparse.Namespace) -> int:
    url = args.url or public_url(args.data_dir)
    if url is None:
        raise NoAddressError
    made = _make(args, url)
    if args.json:
        show_json(_plain(made))
    else:
        _show(made, args.language)
    return OK


def _make(args: argparse.Namespace, url: str) -> _Made:
    pin = pin_of(args.data_dir, url)
    Enrolment(url, "id", "secret", pin)  # a useless address is found before there is a token
    role = Role(args.role)
    with opened(args.data_dir) as register:
        token = register.create_token(
            args.school,
            role,
            actor=actor(),
            expires_in=args.expires,
            max_uses=args.uses,
            note=args.note,
        )
        school = register.school(args.school, register.today())
    return _Made(
        school=args.school,
        school_name=school.name if school else args.school,
        role=role,
        uses=args.uses,
        until=(datetime.now(UTC) + args.expires).astimezone(),
        enrolment=Enrolment(url, token.id, token.secret, pin),
    )


def _plain(made: _Made) -> dict[str, object]:
    return {
        "id": made.enrolment.token_id,
        "school": made.school,
        "school_name": made.school_name,
        "role": made.role.value,
        "max_uses": made.uses,
        "expires_at": made.until.isoformat(timespec="seconds"),
        "url": made.enrolment.url,
        "pin": made.enrolment.pin or None,
        "enrolment": made.enrolment.to_text(),
    }


def _show(made: _Made, language: Language) -> None:
    trusted = _trusted(made.enrolment)
    role, until = ROLE_NAMES[made.role], f"{made.until:%Y-%m-%d %H:%M}"
    say(
        Text(
            f"{made.school_name}（{made.school}）{role.zh}的注册串，可用 {made.uses} 次，"
            f"{until} 前有效，只显示这一次：",
            f"Enrolment string for a {role.en} of {made.school_name} ({made.school}), good for "
            f"{made.uses} until {until}, shown only now:",
        ),
        language,
    )
    print(made.enrolment.to_text(), flush=True)
    say(
        Text(
            "在学校的机器上运行：banjun-agent enrol 注册串\n"
            f"代理程序将连接 {made.enrolment.url}，{trusted.zh}",
            "On the machine at the school: banjun-agent enrol STRING\n"
            f"The agent will reach {made.enrolment.url}, {trusted.en}",
        ),
        language,
    )


def _trusted(enrolment: Enrolment) -> Text:
    if enrolment.pin:
        return Text(
            f"只信任证书机构 {enrolment.pin[:8]}…（见 banjun-collector init）",
            f"and trust the authority {enrolment.pin[:8]}... alone (see banjun-collector init)",
        )
    if enrolment.url.startswith("https:"):
        return Text("信任它的操作系统所信任的证书机构", "and trust whom its system trusts")
    return Text("不出本机", "which is this machine itself")
