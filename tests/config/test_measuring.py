"""measuring.toml: what ships is in order, and mistakes are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.measuring_file import FILE, Bounds, load_measuring
from config.policy_folder import POLICY_FOLDER
from config.strict import PolicyError
from probes.measuring.permit import Tier

SCHOOLS = "[month.schools]\n9934000001 = 2_000_000_000\n[reserve]"


def edited(folder: Path, old: str, new: str) -> Path:
    text = (POLICY_FOLDER / FILE).read_text("utf-8")
    assert old in text
    (folder / FILE).write_text(text.replace(old, new, 1), "utf-8")
    return folder


def test_shipped_policy_spares_lessons() -> None:
    policy = load_measuring()
    assert policy.allowed["lesson"] is Tier.TRAINS
    assert policy.bounds[Tier.TRAINS].most_bytes < policy.bounds[Tier.STREAMS].most_bytes


def test_shipped_bounds_leave_room_for_a_months_trains_on_a_gigabit() -> None:
    """6.7 MB a direction each ten minutes, as trains take on 1 Gbit/s."""
    policy = load_measuring()
    run = 2 * 6_700_000
    assert policy.bounds[Tier.TRAINS].bytes_at(1e9) >= run
    assert policy.budget("9934000001") >= 31 * 144 * run


def test_school_may_have_a_budget_of_its_own(tmp_path: Path) -> None:
    policy = load_measuring(edited(tmp_path, "[reserve]", SCHOOLS))
    assert policy.budget("9934000001") == 2_000_000_000
    assert policy.budget("9934000002") == policy.month_bytes


def test_slow_line_is_bounded_by_its_seconds() -> None:
    bounds = Bounds(most_bytes=20_000_000, most_line_seconds=0.5, seconds=30)
    assert bounds.bytes_at(10e6) == 625_000
    assert bounds.bytes_at(1e9) == 20_000_000


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('lesson = "t1"', 'lesson = "t2"', "measuring.toml: allowed.lesson: a lesson has t1"),
        ('break = "t2"', 'break = "t4"', "allowed.break: 't4' is not one of t0, t1, t2"),
        ('off = "t2"', "", "allowed.off: this key is missing"),
        ("seconds = 30", "seconds = 3000", "t1.seconds: 3000 is outside 1 to 600"),
        ("most_bytes = 500_000_000", "most_bytes = 5", "t2.most_bytes: 5 is less than 100000"),
        ("headroom = 1.25", "headroom = 0.5", "reserve.headroom: 0.5 is outside 1 to 10"),
        ("bytes = 60_000_000_000", "bytes = -1", "month.bytes: -1 is less than 0"),
        ("[reserve]", '[month.schools]\nx = 1\n[reserve]', "month.schools.x: a ten-digit"),
        ("least_mbit = 10", "least = 10", "reserve.least_mbit: this key is missing"),
        ('kind = "default"', 'kind = "rumour"', "source.kind: 'rumour' is not one of"),
    ],
)  # fmt: skip
def test_mistake_is_named_with_file_and_key(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    with pytest.raises(PolicyError, match=FILE) as raised:
        load_measuring(edited(tmp_path, old, new))
    assert complaint in raised.value.text.en
