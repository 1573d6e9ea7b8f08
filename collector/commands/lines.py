"""`banjun-collector lines`: what each line brings against its contract, and the evidence of it."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from collector.commands.client import ask
from collector.commands.output import Styled, say, show_json, show_table, words
from collector.commands.parser import OK, Parser, Subparsers, add_json, command
from collector.commands.verdict_tables import STYLES
from config.quantity import show
from probes.model import Unit
from probes.text import Language, Text

Row = Mapping[str, Any]

_TITLES: Mapping[str, Text] = {
    "school": Text("学校代码", "school"),
    "school_name": Text("学校", "school_name"),
    "line": Text("线路", "line"),
    "provider": Text("运营商", "provider"),
    "direction": Text("方向", "direction"),
    "verdict": Text("结论", "verdict"),
    "contract": Text("合同（bit/s）", "contract_bits_per_second"),
    "required": Text("要求（bit/s）", "required_bits_per_second"),
    "median": Text("实测中位数（bit/s）", "median_bits_per_second"),
    "p10": Text("九成读数不低于（bit/s）", "p10_bits_per_second"),
    "share_of_contract": Text("中位数占合同", "share_of_contract"),
    "n": Text("有效测量次数", "n"),
    "days": Text("上课日数", "days"),
    "lower_bounds": Text("只测到下限的次数", "lower_bounds"),
    "coverage": Text("有读数的课时占比", "lesson_coverage"),
    "first_day": Text("起", "first_day"),
    "last_day": Text("止", "last_day"),
    "newest": Text("最后一次有效测量", "newest"),
    "tolerance": Text("容差", "tolerance"),
    "layer": Text("网络层", "layer"),
    "method": Text("方法", "method"),
    "vantage": Text("测量位置", "vantage"),
    "register_revision": Text("登记册版本", "register_revision"),
    "reason": Text("说明", "reason"),
}
_OF_DAY: Mapping[str, Text] = {
    "day": Text("日期", "day"),
    "n": Text("有效测量次数", "n"),
    "median": Text("实测中位数（bit/s）", "median_bits_per_second"),
    "least": Text("最低（bit/s）", "least_bits_per_second"),
}
_OF_LINE_DAY = ("school", "school_name", "line", "provider", "direction", "contract", "required")
_DIRECTIONS = {"down": Text("下行", "down"), "up": Text("上行", "up")}


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "lines",
        language,
        title=Text("线路是否达到合同带宽", "what lines bring against their contracts"),
        about=Text(
            "每条主用线路和教育专网线路：合同、实测中位数、读数与上课日、容差和结论，可交给运营商。"
            "不指明月份时为最近 30 天。网页 /schools/学校代码/line 有可打印的同一份证据。",
            "Each primary and education-network line: contract, measured median, readings and "
            "school days, tolerance and verdict, fit to be sent to its provider. Without a month "
            "it is of the last thirty days. The page /schools/CODE/line has the same to print.",
        ),
        examples=[
            ("lines --below", Text("只看低于合同的", "only those below their contract")),
            (
                "lines --month 2026-10 --csv lines.csv",
                Text("十月的全部线路，存为表格", "all lines of October, as a table"),
            ),
            (
                "lines --school 9934000001 --days --csv days.csv",
                Text("一所学校逐日的数据", "one school, day by day"),
            ),
        ],
        run=run,
    )
    _add_arguments(parser, language)


def _add_arguments(parser: Parser, language: Language) -> None:
    parser.add_argument(
        "--school", metavar="CODE", help=Text("只看一所学校", "only this school")(language)
    )
    parser.add_argument(
        "--month",
        metavar="MONTH",
        help=Text("一个已过完的月份，如 2026-10", "a month that is over, such as 2026-10")(
            language
        ),
    )
    parser.add_argument(
        "--below",
        action="store_true",
        help=Text("只看低于合同的", "only lines below their contract")(language),
    )
    parser.add_argument(
        "--days", action="store_true", help=Text("逐日列出", "a row for each day")(language)
    )
    parser.add_argument(
        "--csv",
        metavar="FILE",
        help=Text("写成 CSV 文件；- 为标准输出", "write CSV to FILE; - is stdout")(language),
    )
    add_json(parser, language)


def run(args: argparse.Namespace) -> int:
    given = {"school": args.school, "month": args.month}
    rows = [r for r in ask(args.data_dir, "/v1/lines", given) if _wanted(r, args)]
    if args.json:
        show_json(rows)
    elif args.csv:
        _write(_csv(rows, args.days, args.language), args.csv)
    elif not rows:
        say(Text("没有符合条件的线路。", "No line fits."), args.language)
    elif args.days:
        _show_days(rows, args.language)
    else:
        _show(rows, args.language)
    return OK


def _wanted(row: Row, args: argparse.Namespace) -> bool:
    return not args.below or row["verdict"] == "not_met"


def _csv(rows: Sequence[Row], days: bool, language: Language) -> str:
    """Rates in bit/s, shares as fractions of 1; what is not known is empty."""
    titles = {**{name: _TITLES[name] for name in _OF_LINE_DAY}, **_OF_DAY} if days else _TITLES
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([title(language) for title in titles.values()])
    for row in _days(rows) if days else map(_flat, rows):
        writer.writerow([_cell(row[name], name, language) for name in titles])
    return out.getvalue()


def _cell(value: object, name: str, language: Language) -> object:
    if name == "direction":
        return _DIRECTIONS[str(value)](language)
    shown = words(value, language)
    # A spreadsheet runs what begins like this; a name in the register must not.
    return f"'{shown}" if isinstance(shown, str) and shown[:1] in ("=", "+", "-", "@") else shown


def _flat(row: Row) -> Row:
    first, last = row["window"]
    return {**row, "verdict": row["verdict_text"], "first_day": first, "last_day": last}


def _days(rows: Sequence[Row]) -> Iterator[Row]:
    for row in rows:
        for day in row["by_day"]:
            yield {**row, **day}


def _write(text: str, file: str) -> None:
    if file == "-":
        sys.stdout.write(text)
        return
    # With the mark by which spreadsheets know the encoding.
    with open(file, "w", encoding="utf-8-sig", newline="") as out:
        out.write(text)


def _show(rows: Sequence[Row], language: Language) -> None:
    names = (
        "school_name",
        "line",
        "provider",
        "contract",
        "median",
        "n",
        "days",
        "vantage",
        "verdict",
    )
    titles = [_plain(_TITLES[name], language) for name in names]
    lines: list[list[object]] = [
        [
            row["school_name"],
            f"{row['line']} {_DIRECTIONS[row['direction']](language)}",
            row["provider"],
            _rate(row["contract"], language),
            _rate(row["median"], language),
            row["n"],
            row["days"],
            words(row["vantage"], language),
            Styled(str(words(row["verdict_text"], language)), STYLES.get(row["verdict"], "")),
            words(row["reason"], language),
        ]
        for row in rows
    ]
    show_table([*titles, _TITLES["reason"](language)], lines)


def _show_days(rows: Sequence[Row], language: Language) -> None:
    names = ("school_name", "line", "direction", "contract", *_OF_DAY)
    titles = [_plain({**_TITLES, **_OF_DAY}[name], language) for name in names]
    lines = [
        [
            row["school_name"],
            row["line"],
            _DIRECTIONS[row["direction"]](language),
            _rate(row["contract"], language),
            row["day"],
            row["n"],
            _rate(row["median"], language),
            _rate(row["least"], language),
        ]
        for row in _days(rows)
    ]
    show_table(titles, lines)


def _plain(title: Text, language: Language) -> str:
    """Without the unit, which the figures of a table bear themselves."""
    return title(language).removesuffix("（bit/s）").removesuffix("_bits_per_second")


def _rate(value: float | None, language: Language) -> str:
    return show(value, Unit.BITS_PER_SECOND, language)
