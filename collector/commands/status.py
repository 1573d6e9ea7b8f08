"""`banjun-collector status`: how the running collector itself is doing."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from collector.commands.client import ask
from collector.commands.output import key_title, show_json, show_rows, show_table, words
from collector.commands.parser import OK, Subparsers, add_json, command
from probes.text import Language, Text


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "status",
        language,
        title=Text("采集器自身的状况", "how the collector is doing"),
        about=Text(
            "采集器没有运行时退出码为 2。", "The exit code is 2 when no collector is running."
        ),
        examples=[
            ("status", Text("看一眼", "a look")),
            ("status --json", Text("给监控用", "for monitoring")),
        ],
        run=run,
    )
    add_json(parser, language)


def run(args: argparse.Namespace) -> int:
    answer = ask(args.data_dir, "/v1/status")
    if args.json:
        show_json(answer)
    elif isinstance(answer, list):
        show_rows(answer, args.language)
    else:
        titles = [Text("项目", "item"), Text("值", "value")]
        show_table([t(args.language) for t in titles], _lines(answer, args.language))
    return OK


def _lines(answer: Mapping[str, Any], language: Language, prefix: str = "") -> list[list[Any]]:
    """One line a fact; facts inside facts as `outer.inner`."""
    lines: list[list[Any]] = []
    for key, value in answer.items():
        if isinstance(value, Mapping) and not {"zh", "en"} <= value.keys():
            lines += _lines(value, language, f"{prefix}{key_title(key, language)}.")
        else:
            lines.append([f"{prefix}{key_title(key, language)}", words(value, language)])
    return lines
