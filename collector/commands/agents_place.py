"""`banjun-collector agents place`: which computers stand in which room."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from collector.commands.output import say
from collector.commands.parser import OK, Subparsers, command
from collector.commands.register_access import actor, opened
from probes.text import BanjunError, Language, Text

if TYPE_CHECKING:
    from collector.register.model import Agent, School


class PlaceError(BanjunError):
    """No such room, or no such agent."""


def add_action(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "place",
        language,
        title=Text("登记代理程序所在的房间", "say in which room agents stand"),
        about=Text(
            "代理程序可写编号、主机名，或主机名的样式，如 JF1-*；同名的电脑都算。"
            "不写 --room 表示不知道在哪里。房间用 rooms import 登记。",
            "An agent is named by its id, its hostname, or a pattern of hostnames such as JF1-*; "
            "all computers of that name are meant. Without --room it is not known where. "
            "`rooms import` registers rooms.",
        ),
        examples=[
            (
                "agents place 9934000001 'JF1-*' --room J101",
                Text("一间机房的全部电脑", "all computers of a computer room"),
            ),
            ("agents place 9934000001 5f0c...", Text("搬走了", "it was moved away")),
        ],
        run=run,
    )
    parser.add_argument("school", metavar="SCHOOL", help=Text("学校代码", "school code")(language))
    parser.add_argument(
        "agents",
        nargs="+",
        metavar="AGENT",
        help=Text("编号、主机名或样式", "id, hostname or pattern")(language),
    )
    parser.add_argument(
        "--room", default="", metavar="ROOM", help=Text("房间编号", "room id")(language)
    )


def run(args: argparse.Namespace) -> int:
    from collector.register.register import UnknownSchoolError

    with opened(args.data_dir) as register:
        school = register.school(args.school, register.today())
        if school is None:
            raise UnknownSchoolError(args.school)
        _check_room(school, args.room)
        own = [a for a in register.agents() if a.school == school.code and not a.revoked]
        found = _found(args.agents, own)
        register.place([agent.id for agent in found], args.room, actor())
    where = args.room or "—"
    say(
        Text(f"{len(found)} 台：{where}。", f"{len(found)} placed: {where}."),
        args.language,
    )
    return OK


def _check_room(school: School, id: str) -> None:
    if id and all(room.id != id for room in school.rooms):
        known = ", ".join(room.id for room in school.rooms) or "—"
        raise PlaceError(
            Text(
                f"{school.name}没有登记房间“{id}”；有：{known}。",
                f"{school.name} has no room {id!r}; it has {known}.",
            )
        )


def _found(names: Sequence[str], own: Sequence[Agent]) -> list[Agent]:
    """Each named agent once. Raises PlaceError for a name that no agent has."""
    found: dict[str, Agent] = {}
    for name in names:
        meant = [a for a in own if a.id == name or _is_named(a.hostname, name)]
        if not meant:
            raise PlaceError(
                Text(
                    f"该校没有代理程序“{name}”；用 agents 查看。",
                    f"The school has no agent {name!r}; `agents` shows them.",
                )
            )
        found |= {agent.id: agent for agent in meant}
    return list(found.values())


def _is_named(hostname: str, pattern: str) -> bool:
    return fnmatchcase(hostname.casefold(), pattern.casefold())
