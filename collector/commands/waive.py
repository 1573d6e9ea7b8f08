"""`banjun-collector waive`: that a school need not fulfil something for a time, and who said so."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from collector.access.detail import Detail
from collector.commands.output import Styled, say, show_json, show_table
from collector.commands.parser import OK, Subparsers, add_json, command, day
from collector.commands.register_access import actor, opened, record_read
from probes.text import BanjunError, Language, Text

if TYPE_CHECKING:
    from collector.register.register import Register
    from collector.register.waiver import Waiver

Row = Mapping[str, Any]
_TITLES = (
    Text("编号", "id"),
    Text("学校", "school"),
    Text("职责", "duty"),
    Text("部分", "part"),
    Text("设备", "machine"),
    Text("状态", "state"),
    Text("到期", "until"),
    Text("谁", "who"),
    Text("理由", "reason"),
)
_NONE = Text("没有豁免。", "There is no waiver.")


class NothingToWaiveError(BanjunError):
    """No such school, duty, part or machine."""


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "waive",
        language,
        title=Text("豁免：记下谁、为何、到何时", "waivers: who, why and until when"),
        about=Text(
            "豁免不会使职责变成符合：它显示为豁免，留在得分的分母里，实际情况照样写在旁边；已做到的不受影响。"
            "最长一年，到期自动回到真实状态。直接读写登记库，运行中的采集器几秒内就会重新判定。",
            "A waiver never makes a duty pass: it shows as waived, stays in the denominator of the "
            "score, and the truth stands beside it; what is fulfilled is left alone. It lasts a "
            "year at most and then ends by itself. It works on the register itself; a running "
            "collector judges anew within seconds.",
        ),
        examples=[
            (
                "waive add 9934000001 duty.host_firewall --reason 旧录播主机下月更换 "
                "--until 2026-12-31",
                Text("整项职责，全校", "a duty, for the school"),
            ),
            (
                "waive add 9934000001 duty.host_firewall --agent 5f0c... --reason 等厂家下月更换 "
                "--until 2026-12-31",
                Text("只对一台设备（编号见 posture）", "for one machine (ids: posture)"),
            ),
            ("waive list", Text("生效中的", "those in force")),
            ("waive end 3 --reason 已换新机，不再需要", Text("收回", "take one back")),
        ],
    )
    actions = parser.add_subparsers(
        title=Text("操作", "actions")(language), metavar="ACTION", required=True
    )
    _add_add(actions, language)
    _add_list(actions, language)
    _add_end(actions, language)


def _add_add(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "add",
        language,
        title=Text("新的豁免", "a new waiver"),
        about=Text(
            "理由要让以后的人看得懂：为什么现在做不到，打算怎么办。",
            "Its reason is for people later: why it cannot be done now, and what will be done.",
        ),
        examples=[
            (
                "waive add 9934000001 duty.host_firewall --part firewall-on "
                "--reason 等厂家下月更换 --until 2026-12-31",
                Text("只对一个部分", "for one part only"),
            ),
        ],
        run=run_add,
    )
    parser.add_argument("school", metavar="SCHOOL", help=Text("学校代码", "school code")(language))
    parser.add_argument(
        "duty",
        metavar="DUTY",
        help=Text("职责编号，见 duties", "id of the duty; see duties")(language),
    )
    parser.add_argument(
        "--part",
        default="",
        metavar="ID",
        help=Text("只对这一部分，默认整项", "only this part; all of the duty unless given")(
            language
        ),
    )
    parser.add_argument(
        "--agent",
        default="",
        metavar="ID",
        help=Text("只对这台设备，默认全校", "only this machine; the school unless given")(language),
    )
    parser.add_argument(
        "--reason",
        required=True,
        help=Text("理由，至少六个字", "why, in six characters at least")(language),
    )
    parser.add_argument(
        "--until",
        required=True,
        type=day,
        metavar="DAY",
        help=Text("到期日（当天仍有效），最长一年", "its last day, a year away at most")(language),
    )


def _add_list(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "list",
        language,
        title=Text("列出豁免", "list waivers"),
        about=Text("默认只列生效中的。", "Only those in force, unless --all."),
        examples=[("waive list --all --json", Text("全部，作为数据", "all, as data"))],
        run=run_list,
    )
    parser.add_argument(
        "--school", metavar="CODE", help=Text("只看一所学校", "only this school")(language)
    )
    parser.add_argument(
        "--all",
        action="store_true",
        dest="every",
        help=Text("也列出已到期和已收回的", "those that have ended, too")(language),
    )
    add_json(parser, language)


def _add_end(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "end",
        language,
        title=Text("收回豁免", "take a waiver back"),
        about=Text(
            "立即回到真实状态；记录保留。", "The true state is back at once; the record stays."
        ),
        examples=[("waive end 3 --reason 已换新机，不再需要", Text("收回 3 号", "number 3"))],
        run=run_end,
    )
    parser.add_argument("waiver", type=int, help=Text("编号", "its number")(language))
    parser.add_argument(
        "--reason",
        required=True,
        help=Text("为什么收回，至少六个字", "why, in six characters at least")(language),
    )


def run_add(args: argparse.Namespace) -> int:
    with opened(args.data_dir) as register:
        _check(register, args)
        made = register.duties.waive(
            args.school,
            args.duty,
            part=args.part,
            agent=args.agent,
            reason=args.reason,
            until=_end_of(args.until),
            actor=actor(),
        )
    say(
        Text(
            f"豁免 {made.id} 已记录，有效至 {args.until}。该职责显示为豁免，不算符合，"
            f"仍在得分的分母里。",
            f"Waiver {made.id} holds until {args.until}. The duty shows as waived, does not count "
            f"as fulfilled, and stays in the denominator of the score.",
        ),
        args.language,
    )
    return OK


def run_list(args: argparse.Namespace) -> int:
    from collector.register.register import utc_now

    now = utc_now()
    with opened(args.data_dir) as register:
        found = register.duties.waivers(args.school)
        names = {one.code: one.name for one in register.schools(register.today())}
        hosts = {agent.id: agent.hostname for agent in register.agents()}
        rows = [_row(one, now, names, hosts) for one in found if args.every or one.holds(now)]
        record_read(register, "waive list", Detail.PERSON, school=args.school, rows=len(rows))
    if args.json:
        show_json(rows)
    elif rows:
        lines = [_line(row, args.language) for row in rows]
        show_table([title(args.language) for title in _TITLES], lines, folds=(1, 2, 8))
    else:
        say(_NONE, args.language)
    return OK


def run_end(args: argparse.Namespace) -> int:
    with opened(args.data_dir) as register:
        ended = register.duties.end_waiver(args.waiver, args.reason, actor())
    say(
        Text(
            f"豁免 {ended.id} 已收回，{ended.duty} 回到真实状态。",
            f"Waiver {ended.id} is taken back; {ended.duty} shows its true state again.",
        ),
        args.language,
    )
    return OK


def _end_of(last: date) -> datetime:
    """The end of that day where the schools are."""
    from datetime import timedelta

    from collector.register.register import HOME

    return datetime.combine(last + timedelta(days=1), time(), HOME)


def _check(register: Register, args: argparse.Namespace) -> None:
    """Raises NothingToWaiveError or UnknownSchoolError."""
    from collector.judge.judge import read_policies
    from collector.register.register import UnknownSchoolError
    from config.policy_folder import policies_of

    if register.school(args.school, register.today()) is None:
        raise UnknownSchoolError(args.school)
    duties = {duty.id: duty for duty in read_policies(policies_of(args.data_dir)).duties}
    duty = duties.get(args.duty)
    if duty is None:
        raise _nothing("职责", "duty", args.duty, duties)
    parts = [each.id for each in (*duty.checks, *duty.attests)]
    if args.part and args.part not in parts:
        raise _nothing("部分", "part", args.part, parts)
    own = [agent.id for agent in register.agents() if agent.school == args.school]
    if args.agent and args.agent not in own:
        raise _nothing("本校设备", "machine of that school", args.agent, own)


def _nothing(zh: str, en: str, given: str, known: Any) -> NothingToWaiveError:
    listed = ", ".join(sorted(known)) or "-"
    return NothingToWaiveError(
        Text(
            f"没有{zh}“{given}”；可用的有：{listed}。",
            f"There is no {en} {given!r}; there are: {listed}.",
        )
    )


def _row(
    one: Waiver, now: datetime, names: Mapping[str, str], hosts: Mapping[str, str]
) -> dict[str, Any]:
    state = "in_force" if one.holds(now) else "taken_back" if one.ended_at else "expired"
    return {
        "waiver": one.id,
        "school": one.school,
        "school_name": names.get(one.school),
        "duty": one.duty,
        "part": one.part or None,
        "agent": one.agent or None,
        "hostname": hosts.get(one.agent) or None,
        "state": state,
        "reason": one.reason,
        "actor": one.actor,
        "since": one.since.isoformat(),
        "until": one.until.isoformat(),
        "ended_at": one.ended_at.isoformat() if one.ended_at else None,
        "ended_by": one.ended_by,
        "ended_why": one.ended_why,
    }


_STATES = {
    "in_force": (Text("生效中", "in force"), "green"),
    "expired": (Text("已到期", "expired"), "dim"),
    "taken_back": (Text("已收回", "taken back"), "dim"),
}


def _line(row: Row, language: Language) -> list[object]:
    title, style = _STATES[row["state"]]
    every = Text("全部", "all")(language)
    ended = datetime.fromisoformat(row["until"]).astimezone()
    return [
        row["waiver"],
        row["school_name"] or row["school"],
        row["duty"],
        row["part"] or every,
        row["hostname"] or row["agent"] or every,
        Styled(title(language), style),
        f"{ended:%Y-%m-%d %H:%M}",
        row["actor"],
        row["reason"],
    ]
