"""The command line in two languages: help, usage and what is said about a wrong argument."""

from __future__ import annotations

import argparse
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NoReturn

from probes.text import Language, Text

PROGRAM = "banjun-collector"
OK, FAILED, USAGE = 0, 1, 2
"""Exit codes: in order; what was asked for is not in order; a wrong command line or setting."""

Subparsers = Any  # argparse has no public name for it
_COMPLAINTS = (
    (r"the following arguments are required: (.+)", "缺少参数：{}"),
    (r"unrecognized arguments: (.+)", "不认识的参数：{}"),
    (r"argument (\S+): invalid choice: (.+) \(choose from (.+)\)", "{}：没有 {}；可用的有 {}"),
    (r"argument (\S+): expected one argument", "{} 后面需要一个值"),
    (r"argument (\S+): invalid int value: (.+)", "{}：{} 不是整数"),
    (r"argument (\S+): not allowed with argument (.+)", "{} 不能与 {} 同时使用"),
    (r"argument (\S+): (.+) is no date, such as (.+)", "{}：{} 不是日期，应写成 {} 这样"),
    (r"argument (\S+): (.+) is no duration, such as (.+)", "{}：{} 不是时长，例如 {}"),
    (r"argument (\S+): (.+)", "{}：{}"),
)


class Parser(argparse.ArgumentParser):
    """Speaks `language`."""

    def __init__(self, *, language: Language, **kwargs: Any) -> None:
        own = {"formatter_class": _FORMATTERS[language], "add_help": False, "allow_abbrev": False}
        super().__init__(**{**kwargs, **own})
        self.language = language
        self._positionals.title = Text("参数", "arguments")(language)
        self._optionals.title = Text("选项", "options")(language)
        show_help = Text("显示这份说明", "show this help")(language)
        self.add_argument("-h", "--help", action="help", help=show_help)

    def error(self, message: str) -> NoReturn:
        if self.language is Language.ZH:
            message = _in_chinese(message)
        hint = Text(f"用 {self.prog} --help 查看说明。", f"{self.prog} --help explains.")
        print(f"{message}\n{hint(self.language)}", file=sys.stderr)
        raise SystemExit(USAGE)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Wraps by the columns that a terminal needs: a Chinese character takes two."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrap(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = [part for line in text.splitlines() for part in wrap(line, width) or [""]]
        return "\n".join(indent + line for line in lines)


class _ChineseFormatter(_Formatter):
    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(usage, actions, groups, "用法：" if prefix is None else prefix)


_PIECE = re.compile(r"[^\s\u2e80-\uffef]+[，。；：、）]*|[\u2e80-\uffef][，。；：、）”]*|\s+")
"""What stays together: a word, a Chinese character with the punctuation that follows it."""
_FORMATTERS = {Language.ZH: _ChineseFormatter, Language.EN: _Formatter}


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns, broken at spaces and between Chinese characters."""
    indent = text[: len(text) - len(text.lstrip())]
    lines: list[str] = []
    line = indent
    for piece in _PIECE.findall(text.lstrip()):
        if columns(line + piece.rstrip()) > width and line.strip():
            lines.append(line.rstrip())
            line = indent
        if piece.strip() or line.strip():
            line += piece
    return [*lines, line.rstrip()] if line.strip() else lines


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _in_chinese(message: str) -> str:
    for pattern, words in _COMPLAINTS:
        if match := re.fullmatch(pattern, message):
            return words.format(*match.groups())
    return message


def command(
    subparsers: Subparsers,
    name: str,
    language: Language,
    *,
    title: Text,
    about: Text,
    examples: Sequence[tuple[str, Text]],
    run: Callable[[argparse.Namespace], int] | None = None,
) -> Parser:
    """A command with its help: one line for the list, a paragraph, and lines to copy."""
    heading = Text("例：", "examples:")(language)
    lines = [f"  {PROGRAM} {line}\n      {why(language)}" for line, why in examples]
    parser: Parser = subparsers.add_parser(
        name,
        language=language,
        help=title(language),
        description=f"{title(language)}\n\n{about(language)}",
        epilog="\n".join([heading, *lines]),
    )
    add_common(parser, language)
    if run is not None:
        parser.set_defaults(run=run)
    return parser


def add_common(parser: Parser, language: Language) -> None:
    """The options that may stand before or after the name of any command."""
    group = parser.add_argument_group(Text("通用选项", "options of every command")(language))
    group.add_argument(
        "--lang",
        choices=[str(each) for each in Language],
        default=argparse.SUPPRESS,
        help=Text("语言，默认取自 LANG", "language, from LANG unless given")(language),
    )
    group.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help=Text(
            "数据目录，默认取自 STATE_DIRECTORY，否则 var/collector",
            "where data is kept, from STATE_DIRECTORY or var/collector unless given",
        )(language),
    )


def add_json(parser: Parser, language: Language) -> None:
    parser.add_argument(
        "--json", action="store_true", help=Text("输出 JSON", "print JSON")(language)
    )


def default_data_dir() -> Path:
    return Path(os.environ.get("STATE_DIRECTORY") or "var/collector")


def duration(text: str) -> timedelta:
    """`90m`, `24h` or `7d`."""
    match = re.fullmatch(r"(\d{1,5})([mhd])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration, such as 90m, 24h, 7d")
    unit = {"m": "minutes", "h": "hours", "d": "days"}[match[2]]
    return timedelta(**{unit: int(match[1])})


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date, such as 2026-09-01") from None
