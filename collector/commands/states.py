"""`banjun-collector states`: how things stand now, and what changed last."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from collector.commands.client import ask
from collector.commands.output import Styled, say, show_json, show_table, words
from collector.commands.parser import OK, Subparsers, add_json, command
from probes.text import Language, Text

Row = Mapping[str, Any]

STYLES = {"up": "green", "degraded": "yellow", "down": "red", "unknown": "yellow"}
_WHAT = Text("项目", "what")
_STATE = Text("状态", "state")
_SINCE = Text("起于", "since")
_VALUE = Text("现值", "value")
_BOUND = Text("界限", "bound")
_REASON = Text("说明", "reason")
_SCHOOL = Text("学校", "school")
_AT = Text("时间", "at")
_FROM = Text("原为", "from")
_TO = Text("变为", "to")

_NO_SCHOOL = Text("没有这所学校。", "There is no such school.")
_NONE_YET = Text(
    "还没有判断过任何学校：登记学校后，下一轮就会有。",
    "No school was judged yet; the next round does, once schools are registered.",
)


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "states",
        language,
        title=Text("各校现在的状态与最近的变化", "states of schools now, and what changed last"),
        about=Text(
            "状态由读数按阈值判断：正常、下降、中断、未知。没有新读数是未知，不是中断。"
            "越界须持续一段时间才改变状态；翻转是当时的判断，迟到的读数不改写它。",
            "Readings against thresholds give states: up, degraded, down, unknown. Without fresh "
            "readings it is unknown, not down. A bound has to be broken for a while before the "
            "state changes. A flip is what was believed then; late readings do not rewrite it.",
        ),
        examples=[
            ("states", Text("全部", "all")),
            ("states --school 9934000001 --flips 20", Text("一所学校及其变化", "one, with flips")),
            ("states --json", Text("作为数据", "as data")),
        ],
        run=run,
    )
    parser.add_argument(
        "--school", metavar="CODE", help=Text("只看一所学校", "only this school")(language)
    )
    parser.add_argument(
        "--flips",
        type=int,
        default=0,
        metavar="N",
        help=Text("另列最近 N 次翻转", "also the newest N flips")(language),
    )
    add_json(parser, language)


def run(args: argparse.Namespace) -> int:
    answer = dict(ask(args.data_dir, "/v1/states"))
    for key in ("schools", "states"):
        answer[key] = [r for r in answer[key] if args.school in (None, r.get("school"))]
    if args.flips:
        given = {"school": args.school, "limit": str(args.flips)}
        answer["flips"] = ask(args.data_dir, "/v1/flips", given)
    if args.json:
        show_json(answer)
        return OK
    if not answer["schools"]:
        say(_NO_SCHOOL if args.school else _NONE_YET, args.language)
    elif sys.stdout.isatty():
        _show_for_people(answer["schools"], answer["states"], args.language)
    else:
        _show_whole(answer["schools"], answer["states"], args.language)
    if args.flips:
        _show_flips(answer["flips"], args.language)
    return OK


def _show_whole(schools: Sequence[Row], states: Sequence[Row], language: Language) -> None:
    """A line says all that it has to say; a school's own line has no bound."""
    titles = (_SCHOOL, _WHAT, _STATE, _SINCE, _VALUE, _BOUND, _REASON)
    lines = []
    for school in schools:
        name = school["school_name"]
        own = [r for r in states if r["school"] == school["school"]]
        whole = Text("全校", "whole school")(language)
        lines.append(
            [name, whole, *_state(school, language), None, None, _reason(school, language)]
        )
        lines += [
            [
                name,
                _what(row, language),
                *_state(row, language),
                words(row["value_text"], language),
                words(row["bounds_text"], language),
                _reason(row, language),
            ]
            for row in own
        ]
    show_table([title(language) for title in titles], lines)


def _show_for_people(schools: Sequence[Row], states: Sequence[Row], language: Language) -> None:
    """Fits a terminal: schools as headings, and only their reasons."""
    titles = (_WHAT, _STATE, _SINCE, _VALUE, _BOUND)
    by_school = {code: list(rows) for code, rows in groupby(states, key=lambda r: r["school"])}
    lines: list[list[object]] = []
    for school in schools:
        heading = Styled(str(school["school_name"]), "bold")
        lines.append([heading, *_state(school, language), None, None])
        lines += [
            [
                f"  {_what(row, language)}",
                *_state(row, language),
                words(row["value_text"], language),
                words(row["bounds_text"], language),
            ]
            for row in by_school.get(school["school"], [])
        ]
    show_table([title(language) for title in titles], lines, folds=(0, 4))
    for school in schools:
        if school["state"] != "up":
            print(f"{school['school_name']}: {_reason(school, language)}")


def _show_flips(flips: Sequence[Row], language: Language) -> None:
    if not flips:
        say(Text("还没有翻转。", "Nothing has flipped yet."), language)
        return
    titles = (_AT, _SCHOOL, _WHAT, _FROM, _TO, _SINCE, _VALUE, _REASON)
    lines = [
        [
            _local(row["at"]),
            row["school_name"] or row["school"],
            _what(row, language),
            words(row["from_text"], language),
            _styled(row["to"], words(row["to_text"], language)),
            _local(row["since"]),
            words(row["value_text"], language),
            _reason(row, language),
        ]
        for row in flips
    ]
    print()
    show_table([title(language) for title in titles], lines)


def _what(row: Row, language: Language) -> str:
    """The threshold and whose it is."""
    where = [part for part in (row.get("hostname"), row.get("target")) if part and part != "local"]
    title = str(words(row["title"], language))
    return f"{title} ({' → '.join(where)})" if where else title


def _state(row: Row, language: Language) -> list[object]:
    return [_styled(row["state"], words(row["state_text"], language)), _local(row["since"])]


def _styled(state: str, title: str) -> Styled:
    return Styled(title, STYLES.get(state, ""))


def _reason(row: Row, language: Language) -> str | None:
    reason = row.get("reason")
    return str(words(reason, language)) if reason else None


def _local(at: str | None) -> str | None:
    """In this machine's own time."""
    return at and datetime.fromisoformat(at).astimezone().strftime("%m-%d %H:%M:%S")
