"""What commands that import a sheet have in common: its file, and looking without changing."""

from __future__ import annotations

import sys
from pathlib import Path

from collector.commands.output import say
from collector.commands.parser import Parser
from probes.text import BanjunError, Language, Text


class FileError(BanjunError):
    """A file could not be read."""


def add_sheet_file(parser: Parser, language: Language) -> None:
    """`file` and `dry_run`."""
    parser.add_argument(
        "file",
        metavar="FILE",
        help=Text("CSV 文件；- 表示标准输入", "CSV file; - is standard input")(language),
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help=Text("只显示会改变什么", "only show what would change")(language),
    )


def contents(file: str) -> bytes:
    """Raises FileError."""
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as exc:
        raise FileError(
            Text(f"读不到文件 {file}：{exc.strerror}。", f"Cannot read {file}: {exc.strerror}.")
        ) from exc


def say_dry_run(language: Language) -> None:
    say(Text("这是试运行，没有登记任何内容。", "A dry run: nothing was registered."), language)
