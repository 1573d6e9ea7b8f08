from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.export.line import line, tag_value, tag_value_sql
from config.measurement import INCIDENT, VERDICT
from tests.collector.export.parsed import parsed
from tests.lab.victoria import Victoria

AT = datetime(2026, 11, 23, 1, 2, 3, 456_000, UTC)
NASTY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def test_line_has_tags_in_order_fields_and_milliseconds() -> None:
    written = line(VERDICT, {"school": "S1", "county": "340199"}, {"verdict_code": 1}, AT)
    assert written == "verdict,county=340199,school=S1 verdict_code=1.0 1795395723456"


def test_absent_value_is_left_out_and_not_written_as_nought() -> None:
    written = line(VERDICT, {"school": "S1"}, {"value": None, "verdict_code": 2}, AT)
    assert parsed(written).fields == {"verdict_code": 2.0}


@pytest.mark.parametrize("nothing", [None, float("nan"), float("inf")])
def test_line_without_any_value_is_no_line(nothing: float | None) -> None:
    assert line(VERDICT, {"school": "S1"}, {"value": nothing}, AT) == ""


@pytest.mark.parametrize(("tags", "fields"), [({"teacher": "x"}, {}), ({}, {"guess": 1.0})])
def test_name_that_is_not_declared_is_an_error(
    tags: dict[str, str], fields: dict[str, float]
) -> None:
    with pytest.raises(KeyError, match="incident declares no"):
        line(INCIDENT, tags, fields, AT)


@given(NASTY)
def test_any_text_can_be_the_value_of_a_tag(text: str) -> None:
    written = line(VERDICT, {"school": text, "unit": "x"}, {"value": 1}, AT)
    found = parsed(written).tags
    assert found["unit"] == "x"
    if not set(text) & set("\\\n\r\t\v\f\0"):
        assert found["school"] == text


@given(NASTY)
def test_database_writes_a_tag_as_python_does(text: str) -> None:
    with duckdb.connect() as db:
        sql = f"SELECT {tag_value_sql('v')} FROM (SELECT $1::VARCHAR AS v)"
        assert db.execute(sql, [text]).fetchall() == [(tag_value(text),)]


@pytest.mark.server
def test_engine_reads_a_difficult_tag_as_it_was_meant(tmp_path: Path) -> None:
    difficult = r"C:\网卡 2, a=b"
    with Victoria(tmp_path) as engine:
        written = line(VERDICT, {"school": difficult, "unit": "x"}, {"value": 1.5e-7}, AT)
        request = written.encode()
        from urllib.request import Request, urlopen

        url = f"{engine.url}/api/v2/write?precision=ms"
        with urlopen(Request(url, request, method="POST"), timeout=10):
            pass
        ((labels, at, value),) = engine.points()
    assert dict(labels) == {"__name__": "verdict_value", "school": "C:/网卡 2, a=b", "unit": "x"}
    assert (at, value) == (1795395723456, 1.5e-7)
