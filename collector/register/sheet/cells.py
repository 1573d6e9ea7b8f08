"""One cell of a sheet as a fact. Each reader takes the trimmed text of a cell that is not empty.

Strict on purpose: a number that is understood wrongly becomes a wrong verdict about a school.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from collector.register.school_facts import Fact
from probes.text import BanjunError, Text

Reader = Callable[[str], Fact]

MAX_COUNT = 1_000_000
MAX_TEXT = 64
SLOWEST, FASTEST = 64_000, 10**12  # bit/s; outside of it the unit is not the one that was meant

_PROVINCE = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|81|82")
"""The first two digits of GB/T 2260 codes."""
URBAN_CODES = ("111", "112", "121", "122", "123", "210", "220")
"""Urban-rural classes of the statistics bureau."""

_TEXT_FORMULA = re.compile(r'="([^"]*)"')
"""How spreadsheets are made to keep the leading zeros of a code."""
_NUMBER = r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+"
_RATE = re.compile(rf"((?:{_NUMBER})(?:\.[0-9]+)?)\s*(.*)")
_COUNT = re.compile(rf"({_NUMBER})(?:\.0+)?")
_BITS = {
    "bit/s": 1,
    "bps": 1,
    "kbit/s": 10**3,
    "kbps": 10**3,
    "mbit/s": 10**6,
    "mbit": 10**6,
    "mbps": 10**6,
    "m": 10**6,
    "兆": 10**6,
    "兆比特/秒": 10**6,
    "gbit/s": 10**9,
    "gbit": 10**9,
    "gbps": 10**9,
    "g": 10**9,
}
_EXACT_BITS = {"kb/s": 10**3, "Mb/s": 10**6, "Gb/s": 10**9}
"""Units in which the case of a letter is the whole difference from bytes."""


class CellError(BanjunError):
    """What is wrong with a cell, and what to write instead."""


def error(zh: str, en: str) -> CellError:
    return CellError(Text(zh, en))


def clean(cell: str) -> str:
    """The cell as typed, with full-width digits and letters made plain.

    Raises CellError for a formula, which a spreadsheet would run and we do not keep.
    """
    text = unicodedata.normalize("NFKC", cell).strip()
    if match := _TEXT_FORMULA.fullmatch(text):
        return match[1].strip()
    if text[:1] in ("=", "@", "+"):
        raise error(
            "这是公式，不是内容；请“粘贴为数值”后再导出",
            "this is a formula; paste it as a value and export again",
        )
    return text


def words(text: str) -> str:
    """A name or remark: one line, nothing invisible, nothing a spreadsheet would run."""
    if len(text) > MAX_TEXT:
        raise error(f"超过 {MAX_TEXT} 个字", f"longer than {MAX_TEXT} characters")
    if not text.isprintable():
        raise error("含有换行或不可见字符，请删去", "remove the line break or invisible character")
    if text.startswith("-"):
        raise error("不能以 - 开头；没有内容就留空", "it begins with -; leave the cell empty")
    return text


def school_code(text: str) -> str:
    if re.fullmatch(r"\d{10}", text):
        return text
    if re.fullmatch(r"[\d.]+[eE]\+?\d+", text):
        raise error(
            "被 Excel 改成了科学计数法；请把该列设为“文本”后重新填写十位代码",
            "a spreadsheet turned it into a number; format the column as text, enter it again",
        )
    digits = len(text) if text.isdigit() else None
    raise error(
        "学校代码应为十位数字" + (f"，现为 {digits} 位" if digits else ""),
        "a school code has ten digits" + (f", this has {digits}" if digits else ""),
    )


def adcode(text: str) -> str:
    if not re.fullmatch(r"\d{6}", text):
        raise error("行政区划代码应为六位数字", "an administrative code has six digits")
    if not _PROVINCE.match(text):
        raise error(
            f"没有以 {text[:2]} 开头的省级行政区划代码",
            f"no province's code begins with {text[:2]}",
        )
    return text


def type_code(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d\d", text):
        raise error("办学类型代码应为三位数字，如 211", "a school type has three digits, like 211")
    return text


def urban_code(text: str) -> str:
    if text not in URBAN_CODES:
        known = ", ".join(URBAN_CODES)
        raise error(f"城乡分类代码应为 {known} 之一", f"an urban-rural class is one of {known}")
    return text


def count(text: str) -> int:
    """A whole number from 0; `1,234` and `30.0` are what spreadsheets make of it."""
    match = _COUNT.fullmatch(text)
    if not match:
        raise error(
            "应为 0 或正整数，不带单位；不知道就留空，确实没有才写 0",
            "write a whole number from 0, without a unit; leave it empty if it is not known",
        )
    number = int(match[1].replace(",", "")) if len(match[1]) < 12 else MAX_COUNT + 1
    if number > MAX_COUNT:
        raise error(f"大于 {MAX_COUNT}，不可能", f"more than {MAX_COUNT} is impossible")
    return number


def day(text: str) -> str:
    """A date, as ISO text."""
    match = re.fullmatch(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?", text)
    try:
        if match:
            return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError:
        pass
    raise error("不是日期，请写成 2026-09-01", "not a date; write it like 2026-09-01")


def time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # by platform and by what is wrong with the name
        raise error(
            "没有这个时区，例如 Asia/Shanghai", "no such time zone; like Asia/Shanghai"
        ) from None
    return text


def tags(text: str) -> str:
    """Tags apart from each other by |, 、, comma, semicolon or space."""
    found = {tag for tag in re.split(r"[|、,;\s]+", words(text)) if tag}
    return "|".join(sorted(found))


def one_of(names: Mapping[str, tuple[str, ...]]) -> Reader:
    """A reader of a word that has a fixed meaning; `names` gives the other spellings of each."""
    meaning = {
        spelling.casefold(): word for word, others in names.items() for spelling in (word, *others)
    }

    def read(text: str) -> str:
        word = meaning.get(text.casefold())
        if word is None:
            known = "; ".join("/".join((w, *others)) for w, others in names.items())
            raise error(f"应为其中之一：{known}", f"write one of: {known}")
        return word

    return read


_YES = ("是", "有", "yes", "y", "1")
_NO = ("否", "无", "没有", "no", "n", "0")


def yes_or_no(text: str) -> bool:
    word = text.casefold()
    if word not in (*_YES, *_NO):
        raise error(
            "请写“是”或“否”，不知道就留空", "write yes or no; leave it empty if it is not known"
        )
    return word in _YES


def bits_in(unit: str) -> int:
    """How many bit/s one `unit` is. Raises CellError; bytes are refused, never guessed at."""
    lower = unit.lower().replace(" ", "")
    factor = _EXACT_BITS.get(unit) or _BITS.get(lower)
    bytes_meant = "B" in unit and "bit" not in lower
    if factor is None and not (bytes_meant or re.search("byte|字节|[kmg]b", lower)):
        raise error(f"不认识单位“{unit}”，请用 Mbit/s", f"unknown unit {unit!r}; use Mbit/s")
    if factor is None or bytes_meant:
        raise error(
            f"单位“{unit}”可能是字节（1 MB/s = 8 Mbit/s）；合同带宽按比特计，请核对后写成 Mbit/s",
            f"{unit!r} may mean bytes (1 MB/s = 8 Mbit/s); contracts count bits: "
            "check it and write Mbit/s",
        )
    return factor


def rate(text: str, header_unit: int | None) -> int:
    """Bit/s from `300`, `100M` or `1G`; `header_unit` is what a bare number counts."""
    match = _RATE.fullmatch(text)
    if not match:
        raise error(
            "不是带宽；请写 300、100M 或 1G，没有合同就留空",
            "not a bandwidth; write 300, 100M or 1G, or leave it empty if there is no contract",
        )
    unit = bits_in(match[2]) if match[2] else header_unit
    if unit is None:
        raise error(
            "没有单位；请在表头注明，例如“合同下行带宽(Mbit/s)”，或写成 100M",
            'no unit; name it in the header, like "contract_down(Mbit/s)", or write 100M',
        )
    bits = Decimal(match[1].replace(",", "")) * unit
    if bits == 0:
        raise error("带宽不能为 0；没有合同就留空", "0 is no contract; leave the cell empty")
    if not SLOWEST <= bits <= FASTEST:
        raise error(
            f"折合 {int(bits):,} bit/s，不可能；请核对单位",
            f"that is {int(bits):,} bit/s, which is impossible; check the unit",
        )
    return int(bits)
