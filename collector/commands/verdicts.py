"""`banjun-collector verdicts`: which school meets which target, and on what evidence."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from collector.commands.client import ask
from collector.commands.output import UNKNOWN, say, show_json, show_table, words
from collector.commands.parser import OK, Subparsers, add_json, command
from probes.text import Language, Text

VERDICTS = {
    "met": Text("达标", "met"),
    "not_met": Text("未达标", "not met"),
    "undetermined": Text("无法判定", "undetermined"),
    "not_applicable": Text("不适用", "not applicable"),
}
_TITLES = (
    Text("学校", "school"),
    Text("目标", "target"),
    Text("截止", "due"),
    Text("要求", "required"),
    Text("现值", "value"),
    Text("证据", "evidence"),
    Text("覆盖", "coverage"),
    Text("结论", "verdict"),
    Text("理由", "reason"),
)
_AREA_TITLES = (
    Text("地区", "region"),
    Text("区域", "area"),
    Text("目标", "target"),
    Text("截止", "due"),
    Text("学校占比", "share"),
    Text("达标/无法判定/共", "met/undetermined/of"),
    Text("结论", "verdict"),
    Text("理由", "reason"),
)


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "verdicts",
        language,
        title=Text("各校、各区域是否达标", "verdicts of schools and areas"),
        about=Text(
            "每一行都说明现值、要求、证据条数、覆盖率和理由。没有测到不算达标，也不算未达标：无法判定。"
            "合同带宽与实测带宽是两件事，分别判定。",
            "Every line names value, requirement, number of readings, coverage and reason. What "
            "was not measured is neither met nor not met: undetermined. Contracted and delivered "
            "bandwidth are two facts and are judged apart.",
        ),
        examples=[
            ("verdicts --school 9934000001", Text("一所学校", "one school")),
            ("verdicts --verdict not_met", Text("只看未达标的", "only what is not met")),
            ("verdicts --json", Text("全部证据，作为数据", "all evidence, as data")),
        ],
        run=run,
    )
    parser.add_argument(
        "--school", metavar="CODE", help=Text("只看一所学校", "only this school")(language)
    )
    parser.add_argument(
        "--verdict",
        metavar="VERDICT",
        help=Text(
            "只看这种结论：met、not_met、undetermined、not_applicable，职责另有 pass、fail 等",
            "only this verdict: met, not_met, undetermined, not_applicable; duties have pass, fail "
            "and others",
        )(language),
    )
    add_json(parser, language)


def run(args: argparse.Namespace) -> int:
    answer = ask(args.data_dir, "/v1/verdicts")
    schools, areas = split(answer)
    schools = [row for row in schools if _wanted(row, args)]
    areas = [] if args.school else [row for row in areas if _wanted(row, args)]
    if args.json:
        rest = answer if isinstance(answer, Mapping) else {}
        show_json({**rest, "schools": schools, "areas": areas})
    elif schools or areas:
        show(schools, areas, args.language)
    else:
        say(Text("没有符合条件的结论。", "No verdict fits."), args.language)
    return OK


def split(answer: Any) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """The rows of schools and those of areas in what /v1/verdicts answers."""
    if isinstance(answer, Mapping):
        return list(answer.get("schools", [])), list(answer.get("areas", []))
    schools = [row for row in answer if "school" in row]
    return schools, [row for row in answer if "school" not in row]


def show(
    schools: Sequence[Mapping[str, Any]], areas: Sequence[Mapping[str, Any]], language: Language
) -> None:
    """Both tables, as `verdicts` and `tryout` print them."""
    if schools:
        show_table([t(language) for t in _TITLES], [_school_line(r, language) for r in schools])
    if schools and areas:
        print()
    if areas:
        show_table([t(language) for t in _AREA_TITLES], [_area_line(r, language) for r in areas])


def _wanted(row: Mapping[str, Any], args: argparse.Namespace) -> bool:
    return (not args.school or row.get("school") == args.school) and (
        not args.verdict or row.get("verdict") == args.verdict
    )


def _school_line(row: Mapping[str, Any], language: Language) -> list[object]:
    return [
        row.get("school_name") or row.get("school"),
        words(row.get("title"), language),
        row.get("due"),
        _quantity(row, "required", language),
        _quantity(row, "value", language),
        row.get("evidence_n"),
        _percent(row.get("coverage")),
        _verdict(row, language),
        words(row.get("reason"), language),
    ]


def _area_line(row: Mapping[str, Any], language: Language) -> list[object]:
    counts = [row.get(key, UNKNOWN) for key in ("met", "undetermined", "n")]
    return [
        row.get("region"),
        words(row.get("area_title", row.get("area")), language),
        f"{words(row.get('title'), language)} {_quantity(row, 'required', language)}",
        row.get("due"),
        f"{row.get('share_operator', '')} {row.get('share', UNKNOWN)}".strip(),
        "/".join(str(count) for count in counts),
        _verdict(row, language),
        words(row.get("reason"), language),
    ]


def _quantity(row: Mapping[str, Any], key: str, language: Language) -> object:
    """The words that the judge gives for a figure, else the bare figure and its unit."""
    shown = row.get(f"{key}_text")
    if shown is not None:
        return words(shown, language)
    value = row.get(key)
    return None if value is None else f"{value} {row.get('unit', '')}".strip()


def _verdict(row: Mapping[str, Any], language: Language) -> object:
    shown = row.get("verdict_text")
    if shown is not None:
        return words(shown, language)
    known = VERDICTS.get(str(row.get("verdict")))
    return known(language) if known else row.get("verdict")


def _percent(share: object) -> str | None:
    return f"{share:.0%}" if isinstance(share, int | float) else None
