"""`banjun-collector inventory declare`: what a person knows of one device."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from collector.commands.output import say
from collector.commands.parser import OK, Subparsers, command
from collector.commands.register_access import actor, opened
from collector.commands.unknown_rooms import say_unknown_rooms
from probes.text import BanjunError, Language, Text

if TYPE_CHECKING:
    from collector.inventory.model import Device

_SAID = ("kind", "use", "room", "name", "asset", "year", "standing", "note")


class DeclareError(BanjunError):
    """It cannot be told which device is meant, or nothing is said of it."""


def add_action(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "declare",
        language,
        title=Text("登记一台设备", "declare one device"),
        about=Text(
            "用编号或 MAC 地址指明；还没有见到的设备，用 MAC 地址和 --school 登记。"
            '没有写的保持原样；写空值（如 --room ""）表示不知道。谁、何时，记入审计记录。',
            "Name it by its id or by a MAC address; one that was never seen is declared by its MAC "
            'and --school. What is not said stays; an empty value, such as --room "", means not '
            "known. Who and when goes to the audit trail.",
        ),
        examples=[
            (
                "inventory declare 12 --kind pc --use teacher --room 101",
                Text("12 号是 101 的教师电脑", "number 12 is the teacher's PC in 101"),
            ),
            ("inventory declare 12 --standing scrapped", Text("已报废", "it is scrapped")),
        ],
        run=run,
    )
    parser.add_argument("device", help=Text("编号或 MAC 地址", "id or MAC address")(language))
    add = parser.add_argument
    add(
        "--school",
        help=Text("学校代码；新登记时需要", "its school; needed for a new one")(language),
    )
    add(
        "--kind", help=Text("类型，如 pc、switch、printer", "such as pc, switch, printer")(language)
    )
    add("--use", help=Text("student、teacher 或 admin", "student, teacher or admin")(language))
    add("--room", help=Text("房间", "room")(language))
    add("--name", help=Text("名称", "name")(language))
    add("--asset", help=Text("资产编号", "asset number")(language))
    add("--year", help=Text("购置年份", "year of purchase")(language))
    add(
        "--standing",
        help=Text(
            "known（在册）、ignored（不管）或 scrapped（已报废）", "known, ignored or scrapped"
        )(language),
    )
    add("--note", help=Text("备注", "a note")(language))


def run(args: argparse.Namespace) -> int:
    from collector.inventory.book import DeviceBook
    from collector.inventory.declaring import plan
    from collector.inventory.part import inventory_of
    from collector.inventory.sheet import Row
    from collector.register.register import utc_now

    with opened(args.data_dir) as register:
        known = inventory_of(register, args.data_dir).to_match()
        device, macs = _meant(args, known)
        school = args.school or (device.school if device else "")
        row = Row(1, school, macs, _said(args))
        schools = register.schools(register.today())
        (step,) = plan([row], known, {each.code for each in schools}, device)
        (id,) = DeviceBook(register.database, utc_now).declare([step.wish], actor())
    say_unknown_rooms([step], schools, args.language)
    say(Text(f"已登记设备 {id}。", f"Device {id} is declared."), args.language)
    return OK


def _meant(args: argparse.Namespace, known: list[Device]) -> tuple[Device | None, tuple[str, ...]]:
    """The device with that id, or the card; of a card nobody knows, only the card."""
    from collector.inventory.mac import mac_or_none

    mac = mac_or_none(args.device) if not args.device.isdigit() else None
    found = [d for d in known if args.device == str(d.id) or (mac and mac in d.macs)]
    if found and (mac is None or not args.school):
        return found[0], ()
    if mac is None:
        raise DeclareError(
            Text(
                f"没有编号为“{args.device}”的设备；用 inventory list 查看，或写 MAC 地址。",
                f"No device has the id {args.device!r}; `inventory list` shows them, or give a MAC "
                "address.",
            )
        )
    if not args.school:
        raise DeclareError(
            Text(
                f"还没有见到 {mac}；登记它要写 --school。",
                f"{mac} was never seen; to declare it, give --school.",
            )
        )
    return None, (mac,)


def _said(args: argparse.Namespace) -> dict[str, Any]:
    """Read as a cell of a list would be. Raises CellError."""
    from collector.inventory.sheet import COLUMNS
    from collector.register.sheet.cells import CellError, clean

    readers = {column.key: column.read for column in COLUMNS}
    said: dict[str, Any] = {}
    for option in _SAID:
        given = getattr(args, option)
        key = "purchase_year" if option == "year" else option
        read = readers[key]
        if given is None or read is None:
            continue
        try:
            plain = clean(given)
            said[key] = read(plain) if plain else None
        except CellError as exc:
            raise DeclareError(
                Text(f"--{option} {given}：{exc.text.zh}。", f"--{option} {given}: {exc.text.en}.")
            ) from exc
    return said
