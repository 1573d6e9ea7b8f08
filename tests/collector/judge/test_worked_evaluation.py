"""Six fictional schools against Hefei's table on 2018-12-31, worked out by hand beforehand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from collector.judge.judge import Judge, Judgement
from collector.judge.model import LegName, Verdict
from tests.collector.judge.town import MBIT, TownStore, school

DAYS = [date(2018, 12, day) for day in (3, 4, 5, 6, 7, 10)]
MET, NOT_MET, UNDETERMINED = Verdict.MET, Verdict.NOT_MET, Verdict.UNDETERMINED


@pytest.fixture(scope="module")
def judgement(judge: Judge) -> Judgement:
    schools = [
        school("A", "urban", 30, 300),
        school("B", "urban", 48, 300),
        school("C", "urban", 24, 300),
        school("D", "county", 12, 100),
        school("E", "county", 18, 100),
        school("F", "county", 6, 100, shared=14),
    ]
    store = TownStore()
    for code, measured in (("A", 286), ("B", 295), ("D", 94), ("E", 88), ("F", 97)):
        store.capacity(code, DAYS, [measured - 20, measured, measured, measured + 20])
    return judge.judge(
        schools, store, [], as_of=date(2018, 12, 31), now=datetime(2019, 1, 2, tzinfo=UTC)
    )


def test_every_school_has_its_verdict_for_4m_and_10m(judgement: Judgement) -> None:
    found = {(v.school, int(v.target.value) // MBIT): v.verdict for v in judgement.schools}
    assert found == {
        ("A", 4): MET,
        ("A", 10): MET,
        ("B", 4): MET,
        ("B", 10): NOT_MET,
        ("C", 4): UNDETERMINED,
        ("C", 10): UNDETERMINED,
        ("D", 4): MET,
        ("D", 10): NOT_MET,
        ("E", 4): MET,
        ("E", 10): NOT_MET,
        ("F", 4): MET,
        ("F", 10): NOT_MET,
    }


def test_contracted_and_delivered_per_class_are_two_figures(judgement: Judgement) -> None:
    found = {}
    for verdict in judgement.schools:
        legs = {leg.name: leg.value for leg in verdict.finding.legs}
        found[verdict.school] = tuple(
            None if value is None else round(value / MBIT, 2)
            for value in (legs[LegName.CONTRACT], legs[LegName.DELIVERED])
        )
    assert found == {
        "A": (10.0, 9.53),
        "B": (6.25, 6.15),
        "C": (12.5, None),
        "D": (8.33, 7.83),
        "E": (5.56, 4.89),
        "F": (5.0, 4.85),
    }


def test_only_the_line_that_brings_less_than_its_contract_is_flagged(
    judgement: Judgement,
) -> None:
    found = {line.school.code: line.verdict for line in judgement.lines}
    assert found == {"A": MET, "B": MET, "C": UNDETERMINED, "D": MET, "E": NOT_MET, "F": MET}


def test_every_area_row_has_its_verdict(judgement: Judgement) -> None:
    assert [
        (
            area.target.due.year,
            area.target.area,
            int(area.target.value) // MBIT,
            area.target.share,
            area.low,
            area.high,
            area.verdict,
        )
        for area in judgement.areas
    ] == [
        (2016, "county", 4, Fraction(1, 3), 1, 1, MET),
        (2016, "urban", 4, Fraction(1, 2), Fraction(2, 3), 1, MET),
        (2017, "county", 4, 1, 1, 1, MET),
        (2017, "urban", 4, 1, Fraction(2, 3), 1, UNDETERMINED),
        (2018, "county", 10, Fraction(1, 5), 0, 0, NOT_MET),
        (2018, "urban", 10, Fraction(1, 3), Fraction(1, 3), Fraction(2, 3), MET),
    ]


def test_each_school_is_told_what_to_contract_for_10m(judgement: Judgement) -> None:
    asked = [v for v in judgement.schools if v.target.value == 10 * MBIT]
    needed = [(v.school, (v.finding.contract_needed or 0) // MBIT) for v in asked]
    assert needed == [("A", 300), ("B", 480), ("C", 240), ("D", 120), ("E", 180), ("F", 200)]
    gaps = [(v.finding.contract_gap or 0) // MBIT for v in asked]
    assert gaps == [0, 180, 0, 20, 80, 100]


def test_area_lacks_what_its_schools_lack_in_contracts(judgement: Judgement) -> None:
    county = next(
        area
        for area in judgement.areas
        if (area.target.due.year, area.target.area) == (2018, "county")
    )
    assert county.contract_gap == 200 * MBIT
    assert county.missing_schools == 1


def test_readings_of_other_months_play_no_part(judge: Judge) -> None:
    store = TownStore()
    store.capacity("A", [date(2018, 11, day) for day in (5, 6, 7, 8, 9)], [300] * 4)
    found = judge.judge(
        [school("A", "urban", 30, 300)],
        store,
        [],
        as_of=date(2018, 12, 31),
        now=datetime(2019, 1, 2, tzinfo=UTC),
    )
    assert {v.verdict for v in found.schools} == {UNDETERMINED}
