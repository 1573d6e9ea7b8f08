from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from config.policy_folder import POLICY_FOLDER
from config.remote_class_file import FILE, load_remote_class
from config.strict import PolicyError


def test_shipped_bounds_are_those_of_their_sources_in_base_units() -> None:
    rules = load_remote_class(POLICY_FOLDER)
    assert rules is not None
    good, bad = rules.good, rules.bad
    assert (good.available, good.loss, good.rtt, good.jitter) == (4e6, 0.01, 0.15, 0.05)
    assert (bad.loss, bad.rtt) == (0.05, 0.3)
    assert (rules.lesson.good_share, rules.lesson.minimum_minutes) == (Fraction(95, 100), 30)
    assert (good.origin, rules.held.origin) == ("public", "default")
    assert all(source.document and source.verified != "primary" for source in rules.sources)


def test_without_a_file_there_are_no_rules(tmp_path: Path) -> None:
    assert load_remote_class(tmp_path) is None


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('loss = "1%"', 'loss = "120%"', r"good\.loss"),
        ("rtt_milliseconds = 150", "rtt_seconds = 0.15", r"good\.rtt_milliseconds"),
        ("minimum_minutes = 30", "minimum_minutes = 0", r"lesson\.minimum_minutes"),
        ('origin = "public"', 'origin = "guess"', r"good\.origin"),
        ('verified = "secondary"', 'verified = "surely"', r"source\[1\]\.verified"),
    ],
)
def test_mistake_is_refused_naming_file_and_key(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    text = (POLICY_FOLDER / FILE).read_text("utf-8")
    assert old in text
    (tmp_path / FILE).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(PolicyError, match=rf"{FILE}.*{named}"):
        load_remote_class(tmp_path)
