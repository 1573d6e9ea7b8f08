from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from config.rectification_file import load_rectification
from config.strict import PolicyError


def test_shipped_file_says_how_long_there_is_and_whose_number_it_is() -> None:
    policy = load_rectification()
    assert (policy.within, policy.value_origin) == (timedelta(days=30), "default")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('days = 0\nvalue_origin = "default"\n', "days"),
        ('days = 400\nvalue_origin = "default"\n', "days"),
        ("days = 30\n", "value_origin"),
        ('days = 30\nvalue_origin = "default"\nweeks = 2\n', "weeks"),
    ],
)
def test_mistake_in_the_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "rectification.toml").write_text(text)
    with pytest.raises(PolicyError, match=named):
        load_rectification(tmp_path)
