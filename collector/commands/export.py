"""`banjun-collector export`: the archive into the time-series engine once more."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from collector.commands.client import ask, tell
from collector.commands.output import say, show_json
from collector.commands.parser import FAILED, OK, Subparsers, add_json, command, day
from probes.text import Language, Text

LOOK_SECONDS = 1.0


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "export",
        language,
        title=Text("把档案补写到时序库", "write the archive into the time-series engine again"),
        about=Text(
            "新读数总是自动写入 collector.toml 的 [export] 所设的时序库，中断后自动补齐。"
            "这个命令用于刚接上时序库，或它的数据丢失之后。重复写入没有害处。"
            "按 Ctrl-C 只是不再看进度，采集器会继续补写。",
            "New readings go to the engine of [export] in collector.toml by themselves, and after "
            "an outage what is missing follows. This is for an engine that is new, or has lost its "
            "data. Writing twice does no harm. Ctrl-C ends the watching, not the writing.",
        ),
        examples=[
            ("export --since 2026-09-01", Text("从 9 月 1 日起", "from 1 September on")),
            (
                "export --since 2026-09-01 --no-wait",
                Text("不等它完成", "do not wait until it is done"),
            ),
        ],
        run=run,
    )
    parser.add_argument(
        "--since",
        type=day,
        required=True,
        metavar="DAY",
        help=Text("第一天（UTC）", "the first day, in UTC")(language),
    )
    parser.add_argument(
        "--no-wait",
        action="store_true",
        help=Text("开始后立即返回", "return as soon as it has begun")(language),
    )
    add_json(parser, language)


def run(args: argparse.Namespace) -> int:
    rows = tell(args.data_dir, "/v1/export", {"since": args.since.isoformat()})["rows"]
    trouble = None if args.no_wait else _watch(args, rows)
    if trouble is not None:
        say(_stands_still(trouble), args.language)
        return FAILED
    if args.json:
        show_json({"rows": rows, "done": not args.no_wait})
    else:
        say(_begun(rows) if args.no_wait else _done(rows), args.language)
    return OK


def _begun(rows: int) -> Text:
    return Text(
        f"采集器正在补写 {rows} 行；用 status 查看进度。",
        f"The collector is writing {rows} rows; `status` says how far it is.",
    )


def _done(rows: int) -> Text:
    return Text(f"已写入档案中的 {rows} 行。", f"{rows} rows of the archive were written.")


def _stands_still(trouble: Mapping[str, str]) -> Text:
    return Text(
        f"{trouble['zh']}\n采集器会自己继续；用 status 查看进度。",
        f"{trouble['en']}\nThe collector goes on by itself; `status` says how far it is.",
    )


def _watch(args: argparse.Namespace, rows: int) -> Mapping[str, str] | None:
    """Shows the progress until all is written; returns why it stands still, if it does."""
    from rich.console import Console
    from rich.progress import Progress

    title = Text("补写时序库", "writing to the engine")(args.language)
    with Progress(console=Console(stderr=True), disable=args.json) as progress:
        task = progress.add_task(title, total=rows)
        for status in _statuses(args.data_dir):
            owed, trouble = status["export_owed_rows"], status["export_trouble"]
            progress.update(task, completed=max(0, rows - owed))
            if trouble is not None:
                return dict(trouble)
            if owed == 0:
                return None
    return None


def _statuses(data_dir: Path) -> Iterator[Mapping[str, Any]]:
    while True:
        yield ask(data_dir, "/v1/status")
        time.sleep(LOOK_SECONDS)
