"""The columns of a sheet of schools: their keys, their titles, and every other name they go by.

Adding a spelling that some county uses is one word in this table. XXDM and its kin are the keys of
the education-management data standard.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from collector.register.school_facts import MAX_LINKS, Fact
from collector.register.sheet import cells
from probes.text import Text

RATE_UNIT = "Mbit/s"

UNIT_KIND_NAMES = {
    "school": ("学校",),
    "point": ("教学点",),
    "campus": ("校区", "分校"),
    "office": ("机关", "教育局", "单位"),
}
LINK_ROLE_NAMES = {
    "primary": ("主用", "主", "主线路"),
    "backup": ("备用", "备", "备份"),
    "edu_net": ("教育专网", "专网"),
}
AREA_NAMES = {
    "urban": ("城区", "市区"),
    "county": ("县域", "县", "县(市)"),
}
"""Area words of the targets -> what counties call them."""
SEAT_NAMES = {
    "urban": ("市区", "城区"),
    "county_town": ("县城",),
    "township": ("乡镇", "镇"),
    "village": ("村", "乡村", "农村"),
}
STAGE_NAMES = {
    "kindergarten": "幼儿园",
    "primary": "小学",
    "junior": "初中",
    "senior": "高中",
    "vocational": "中职",
}
WORDS_OF: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "unit_kind": UNIT_KIND_NAMES,
    "policy_area": AREA_NAMES,
    "seat": SEAT_NAMES,
    "role": LINK_ROLE_NAMES,
}
"""Facts whose values are words with a fixed meaning -> the words."""


@dataclass(frozen=True, slots=True)
class Column:
    """`read` is None for a bandwidth, which is read together with the unit of its header."""

    key: str
    title: Text
    aliases: tuple[str, ...]
    read: cells.Reader | None

    @property
    def names(self) -> tuple[str, ...]:
        return (self.key, self.title.zh, self.title.en, *self.aliases)


@dataclass(frozen=True, slots=True)
class Found:
    """A header that was understood. `unit` is what a bare number of a bandwidth counts in bit/s."""

    column: Column
    key: str
    unit: int | None = None

    def read(self, text: str) -> Fact:
        """The fact in a cell that is not empty. Raises CellError."""
        if self.column.read is None:
            return cells.rate(text, self.unit)
        return self.column.read(text)


def _column(
    key: str, zh: str, en: str, read: cells.Reader | None, aliases: Sequence[str] = ()
) -> Column:
    return Column(key, Text(zh, en), tuple(aliases), read)


_COUNT_COLUMNS = tuple(
    _column(key, zh, en, cells.count, aliases)
    for key, zh, en, aliases in (
        ("classrooms", "普通教室间数", "classrooms", ["普通教室数"]),
        ("main_teaching_places", "主要教学场所数", "main teaching places", []),
        ("equipped_places", "已配班班通的场所数", "equipped places", ["班班通套数"]),
        (
            "networked_multimedia_rooms",
            "网络多媒体教室间数",
            "networked multimedia rooms",
            ["网络多媒体教室数"],
        ),
        *(
            (
                f"networked_multimedia_rooms.{stage}",
                f"{zh}网络多媒体教室间数",
                f"{stage} networked multimedia rooms",
                [],
            )
            for stage, zh in (("primary", "小学"), ("junior", "初中"), ("senior", "高中"))
        ),
        ("computer_rooms", "计算机教室间数", "computer rooms", ["计算机教室数"]),
        ("recording_rooms", "录播教室间数", "recording rooms", ["录播教室数"]),
        ("remote_class_rooms", "远程互动教室间数", "remote-class rooms", ["远程互动课堂套数"]),
        ("digital_labs", "数字实验室或实训室间数", "digital labs", ["数字实验室数"]),
        ("student_terminals", "学生终端数", "student terminals", ["学生用计算机台数"]),
        ("teacher_terminals", "教师终端数", "teacher terminals", ["教师用计算机台数"]),
    )
)
_CLAIM_COLUMNS = tuple(
    _column(key, zh, en, cells.yes_or_no, aliases)
    for key, zh, en, aliases in (
        ("smart_classroom", "智慧课堂已应用", "smart classroom in use", ["智慧课堂"]),
        ("smart_campus", "智慧校园已验收", "smart campus accepted", ["智慧校园"]),
        ("digital_campus", "数字校园已达标", "digital campus accepted", ["数字校园"]),
    )
)
SCHOOL_COLUMNS = (
    _column(
        "code",
        "学校代码",
        "school code",
        cells.school_code,
        ["XXDM", "school_code", "学校标识码", "学校（机构）标识码", "学校(机构)代码"],
    ),
    _column(
        "name", "学校名称", "school name", cells.words, ["XXMC", "school_name", "学校", "校名"]
    ),
    _column("adcode", "行政区划代码", "administrative code", cells.adcode, ["XZQHM", "区划码"]),
    _column("unit_kind", "单位类型", "unit kind", cells.one_of(UNIT_KIND_NAMES), ["单位类别"]),
    _column(
        "type_code", "办学类型码", "school type", cells.type_code, ["XXBXLXM", "学校办学类型码"]
    ),
    _column(
        "urban_code",
        "城乡分类码",
        "urban-rural class",
        cells.urban_code,
        ["SZDCXLXM", "城乡类型码"],
    ),
    _column("policy_area", "政策区域", "policy area", cells.one_of(AREA_NAMES), ["区域", "area"]),
    _column("seat", "所在地", "seat", cells.one_of(SEAT_NAMES), ["学校所在地", "驻地"]),
    *(
        _column(
            f"students.{stage}",
            f"{zh}学生数",
            f"{stage} students",
            cells.count,
            [f"students_{stage}", f"{zh}在校生数", f"{zh}学生"],
        )
        for stage, zh in STAGE_NAMES.items()
    ),
    _column("teachers", "专任教师数", "full-time teachers", cells.count, ["教师数"]),
    *(
        _column(
            f"classes.{stage}",
            f"{zh}班数",
            f"{stage} classes",
            cells.count,
            [f"classes_{stage}", f"{zh}班级数", f"{zh}教学班数"],
        )
        for stage, zh in STAGE_NAMES.items()
    ),
    _column("multigrade_classes", "复式班数", "multi-grade classes", cells.count, ["复式班"]),
    _column("attached_classes", "附设班数", "attached classes", cells.count, ["附设班"]),
    *_COUNT_COLUMNS,
    *_CLAIM_COLUMNS,
    _column("calendar", "校历", "school calendar", cells.words, ["作息表"]),
    _column("time_zone", "时区", "time zone", cells.time_zone),
    _column("tags", "标签", "tags", cells.tags, ["标记"]),
    _column("valid_from", "生效日期", "valid from", cells.day, ["起始日期"]),
)
LINK_COLUMNS = (
    _column("name", "线路名称", "link name", cells.words, ["线路"]),
    _column("isp", "运营商", "isp", cells.words, ["provider"]),
    _column("medium", "接入方式", "medium", cells.words, ["接入介质"]),
    _column("role", "线路用途", "link role", cells.one_of(LINK_ROLE_NAMES), ["主备"]),
    _column(
        "contract_down_bits_per_second",
        "合同下行带宽",
        "contract down",
        None,
        ["合同带宽", "下行带宽", "contract", "contract bandwidth", "contract down bandwidth"],
    ),
    _column(
        "contract_up_bits_per_second",
        "合同上行带宽",
        "contract up",
        None,
        ["上行带宽", "contract up bandwidth"],
    ),
    _column(
        "shared_classes",
        "共用线路的其他班数",
        "shared classes",
        cells.count,
        ["共享班数", "共用班数"],
    ),
)


def fold(header: str) -> str:
    """A header without what does not tell columns apart: case, width, spaces, punctuation."""
    plain = unicodedata.normalize("NFKC", header).casefold()
    return re.sub(r"[\s_.\-/()]+", "", plain)


def _index(columns: Sequence[Column]) -> dict[str, Column]:
    return {fold(name): column for column in columns for name in column.names}


_SCHOOL_INDEX = _index(SCHOOL_COLUMNS)
_LINK_INDEX = _index(LINK_COLUMNS)
_UNIT_IN_BRACKETS = re.compile(r"(.+?)\s*[(（\[【](.+)[)）\]】]\s*")
_UNIT_AT_END = re.compile(r"(.+?)[\s_]*([kmgKMG]?(?:bit/s|bit_s|bps|[bB]/s|Bps))")
_NUMBER_FIRST = re.compile(r"(?:线路|link)?([1-9])(.+)")
_NUMBER_LAST = re.compile(r"(.+?)([1-9])")


def find(header: str) -> Found | None:
    """The column that `header` names; None for one we do not know.

    Raises CellError if the column is known and its unit is not.
    """
    if column := _SCHOOL_INDEX.get(fold(header)):
        return Found(column, column.key)
    for name, unit in _split_unit(header):
        if found := _school_or_link(fold(name)):
            return replace(found, unit=_unit(found, name, unit))
    return None


def _unit(found: Found, name: str, unit: str) -> int | None:
    if found.column.read is not None:
        return None
    if fold(name).endswith("bitspersecond"):
        return 1
    return cells.bits_in(unit.replace("_", "/")) if unit else None


def _split_unit(header: str) -> list[tuple[str, str]]:
    """Ways to see a header as (name, unit), the whole name first."""
    ways = [(header, "")]
    for pattern in (_UNIT_IN_BRACKETS, _UNIT_AT_END):
        if match := pattern.fullmatch(header.strip()):
            ways.append((match[1], match[2].strip()))
    return ways


def _school_or_link(folded: str) -> Found | None:
    if column := _SCHOOL_INDEX.get(folded):
        return Found(column, column.key)
    for name, number in _split_number(folded):
        if column := _LINK_INDEX.get(name):
            return Found(column, f"link{number}.{column.key}")
    return None


def _split_number(folded: str) -> list[tuple[str, str]]:
    """Ways to see a header as (name, link number); one without a number is of the first link."""
    ways = [(folded, "1")]
    if match := _NUMBER_FIRST.fullmatch(folded):
        ways.append((match[2], match[1]))
    if match := _NUMBER_LAST.fullmatch(folded):
        ways.append((match[1], match[2]))
    return ways


def nearest(header: str) -> Text | None:
    """The title of the known column that a mistyped `header` most resembles, or None."""
    name = _split_unit(header)[-1][0]
    known = {**_SCHOOL_INDEX, **_LINK_INDEX}
    close = get_close_matches(fold(name), known, n=1, cutoff=0.72)
    return known[close[0]].title if close else None


def columns_for(links: int) -> list[Found]:
    """Every column of a sheet for schools with up to `links` links, in order."""
    found = [Found(column, column.key) for column in SCHOOL_COLUMNS]
    for number in range(1, min(links, MAX_LINKS) + 1):
        found += [Found(column, f"link{number}.{column.key}") for column in LINK_COLUMNS]
    return found


def _title(found: Found) -> Text:
    words = found.column.title
    number = found.key.removeprefix("link")[0] if found.key.startswith("link") else "1"
    if number != "1":
        words = Text(f"线路{number}{words.zh}", f"link {number} {words.en}")
    if found.column.read is None:
        return Text(f"{words.zh}({RATE_UNIT})", f"{words.en}({RATE_UNIT})")
    return words


TITLES: Mapping[str, Text] = {
    "classes": Text("班数", "classes"),
    **{found.key: _title(found) for found in columns_for(MAX_LINKS)},
}
"""Fact -> what people call it: `合同下行带宽(Mbit/s)`, `线路2运营商`."""
