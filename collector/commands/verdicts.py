"""`banjun-collector verdicts`: which school meets which target, and on what evidence."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from collector.commands.client import ask
from collector.commands.output import say, show_json
from collector.commands.parser import OK, Subparsers, add_json, command
from collector.commands.verdict_tables import show_for_people, show_scores, show_whole
from probes.text import Language, Text


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
        show(schools, areas, args.language, each_duty=bool(args.verdict))
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
    schools: Sequence[Mapping[str, Any]],
    areas: Sequence[Mapping[str, Any]],
    language: Language,
    *,
    each_duty: bool = False,
) -> None:
    """Both tables, as `verdicts` and `tryout` print them; duties are counted, unless each is
    wanted."""
    layout = show_for_people if sys.stdout.isatty() else show_whole
    duties = [row for row in schools if row.get("kind") == "duty"]
    others = [row for row in schools if row.get("kind") != "duty"]
    layout(schools if each_duty else others, areas, language)
    if duties and not each_duty:
        show_scores(duties, language)
        say(_SEE_DUTIES, language)


_SEE_DUTIES = Text(
    "逐项职责、逐台设备和下一步：banjun-collector duties --school 学校代码",
    "Each duty and machine, and what to do next: banjun-collector duties --school CODE",
)


def _wanted(row: Mapping[str, Any], args: argparse.Namespace) -> bool:
    return (not args.school or row.get("school") == args.school) and (
        not args.verdict or row.get("verdict") == args.verdict
    )
