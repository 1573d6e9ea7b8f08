"""`banjun-collector incident` on a register of its own, as a person types it."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from collector.register import incidents
from collector.register.model import State
from collector.register.register import Register
from collector.response.detected import Finding, suspect
from config.reporting_file import load_reporting
from tests.collector.response.town import SCHOOL
from tests.collector.test_commands_schools import EXAMPLE, Command

CONTACT = f'[[contact]]\nis = "officer"\nschools = ["{SCHOOL}"]\nrole = "安全员"\nphone = "000"\n'


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    command = Command(tmp_path / "collector", capsys)
    command("schools", "import", str(EXAMPLE))
    return command


def shown(run: Command, *words: str) -> Any:
    assert run("incident", *words, "--json") == 0
    return json.loads(run.out)


def test_open_starts_the_clocks_and_shows_them(run: Command) -> None:
    assert run("incident", "open", SCHOOL, "minors_data", "--minors", "yes") == 0
    assert "C4" in run.out
    assert "3 h 59 min left" in run.out
    assert "any security incident" in run.out


def test_list_shows_the_clock_that_ends_first(run: Command) -> None:
    run("incident", "open", SCHOOL, "minors_data", "--persons", "unknown")
    assert run("incident") == 0
    assert "示例实验学校" in run.out
    assert "C2a education sector: by telephone" in run.out
    ((row),) = shown(run)
    assert row["facts"] == {"persons": None}
    assert {c["clock"] for c in row["clocks"] if c["left_seconds"]} >= {"C4", "C1", "C2a"}


def test_list_and_history_show_the_school_s_own_time_wherever_they_are_read(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/Lima")
    time.tzset()
    run("incident", "open", SCHOOL, "minors_data", "--persons", "unknown",
        "--known-at", "2026-11-20T08:00+08:00")  # fmt: skip
    run("incident")
    assert "11-20 08:00" in run.out
    run("incident", "show", "1")
    assert "known_at=11-20 08:00" in run.out
    assert "persons=unknown" in run.out
    assert "None" not in run.out
    monkeypatch.undo()
    time.tzset()


def test_criteria_that_cannot_be_ruled_out_are_shown_with_their_sources(run: Command) -> None:
    run("incident", "open", SCHOOL, "personal_data", "--persons", "2000000", lang="zh")
    assert "涉及人数：2,000,000 ≥ 1,000,000" in run.out
    assert "直接经济损失（元）：尚不清楚" in run.out
    assert "网络安全事件分级指南（引自转载，待核对原文，使用前须读官方原文）" in run.out
    row = shown(run, "show", "1")
    met = {(one["class"], one["met"]) for one in row["criteria"]}
    assert ("large", "yes") in met
    assert ("major", "unknown") in met
    assert (row["class_certain"], row["class_said"]) == ("large", False)


def test_list_without_incidents_says_so(run: Command) -> None:
    assert run("incident", lang="zh") == 0
    assert run.err.strip() == "没有未结案的网络安全事件。"


def test_whole_way_from_detection_to_the_end(run: Command, tmp_path: Path) -> None:
    register = Register.open(run.data_dir / "register.sqlite3")
    finding = Finding(id="page_altered", school=SCHOOL, first_seen=register.security.now(),
                      system="学校网站")  # fmt: skip
    suspect(register.security, load_reporting(), finding)
    register.close()
    assert shown(run, "show", "1")["phase"] == "candidate"
    assert shown(run, "confirm", "1", "--by", "张老师")["known_by"] == "张老师"
    facts = ("personal_data=no", "data=no", "minors=no", "illegal_content=no", "class=general")
    row = shown(run, "set", "1", *facts)
    owed = [c["clock"] for c in row["clocks"] if c["left_seconds"] is not None]
    assert owed == ["C2a", "C2b", "C3"]
    assert run("incident", "end", "1") == 0
    assert run("incident", "close", "1") == 2
    assert "C3 a case, or illegal content" in run.err
    for clock in owed:
        assert run("incident", "sent", "1", clock, "--to", "县", "--by", "安全员") == 0
    assert shown(run, "close", "1")["phase"] == "closed"
    assert shown(run) == []
    assert [row["incident"] for row in shown(run, "--all")] == [1]


def test_whoever_acknowledged_the_operational_incident_knew_then(run: Command) -> None:
    register = Register.open(run.data_dir / "register.sqlite3")
    now = register.security.now()
    with register.alerting() as connection:
        id = incidents.open_one(connection, SCHOOL, "page_altered", State.DOWN, (now, now))
    known_at = register.acknowledge(id, "王老师", "已断网").acknowledged_at
    register.close()
    row = shown(run, "open", SCHOOL, "defacement", "--from", str(id))
    assert known_at is not None
    assert (row["known_at"], row["known_by"]) == (known_at.isoformat(timespec="seconds"), "王老师")


def test_report_says_what_a_person_has_still_to_write(run: Command, tmp_path: Path) -> None:
    folder = run.data_dir / "policies"
    folder.mkdir()
    (folder / "contacts.toml").write_text(CONTACT, "utf-8")
    run("incident", "open", SCHOOL, "personal_data", "--fact", "system=选课系统")
    path = tmp_path / "首报.docx"
    assert run("incident", "report", "1", "--out", str(path)) == 0
    assert "still to write: harm, measures." in run.err
    assert path.stat().st_size > 10_000
    assert run("incident", "report", "1", "--out", str(path)) == 2
    assert "is there already" in run.err


def test_earlier_version_can_be_printed_again(run: Command, tmp_path: Path) -> None:
    run("incident", "open", SCHOOL, "personal_data")
    run("incident", "report", "1", "--out", str(tmp_path / "1.txt"))
    run("incident", "set", "1", "persons=30")
    run("incident", "report", "1", "--out", str(tmp_path / "2.txt"))
    assert run("incident", "report", "1", "--version", "1", "--out", str(tmp_path / "3.txt")) == 0
    files = [(tmp_path / f"{n}.txt").read_bytes() for n in (1, 2, 3)]
    assert files[0] == files[2] != files[1]
    assert run("incident", "report", "1", "--version", "9", "--out", str(tmp_path / "9.txt")) == 2
    assert "has 2 versions" in run.err


def test_closing_report_in_a_file(run: Command, tmp_path: Path) -> None:
    run("incident", "open", SCHOOL, "malware")
    run("incident", "end", "1")
    path = tmp_path / "c.txt"
    assert run("incident", "report", "1", "--closing", "--in", "en", "--out", str(path)) == 0
    assert "5. What was put right" in path.read_text("utf-8")


def test_time_at_which_it_was_known_is_moved_back_with_set(run: Command) -> None:
    run("incident", "open", SCHOOL, "malware")
    row = shown(run, "set", "1", "known_at=2026-01-05T08:00")
    assert row["known_at"] == "2026-01-05T00:00:00+00:00"
    assert run("incident", "set", "1", "known_at=2026-01-06T08:00") == 2
    assert "only be moved back" in run.err


def test_history_that_was_changed_is_reported_and_is_a_failure(run: Command) -> None:
    run("incident", "open", SCHOOL, "malware")
    with sqlite3.connect(run.data_dir / "register.sqlite3") as connection:
        connection.execute("DROP TRIGGER security_entry_no_update")
        connection.execute("UPDATE security_entry SET actor = 'x'")
    connection.close()
    assert run("incident", "show", "1") == 1
    assert "Entry 1 of the history was changed" in run.err
    assert run("check") == 1
    assert "entry 1 of the security incidents' history was changed" in run.out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("open", "9900000000", "malware"), "no school '9900000000'"),
        (("open", SCHOOL, "fire"), "no kind of incident 'fire'"),
        (("open", SCHOOL, "malware", "--fact", "persons"), "'persons' should be NAME=VALUE"),
        (("open", SCHOOL, "malware", "--persons", "x"), "'x' should be a whole number"),
        (("open", SCHOOL, "malware", "--from", "7"), "There is no incident 7"),
        (("show", "9"), "no security incident 9"),
        (("report", "9", "--out", "x.pdf"), "only .docx, .txt can be written"),
    ],
)
def test_mistake_is_named_with_the_next_step(
    run: Command, words: tuple[str, ...], complaint: str
) -> None:
    assert run("incident", *words) == 2
    assert complaint in run.err


def test_rules_say_whom_to_call_and_what_is_no_law(run: Command) -> None:
    folder = run.data_dir / "policies"
    folder.mkdir()
    text = '[[contact]]\nis = "education_bureau"\nrole = "值班室"\nphone = "111"\n'
    (folder / "contacts.toml").write_text(text, "utf-8")
    rows = shown(run, "rules")
    clocks = {row["clock"]: row for row in rows["clocks"]}
    assert clocks["C2a"]["to"][0]["zh"] == "区县教育局：值班室 111"
    assert clocks["C2a"]["limit_text"]["zh"].endswith("（内部目标，非法定）")
    assert "12387" in clocks["C1"]["to"][0]["zh"]
    assert "read the official text before use" in clocks["C1"]["sources"][0]["en"]
    assert run("incident", "rules", lang="zh") == 0
    assert "未成年人网络保护条例第三十五条（已核对原文）" in run.out


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_action_explains_itself(run: Command, lang: str) -> None:
    actions = ("open", "confirm", "dismiss", "show", "set", "link", "sent", "report", "end",
               "close", "rules")  # fmt: skip
    for action in actions:
        assert run("incident", action, "--help", lang=lang) == 0
        assert f"banjun-collector incident {action}" in run.out
