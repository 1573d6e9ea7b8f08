"""What commands that import a sheet have in common: its file, its notices, and a dry run."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from collector.commands.output import say
from collector.commands.parser import Parser
from probes.text import BanjunError, Language, Text

if TYPE_CHECKING:
    from collector.register.sheet.remarks import Remark


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


def say_notices(notices: Iterable[Remark], language: Language) -> None:
    """What was read otherwise than it stood there, and is no mistake."""
    for notice in notices:
        say(Text(f"提示：{notice.full().zh}", f"Note: {notice.full().en}"), language)


def say_dry_run(language: Language) -> None:
    say(Text("这是试运行，没有登记任何内容。", "A dry run: nothing was registered."), language)
