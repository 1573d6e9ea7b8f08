"""How long the inventory keeps what, and by what it guesses."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.inventory.model import DeviceKind
from collector.inventory.sheet import read_devices
from config.inventory_file import KINDS, load_inventory_policy
from config.policy_folder import POLICY_FOLDER
from config.strict import PolicyError

EXAMPLE = Path(__file__).parents[2] / "config" / "examples" / "devices.csv"


def loaded(tmp_path: Path, old: str, new: str) -> object:
    text = (POLICY_FOLDER / "inventory.toml").read_text("utf-8")
    assert old in text
    (tmp_path / "inventory.toml").write_text(text.replace(old, new, 1), "utf-8")
    return load_inventory_policy(tmp_path)


def test_rules_may_guess_every_kind_there_is() -> None:
    assert {*KINDS, "unknown"} == set(DeviceKind)


def test_shipped_rules_name_no_kind_twice_for_one_mark() -> None:
    policy = load_inventory_policy()
    for hints in (policy.objects, policy.names, policy.makers):
        marks = [mark for hint in hints for mark in hint.marks]
        assert len(marks) == len(set(marks))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("keep_days = 730", "keep_days = 0", "keep_days: 0 should be 1 to 3650"),
        ('kind = "ups"', 'kind = "toaster"', "'toaster' is not one of"),
        ('"1.3.6.1.4.1.318."', '"1.3.6.1.4.1"', "'1.3.6.1.4.1' is not like"),
        ('like = ["*nvr*"', 'like = ["*"', "should be words of two letters or more"),
        ("phone_days = 30", "phone_day = 30", "phone_days: this key is missing"),
    ],
)
def test_mistake_is_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(PolicyError) as caught:
        loaded(tmp_path, old, new)
    assert complaint in caught.value.text.en
    assert "inventory.toml" in caught.value.text.en


def test_example_can_be_imported() -> None:
    rows = read_devices(EXAMPLE.read_bytes())
    assert [(row.line, len(row.macs), row.asset) for row in rows] == [
        (2, 2, "JS-2021-001"),
        (3, 1, "XS-2019-014"),
        (4, 0, "TY-2018-003"),
        (5, 1, ""),
    ]
