"""Reports: filled in as far as known, at most three fields for a person, versions kept."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from docx import Document

from collector.response.detected import Finding, suspect
from collector.response.report import OPEN, ReportKind, read_report
from collector.response.report_files import ReportFileError, as_docx, as_text, write_report
from config.contact_file import OFFICER
from config.reporting import Part
from probes.text import Language
from tests.collector.response.town import EVENING, HOUR, RULES, SCHOOL, Town

FIRST_NEEDS = {"system", "harm", "measures"}
CLOSING = ReportKind.CLOSING


@pytest.mark.parametrize("kind", sorted(RULES.kinds))
def test_first_report_asks_a_person_for_at_most_three_fields(town: Town, kind: str) -> None:
    town.open(kind)
    assert set(town.report().asked) == FIRST_NEEDS


def test_planted_incident_goes_from_detection_to_a_first_report_with_two_fields_open(
    town: Town,
) -> None:
    finding = Finding(
        id="page_altered", school=SCHOOL, first_seen=EVENING, system="学校门户网站主页",
        facts={"page": "home", "shown_since": EVENING.isoformat()},
    )  # fmt: skip
    suspect(town.register.security, town.rules, finding)
    town.now += HOUR
    town.steps.confirm(1, by="张老师")
    report = town.report()
    assert report.asked == ("harm", "measures")
    assert "首次发现：2026-11-23 22:30:00+08:00" in report.body
    assert "获知：2026-11-23 23:30:00+08:00（张老师）" in report.body
    assert "出现在哪一页：主页" in report.body
    assert "学校门户网站主页" in report.body


def test_first_report_holds_what_the_register_knows(town: Town) -> None:
    town.open("personal_data")
    body = town.report().body
    for known in (
        "示范学校",
        SCHOOL,
        "340199",
        "示例电信 300 Mbit/s",
        "网络安全管理员 000-00000000",
    ):
        assert known in body


def test_what_nobody_knows_is_neither_zero_nor_left_out(town: Town) -> None:
    town.open("personal_data")
    body = town.report().body
    assert "涉及人数：尚不清楚" in body
    assert "涉及未成年人：尚不清楚" in body
    assert "研判级别：未定（一般至特别重大）" in body


def test_school_without_an_officer_in_the_contacts_is_told_so(town: Town) -> None:
    town.contacts = ()
    town.open("personal_data")
    assert OFFICER in town.report().asked


def test_saying_that_nobody_knows_fills_a_field(town: Town) -> None:
    town.open("personal_data")
    town.steps.set(1, {"harm": "unknown", "measures": "已停用该系统", "system": "选课系统"})
    report = town.report()
    assert report.asked == ()
    assert "已造成的影响和危害：尚不清楚" in report.body


def test_ransom_is_part_of_a_report_about_ransomware_only(town: Town) -> None:
    town.open("ransomware", ransom="50000")
    town.open("malware")
    assert "赎金金额（元）：50,000" in town.report().body
    assert "赎金" not in town.report(id=2).body


def test_reports_that_were_sent_are_in_the_next(town: Town) -> None:
    town.open("minors_data")
    town.send("C2a")
    assert "C2a → 收件单位 电话" in town.report().body


def test_version_grows_with_what_is_known_and_stays_without(town: Town) -> None:
    town.open("personal_data")
    first = town.report()
    town.now += HOUR
    assert town.report() == first
    town.steps.set(1, {"persons": "30"})
    assert (first.version, town.report().version) == (1, 2)
    assert len(town.register.security.one(1).reports) == 2


def test_earlier_version_is_printed_as_it_was_made(town: Town) -> None:
    town.open("personal_data")
    first = town.report()
    town.steps.set(1, {"persons": "30"})
    town.rename("改了名的学校")
    town.report()
    town.restart()
    kept = town.register.security.one(1).reports[0]
    assert read_report(kept) == first
    assert as_text(read_report(kept)) == as_text(first)


def test_supplement_has_all_eight_items(town: Town) -> None:
    town.open("personal_data", trend="已控制")
    report = town.report(ReportKind.SUPPLEMENT)
    parts = (Part.FIRST, Part.FOLLOW)
    assert [s.title for s in report.sections] == [
        item.title.zh for item in RULES.items if item.part in parts
    ]
    assert len(report.sections) == 8
    assert "事态发展趋势：已控制" in report.body


def test_closing_report_has_its_six_headings(town: Town) -> None:
    town.open("personal_data")
    town.steps.end(1)
    report = town.report(CLOSING)
    headings = [section.title for section in report.sections[1:]]
    wanted = "一、原因 二、应急处置措施 三、造成的危害 四、责任追究 五、整改情况 六、教训"
    assert headings == wanted.split()
    needs = {"cause", "measures", "harm", "accountability", "rectification", "lessons"}
    assert set(report.asked) == needs


def test_text_file_carries_version_rules_and_a_hash_that_anyone_can_take(town: Town) -> None:
    town.open("personal_data")
    text = as_text(town.report()).decode()
    body, _, imprint = text.rstrip("\n").rpartition("\n\n")
    sha256 = hashlib.sha256(f"{body}\n".encode()).hexdigest()
    assert imprint.endswith(f"SHA-256 {sha256}")
    assert f"第 1 版 · 生成于 2026-11-23 22:30:00+08:00 · 规则版本 {RULES.revision}" in imprint


def test_word_document_opens_and_says_the_same_as_the_text(town: Town) -> None:
    town.open("personal_data")
    report = town.report()
    document = Document(io.BytesIO(as_docx(report)))
    cells = [tuple(c.text for c in row.cells) for t in document.tables for row in t.rows]
    assert cells == [(row.label, row.value) for s in report.sections for row in s.rows]
    assert document.sections[0].footer.paragraphs[0].text == report.imprint
    open_ones = [
        run.text for t in document.tables for row in t.rows
        for run in row.cells[1].paragraphs[0].runs if run.bold
    ]  # fmt: skip
    assert open_ones == [OPEN.zh] * 3


def test_report_can_be_in_english(town: Town) -> None:
    town.open("personal_data")
    assert "persons concerned: not known yet" in town.report(language=Language.EN).body


def test_file_that_is_there_is_not_overwritten(town: Town, tmp_path: Path) -> None:
    town.open("personal_data")
    path = tmp_path / "report.docx"
    path.write_text("a person wrote here")
    with pytest.raises(ReportFileError, match="is there already"):
        write_report(town.report(), path)
    assert path.read_text() == "a person wrote here"


@pytest.mark.parametrize(
    ("name", "complaint"), [("r.pdf", "only .docx, .txt"), ("no/r.txt", "There is no folder")]
)
def test_file_that_cannot_be_written_is_refused(
    town: Town, tmp_path: Path, name: str, complaint: str
) -> None:
    town.open("personal_data")
    with pytest.raises(ReportFileError, match=complaint):
        write_report(town.report(), tmp_path / name)


def test_what_word_cannot_hold_does_not_keep_a_report_from_being_written(town: Town) -> None:
    town.open("personal_data", harm="泄露\x0b名单\x01")
    text = "\n".join(
        cell.text
        for table in Document(io.BytesIO(as_docx(town.report()))).tables
        for row in table.rows
        for cell in row.cells
    )
    assert "泄露 名单" in text
