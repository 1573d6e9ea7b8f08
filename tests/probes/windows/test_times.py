from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.windows import times

AT = 1_795_512_612.0  # 2026-11-24 09:30:12 UTC


def filetime(at: float) -> bytes:
    return int((at + 11_644_473_600) * 10_000_000).to_bytes(8, "little")


def test_every_writing_of_one_moment_is_the_same_moment() -> None:
    assert times.from_filetime(filetime(AT)) == AT
    assert times.from_filetime(int.from_bytes(filetime(AT), "little")) == AT
    assert times.from_utc_text("2026-11-24 09:30:12") == AT
    assert times.moment("20261124093012.000000+000") == AT
    assert times.moment(f"/Date({int(AT)}000)/") == AT


def test_beijing_time_is_eight_hours_ahead() -> None:
    assert times.moment("20261124173012.000000+480") == AT


@pytest.mark.parametrize(
    "never",
    [
        "/Date(-11644473600000)/", "16010101000000.000000+000", "16010101080000.000000+480",
        "/Date(0)/", "/Date(315532800000)/", "19800101000000.000000+000",
        "********000000.000000+000", "20261324093012.000000+000", "", None, 0, True,
        "星期二", ["20261124093012.000000+000"],
    ],
)  # fmt: skip
def test_what_means_never_is_no_moment(never: object) -> None:
    assert times.moment(never) is None


@pytest.mark.parametrize("never", [bytes(8), b"\xff" * 8, b"\1\2\3", b"", 0, -1, 2**64, True, "0"])
def test_empty_filetime_is_never(never: object) -> None:
    assert times.from_filetime(never) is None


@pytest.mark.parametrize(
    ("value", "found"),
    [(0, 0), (3, 3), (65_534, 65_534), (65_535, None), (4_294_967_295, None), (-1, None),
     (True, None), ("3", None), (None, None)],
)  # fmt: skip
def test_age_in_days_may_be_never(value: object, found: int | None) -> None:
    assert times.days(value) == found


anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(max_size=12),
    st.from_regex(r"\d{14}\.\d{6}[+-]\d{3}", fullmatch=True),
    st.from_regex(r"/Date\(-?\d{1,20}\)/", fullmatch=True),
    st.from_regex(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", fullmatch=True),
    st.binary(min_size=8, max_size=8),
)  # fmt: skip


@given(anything)
def test_nothing_is_a_moment_before_there_was_such_a_thing_and_nothing_raises(
    value: object,
) -> None:
    for read in (times.moment, times.from_filetime, times.from_utc_text):
        at = read(value)
        assert at is None or 630_000_000 < at < 2**40
    age = times.days(value)
    assert age is None or 0 <= age < 65_535
