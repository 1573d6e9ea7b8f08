"""`banjun-collector`: finds the commands, reads the command line, turns errors into words."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType

import collector.commands
from collector.commands.parser import (
    PROGRAM,
    USAGE,
    Parser,
    add_common,
    default_data_dir,
)
from probes.text import BanjunError, Language, Text, choose_language


def main(arguments: Sequence[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else list(arguments)
    language = _language(given)
    args = build_parser(language).parse_args(given)
    defaults = {"language": language, "data_dir": default_data_dir()}
    for name, value in defaults.items():
        if not hasattr(args, name):
            setattr(args, name, value)
    try:
        return int(args.run(args))
    except BanjunError as exc:
        print(exc.text(language), file=sys.stderr)
        return USAGE
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def build_parser(language: Language) -> Parser:
    parser = Parser(
        prog=PROGRAM,
        language=language,
        description=Text(
            "班均采集器：接收各校代理程序的测量，判定每校是否达到目标，并回答查询。\n"
            "schools、token 直接读写登记库；status、verdicts、agents、query 询问运行中的采集器。",
            "The collector of Banjun receives what agents in schools measure, judges whether each "
            "school meets its targets, and answers questions.\n"
            "schools and token work on the register itself; status, verdicts, agents and query ask "
            "the running collector.",
        )(language),
        epilog=Text(
            "第一次使用：schools import 名单.csv → serve → token create 学校代码 → 在学校运行 "
            "banjun-agent enrol → verdicts",
            "To begin: schools import LIST.csv, serve, token create SCHOOL, banjun-agent enrol at "
            "the school, verdicts",
        )(language),
    )
    add_common(parser, language)
    title = Text("命令", "commands")(language)
    subparsers = parser.add_subparsers(
        title=title, metavar="COMMAND", dest="command", required=True, parser_class=Parser
    )
    for module in command_modules():
        module.add(subparsers, language)
    return parser


def command_modules() -> Iterator[ModuleType]:
    """The modules that are commands. A broken one is an error, never skipped."""
    for found in sorted(pkgutil.iter_modules(collector.commands.__path__), key=lambda m: m.name):
        module = importlib.import_module(f"{collector.commands.__name__}.{found.name}")
        if hasattr(module, "add"):
            yield module


def _language(given: Sequence[str]) -> Language:
    """Before anything else is understood, so that a misunderstanding is explained in it."""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    early.add_argument("--lang", choices=[str(each) for each in Language])
    try:
        option = early.parse_known_args(given)[0].lang
    except argparse.ArgumentError:
        option = None
    return choose_language(option, dict(os.environ))


if __name__ == "__main__":
    sys.exit(main())
