from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from collector.remote.lessons import FILE
from tests.collector.test_commands_schools import EXAMPLE, Command

LESSONS = EXAMPLE.with_name("remote-lessons.csv")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    command = Command(tmp_path / "collector", capsys)
    command("schools", "import", str(EXAMPLE))
    return command


def test_example_is_in_order(run: Command) -> None:
    assert run("remote-lessons", "check", str(LESSONS)) == 0
    assert run.err.splitlines() == [
        "3 remote lessons a week, 3 schools, 1 meeting points; 0 remarks."
    ]


def test_school_and_lesson_that_do_not_exist_are_named(run: Command, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    text = LESSONS.read_text("utf-8")
    path.write_text(text.replace("9934000002,周四,,14:50,15:30", "9934000099,周六,1,,"), "utf-8")
    assert run("remote-lessons", "check", str(path), lang="zh") == 1
    assert "第 4 行，“学校代码”列，值“9934000099”：登记库里没有这所学校" in run.err
    path.write_text(text.replace("周二,3,,,接收", "周六,1,,,接收"), "utf-8")
    assert run("remote-lessons", "check", str(path), lang="zh") == 1
    assert "值“周六第 1 节”：校历“default”周六有 0 节课" in run.err
    path.write_text(text.replace("15:30", "15:00"), "utf-8")
    assert run("remote-lessons", "check", str(path), lang="zh") == 1
    assert "不到 30 分钟" in run.err


def test_missing_list_says_what_to_read(run: Command) -> None:
    assert run("remote-lessons", "show") == 2
    assert "docs/remote-lessons.md" in run.err


def test_list_in_use_is_shown_and_checked_with_everything_else(run: Command) -> None:
    shutil.copy(LESSONS, run.data_dir / FILE)
    assert run("remote-lessons", "show") == 0
    assert "示例东河中心小学  Tuesday lesson 3      receives" in run.out
    run("remote-lessons", "show", "--json")
    assert json.loads(run.out)[0]["meeting_point"] == "meet.example.edu.cn:443"
    assert run("check") == 0
    assert "3 a week at 3 schools" in run.out
    (run.data_dir / FILE).write_text("学校代码\n1\n", "utf-8")
    assert run("check", lang="zh") == 1
    assert "“星期”列：表头里没有这一列" in run.out
