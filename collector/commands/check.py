"""`banjun-collector check`: is everything that the collector rests on in order."""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from collector.commands.client import NotRunningError, ask
from collector.commands.output import show_json, show_table
from collector.commands.parser import FAILED, OK, Subparsers, add_json, command
from collector.commands.register_access import opened
from config.policy_folder import OWN, policies_of
from probes.text import BanjunError, Language, Text

IN_ORDER = Text("正常", "ok")
NOT_IN_ORDER = Text("有问题", "NOT OK")


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was looked at."""

    what: Text
    ok: bool
    detail: Text


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "check",
        language,
        title=Text("检查数据目录和策略文件", "check the data directory and the policy files"),
        about=Text(
            "采集器运行时也可以检查。有问题时退出码为 1。输出不含密钥，可以原样发给别人求助。",
            "It may run beside the collector. The exit code is 1 when something is not in order. "
            "The output holds no secret and can be pasted when asking for help.",
        ),
        examples=[("check --data-dir /var/lib/banjun", Text("检查", "check"))],
        run=run,
    )
    add_json(parser, language)


def run(args: argparse.Namespace) -> int:
    found = [
        *_look(Text("登记库", "register"), lambda: _register(args.data_dir)),
        *_look(Text("日志与档案", "journal and archive"), lambda: _store(args.data_dir)),
        *_look(Text("运行中的采集器", "running collector"), lambda: _running(args.data_dir)),
        *_look(Text("本县的策略文件", "the county's own policies"), lambda: _own(args.data_dir)),
        *_look(Text("目标与职责", "targets and duties"), lambda: _policies(args.data_dir)),
        *_look(Text("校历", "calendar"), lambda: _calendar(args.data_dir)),
        *_look(Text("测量计划", "schedule"), lambda: _schedule(args.data_dir)),
        *_look(Text("远程课表", "remote lessons"), lambda: _remote_lessons(args.data_dir)),
        *_look(Text("局域网说明", "networks"), lambda: _lan(args.data_dir)),
        *_look(Text("告警", "alerts"), lambda: _alerts(args.data_dir)),
        *_look(Text("事件报告", "reporting"), lambda: _reporting(args.data_dir)),
    ]
    if args.json:
        show_json(
            [
                {
                    "what": {"zh": each.what.zh, "en": each.what.en},
                    "ok": each.ok,
                    "detail": {"zh": each.detail.zh, "en": each.detail.en},
                }
                for each in found
            ]
        )
    else:
        titles = [Text("检查", "checked"), Text("结果", "result"), Text("详情", "detail")]
        rows = [
            [
                each.what(args.language),
                (IN_ORDER if each.ok else NOT_IN_ORDER)(args.language),
                each.detail(args.language),
            ]
            for each in found
        ]
        show_table([title(args.language) for title in titles], rows)
    return OK if all(each.ok for each in found) else FAILED


def _look(what: Text, look: Callable[[], Iterator[tuple[bool, Text]]]) -> Iterator[Checked]:
    """What `look` finds; that it cannot look is a finding too."""
    try:
        for ok, detail in look():
            yield Checked(what, ok, detail)
    except BanjunError as exc:
        yield Checked(what, False, exc.text)


def _register(data_dir: Path) -> Iterator[tuple[bool, Text]]:
    with opened(data_dir) as register:
        for fault in register.faults():
            yield False, Text(fault, fault)
        if (place := register.security.first_fault()) is not None:
            yield (
                False,
                Text(
                    f"安全事件记录的第 {place} 条被改动过；请用备份核对",
                    f"entry {place} of the security incidents' history was changed; compare with "
                    "a backup",
                ),
            )
        today = register.today()
        schools, agents = len(register.schools(today)), len(register.agents())
        revision = register.revision(today)
    yield (
        True,
        Text(
            f"学校 {schools} 所，代理程序 {agents} 个，版本 {revision}",
            f"{schools} schools, {agents} agents, revision {revision}",
        ),
    )


def _store(data_dir: Path) -> Iterator[tuple[bool, Text]]:
    from collector.store.check import check

    try:
        for finding in check(data_dir):
            yield finding.ok, finding.text
    except (OSError, sqlite3.Error) as exc:
        yield False, Text(f"日志读不出：{exc}", f"the journal cannot be read: {exc}")


def _running(data_dir: Path) -> Iterator[tuple[bool, Text]]:
    try:
        ask(data_dir, "/readyz")
    except NotRunningError:
        yield True, Text("现在没有运行", "none runs now")
    else:
        yield True, Text("可以接收读数", "ready to receive readings")


def _own(data_dir: Path) -> Iterator[tuple[bool, Text]]:
    names = policies_of(data_dir).own
    if names:
        yield True, Text("、".join(names), ", ".join(names))
    else:
        where = data_dir / OWN
        yield True, Text(f"没有（{where}）", f"none ({where})")


def _policies(data_dir: Path) -> Iterator[tuple[bool, Text]]:
    from collector.judge.judge import read_policies
    from config.rectification_file import load_rectification

    folder = policies_of(data_dir)
    policies, days = read_policies(folder), load_rectification(folder).within.days
    targets, duties = len(policies.targets), len(policies.duties)
    yield (
        True,
        Text(
            f"目标 {targets} 行，职责 {duties} 项（整改期限 {days} 天），版本 {policies.revision}",
            f"{targets} rows of targets, {duties} duties (to be put right within {days} days), "
            f"revision {policies.revision}",
        ),
    )


def _calendar(data_dir: Path) -> Iterator[tuple[bool, Text]]:
    from config.calendar_file import load_calendar

    calendar = load_calendar(policies_of(data_dir) / "calendar.toml")
    names = ", ".join(calendar.timetables)
    yield (
        True,
        Text(f"{names}，版本 {calendar.revision}", f"{names}, revision {calendar.revision}"),
    )


def _schedule(data_dir: Path) -> Iterator[tuple[bool, Text]]:
    from collector.fleet.schedule import load_schedule
    from probes.catalog import discover

    path = policies_of(data_dir) / "schedule.toml"
    for role, schedule in load_schedule(discover(), path).items():
        n = len(schedule.tasks)
        yield True, Text(f"{role}：{n} 项任务", f"{role}: {n} tasks")


def _remote_lessons(data_dir: Path) -> Iterator[tuple[bool, Text]]:
    from collector.remote.lessons import FILE, load_remote_lessons

    found = load_remote_lessons(data_dir / FILE)
    lessons, schools = len(found.lessons), len(found.meetings)
    if not found.revision:
        yield True, Text("没有登记", "none listed")
        return
    yield (
        True,
        Text(
            f"每周 {lessons} 节，{schools} 所学校，版本 {found.revision}",
            f"{lessons} a week at {schools} schools, revision {found.revision}",
        ),
    )


def _lan(data_dir: Path) -> Iterator[tuple[bool, Text]]:
    from collector.fleet.schedule import check_filled, load_schedule
    from collector.lan.tasks import described_in
    from config.canary_file import load_canaries
    from probes.catalog import discover

    folder, catalog = policies_of(data_dir), discover()
    schedule = load_schedule(catalog, folder / "schedule.toml")
    check_filled(schedule, load_canaries(folder).facts(), catalog)
    _, found = described_in(data_dir, catalog)
    for _, fault in sorted(found.faults.items()):
        yield False, fault
    sites, keys = len(found.lans), len(found.credentials)
    yield True, Text(f"{sites} 所学校，凭据 {keys} 个", f"{sites} schools, {keys} credentials")


def _alerts(data_dir: Path) -> Iterator[tuple[bool, Text]]:
    from collector.alert.alerting import check_channels
    from collector.alert.channel import load_channels
    from collector.alert.scene import read_alert_policy
    from config.threshold_file import load_thresholds
    from probes.catalog import discover

    folder = policies_of(data_dir)
    policy = read_alert_policy(load_thresholds(discover(), folder).rows, folder)
    channels = load_channels(data_dir)
    check_channels(policy, channels)
    routes = len(policy.routes)
    yield (
        True,
        Text(
            f"路由 {routes} 条，渠道 {len(channels)} 个" + ("" if routes else "，没有人会收到消息"),
            f"{routes} routes, {len(channels)} channels" + ("" if routes else "; nobody is told"),
        ),
    )


def _reporting(data_dir: Path) -> Iterator[tuple[bool, Text]]:
    from config.contact_file import load_contacts
    from config.reporting_file import load_reporting

    folder = policies_of(data_dir)
    rules = load_reporting(folder)
    contacts = len(load_contacts(rules.authorities, folder))
    yield (
        True,
        Text(
            f"时限 {len(rules.clocks)} 项，联系方式 {contacts} 条，版本 {rules.revision}",
            f"{len(rules.clocks)} clocks, {contacts} contacts, revision {rules.revision}",
        ),
    )
