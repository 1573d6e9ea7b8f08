"""`banjun-collector lan show`: one school's network, and what is asked because of it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from collector.access.detail import Detail
from collector.commands.output import show_json, show_table
from collector.commands.parser import OK, Subparsers, add_json, command
from collector.commands.register_access import opened, record_read
from probes.text import BanjunError, Language, Text

if TYPE_CHECKING:
    from collector.lan.credential import Credentials
    from collector.lan.sites import Lan
    from probes.wire import Task

HIDDEN = "***"
_FACTS = {
    "networks": Text("本校网段", "networks"),
    "sweep": Text("清点网段", "swept"),
    "gateway": Text("网关", "gateway"),
    "dhcp_servers": Text("DHCP 服务器", "DHCP servers"),
    "routers": Text("IPv6 路由器", "IPv6 routers"),
    "resolvers": Text("域名解析服务器", "resolvers"),
    "uplink": Text("代表线路的端口", "port that stands for the line"),
}
_GEAR = (
    Text("名称", "name"),
    Text("地址", "address"),
    Text("类型", "kind"),
    Text("房间", "room"),
    Text("凭据", "credential"),
    Text("秘密", "secret"),
)
_TASKS = (Text("探测", "probe"), Text("间隔（秒）", "every (s)"), Text("对象", "about"))


class NoSiteError(BanjunError):
    """Nobody described the network of that school."""


def add_action(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "show",
        language,
        title=Text(
            "显示一所学校的说明和由此而来的任务", "one school's, and what is asked because of it"
        ),
        about=Text(
            f"秘密显示为 {HIDDEN}。这次查看会记入访问记录。",
            f"Secrets are shown as {HIDDEN}. The access log notes this look.",
        ),
        examples=[("lan show 9934000001", Text("显示", "show"))],
        run=run_show,
    )
    parser.add_argument("school", metavar="SCHOOL", help=Text("学校代码", "school code")(language))
    add_json(parser, language)


def run_show(args: argparse.Namespace) -> int:
    from collector.lan.tasks import described_in, tasks_of
    from probes.catalog import discover

    rows, described = described_in(args.data_dir, discover())
    if (fault := described.faults.get(f"{args.school}.toml")) is not None:
        raise BanjunError(fault)
    lan = described.lans.get(args.school)
    if lan is None:
        raise NoSiteError(
            Text(
                f"没有 lan/{args.school}.toml；可从 lan template {args.school} 开始。",
                f"There is no lan/{args.school}.toml; begin with lan template {args.school}.",
            )
        )
    with opened(args.data_dir) as register:
        record_read(register, "lan show", Detail.SECURITY, school=args.school, rows=1)
    tasks = tasks_of(rows, lan)
    if args.json:
        show_json(_plain(lan, described.credentials, tasks))
    else:
        _show(lan, described.credentials, tasks, args.language)
    return OK


def _show(lan: Lan, credentials: Credentials, tasks: Sequence[Task], language: Language) -> None:
    plain = _plain(lan, credentials, tasks)
    item = [Text("项目", "item")(language), Text("值", "value")(language)]
    show_table(item, [[title(language), _cell(plain[key])] for key, title in _FACTS.items()])
    gear = [
        [each["name"], f"{each['host']}:{each['port']}", each.get("kind", "pjlink"), each["room"],
         *_key_cells(each["credential"], language)]
        for each in (*plain["devices"], *plain["projectors"])
    ]  # fmt: skip
    for titles, rows in (
        (_GEAR, gear),
        (_TASKS, [[task["probe"], task["every"], _cell(task["about"])] for task in plain["tasks"]]),
    ):
        print()
        show_table([title(language) for title in titles], rows)


def _key_cells(credential: Mapping[str, Any] | None, language: Language) -> list[str | None]:
    if credential is None:
        return [None, None]
    return [f"{credential['id']} ({credential['kind'][language.value]})", HIDDEN]


def _cell(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return "  ".join(str(each) for each in value.values() if each)
    return ", ".join(map(str, value or ())) or None


def _plain(lan: Lan, credentials: Credentials, tasks: Sequence[Task]) -> dict[str, Any]:
    """As the site's file; of a secret only that there is one."""
    import dataclasses

    site = lan.site
    return {
        "school": site.school,
        "networks": [str(network) for network in site.networks],
        "sweep": [str(network) for network in site.sweep],
        "gateway": dataclasses.asdict(site.gateway) if site.gateway else None,
        "dhcp_servers": list(site.dhcp_servers),
        "routers": list(site.routers),
        "resolvers": list(site.resolvers),
        "uplink": dataclasses.asdict(site.uplink) if site.uplink else None,
        "devices": _gear(site.devices, credentials),
        "projectors": _gear(site.projectors, credentials),
        "tasks": [
            {"probe": task.probe, "every": task.every, "about": _about(task)} for task in tasks
        ],
    }


def _gear(gear: Iterable[Any], credentials: Credentials) -> list[dict[str, Any]]:
    import dataclasses

    return [
        {**dataclasses.asdict(each), "credential": _key(each.credential, credentials)}
        for each in gear
    ]


def _key(id: str, credentials: Credentials) -> dict[str, Any] | None:
    from collector.lan.credential import kind_of

    if not id:
        return None
    kind = kind_of(credentials[id]) if id in credentials else Text("读不到", "not readable")
    return {"id": id, "kind": {"zh": kind.zh, "en": kind.en}, "secret": HIDDEN}


def _about(task: Task) -> list[str]:
    """The names of what is asked, or the networks; no other part of a setting."""
    listed = [each for value in task.settings.values() if isinstance(value, list) for each in value]
    return [each["name"] if isinstance(each, Mapping) else each for each in listed]
