"""`banjun-collector inventory`: what is on the schools' networks, and how that fits the register.

`declare` and `import` have files of their own.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from collector.access.detail import Detail
from collector.commands import inventory_declare, inventory_import
from collector.commands.output import Styled, say, show_json, show_table
from collector.commands.parser import OK, Subparsers, add_json, command
from collector.commands.register_access import opened, record_read
from probes.text import BanjunError, Language, Text

if TYPE_CHECKING:
    from collector.inventory.inventory import Stock
    from collector.inventory.model import Device
    from config.inventory_file import InventoryPolicy

_LIST = (
    Text("编号", "id"),
    Text("学校", "school"),
    Text("状态", "status"),
    Text("类型", "kind"),
    Text("名称", "name"),
    Text("房间", "room"),
    Text("MAC", "MAC"),
    Text("地址", "address"),
    Text("端口", "port"),
    Text("最近见到", "last seen"),
)
_DIFF = (
    Text("学校", "school"),
    Text("编号", "id"),
    Text("不符之处", "difference"),
    Text("设备", "device"),
    Text("说明", "why"),
)
_NONE = Text("没有符合的设备。", "There is no such device.")
_EMPTY = Text(
    "还没有设备：没有见到，也没有登记。采集器运行时每五分钟看一次新读数；先用 lan template "
    "说明学校的局域网。",
    "No device yet, neither seen nor declared. A running collector looks at new readings every "
    "five minutes; describe the school's network first: lan template.",
)
_ALIKE = Text("登记与实测没有不符。", "Register and measurement do not differ.")
_NOTHING = Text(
    "没有可比的：没有登记设备，也没有见到设备。",
    "There is nothing to compare: no device was declared, and none was seen.",
)


class NoDeviceError(BanjunError):
    """No device has that id or that card."""


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "inventory",
        language,
        title=Text("设备清单：校园网上有什么", "devices: what is on the schools' networks"),
        about=Text(
            "每台设备只算一次：有代理程序的按代理程序认，其他的按网卡认，从不按地址认。"
            "手机和随机地址只计数，不列出。直接读写登记库，采集器不必在运行；"
            "新的读数由运行中的采集器每五分钟并入。",
            "Every device counts once: by its agent, else by its network card, never by its "
            "address. Phones and made-up addresses are counted, never listed. It works on the "
            "register itself, whether or not the collector runs; a running one takes new readings "
            "in every five minutes.",
        ),
        examples=[
            ("inventory list --new", Text("新发现的", "those that are new")),
            ("inventory diff --school 9934000001", Text("与登记不符的", "what differs")),
        ],
    )
    actions = parser.add_subparsers(
        title=Text("操作", "actions")(language), metavar="ACTION", required=True
    )
    _add_list(actions, language)
    _add_show(actions, language)
    _add_diff(actions, language)
    inventory_declare.add_action(actions, language)
    inventory_import.add_action(actions, language)
    _add_export(actions, language)


def _add_list(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "list",
        language,
        title=Text("列出设备", "list devices"),
        about=Text(
            "最后是手机和随机地址的个数。",
            "At the end it says how many phones and made-up addresses there are.",
        ),
        examples=[
            ("inventory list --school 9934000001 --kind switch", Text("交换机", "switches")),
            ("inventory list --unseen-days 30", Text("30 天没见到的", "not seen for 30 days")),
        ],
        run=run_list,
    )
    _add_filters(parser, language)
    add_json(parser, language)


def _add_show(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "show",
        language,
        title=Text("一台设备的全部事实和来源", "all that is known of one, and from where"),
        about=Text("用编号或 MAC 地址指明。", "Name it by its id or by one of its MAC addresses."),
        examples=[("inventory show 12", Text("12 号", "number 12"))],
        run=run_show,
    )
    parser.add_argument("device", help=Text("编号或 MAC 地址", "id or MAC address")(language))
    add_json(parser, language)


def _add_diff(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "diff",
        language,
        title=Text("登记与实测不符之处", "where register and measurement differ"),
        about=Text(
            "没有查找过的地方，不说没见到，只说无法核对。",
            "Where nobody looked, nothing is missing: it cannot be told.",
        ),
        examples=[("inventory diff --school 9934000001", Text("一所学校", "one school"))],
        run=run_diff,
    )
    parser.add_argument("--school", help=Text("学校代码", "code of a school")(language))
    add_json(parser, language)


def _add_export(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "export",
        language,
        title=Text("导出 CSV", "export as CSV"),
        about=Text(
            "可以修改后用 inventory import 导入；实测的列导入时跳过。不含手机。",
            "It can be edited and imported again; columns of what was measured are passed over "
            "then. Phones are not in it.",
        ),
        examples=[
            (
                "inventory export --school 9934000001 > devices.csv",
                Text("一所学校的", "those of one school"),
            )
        ],
        run=run_export,
    )
    _add_filters(parser, language)


def _add_filters(parser: Any, language: Language) -> None:
    parser.add_argument("--school", help=Text("学校代码", "code of a school")(language))
    parser.add_argument(
        "--kind", choices=_kinds(), metavar="KIND",
        help=Text(f"类型：{'、'.join(_kinds())}", f"one of {', '.join(_kinds())}")(language),
    )  # fmt: skip
    parser.add_argument(
        "--standing", choices=_standings(),
        help=Text("状态", "its status")(language),
    )  # fmt: skip
    parser.add_argument(
        "--new", action="store_const", const="new", dest="standing",
        help=Text("只看新发现的，同 --standing new", "as --standing new")(language),
    )  # fmt: skip
    parser.add_argument("--room", help=Text("房间", "room")(language))
    parser.add_argument(
        "--unseen-days", type=int, metavar="DAYS",
        help=Text("多少天没有见到的，含从未见到的", "not seen so long, or never")(language),
    )  # fmt: skip


def _kinds() -> tuple[str, ...]:
    from collector.inventory.model import DeviceKind

    return tuple(kind.value for kind in DeviceKind if kind is not DeviceKind.PHONE)


def _standings() -> tuple[str, ...]:
    from collector.inventory.model import Standing

    return tuple(standing.value for standing in Standing)


def run_list(args: argparse.Namespace) -> int:
    from collector.inventory.words import KINDS, STANDINGS

    stocks, _ = _stocks(args)
    found = list(_chosen(stocks, args))
    with opened(args.data_dir) as register:
        record_read(
            register, "inventory list", Detail.SECURITY, school=args.school, rows=len(found)
        )
    if args.json:
        show_json({"devices": [plain(d) for d in found], "phones": _phones(stocks)})
        return OK
    language = args.language
    rows = [
        [
            d.id,
            d.school,
            Styled(STANDINGS[d.standing](language), "yellow" if d.standing == "new" else ""),
            KINDS[d.kind](language),
            d.name or None,
            d.room or None,
            " ".join(d.macs) or None,
            d.address or None,
            d.port or None,
            _local(d.last_seen),
        ]
        for d in found
    ]
    if rows:
        show_table([title(language) for title in _LIST], rows)
    else:
        say(_NONE if any(stock.devices for stock in stocks) else _EMPTY, language)
    _say_phones(stocks, language)
    return OK


def run_show(args: argparse.Namespace) -> int:
    from collector.inventory.words import FACTS

    stocks, _ = _stocks(args)
    device = _one(stocks, args.device)
    with opened(args.data_dir) as register:
        record_read(register, "inventory show", Detail.PERSON, school=device.school, rows=1)
    if args.json:
        show_json(plain(device))
        return OK
    language = args.language
    items = (Text("项目", "item"), Text("值", "value"))
    show_table([title(language) for title in items], list(_items(device, language)))
    print()
    rows = [
        [FACTS[f.key](language), f.value, f.source, _local(f.at)]
        for f in device.facts
        if f.key in FACTS
    ]
    titles = (Text("事实", "fact"), Text("值", "value"), Text("来源", "source"), Text("时间", "at"))
    if rows:
        show_table([title(language) for title in titles], rows)
    return OK


def _items(device: Device, language: Language) -> Iterator[list[str]]:
    from collector.inventory.words import KINDS, STANDINGS, USES

    said = device.said
    shown = {
        Text("编号", "id"): device.id,
        Text("学校", "school"): device.school,
        Text("状态", "status"): STANDINGS[device.standing](language),
        Text("类型", "kind"): KINDS[device.kind](language),
        Text("依据", "ground"): device.why(language),
        Text("实测像", "measured, it looks like"): KINDS[device.guess](language),
        Text("用途", "use"): USES[device.use](language) if device.use in USES else None,
        Text("名称", "name"): device.name,
        Text("房间", "room"): device.room,
        Text("资产编号", "asset number"): said.asset if said else None,
        Text("购置年份", "purchase year"): said.purchase_year if said else None,
        Text("备注", "note"): said.note if said else None,
        Text("MAC", "MAC"): " ".join(device.macs),
        Text("厂商", "maker"): device.vendor,
        Text("地址", "address"): device.address,
        Text("端口", "port"): device.port,
        Text("代理程序", "agent"): device.agent,
        Text("首次见到", "first seen"): _local(device.first_seen)
        or Text("从未", "never")(language),
        Text("最近见到", "last seen"): _local(device.last_seen) or Text("从未", "never")(language),
    }
    for title, value in shown.items():
        if value not in (None, ""):
            yield [title(language), str(value)]


def run_diff(args: argparse.Namespace) -> int:
    from collector.inventory.compare import GAPS, differences

    stocks, policy = _stocks(args)
    now = datetime.now(UTC)
    found = [d for stock in stocks for d in differences(stock, policy.missing, now)]
    with opened(args.data_dir) as register:
        record_read(
            register, "inventory diff", Detail.SECURITY, school=args.school, rows=len(found)
        )
    if args.json:
        show_json(
            [
                {
                    "school": each.device.school,
                    "device": each.device.id,
                    "difference": each.gap.value,
                    "why": {"zh": each.text.zh, "en": each.text.en},
                }
                for each in found
            ]
        )
        return OK
    language = args.language
    rows = [
        [each.device.school, each.device.id, GAPS[each.gap](language), each.device.called,
         each.text(language)]
        for each in found
    ]  # fmt: skip
    if rows:
        show_table([title(language) for title in _DIFF], rows)
    else:
        say(_ALIKE if any(stock.devices for stock in stocks) else _NOTHING, language)
    return OK


def run_export(args: argparse.Namespace) -> int:
    from collector.inventory.export import write_devices

    stocks, _ = _stocks(args)
    found = list(_chosen(stocks, args))
    with opened(args.data_dir) as register:
        record_read(
            register, "inventory export", Detail.SECURITY, school=args.school, rows=len(found)
        )
    sys.stdout.write("\ufeff" + write_devices(found, args.language))
    return OK


def _stocks(args: argparse.Namespace) -> tuple[list[Stock], InventoryPolicy]:
    from collector.inventory.part import inventory_of

    with opened(args.data_dir) as register:
        inventory = inventory_of(register, args.data_dir)
        school = getattr(args, "school", None)
        found = [inventory.stock(school)] if school else list(inventory.stocks())
        return found, inventory.policy


def _chosen(stocks: Iterable[Stock], args: argparse.Namespace) -> Iterable[Device]:
    since = None
    if args.unseen_days is not None:
        since = datetime.now(UTC) - timedelta(days=args.unseen_days)
    for stock in stocks:
        for device in stock.devices:
            if (
                args.kind in (None, device.kind)
                and args.standing in (None, device.standing)
                and args.room in (None, device.room)
                and (since is None or device.last_seen is None or device.last_seen < since)
            ):
                yield device


def _one(stocks: Iterable[Stock], wanted: str) -> Device:
    from collector.inventory.mac import mac_or_none

    mac = mac_or_none(wanted)
    for stock in stocks:
        for device in stock.devices:
            if wanted == str(device.id) or (mac and mac in device.macs):
                return device
    raise NoDeviceError(
        Text(
            f"没有编号或 MAC 为“{wanted}”的设备；用 inventory list 查看。手机不列出。",
            f"No device has the id or the MAC {wanted!r}; `inventory list` shows them. Phones are "
            "not listed.",
        )
    )


def plain(device: Device) -> dict[str, Any]:
    """For JSON."""
    said = device.said
    return {
        "id": device.id,
        "school": device.school,
        "standing": device.standing.value,
        "kind": device.kind.value,
        "declared": device.declared,
        "guess": device.guess.value,
        "why": {"zh": device.why.zh, "en": device.why.en},
        "use": device.use.value,
        "name": device.name,
        "room": device.room,
        "asset": said.asset if said else "",
        "purchase_year": said.purchase_year if said else None,
        "note": said.note if said else "",
        "macs": list(device.macs),
        "vendor": device.vendor,
        "address": device.address,
        "port": device.port,
        "agent": device.agent,
        "first_seen": _second(device.first_seen),
        "last_seen": _second(device.last_seen),
        "facts": [
            {"fact": f.key, "value": f.value, "source": f.source, "at": _second(f.at)}
            for f in device.facts
        ],
    }


def _phones(stocks: Sequence[Stock]) -> list[dict[str, Any]]:
    return [
        {"school": s.school, "phones": s.phones.known, "randomised": s.phones.randomised}
        for s in stocks
    ]


def _say_phones(stocks: Sequence[Stock], language: Language) -> None:
    counted = [s.phones.randomised for s in stocks if s.phones.randomised is not None]
    known = sum(s.phones.known for s in stocks)
    zh = f"随机地址 {sum(counted)} 个" if counted else "随机地址没有数过"
    en = f"{sum(counted)} made-up addresses" if counted else "made-up addresses were not counted"
    say(
        Text(f"另有手机 {known} 部，{zh}；只计数。", f"Beside them {known} phones; {en}."), language
    )


def _second(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


def _local(at: datetime | None) -> str | None:
    """In this machine's own time."""
    return None if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M")
