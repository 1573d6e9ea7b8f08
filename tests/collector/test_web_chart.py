"""The chart as a reader sees it: gaps, axes, words, and nothing that the page's policy forbids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from collector.web.chart import (
    LEFT,
    RIGHT,
    WIDTH,
    Band,
    Chart,
    Line,
    draw,
    hour_ticks,
    runs,
    value_ticks,
)
from probes.model import Unit
from probes.text import Language

SINCE = datetime(2026, 11, 22, 16, tzinfo=UTC)
STEP = timedelta(minutes=5)
SHANGHAI = ZoneInfo("Asia/Shanghai")
SVG = "{http://www.w3.org/2000/svg}"

Points = Sequence[tuple[datetime, float]]


def steps(*numbers: int, value: float = 8e6) -> list[tuple[datetime, float]]:
    return [(SINCE + n * STEP, value) for n in numbers]


def chart(points: Points, *, title: str = "eth0", bands: Sequence[Band] = ()) -> Chart:
    return Chart(
        id="c0",
        title=title,
        description="d",
        since=SINCE,
        until=SINCE + timedelta(days=1),
        step=STEP,
        zone=SHANGHAI,
        unit=Unit.BITS_PER_SECOND,
        language=Language.ZH,
        lines=[Line("下行", "down", points)],
        bands=bands,
        band_name="上课",
    )


def drawn(one: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(draw(one))


def curve(one: Chart) -> str:
    """The path of the data; the legend's sample comes after it."""
    return next(p.attrib["d"] for p in drawn(one).iter(f"{SVG}path") if "line" in p.attrib["class"])


def words(one: Chart) -> list[str]:
    return [text.text or "" for text in drawn(one).iter(f"{SVG}text")]


def test_gap_in_the_data_stays_a_gap() -> None:
    assert curve(chart(steps(0, 1, 2, 10, 11))).count("M") == 2


def test_neighbouring_steps_are_one_line() -> None:
    path = curve(chart(steps(0, 1, 2)))
    assert (path.count("M"), path.count("L")) == (1, 2)


def test_step_that_stands_alone_is_a_dot() -> None:
    assert curve(chart(steps(0, 1, 5, 9, 10))).count("h0") == 1


def test_value_stands_in_the_middle_of_its_step() -> None:
    at_start = float(re.match(r"M([\d.]+)", curve(chart(steps(0, 1))))[1])  # type: ignore[index]
    assert at_start > LEFT


def test_lessons_are_shaded_and_cut_to_the_chart() -> None:
    before = Band(SINCE - timedelta(hours=2), SINCE - timedelta(hours=1))
    across = Band(SINCE - timedelta(hours=1), SINCE + timedelta(hours=1))
    picture = drawn(chart(steps(0, 1), bands=[before, across]))
    shaded = [float(r.attrib["width"]) for r in picture.iter(f"{SVG}rect")]
    assert shaded[0] == pytest.approx((WIDTH - LEFT - RIGHT) / 24, abs=0.2)
    assert len(shaded) == 2  # the second one is the legend's


def test_axes_say_units_and_local_time_of_the_school() -> None:
    shown = words(chart(steps(0, 1)))
    assert {"0", "2 Mbit/s", "8 Mbit/s", "00:00", "09:00", "11-23", "11-24"} <= set(shown)


def test_words_from_outside_are_escaped() -> None:
    one = chart(steps(0, 1), title="<script>alert(1)</script>&\"'")
    assert "<script" not in draw(one)
    assert drawn(one).findtext(f"{SVG}title") == one.title


def test_picture_carries_no_style_attribute_and_a_name_for_those_who_do_not_see_it() -> None:
    picture = drawn(chart(steps(0, 1)))
    assert not [e for e in picture.iter() if "style" in e.attrib or e.tag == f"{SVG}script"]
    assert picture.attrib["role"] == "img"
    assert picture.attrib["aria-labelledby"].split() == ["c0-title", "c0-desc"]


def test_chart_without_any_point_still_has_axes() -> None:
    assert "00:00" in words(chart([]))


@pytest.mark.parametrize(
    ("largest", "last"),
    [(0, 1), (3.2, 4), (8e6, 8e6), (9.9e6, 10e6), (1.01e9, 1.5e9), (4.1e-4, 6e-4)],
)
def test_value_ticks_are_round_and_reach_the_largest(largest: float, last: float) -> None:
    ticks = value_ticks(largest)
    assert ticks[0] == 0
    assert ticks[-1] == pytest.approx(last)
    assert 3 <= len(ticks) <= 6


def test_idle_line_is_not_blown_up_to_a_busy_one() -> None:
    assert value_ticks(3.0, 1e6)[-1] == 1e6
    assert value_ticks(3e6, 1e6)[-1] == 3e6


def test_hour_ticks_follow_the_local_clock_of_a_half_hour_zone() -> None:
    delhi = ZoneInfo("Asia/Kolkata")
    ticks = hour_ticks(SINCE, SINCE + timedelta(hours=12), delhi)
    assert [t.astimezone(delhi).strftime("%H:%M") for t in ticks] == [
        "00:00", "03:00", "06:00", "09:00",
    ]  # fmt: skip


def test_runs_of_no_points_are_none() -> None:
    assert list(runs([], STEP)) == []
