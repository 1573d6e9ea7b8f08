from __future__ import annotations

import shlex
import sys
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import collector.commands
from collector.__main__ import build_parser, main
from collector.commands.parser import PROGRAM, columns, duration, wrap
from collector.judge.judge import read_policies
from collector.register.waiver import check_words
from probes.text import Language

from .test_commands_schools import Command


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path / "collector", capsys)


def every_parser(parser: ArgumentParser) -> Iterator[ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            for sub in action.choices.values():
                yield from every_parser(sub)


def test_commands_of_the_collector_are_found() -> None:
    known = {
        parser.prog.removeprefix(f"{PROGRAM} ")
        for parser in every_parser(build_parser(Language.EN))
    }
    assert known >= {
        "schools import",
        "schools list",
        "schools close",
        "token create",
        "token list",
        "token revoke",
        "agents",
        "agents revoke",
        "status",
        "verdicts",
        "query",
        "check",
    }


def test_command_is_added_by_adding_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "extra.py").write_text(
        "def add(subparsers, language):\n"
        "    parser = subparsers.add_parser('extra', language=language)\n"
        "    parser.set_defaults(run=lambda args: print('here') or 7)\n"
    )
    paths = [*collector.commands.__path__, str(tmp_path)]
    monkeypatch.setattr(collector.commands, "__path__", paths)
    assert main(["extra"]) == 7
    assert capsys.readouterr().out == "here\n"
    sys.modules.pop("collector.commands.extra")


@pytest.mark.parametrize("language", list(Language))
def test_help_of_every_command_fits_and_teaches(language: Language) -> None:
    for parser in every_parser(build_parser(language)):
        text = parser.format_help()
        assert max(columns(line) for line in text.splitlines()) <= 100
        has_own_actions = any(isinstance(a, _SubParsersAction) for a in parser._actions)
        assert has_own_actions or PROGRAM in (parser.epilog or "")


def test_examples_in_the_help_are_command_lines_that_parse() -> None:
    parser = build_parser(Language.EN)
    lines = [
        line.strip().removeprefix(PROGRAM)
        for each in every_parser(parser)
        for line in (each.epilog or "").splitlines()
        if line.startswith(f"  {PROGRAM} ")
    ]
    assert len(lines) >= 15
    for line in lines:
        parser.parse_args(shlex.split(line.partition(" > ")[0]))


def test_examples_in_the_help_name_duties_that_there_are_and_reasons_that_suffice() -> None:
    duties = {duty.id: duty for duty in read_policies().duties}
    roles = [words for duty in duties.values() for words in (duty.role.zh, duty.role.en)]
    parser = build_parser(Language.ZH)
    lines = {
        line.strip().removeprefix(PROGRAM)
        for each in every_parser(parser)
        for line in (each.epilog or "").splitlines()
        if line.startswith(f"  {PROGRAM} ")
    }
    for line in lines:
        given = vars(parser.parse_args(shlex.split(line.partition(" > ")[0])))
        duty = given.get("duty")
        assert duty is None or duty in duties, line
        if "says" in given:
            signed = [attest.id for attest in duties[str(duty)].attests]
            assert given["attest"] in signed or (not given["attest"] and len(signed) == 1), line
        if given.get("role") and "kind" in given:
            assert any(given["role"] in words for words in roles), line
        if "waive" in line.split() and given.get("reason"):
            check_words(given["reason"])


def test_options_of_every_command_may_stand_before_or_after_it(tmp_path: Path) -> None:
    parser = build_parser(Language.EN)
    before = parser.parse_args(["--data-dir", str(tmp_path), "status", "--json"])
    after = parser.parse_args(["status", "--json", "--data-dir", str(tmp_path)])
    assert before.data_dir == after.data_dir == tmp_path


def test_data_dir_comes_from_the_service_manager(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    assert main(["--lang", "en", "schools", "list"]) == 2
    assert str(tmp_path / "state") in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "zh"),
    [
        ([], "缺少参数：COMMAND"),
        (["nonsense"], "没有 'nonsense'"),
        (["schools", "import"], "缺少参数：FILE"),
        (["status", "--nonsense"], "不认识的参数：--nonsense"),
        (["token", "create", "x", "--uses", "many"], "'many' 不是整数"),
        (["token", "create", "x", "--role"], "--role 后面需要一个值"),
        (["schools", "list", "--as-of", "1.9."], "'1.9.' 不是日期，应写成 2026-09-01 这样"),
        (["access", "--since", "x"], "'x' 不是时长，例如 90m, 24h, 7d"),
    ],
)
def test_wrong_command_line_is_explained_in_chinese(
    run: Command, arguments: list[str], zh: str
) -> None:
    assert run(*arguments, lang="zh") == 2
    assert zh in run.err
    assert "--help" in run.err


def test_unknown_language_is_refused_with_those_that_exist(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    assert run("status", lang="fr") == 2
    assert "en" in run.err


def test_help_loads_no_database_library() -> None:
    import subprocess

    script = (
        "import sys; sys.argv = ['x', '--lang', 'en', '--help']\n"
        "from collector.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('sqlalchemy', 'duckdb', 'rich', 'aiohttp') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("text", "length"),
    [("90m", timedelta(minutes=90)), ("24h", timedelta(days=1)), ("7d", timedelta(days=7))],
)
def test_duration_is_read(text: str, length: timedelta) -> None:
    assert duration(text) == length


def test_wrap_counts_two_columns_for_a_chinese_character() -> None:
    lines = wrap("班均出口带宽不低于 10 Mbit/s，每校都要达到。", 20)
    assert all(columns(line) <= 20 for line in lines)
    assert "".join(lines).replace(" ", "") == "班均出口带宽不低于10Mbit/s，每校都要达到。"
    assert not any(line.startswith(("，", "。")) for line in lines)
