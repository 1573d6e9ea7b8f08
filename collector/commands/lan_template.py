"""`banjun-collector lan template`: a site's file to start from."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.commands.client import NotRunningError, ask
from collector.commands.output import say
from collector.commands.parser import OK, Subparsers, command
from collector.commands.register_access import opened
from probes.text import Language, Text

if TYPE_CHECKING:
    from collector.lan.template import Known
    from collector.register.model import School

SEEN = "seen"
COLUMNS: Mapping[str, str] = {
    "gateway_mac": "agent,address,mac",
    "dhcp_lease": "agent,server,resolvers",
    "own_addresses": "agent,address",
}
"""Probe -> what its newest readings are asked for."""


def add_action(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "template",
        language,
        title=Text(
            "打印一份带说明的文件，以此开始", "print a file with explanations to start from"
        ),
        about=Text(
            "已知的会填进去：登记库里的线路；采集器运行着的话，"
            "还有这所学校的代理程序看到的地址、网关和 DHCP 服务器。"
            "看到的不一定正当，所以写成注释，由人核实。",
            "What is known is filled in: lines of the register and, if a collector runs, the "
            "addresses, gateway and DHCP servers that the school's agents see. What is seen need "
            "not be right, so it is written as comments, for a person to confirm.",
        ),
        examples=[
            (
                "lan template 9934000001 > /var/lib/banjun/lan/9934000001.toml",
                Text("存到数据目录", "into the data directory"),
            )
        ],
        run=run_template,
    )
    parser.add_argument("school", metavar="SCHOOL", help=Text("学校代码", "school code")(language))


def run_template(args: argparse.Namespace) -> int:
    from collector.lan.template import site_template

    school = _school(args.data_dir, args.school)
    print(site_template(school, _known(args)))
    return OK


def _school(data_dir: Path, code: str) -> School:
    from collector.register.register import UnknownSchoolError

    with opened(data_dir) as register:
        school = register.school(code, register.today())
    if school is None:
        raise UnknownSchoolError(code)
    return school


def _known(args: argparse.Namespace) -> Known:
    from collector.lan.template import Known, known_from

    try:
        gateways, leases, addresses = (_seen(args, probe) for probe in COLUMNS)
    except NotRunningError:
        say(
            Text(
                "采集器没有运行，所以只填了登记库里有的。",
                "No collector runs, so only what the register has is filled in.",
            ),
            args.language,
        )
        return Known()
    return known_from(gateways, leases, addresses)


def _seen(args: argparse.Namespace, probe: str) -> list[Mapping[str, Any]]:
    from probes.catalog import discover

    if probe not in discover():
        return []
    given = {
        "metric": f"{probe}.{SEEN}",
        "statistic": "latest",
        "by": COLUMNS[probe],
        "where": f"school:{args.school}",
    }
    found: list[Mapping[str, Any]] = ask(args.data_dir, "/v1/query", given)
    return found
