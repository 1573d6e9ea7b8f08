from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from config.line_file import FILE, load_lines
from config.policy_folder import POLICY_FOLDER
from config.strict import PolicyError

SHIPPED = (POLICY_FOLDER / FILE).read_text("utf-8")


def lines(folder: Path, text: str) -> Path:
    (folder / FILE).write_text(text, "utf-8")
    return folder


def test_shipped_terms_grant_a_tenth_and_round_nothing() -> None:
    found = load_lines(POLICY_FOLDER)
    assert found.delivery.tolerance == Fraction(9, 10)
    assert (found.delivery.minimum_readings, found.delivery.minimum_days) == (20, 5)
    assert (found.offers, found.sold(123)) == ((), 123)
    assert found.lesson_coverage == Fraction(19, 20)


def test_offers_are_bits_a_second_in_order(tmp_path: Path) -> None:
    found = load_lines(lines(tmp_path, SHIPPED.replace("speeds = []", "speeds = [300, 50, 100]")))
    assert found.offers == (50_000_000, 100_000_000, 300_000_000)
    assert found.sold(50_000_001) == 100_000_000
    assert found.sold(300_000_001) == 300_000_001


def test_shipped_rules_for_wired_sentinels_are_of_ethernet() -> None:
    found = load_lines(POLICY_FOLDER).wired
    assert found is not None
    assert (found.stretch, found.above) == (timedelta(minutes=5), 0.02)
    assert found.hops == (10_000_000, 100_000_000, 1_000_000_000, 2_500_000_000)
    packet, on_the_wire = 1428, 1428 + 14 + 4 + 8 + 12
    assert found.hop_from < packet / (on_the_wire + 4) < found.hop_to


def test_county_file_without_wired_rules_lets_no_wired_reading_count(tmp_path: Path) -> None:
    text = SHIPPED[: SHIPPED.index("[wired]")]
    assert load_lines(lines(tmp_path, text)).wired is None


def test_without_a_file_the_whole_contract_is_asked(tmp_path: Path) -> None:
    assert load_lines(tmp_path).delivery.tolerance == 1


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("speeds = []", "speeds = [0]", r"offers\.speeds"),
        ("speeds = []", "speeds = [1.5]", r"offers\.speeds"),
        ("speeds = []", "speed = []", r"offers\.speeds"),
        ('unit = "Mbit/s"', 'unit = "ms"', r"offers\.unit"),
        ('tolerance = "90%"', 'tolerance = "much"', r"delivery\.tolerance"),
        ('lessons = "95%"', "", r"coverage\.lessons"),
        ("[offers]", "[offered]", "offers"),
        ("stretch_minutes = 5", "stretch_minutes = 0", r"wired\.stretch_minutes"),
        ("speeds = [10, 100,", "speeds = [10.5, 100,", r"wired\.hops\.speeds"),
        ('to = "98.5%"', 'to = "90%"', r"wired\.hops\.to"),
        ('above = "2%"', "", r"wired\.above"),
    ],
)
def test_mistake_is_refused_naming_file_and_key(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    with pytest.raises(PolicyError, match=rf"{FILE}.*{named}"):
        load_lines(lines(tmp_path, SHIPPED.replace(old, new)))
