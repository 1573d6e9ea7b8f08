"""`banjun-collector attest` as somebody at a terminal uses it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.collector.test_commands_schools import EXAMPLE, Command

from .office import PDF, own_policies, put_empty_register

SCHOOL = "9934000001"


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    own_policies(tmp_path)
    put_empty_register(tmp_path)
    (tmp_path / "演练.pdf").write_bytes(PDF)
    command = Command(tmp_path, capsys)
    assert command("schools", "import", str(EXAMPLE)) == 0
    return command


def sign(run: Command, *more: str, school: str = SCHOOL, attest: str = "held") -> int:
    given = ["--says", "fulfilled", "--person", "李四"]
    file = str(run.data_dir / "演练.pdf")
    return run("attest", school, "test.drill", attest, *given, "--file", file, *more)


def test_sign_confirm_and_show(run: Command) -> None:
    assert sign(run, "--period", "2026", "--note", "全校") == 0
    assert "number 1" in run.err
    assert "attest confirm 1" in run.err
    assert run("attest", "confirm", "1", "--person", "王五") == 0
    assert run("attest", "show", "1", "--json") == 0
    shown = json.loads(run.out)
    assert (shown["person"], shown["confirmed"]["person"], shown["period"]) == (
        "李四", "王五", "2026",
    )  # fmt: skip
    assert (shown["file"]["name"], shown["note"]) == ("演练.pdf", "全校")
    assert shown["entered_by"].startswith("cli:")
    assert run("attest", "show", "1", lang="zh") == 0
    assert ["签署人", "李四"] in [line.split() for line in run.out.splitlines()]
    assert "演练.pdf (pdf, " in run.out
    assert "{" not in run.out


def test_word_sign_may_be_written(run: Command) -> None:
    words = ("attest", "sign", SCHOOL, "test.drill", "plan")
    assert run(*words, "--says", "fulfilled", "--person", "T1") == 0


def test_list_names_roles_and_no_persons(run: Command) -> None:
    sign(run)
    assert run("attest", "list", "--school", SCHOOL, "--json") == 0
    assert "李四" not in run.out
    rows = {row["attest"]: row for row in json.loads(run.out) if row["duty"] == "test.drill"}
    assert (rows["held"]["standing"], rows["held"]["role"]["en"]) == ("waits", "head teacher")
    assert rows["held"]["signature"] == 1
    assert run("attest", "list", "--school", SCHOOL, lang="zh") == 0
    assert "待第二人确认" in run.out


def test_due_are_those_within_thirty_days_and_without_a_day(run: Command) -> None:
    """Which they are goes by the season; that some have no day does not."""
    assert run("attest", "list", "--json") == 0
    rows = json.loads(run.out)
    owed = [row for row in rows if row["standing"] == "never" and not row["advice"]]
    soon = [row for row in owed if row["days_left"] is None or row["days_left"] <= 30]
    assert run("attest", "list", "--due", "--json") == 0
    assert json.loads(run.out) == soon
    assert 0 < len(soon) < len(rows)


def test_revoke_needs_a_reason_and_is_said(run: Command) -> None:
    sign(run)
    assert run("attest", "revoke", "1") == 2
    assert run("attest", "revoke", "1", "--why", "附件有误") == 0
    assert run("attest", "revoke", "1", "--why", "again") == 2
    assert "taken back before (附件有误)" in run.err


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        (("1234567890", "test.drill", "plan"), "没有学校“1234567890”", "no school '1234567890'"),
        ((SCHOOL, "nothing"), "没有职责“nothing”", "no duty 'nothing'"),
        ((SCHOOL, "test.drill", "x"), "held, plan, named, leak", "held, plan, named, leak"),
        ((SCHOOL, "duty.host_firewall"), "由机器核查", "checked by machines"),
        ((SCHOOL, "test.drill", "held"), "须附证明文件（--file）", "--file"),
    ],
)
def test_mistake_names_thing_value_and_next_step(
    run: Command, words: tuple[str, ...], zh: str, en: str
) -> None:
    given = ("--says", "fulfilled", "--person", "T1")
    assert run("attest", *words, *given, lang="zh") == 2
    assert zh in run.err
    assert run("attest", *words, *given) == 2
    assert en in run.err
    assert "Traceback" not in run.err


def test_help_teaches_in_both_languages(run: Command) -> None:
    assert run("attest", "--help", lang="zh") == 0
    assert "签署从不代替测量" in run.out
    assert run("attest", "sign", "--help") == 0
    assert "kept in the folder" in run.out


def test_document_is_taken_out_as_it_came_and_never_over_another_file(
    run: Command, tmp_path: Path
) -> None:
    sign(run)
    out = tmp_path / "out.pdf"
    assert run("attest", "show", "1", "--save", str(out)) == 0
    assert out.read_bytes() == PDF
    assert run("attest", "show", "1", "--save", str(out)) == 2
    assert "does not exist yet" in run.err


def test_verify_shows_the_newest_link_and_fails_on_what_was_changed(run: Command) -> None:
    sign(run)
    sign(run, attest="plan")
    assert run("attest", "verify", "--json") == 0
    found = json.loads(run.out)
    assert (found["whole"], found["entries"], found["newest"]["number"]) == (True, 2, 2)
    assert run("attest", "verify") == 0
    assert found["newest"]["link"] in run.out
    with closing(sqlite3.connect(run.data_dir / "register.sqlite3")) as database, database:
        database.execute("DROP TRIGGER attestation_no_update")
        database.execute("UPDATE attestation SET person = '张三' WHERE number = 2")
    [file] = (run.data_dir / "evidence").iterdir()
    file.unlink()
    assert run("attest", "verify") == 1
    assert "Entry 2 does not follow" in run.err
    assert "演练.pdf" in run.err
    assert "not whole" in run.out


def test_bureau_signs_and_sees_what_it_signed(run: Command) -> None:
    assert sign(run, school="bureau") == 0
    assert run("attest", "list", "--school", "bureau", "--json") == 0
    [row] = json.loads(run.out)
    assert (row["attest"], row["standing"], row["signature"]) == ("held", "waits", 1)


def test_command_works_beside_a_running_program(run: Command) -> None:
    """Both write to one register; neither loses what the other wrote."""
    from collector.register.register import Register

    other = Register.open(run.data_dir / "register.sqlite3")
    before = other.change_count()
    assert sign(run, attest="plan") == 0
    assert other.change_count() > before, "a running collector would not judge anew"
    other.close()
