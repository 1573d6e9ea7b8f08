"""The demonstration's own parts: the truth it holds verdicts against, its policies, its screen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from collector.judge.judge import read_policies
from config.calendar_file import load_calendar
from config.policy_folder import policies_of
from probes.text import Language, Text
from tests.lab.demo import needs
from tests.lab.demo.plan import AREA, SCHOOLS
from tests.lab.demo.policies import READINGS, policies
from tests.lab.demo.screen import Screen
from tests.lab.demo.seen import Seen
from tests.lab.demo.truth import ACCESS, DEMANDS, FOUR, MET, NOT_MET, ROWS, TEN, Truth

AT_FIRST = Truth(SCHOOLS, {s.code: s.line_mbit for s in SCHOOLS})
LATER = Truth(SCHOOLS, {s.code: s.later_mbit or s.line_mbit for s in SCHOOLS})
NEWEST = [{"school": "9934000016", "value": 59.8e6}]
SUNDAY = date(2026, 11, 22)


def answer(truth: Truth) -> dict[str, list[dict[str, Any]]]:
    """What /v1/verdicts would answer if every verdict were the truth."""
    schools = [
        {
            "school": school.code,
            "target_value": next(row for row, (asked, _) in ROWS.items() if asked is demand),
            "verdict": truth.verdict(school, demand),
        }
        for school in truth.schools
        for demand in DEMANDS
    ]
    lines = [
        {
            "school": school.code,
            "direction": "down",
            "verdict": NOT_MET if truth.is_underdelivered(school) else MET,
            "median": truth.mbit[school.code] * 1e6,
            "n": 7,
        }
        for school in truth.schools
    ]
    areas = [{"target_value": row, "verdict": truth.area(row)} for row in ROWS]
    return {"schools": schools, "lines": lines, "areas": areas}


def test_truth_of_the_plan_is_what_a_person_reckons() -> None:
    by_hand: Mapping[str, tuple[str, str, str, bool]] = {
        "Wutong": (MET, MET, MET, False),  # 100 for 6
        "Huaishu": (MET, NOT_MET, MET, False),  # 100 for 12
        "Yinxing": (MET, MET, MET, False),  # 300 for 24
        "Xiangzhang": (MET, NOT_MET, NOT_MET, True),  # 50 of 200 for 12: 4.17 each
        "Cuizhu": (MET, NOT_MET, NOT_MET, False),  # 50 for 6
        "Qingsong": (NOT_MET, NOT_MET, NOT_MET, True),  # 60 of 300 for 24
    }
    found = {
        school.name.en: (
            *(LATER.verdict(school, demand) for demand in (FOUR, TEN, ACCESS)),
            LATER.is_underdelivered(school),
        )
        for school in SCHOOLS
    }
    assert found == by_hand


def test_throttling_changes_verdicts_of_the_school_and_of_the_area() -> None:
    changed = [row for row in ROWS if AT_FIRST.area(row) != LATER.area(row)]
    assert changed == ["hefei.egress_per_class.2017.urban"]
    assert LATER.area("hefei.egress_per_class.2018.urban") == MET  # two of six are a third


def test_rows_held_against_are_all_that_ship_for_such_schools() -> None:
    asked = {
        target.id: (float(target.value), target.share, target.delivery.tolerance)
        for target in read_policies().targets
        if target.indicator.startswith("egress_bits") and target.area in (AREA, "all")
        and not target.applies.tags
    }  # fmt: skip
    assert {row: (d.mbit * 1e6, share) for row, (d, share) in ROWS.items()} == {
        id: (value, share) for id, (value, share, _) in asked.items()
    }
    assert {str(tolerance) for _, _, tolerance in asked.values()} == {"9/10"}


def test_what_is_seen_agrees_only_if_all_of_it_is_true() -> None:
    whole = answer(LATER)
    assert Seen.of(whole, []).agrees(LATER)
    assert not Seen.of(whole, []).agrees(AT_FIRST)
    whole["lines"][-1]["verdict"] = "undetermined"
    assert Seen.of(whole, []).schools_right(LATER) == len(SCHOOLS) - 1
    whole["areas"].pop()
    assert Seen.of(whole, []).areas_right(LATER) == len(ROWS) - 1
    assert Seen.nothing().schools_right(LATER) == 0


def test_policies_of_the_demonstration_ask_little_and_open_today(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    for name, text in policies(SUNDAY).items():
        (tmp_path / "policies" / name).write_text(text, "utf-8")
    folder = policies_of(tmp_path)
    found = {t.id: t.delivery for t in read_policies(folder).targets if t.id in ROWS}
    assert {(d.minimum_readings, d.minimum_days) for d in found.values()} == {(READINGS, 1)}
    assert load_calendar(folder / "calendar.toml").is_school_day("default", SUNDAY)
    assert not load_calendar().is_school_day("default", SUNDAY)


def test_without_a_terminal_only_what_changes_is_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen, stage = Screen(Language.EN), Text("测量", "measuring")
    with screen.watching():
        screen.show(Seen.nothing(), LATER, stage)
        before = capsys.readouterr().out.splitlines()
        screen.show(Seen.nothing(), LATER, stage)
        assert capsys.readouterr().out == ""
        screen.show(Seen.of(answer(LATER), NEWEST), LATER, stage)
    after = capsys.readouterr().out.splitlines()
    assert len(before) == len(after) == len(SCHOOLS) + 1
    assert any("✓ Qingsong ≥10M/class: not met, truth not met; short" in line for line in after)


def test_summary_shows_each_school_with_its_line_and_what_was_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Screen(Language.ZH).summary(Seen.of(answer(LATER), NEWEST), LATER, Text("完", "end"))
    shown = capsys.readouterr().out
    row = next(line for line in shown.splitlines() if "青松" in line)
    assert " ".join(row.split()[1:]) == "24 300M 60M - 59.8M 60.0M (7) 未达标 未达标 欠供 ✓"
    assert "学校 6/6，全县 6/6" in shown


def test_what_is_missing_is_said_in_both_languages_with_the_next_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(needs, "PACKAGES", {"no-such-program": "some-package"})
    packages, root = needs.missing()
    assert "缺少软件包" in packages
    assert "sudo apt install some-package" in packages
    assert "需要 root · needs root" in root


@pytest.mark.root
@pytest.mark.server("ip", "tc")
def test_kernel_that_cannot_shape_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "PACKAGES", {})
    assert needs.missing() == []
    monkeypatch.setattr(needs, "SHAPER", "tbf rate nothing")
    assert "tbf rate nothing" in needs.missing()[0]
