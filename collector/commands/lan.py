"""`banjun-collector lan list|check|show|template`: what is said of schools' own networks."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from collector.commands import lan_show, lan_template
from collector.commands.output import say, show_json, show_table
from collector.commands.parser import FAILED, OK, Subparsers, add_json, command
from collector.commands.register_access import opened
from probes.text import Language, Text

if TYPE_CHECKING:
    from collector.lan.sites import Described
    from collector.register.model import School

_LISTED = (
    Text("学校代码", "school"),
    Text("学校名称", "name"),
    Text("网段", "networks"),
    Text("清点网段", "swept"),
    Text("SNMP 设备", "SNMP devices"),
    Text("投影机", "projectors"),
)


_NOBODY = Text(
    "没有一所学校有说明，哨兵在局域网里什么也不发；从 lan template 学校代码 开始。",
    "No school is described, and sentinels send nothing on schools' networks; begin with "
    "lan template SCHOOL.",
)


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "lan",
        language,
        title=Text("各校局域网的说明", "what is said of schools' own networks"),
        about=Text(
            "每校一个文件，数据目录的 lan/学校代码.toml：网段、允许的服务器、要轮询的设备；"
            "秘密另放在 lan/credentials.toml。改动在几秒内生效，不必重启。说明见 docs/lan.md。"
            "输出不含秘密，可以原样发给别人求助。",
            "One file a school, lan/SCHOOL.toml of the data directory: its ranges, who may serve "
            "there, gear to poll; secrets are apart, in lan/credentials.toml. A change takes "
            "effect within seconds, without a restart. docs/lan.md explains it. The output holds "
            "no secret and can be pasted when asking for help.",
        ),
        examples=[
            (
                "lan template 9934000001 > lan/9934000001.toml",
                Text("从模板开始", "a file to start from"),
            ),
            ("lan check", Text("改过之后检查", "after a change")),
        ],
    )
    actions = parser.add_subparsers(
        title=Text("操作", "actions")(language), metavar="ACTION", required=True
    )
    _add_list(actions, language)
    _add_check(actions, language)
    lan_show.add_action(actions, language)
    lan_template.add_action(actions, language)


def _add_list(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "list",
        language,
        title=Text("列出有说明的学校", "schools whose network is described"),
        about=Text("只列数目。", "Counts only."),
        examples=[("lan list", Text("列出", "list"))],
        run=run_list,
    )
    add_json(parser, language)


def _add_check(actions: Subparsers, language: Language) -> None:
    command(
        actions,
        "check",
        language,
        title=Text("检查所有说明和凭据", "check every description, and the credentials"),
        about=Text(
            "也与登记库核对：没有登记的学校、没有的线路、没有代理程序可派、没人用的凭据。"
            "有问题时退出码为 1。写错的文件不影响运行：采集器沿用它先前的内容。",
            "It is also held against the register: schools and lines that are not there, nobody to "
            "send, credentials nobody uses. The exit code is 1 if there is any. A file with a "
            "mistake stops nothing: the collector goes on with what it said before.",
        ),
        examples=[("lan check", Text("检查", "check"))],
        run=run_check,
    )


def run_list(args: argparse.Namespace) -> int:
    described, schools = _described(args), _schools(args)
    rows = [
        [
            code,
            schools[code].name if code in schools else None,
            len(site.networks),
            len(site.sweep),
            len(site.devices),
            len(site.projectors),
        ]
        for code, site in sorted(described.sites.items())
    ]
    if args.json:
        keys = ("school", "name", "networks", "sweep", "devices", "projectors")
        show_json([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        show_table([title(args.language) for title in _LISTED], rows)
        _say_faults(described, args.language)
    return FAILED if described.faults else OK


def run_check(args: argparse.Namespace) -> int:
    from collector.lan.check import remarks_on

    described = _described(args)
    with opened(args.data_dir) as register:
        schools = {school.code: school for school in register.schools(register.today())}
        remarks = remarks_on(described, schools, register.agents())
    _say_faults(described, args.language)
    for file, text in remarks:
        say(Text(f"lan/{file}：{text.zh}", f"lan/{file}: {text.en}"), args.language)
    sites, keys = len(described.lans), len(described.credentials)
    n = len(described.faults) + len(remarks)
    say(
        Text(
            f"可用的学校说明 {sites} 份，凭据 {keys} 个；{n} 处问题。",
            f"Of use: {sites} school(s), {keys} credential(s); to mend: {n}.",
        ),
        args.language,
    )
    if not sites and not n:
        say(_NOBODY, args.language)
    return FAILED if n else OK


def _described(args: argparse.Namespace) -> Described:
    from collector.lan.tasks import described_in
    from probes.catalog import discover

    return described_in(args.data_dir, discover())[1]


def _schools(args: argparse.Namespace) -> Mapping[str, School]:
    with opened(args.data_dir) as register:
        return {school.code: school for school in register.schools(register.today())}


def _say_faults(described: Described, language: Language) -> None:
    for _, text in sorted(described.faults.items()):
        say(text, language)
