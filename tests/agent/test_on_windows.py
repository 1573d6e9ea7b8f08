"""Where the agent does something else on Windows, as far as another system can show it.

What only a real Windows can show is listed in docs/windows.md.
"""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent import __main__ as program
from agent.__main__ import main
from agent.commands import probes as probes_command
from agent.commands import status as status_command
from config import durable
from config.durable import replace_file
from probes.catalog import discover

ROOT = Path(__file__).parents[2]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def other_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system on which no probe has run yet."""
    monkeypatch.setattr(probes_command, "sys", SimpleNamespace(platform="win32"))


@pytest.mark.parametrize("encoding", ["cp936", "cp1252", "ascii"])
@pytest.mark.parametrize("words", [["probes"], ["--help"], ["status"]])
def test_console_of_any_code_page_shows_something(encoding: str, words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agent", *words, "--lang", "zh", "--state-dir", "/nonexistent"],
        cwd=ROOT, capture_output=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONDONTWRITEBYTECODE": ""},
    )  # fmt: skip
    said = (done.stdout + done.stderr).decode(encoding)
    assert "Traceback" not in said
    assert done.returncode == (2 if words == ["status"] else 0)
    assert bool(CHINESE.search(said)) == (encoding == "cp936")
    assert encoding == "cp936" or "\\u" in said


def test_state_lies_where_windows_keeps_what_belongs_to_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PROGRAMDATA", "/ProgramData")
    monkeypatch.setattr(program, "sys", SimpleNamespace(platform="win32"))
    assert program._default_state_dir() == Path("/ProgramData/Banjun")


def test_file_that_is_being_read_is_replaced_a_moment_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Windows does while a virus scanner has the file open."""
    real, refusals = os.replace, [1, 1]

    def replace(source: Any, target: Any) -> None:
        if refusals:
            refusals.pop()
            raise PermissionError(13, "in use", target)
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(durable, "TRIES", 3)
    monkeypatch.setattr(durable, "PAUSE", 0.001)
    replace_file(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    refusals.extend([1, 1, 1])
    with pytest.raises(PermissionError):
        replace_file(tmp_path / "file", b"newer")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_probes_says_which_were_never_tried_here(
    other_system: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probes", "--lang", "en"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all("not yet tried on" in line for line in lines)
    assert main(["probes", "--json"]) == 0
    assert {tuple(p["tried_on"]) for p in json.loads(capsys.readouterr().out)} == {("linux",)}


def test_status_names_the_untried_among_its_tasks(other_system: None) -> None:
    tasks = [{"probe": name} for name in ("uptime", "uptime", "tcp_connect", "of_the_future")]
    assert status_command.untried(tasks) == ["uptime", "tcp_connect"]


@pytest.mark.skipif(sys.platform != "linux", reason="tells of Linux")
def test_everything_was_tried_on_linux() -> None:
    assert all(probes_command.is_tried(probe) for probe in discover().values())


def test_log_file_takes_the_place_of_a_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.Logger("root-of-this-test")
    monkeypatch.setattr(logging, "root", root)
    path = tmp_path / "logs" / "agent.log"
    assert main(["once", "--log-file", str(path), "--state-dir", str(tmp_path / "none")]) == 2
    root.error("采集器没有应答")
    (handler,) = root.handlers
    handler.close()
    assert "采集器没有应答" in path.read_text("utf-8")
