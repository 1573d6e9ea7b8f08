"""A county's list of devices as CSV, read strictly: every mistake by line, column and value.

Nothing of a list with a mistake is used. The same spellings, encodings and separators are
understood as in the sheet of schools. A column that is not there leaves what is known; an empty
cell says that it is not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.inventory.mac import MacKind, mac_kind, mac_or_none
from collector.inventory.model import DeviceKind, Standing, Use
from collector.inventory.words import KINDS, SPELLINGS
from collector.register.sheet import cells
from collector.register.sheet.cells import CellError, clean
from collector.register.sheet.columns import fold
from collector.register.sheet.decode import Line, lines_of
from collector.register.sheet.header import columns_named, has_width
from collector.register.sheet.remarks import WHOLE_LINE, Remark, SheetError
from probes.text import Text

FIRST_YEAR = 1990
_KINDS = {
    kind.value: (title.zh, title.en, *SPELLINGS.get(kind, ()))
    for kind, title in KINDS.items()
    if kind is not DeviceKind.UNKNOWN
}
_USES = {
    Use.STUDENT.value: ("学生用", "学生", "学生终端", "pupils"),
    Use.TEACHER.value: ("教师用", "教师", "教师终端", "teachers"),
    Use.ADMIN.value: ("办公用", "办公", "行政", "administration"),
}
_STANDINGS = {
    Standing.KNOWN.value: ("在册", "在用", "正常", "in use"),
    Standing.IGNORED.value: ("不管", "忽略", "ignore"),
    Standing.SCRAPPED.value: ("已报废", "报废"),
}


def macs(text: str) -> tuple[str, ...]:
    """One or several, apart by space, comma, semicolon or bar."""
    found = []
    for word in re.split(r"[\s,;|、]+", text):
        mac = mac_or_none(word)
        if mac is None:
            raise cells.error(
                f"“{word}”不是 MAC 地址，应像 00:1a:2b:3c:4d:5e",
                f"{word!r} is no MAC address such as 00:1a:2b:3c:4d:5e",
            )
        if mac_kind(mac) in (MacKind.NONE, MacKind.VIRTUAL_ROUTER):
            raise cells.error(
                f"{mac} 不是一台设备的地址（组播、广播或虚拟路由器）",
                f"{mac} is that of no one device (a group, or a virtual router)",
            )
        found.append(mac)
    return tuple(dict.fromkeys(found))


def year(text: str) -> int:
    match = re.fullmatch(r"((?:19|20)[0-9]{2})(?:\.0+|年|[-/.年].*)?", text)
    if not match or int(match[1]) < FIRST_YEAR:
        raise cells.error(
            f"应为购置年份，{FIRST_YEAR} 年以后，例如 2021",
            f"write the year of purchase, {FIRST_YEAR} or later, such as 2021",
        )
    return int(match[1])


@dataclass(frozen=True, slots=True)
class Column:
    """`read` is None for one that an export has and an import passes over: it was measured."""

    key: str
    title: Text
    read: Callable[[str], Any] | None
    aliases: tuple[str, ...] = ()


COLUMNS = (
    Column("school", Text("学校代码", "school code"), cells.school_code, ("school", "XXDM")),
    Column("macs", Text("MAC 地址", "MAC"), macs, ("mac", "mac address", "网卡地址", "物理地址")),
    Column("asset", Text("资产编号", "asset number"), cells.words, ("asset", "固定资产编号")),
    Column("kind", Text("类型", "kind"), cells.one_of(_KINDS), ("设备类型",)),
    Column("use", Text("用途", "use"), cells.one_of(_USES), ("使用人", "使用对象")),
    Column("room", Text("房间", "room"), cells.words, ("教室", "存放地点", "位置")),
    Column("name", Text("名称", "name"), cells.words, ("设备名称",)),
    Column("purchase_year", Text("购置年份", "purchase year"), year, ("购置年", "购置日期")),
    Column("standing", Text("状态", "status"), cells.one_of(_STANDINGS), ("使用状况",)),
    Column("note", Text("备注", "note"), cells.words),
    Column("guess", Text("推测类型", "guessed kind"), None),
    Column("why", Text("依据", "ground"), None),
    Column("seen_name", Text("自报名称", "name it gives"), None),
    Column("vendor", Text("网卡厂商", "maker"), None),
    Column("address", Text("最近地址", "address"), None),
    Column("port", Text("交换机端口", "switch port"), None),
    Column("first_seen", Text("首次见到", "first seen"), None),
    Column("last_seen", Text("最近见到", "last seen"), None),
    Column("agent", Text("代理程序", "agent"), None),
    Column("id", Text("编号", "id"), None),
)
_INDEX = {
    fold(name): column
    for column in COLUMNS
    for name in (column.key, column.title.zh, column.title.en, *column.aliases)
}


@dataclass(frozen=True, slots=True)
class Row:
    """One device of a list. `said` has the columns that the list has, None for an empty cell."""

    line: int
    school: str
    macs: tuple[str, ...]
    said: Mapping[str, Any]

    @property
    def asset(self) -> str:
        return str(self.said.get("asset") or "")


def read_devices(data: bytes) -> list[Row]:
    """In the order of the list. Raises UnreadableSheetError or SheetError."""
    header, *lines = lines_of(data)
    mistakes: list[Remark] = []
    columns = _header(header, mistakes)
    rows: list[Row] = []
    if not mistakes:
        for line in lines:
            if (row := _row(line, columns, mistakes)) is not None:
                rows.append(row)
        _refuse_twins(rows, mistakes)
        if not lines:
            none = Text("表头之后没有设备", "no device follows the header")
            mistakes.append(Remark(header.number, WHOLE_LINE, "", none))
    if mistakes:
        raise SheetError(mistakes)
    return rows


def _header(line: Line, mistakes: list[Remark]) -> list[Column]:
    columns = columns_named(line, _INDEX, [c.title for c in COLUMNS], mistakes)
    keys = {column.key for column in columns}
    if "school" not in keys:
        text = Text("表头里没有“学校代码”列", 'there is no column "school code"')
        mistakes.append(Remark(line.number, WHOLE_LINE, "", text))
    if not keys & {"macs", "asset"}:
        text = Text(
            "表头里要有“MAC 地址”或“资产编号”列", 'there is no column "MAC", nor "asset number"'
        )
        mistakes.append(Remark(line.number, WHOLE_LINE, "", text))
    return columns


def _row(line: Line, columns: Sequence[Column], mistakes: list[Remark]) -> Row | None:
    if not has_width(line, len(columns), mistakes):
        return None
    facts: dict[str, Any] = {}
    found: list[Remark] = []
    for column, cell in zip(columns, line.cells, strict=True):
        if column.read is None:
            continue
        try:
            plain = clean(cell)
            facts[column.key] = column.read(plain) if plain else None
        except CellError as exc:
            found.append(Remark(line.number, column.title, cell, exc.text))
    if not found:
        found = [Remark(line.number, WHOLE_LINE, "", text) for text in _lacking(facts)]
    mistakes += found
    if found:
        return None
    school, cards = str(facts.pop("school")), facts.pop("macs", None) or ()
    return Row(line.number, school, cards, facts)


def _lacking(facts: Mapping[str, Any]) -> list[Text]:
    found = []
    if not facts.get("school"):
        found.append(Text("学校代码不能为空", "the school code must not be empty"))
    if not facts.get("macs") and not facts.get("asset"):
        found.append(
            Text(
                "MAC 地址和资产编号至少填一项，否则认不出是哪台设备",
                "fill in a MAC address or an asset number, else nobody knows which device it is",
            )
        )
    return found


def _refuse_twins(rows: Sequence[Row], mistakes: list[Remark]) -> None:
    """A card is in one device, and an asset number on one of a school's."""
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        marks = [("", mac) for mac in row.macs]
        marks += [(row.school, row.asset)] if row.asset else []
        for mark in marks:
            line = first.setdefault(mark, row.line)
            if line != row.line:
                text = Text(f"与第 {line} 行重复", f"the same as on line {line}")
                mistakes.append(Remark(row.line, WHOLE_LINE, mark[1], text))
