from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from config.measurement import (
    DUTIES,
    MEASUREMENTS,
    OUTCOMES,
    READING_TAGS,
    STATES,
    VERDICTS,
    Code,
    Measurement,
)
from config.measurement_page import main, page
from probes.catalog import COMMON_COLUMNS, discover


def test_no_measurement_bears_the_name_of_a_probe_or_of_another() -> None:
    names = [m.name for m in MEASUREMENTS]
    assert len(set(names) | set(discover())) == len(names) + len(discover())


@pytest.mark.parametrize("measurement", MEASUREMENTS, ids=lambda m: m.name)
def test_tags_and_fields_of_a_measurement_have_names_of_their_own(measurement: Measurement) -> None:
    names = [*measurement.tags, *(field.name for field in measurement.fields)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("codes", [OUTCOMES, VERDICTS, DUTIES, STATES])
def test_good_is_one_and_bad_is_nought_in_every_set_of_codes(codes: Mapping[str, Code]) -> None:
    numbers = [code.number for code in codes.values()]
    assert sorted(numbers) == list(range(len(numbers)))
    assert [word for word, code in codes.items() if code.number < 2] == list(codes)[:2]


def test_metric_cannot_bear_the_name_of_a_tag_of_every_reading() -> None:
    assert set(READING_TAGS) <= COMMON_COLUMNS


def test_page_names_every_measurement_and_field() -> None:
    text = page()
    for measurement in MEASUREMENTS:
        assert f"## `{measurement.name}`" in text
        assert all(f"| `{field.name}` |" in text for field in measurement.fields)


def test_page_that_is_out_of_date_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    assert main(["--check"]) == 1
    assert "docs/measurements.md" in capsys.readouterr().out
    assert main([]) == 0
    assert main(["--check"]) == 0
