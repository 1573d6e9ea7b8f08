"""`banjun-collector exam`: what is announced, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.collector.test_commands_schools import EXAMPLE, Command

SCHOOL = "9934000001"


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    command = Command(tmp_path / "collector", capsys)
    command("schools", "import", str(EXAMPLE))
    command("rooms", "import", str(EXAMPLE.with_name("rooms.csv")))
    return command


def test_examination_is_announced_once(run: Command) -> None:
    words = ("exam", "add", SCHOOL, "J101", "2099-12-05 08:30", "信息技术考试")
    assert run(*words) == 0
    assert run(*words) == 2
    assert "announced already, id 1" in run.err
    assert run("exam", "add", SCHOOL, "J101", "2099-12-05 10:30") == 0
    assert run("exam", "cancel", "1") == 0
    assert run(*words) == 0


def test_examination_that_has_begun_is_refused(run: Command) -> None:
    assert run("exam", "add", SCHOOL, "J101", "2025-12-05 08:30", lang="zh") == 2
    assert "2025-12-05 08:30 已经过去" in run.err
    assert run("exam", "list") == 0
    assert "No examination is announced." in run.err


def test_list_has_the_time_on_the_schools_clock(run: Command) -> None:
    run("exam", "add", SCHOOL, "J101", "2099-12-05 08:30")
    assert run("exam", "list") == 0
    assert run.out.splitlines()[-1].endswith("  2099-12-05 08:30")
