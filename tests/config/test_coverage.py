from __future__ import annotations

from pathlib import Path

import pytest

from collector.coverage import render, what_exists
from collector.judge.judge import read_policies
from config.coverage_file import COVERAGE, AnswerKind, Existing, load_coverage
from config.policy import Policies
from config.policy_folder import POLICY_FOLDER
from config.strict import PolicyError

SMALL = """
planned = [7]

[[plan]]
id = "S9"
document = "一个规划"
place = { zh = "某县", en = "some county" }
rows = 2

[[row]]
id = "S9-01"
says = { zh = "防火墙", en = "firewall" }
by = { duty = ["duty.wall"], planned = [7] }

[[row]]
id = "S9-02"
says = { zh = "经费", en = "money" }
out = { zh = "经费", en = "money" }
"""
EXISTING: Existing = {kind: {"duty.wall"} for kind in AnswerKind}


@pytest.fixture(scope="module")
def policies() -> Policies:
    return read_policies()


def folder_with(tmp_path: Path, text: str) -> Path:
    (tmp_path / COVERAGE).write_text(text, "utf-8")
    return tmp_path


def test_every_row_of_the_five_plans_has_an_answer(policies: Policies) -> None:
    plans = load_coverage(what_exists(policies))
    assert [len(plan.rows) for plan in plans] == [49, 24, 33, 35, 72]
    rows = [row for plan in plans for row in plan.rows]
    assert [row.id for row in rows if not (row.by or row.planned or row.out)] == []


def test_page_shows_every_row(policies: Policies) -> None:
    plans = load_coverage(what_exists(policies))
    page = render(plans, policies)
    for plan in plans:
        for row in plan.rows:
            assert f"| {row.id} | {row.says.zh} · {row.says.en} | " in page


def test_small_file_is_read(tmp_path: Path) -> None:
    (plan,) = load_coverage(EXISTING, folder_with(tmp_path, SMALL))
    first, second = plan.rows
    assert (first.by, first.planned, first.out) == (((AnswerKind.DUTY, "duty.wall"),), (7,), None)
    assert second.out is not None
    assert not second.by


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('by = { duty = ["duty.wall"], planned = [7] }', "", "S9-01 wants one answer"),
        ('by = { duty = ["duty.wall"], planned = [7] }', "by = { }", "S9-01 wants one answer"),
        ("out =", 'by = { duty = ["duty.wall"] }\nout =', "S9-02 wants one answer"),
        ('"duty.wall"', '"duty.wal"', r"S9-01: there is no 'duty.wal'; near: duty\.wall"),
        ("duty = [", "dutys = [", "dutys: there is no such key"),
        ("planned = [7] }", "planned = [8] }", "S9-01: 8 is not planned"),
        ("rows = 2", "rows = 3", "S9-03 is missing"),
        ("rows = 2", "rows = 1", "no plan has a row S9-02"),
        ('"S9-02"', '"S9-01"', "S9-01 is there twice"),
    ],
)
def test_row_without_an_answer_that_exists_is_refused(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert old in SMALL
    with pytest.raises(PolicyError, match=rf"{COVERAGE}: .*{says}"):
        load_coverage(EXISTING, folder_with(tmp_path, SMALL.replace(old, new, 1)))


def test_duty_that_is_taken_away_leaves_its_rows_without_an_answer(policies: Policies) -> None:
    there = dict(what_exists(policies))
    there[AnswerKind.DUTY] = set(there[AnswerKind.DUTY]) - {"duty.host_firewall"}
    with pytest.raises(PolicyError, match=r"there is no 'duty\.host_firewall'"):
        load_coverage(there, POLICY_FOLDER)
