"""`banjun-collector incident`: security incidents that the law asks to report, and their clocks."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.access.detail import Detail
from collector.commands.incident_options import add_actions
from collector.commands.incident_tables import show_list, show_rules, show_whole
from collector.commands.output import say, show_json
from collector.commands.parser import FAILED, OK, Subparsers, add_json, command
from collector.commands.register_access import actor, opened, record_read
from probes.text import BanjunError, Language, Text

if TYPE_CHECKING:
    from collector.register.incident import Incident
    from collector.register.model import School
    from collector.register.register import Register
    from collector.register.security_incident import SecurityIncident
    from collector.response.report import Report
    from collector.response.steps import Steps
    from config.reporting import ReportingRules

_NONE = Text("没有未结案的网络安全事件。", "No security incident is open.")


class AssignmentError(BanjunError):
    """An argument that is not of the form key=value."""


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "incident",
        language,
        title=Text("网络安全事件：报告时限与报告", "security incidents: clocks and reports"),
        about=Text(
            "法律要求报告的网络安全事件：从有人确认（获知）起，各项时限同时计时。"
            "不清楚的事实不会让时限消失：写 unknown 或不写都按可能发生计。"
            "不带操作时列出未结案的事件和剩余时间。运行故障是另一个命令 incidents。",
            "Security incidents that the law asks to report. Their clocks start when a person "
            "takes note. What is not known never stops a clock: unknown counts as possible. "
            "Without an action it lists what is open, with the time left. Faults of lines and "
            "machines are another command, `incidents`.",
        ),
        examples=[
            ("incident", Text("未结案的事件和剩余时间", "what is open, and the time left")),
            (
                "incident open 9934000001 minors_data --persons unknown",
                Text("刚刚获知：开始计时", "known just now: the clocks start"),
            ),
            (
                "incident report 3 --out 首报.docx",
                Text("预填的首次报告", "the first report, filled in as far as known"),
            ),
            (
                "incident sent 3 C4 --to 县网信办 --by 安全员 --way 电话",
                Text("记下已经报出", "note that it was sent"),
            ),
        ],
        run=run_list,
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help=Text("也列出已结案和已排除的", "also what is closed or dismissed")(language),
    )
    add_json(parser, language)
    runs: Mapping[str, Callable[[argparse.Namespace], int]] = {
        "open": run_open,
        "confirm": run_confirm,
        "dismiss": run_dismiss,
        "show": run_show,
        "set": run_set,
        "link": run_link,
        "sent": run_sent,
        "report": run_report,
        "end": run_end,
        "close": run_close,
        "rules": run_rules,
    }
    add_actions(parser, language, runs)


@dataclass(frozen=True)
class _Desk:
    """What every action needs. `zone`: of the school, for instants without an offset."""

    register: Register
    rules: ReportingRules

    def steps(self, zone: tzinfo) -> Steps:
        from collector.response.steps import Steps

        return Steps(self.register.security, self.rules, zone, actor())

    def school(self, code: str) -> School:
        """Raises UnknownSchoolError."""
        from collector.register.register import UnknownSchoolError

        found = self.register.school(code, self.register.today())
        if found is None:
            raise UnknownSchoolError(code)
        return found

    def steps_of(self, id: int) -> Steps:
        """For an incident that is there. Raises NoSecurityIncidentError."""
        return self.steps(self.zone(self.register.security.one(id).school))

    def zone(self, code: str) -> tzinfo:
        from zoneinfo import ZoneInfo

        from collector.judge.judge import COUNTRY_ZONE

        school = self.register.school(code, self.register.today())
        return ZoneInfo(school.time_zone) if school else COUNTRY_ZONE

    def origins(self, school: str, ids: Collection[int]) -> list[Incident]:
        """Operational incidents of that school. Raises NoIncidentError for one that is none."""
        from collector.register.incident import no_such_incident

        found = [one for one in self.register.incidents(school=school) if one.id in ids]
        for id in sorted({*ids} - {one.id for one in found}):
            raise no_such_incident(id)
        return found

    def names(self) -> dict[str, str]:
        return {one.code: one.name for one in self.register.schools(self.register.today())}


@contextmanager
def _desk(args: argparse.Namespace) -> Iterator[_Desk]:
    from config.policy_folder import policies_of
    from config.reporting_file import load_reporting

    rules = load_reporting(policies_of(args.data_dir))
    with opened(args.data_dir) as register:
        yield _Desk(register, rules)


def run_list(args: argparse.Namespace) -> int:
    from collector.response.rows import security_row

    with _desk(args) as desk:
        now, names = desk.register.security.now(), desk.names()
        found = desk.register.security.find(only_open=not args.all)
        rows = [security_row(one, desk.rules, now, names) for one in found]
        zones = {one.school: desk.zone(one.school) for one in found}
        record_read(desk.register, "incident", Detail.PERSON, rows=len(rows))
    if args.json:
        show_json(rows)
    elif rows:
        show_list(rows, zones, args.language)
    else:
        say(_NONE, args.language)
    return OK


def run_open(args: argparse.Namespace) -> int:
    with _desk(args) as desk:
        school = desk.school(args.school)
        made = desk.steps(desk.zone(school.code)).open(
            school.code,
            args.kind,
            **_knowledge(args, desk.origins(school.code, args.incidents)),
            facts={**_shortcuts(args), **_assignments(args.facts)},
            incidents=args.incidents,
        )
        return _show(desk, made, args)


def _knowledge(args: argparse.Namespace, origins: Sequence[Incident]) -> dict[str, str]:
    """Since when, and who. Whoever acknowledged the operational incident knew then."""
    known = sorted(
        (one.acknowledged_at, one.acknowledged_by) for one in origins if one.acknowledged_at
    )
    if args.known_at or not known:
        return {"known_at": args.known_at, "by": args.by}
    at, by = known[0]
    return {"known_at": at.isoformat(), "by": args.by or by}


def _shortcuts(args: argparse.Namespace) -> dict[str, str]:
    given = {"minors": args.minors, "persons": args.persons}
    return {name: value for name, value in given.items() if value is not None}


def run_confirm(args: argparse.Namespace) -> int:
    with _desk(args) as desk:
        steps = desk.steps_of(args.incident)
        candidate = desk.register.security.one(args.incident)
        held = desk.register.incidents(school=candidate.school)
        origins = [one for one in held if one.id in candidate.incidents]
        after = steps.confirm(args.incident, **_knowledge(args, origins))
        return _show(desk, after, args)


def run_dismiss(args: argparse.Namespace) -> int:
    with _desk(args) as desk:
        return _show(desk, desk.steps_of(args.incident).dismiss(args.incident, args.because), args)


def run_show(args: argparse.Namespace) -> int:
    with _desk(args) as desk:
        found = desk.register.security.one(args.incident)
        record_read(desk.register, "incident show", Detail.PERSON, school=found.school, rows=1)
        return _show(desk, found, args)


def run_set(args: argparse.Namespace) -> int:
    with _desk(args) as desk:
        steps, given = desk.steps_of(args.incident), _assignments(args.facts)
        known_at = given.pop("known_at", None)
        after = steps.set(args.incident, given)
        if known_at is not None:
            after = steps.known_earlier(args.incident, known_at)
        return _show(desk, after, args)


def run_link(args: argparse.Namespace) -> int:
    with _desk(args) as desk:
        school = desk.register.security.one(args.incident).school
        desk.origins(school, args.incidents)
        return _show(desk, desk.steps_of(args.incident).link(args.incident, args.incidents), args)


def run_sent(args: argparse.Namespace) -> int:
    with _desk(args) as desk:
        after = desk.steps_of(args.incident).sent(
            args.incident, args.clock, to=args.to, by=args.by, at=args.at, way=args.way
        )
        return _show(desk, after, args)


def run_end(args: argparse.Namespace) -> int:
    with _desk(args) as desk:
        return _show(desk, desk.steps_of(args.incident).end(args.incident, args.at), args)


def run_close(args: argparse.Namespace) -> int:
    with _desk(args) as desk:
        return _show(desk, desk.steps_of(args.incident).close(args.incident), args)


def run_rules(args: argparse.Namespace) -> int:
    from collector.response.rows import rule_rows
    from config.contact_file import load_contacts
    from config.policy_folder import policies_of
    from config.reporting_file import load_reporting

    folder = policies_of(args.data_dir)
    rules = load_reporting(folder)
    rows = rule_rows(rules, load_contacts(rules.authorities, folder))
    if args.json:
        show_json(rows)
    else:
        show_rules(rows, args.language)
    return OK


def run_report(args: argparse.Namespace) -> int:
    from collector.response.report_files import check_target, write_report

    path = Path(args.out)
    check_target(path)
    with _desk(args) as desk:
        report = _reprint(desk, args) if args.version else _report(desk, args)
        school = desk.register.security.one(args.incident).school
        record_read(desk.register, "incident report", Detail.PERSON, school=school, rows=1)
    write_report(report, path)
    said = Text(
        f"{path}：第 {report.version} 版，规则版本 {report.policy_revision}。",
        f"{path}: version {report.version}, rules {report.policy_revision}.",
    )
    say(said, args.language)
    if report.asked:
        say(_left_open(args.incident, ", ".join(report.asked)), args.language)
    return OK


def _report(desk: _Desk, args: argparse.Namespace) -> Report:
    from collector.response.report import Material, ReportKind, compose
    from config.contact_file import load_contacts
    from config.policy_folder import policies_of

    incidents = desk.register.security
    contacts = load_contacts(desk.rules.authorities, policies_of(args.data_dir))
    school = desk.school(incidents.one(args.incident).school)
    operational = desk.register.incidents(school=school.code)

    def make(incident: SecurityIncident) -> Report:
        material = Material(
            incident=incident,
            school=school,
            rules=desk.rules,
            contacts=contacts,
            operational=[one for one in operational if one.id in incident.incidents],
            now=incidents.now(),
        )
        return compose(ReportKind(args.which), material, Language(args.written_in))

    return desk.steps_of(args.incident).report(args.incident, make)


def _reprint(desk: _Desk, args: argparse.Namespace) -> Report:
    """A version as it was made."""
    from collector.register.security_incident import IncidentStepError
    from collector.response.report import read_report

    made = [
        each for each in desk.register.security.one(args.incident).reports
        if each.kind == args.which
    ]  # fmt: skip
    for each in made:
        if each.version == args.version:
            return read_report(each)
    raise IncidentStepError(
        Text(
            f"事件 {args.incident} 的 {args.which} 报告只有 {len(made)} 版，"
            f"没有第 {args.version} 版。",
            f"Incident {args.incident} has {len(made)} versions of the {args.which} report; there "
            f"is no {args.version}.",
        )
    )


def _left_open(id: int, asked: str) -> Text:
    return Text(
        f"还要人填写：{asked}。用 incident set {id} 名称=内容 补充后再生成，或直接写进文件；"
        "officer 是安全员的联系方式，写在数据目录 policies/contacts.toml。",
        f"A person has still to write: {asked}. Give them with `incident set {id} NAME=WORDS` and "
        "make it again, or write them into the file; officer is how to reach the security "
        "officer, kept in policies/contacts.toml of the data directory.",
    )


def _show(desk: _Desk, incident: SecurityIncident, args: argparse.Namespace) -> int:
    from collector.response.rows import history_row, security_row

    incidents = desk.register.security
    row: dict[str, Any] = security_row(incident, desk.rules, incidents.now(), desk.names())
    row["history"] = [history_row(entry) for entry in incident.entries]
    row["history_fault"] = incidents.first_fault()
    if args.json:
        show_json(row)
    else:
        show_whole(row, desk.zone(incident.school), args.language)
    return OK if row["history_fault"] is None else FAILED


def _assignments(words: Sequence[str]) -> dict[str, str]:
    found = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign:
            raise AssignmentError(
                Text(
                    f"“{word}”应写成 名称=值，例如 persons=30 或 minors=unknown。",
                    f"{word!r} should be NAME=VALUE, such as persons=30 or minors=unknown.",
                )
            )
        found[name.strip()] = value
    return found
