from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path

import pytest

from collector.__main__ import main
from collector.register.register import Register

EXAMPLE = Path(__file__).parents[2] / "config" / "examples" / "county.csv"


class Command:
    """Runs commands on a data directory and remembers what the last one said."""

    def __init__(self, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data_dir = data_dir
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str, lang: str = "en") -> int:
        try:
            code = main(["--lang", lang, "--data-dir", str(self.data_dir), *arguments])
        except SystemExit as exc:
            code = int(exc.code or 0)
        self.out, self.err = self._capsys.readouterr()
        return code


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path / "collector", capsys)


def codes(data_dir: Path) -> list[str]:
    register = Register.open(data_dir / "register.sqlite3")
    found = [school.code for school in register.schools(register.today())]
    register.close()
    return found


def test_import_registers_the_example_and_says_so(run: Command) -> None:
    assert run("schools", "import", str(EXAMPLE)) == 0
    assert run.out.splitlines()[-1] == "7 new, 0 changed, 0 unchanged."
    assert len(codes(run.data_dir)) == 7


def test_dry_run_registers_nothing(run: Command) -> None:
    assert run("schools", "import", str(EXAMPLE), "--dry-run") == 0
    assert "+ 9934000001 示例实验学校" in run.out
    assert codes(run.data_dir) == []


def test_second_import_shows_old_and_new(run: Command, tmp_path: Path) -> None:
    run("schools", "import", str(EXAMPLE))
    update = tmp_path / "update.csv"
    update.write_text("学校代码,专任教师数,合同下行带宽(Mbit/s)\n9934000001,130,1000\n", "utf-8")
    assert run("schools", "import", str(update), "--from", "2026-09-01", lang="zh") == 0
    assert run.out.splitlines() == [
        "~ 9934000001 示例实验学校  自 2026-09-01 起",
        "    专任教师数: 128 → 130",
        "    合同下行带宽(Mbit/s): 300 Mbit/s → 1000 Mbit/s",
        "新增 0 所，变更 1 所，不变 0 所。",
    ]
    register = Register.open(run.data_dir / "register.sqlite3")
    before = register.school("9934000001", date(2026, 8, 31))
    after = register.school("9934000001", date(2026, 9, 1))
    register.close()
    assert before is not None
    assert after is not None
    assert (before.teachers, after.teachers) == (128, 130)


def test_mistakes_exit_with_2_and_register_nothing(run: Command, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("学校代码,学校名称,行政区划代码\n1,一,340199\n9934000001,二,xx\n", "utf-8")
    assert run("schools", "import", str(bad), lang="zh") == 2
    assert "第 2 行，“学校代码”列，值“1”" in run.err
    assert "第 3 行，“行政区划代码”列，值“xx”" in run.err
    assert run.out == ""
    assert codes(run.data_dir) == []


def test_import_reads_a_pipe(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.TextIOWrapper(io.BytesIO(EXAMPLE.read_bytes()))
    monkeypatch.setattr("sys.stdin", pipe)
    assert run("schools", "import", "-", "--json") == 0
    assert [s["kind"] for s in json.loads(run.out)["schools"]] == ["new"] * 7


def test_import_of_a_file_that_is_not_there_names_it(run: Command) -> None:
    assert run("schools", "import", "nowhere.csv") == 2
    assert "Cannot read nowhere.csv: No such file or directory" in run.err


def test_list_keeps_its_columns_whole_in_a_pipe(run: Command) -> None:
    run("schools", "import", str(EXAMPLE))
    assert run("schools", "list", lang="zh") == 0
    lines = run.out.splitlines()
    assert lines[0].split() == [
        "学校代码",
        "名称",
        "区域",
        "班数",
        "学生",
        "合同下行",
        "起始",
    ]
    assert lines[3].split() == ["9934000003", "示例城关小学", "县域", "24", "1100", "—", "—"]
    assert all(line == line.rstrip() for line in lines)


def test_list_as_csv_imports_unchanged(run: Command, tmp_path: Path) -> None:
    run("schools", "import", str(EXAMPLE))
    run("schools", "list", "--csv")
    exported = tmp_path / "out.csv"
    exported.write_text(run.out, "utf-8")
    assert exported.read_bytes().startswith(b"\xef\xbb\xbf")
    run("schools", "import", str(exported))
    assert run.out == "0 new, 0 changed, 7 unchanged.\n"


def test_list_as_csv_of_nothing_is_an_empty_form(run: Command) -> None:
    assert run("schools", "list", "--csv", lang="zh") == 0
    assert run.out.startswith("\ufeff学校代码,学校名称,行政区划代码")
    assert len(run.out.splitlines()) == 1


def test_list_as_json_holds_every_fact(run: Command) -> None:
    run("schools", "import", str(EXAMPLE))
    run("schools", "list", "--json")
    first = json.loads(run.out)[0]
    assert first["link1.contract_down_bits_per_second"] == 300_000_000
    assert first["classes.primary"] == 20


def test_closed_school_is_listed_only_as_of_earlier(run: Command) -> None:
    run("schools", "import", str(EXAMPLE))
    assert run("schools", "close", "9934000005", "--from", "2026-01-01") == 0
    run("schools", "list")
    assert "9934000005" not in run.out
    run("schools", "list", "--as-of", "2025-12-31")
    assert "9934000005" in run.out


def test_commands_name_a_data_directory_without_a_register(run: Command) -> None:
    for arguments in (["schools", "list"], ["token", "list"], ["agents", "revoke", "x"]):
        assert run(*arguments) == 2
        assert str(run.data_dir / "register.sqlite3") in run.err
    assert not run.data_dir.exists()
