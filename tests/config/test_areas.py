from __future__ import annotations

from pathlib import Path

import pytest

from config.area_file import FILE, load_areas
from config.policy_folder import POLICY_FOLDER
from config.strict import PolicyError


def test_example_county_has_a_name_in_both_languages() -> None:
    names = load_areas(POLICY_FOLDER)
    assert (names["340199"].zh, names["340199"].en) == ("示例县", "Example County")


def test_folder_without_the_file_has_no_names(tmp_path: Path) -> None:
    assert load_areas(tmp_path) == {}


@pytest.mark.parametrize("key", ["3401", "安徽省", "3401991"])
def test_adcode_that_has_not_six_digits_is_refused_by_name(tmp_path: Path, key: str) -> None:
    (tmp_path / FILE).write_text(f'[names]\n"{key}" = {{ zh = "县", en = "County" }}\n', "utf-8")
    with pytest.raises(PolicyError, match=f"{FILE}: names.{key}"):
        load_areas(tmp_path)
