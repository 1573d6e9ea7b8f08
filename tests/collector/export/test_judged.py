"""What was judged, as lines that an engine takes and a dashboard can find."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from collector.export.facts import JudgedFacts
from collector.export.line import line
from collector.register.incident import Incident
from collector.register.model import Flip, State, Watched
from config.measurement import DUTIES, MEASUREMENTS, PLATFORM, STATES, VERDICTS
from probes.model import Unit
from probes.text import Text
from tests.collector.export.parsed import Parsed, parsed
from tests.collector.web_scene import BIG, NOW, POOR, County, reading

HOUR_AGO = NOW - timedelta(hours=1)
AREAS = {"340199": Text("示例县", "Example County")}


@pytest.fixture(scope="module")
def county() -> County:
    flip = Flip(
        watched=Watched(BIG, "agent-1", "local", "disk_free"), revision="r", before=State.UP,
        after=State.DOWN, since=NOW - timedelta(minutes=10), at=NOW - timedelta(minutes=5),
        value=0.02, unit=Unit.RATIO.value, bound=0.05, n=5,
    )  # fmt: skip
    firewall = reading("posture_firewall", {"firewall_enabled": 1.0}, ago=600)
    return County(flips=[flip], readings=[firewall])


@pytest.fixture(scope="module")
def lines(county: County) -> list[Parsed]:
    return [parsed(text) for text in JudgedFacts(county.showing(), AREAS).lines(HOUR_AGO)]


def of(lines: list[Parsed], name: str, **tags: str) -> list[Parsed]:
    return [
        found for found in lines
        if found.name == name and all(found.tags.get(k) == v for k, v in tags.items())
    ]  # fmt: skip


def test_every_line_is_of_a_declared_measurement_with_declared_names(lines: list[Parsed]) -> None:
    declared = {m.name: m for m in MEASUREMENTS}
    for found in lines:
        measurement = declared[found.name]
        assert set(found.tags) <= set(measurement.tags)
        assert set(found.fields) <= {field.name for field in measurement.fields}


def test_school_is_named_for_people_beside_its_code(lines: list[Parsed]) -> None:
    (school,) = of(lines, "school_facts", school=BIG)
    assert school.tags["school_label"] == f"示例实验学校 · {BIG}"
    assert school.tags["county_label"] == "示例县 · 340199"
    assert school.tags["city_label"] == "340100 · 340100"  # has no name here
    assert school.fields["contract_down_bits_per_second"] == 300e6


def test_contract_that_is_not_known_is_absent() -> None:
    county = County()
    county.schools = [replace(county.schools[0], links=())]
    lines = [parsed(text) for text in JudgedFacts(county.showing(), {}).lines(NOW)]
    (school,) = of(lines, "school_facts")
    assert "contract_down_bits_per_second" not in school.fields


def test_verdict_of_each_school_and_leg_is_a_code(lines: list[Parsed]) -> None:
    poor = of(lines, "verdict", school=POOR, county="340199")
    assert poor
    assert VERDICTS["not_met"].number in {found.fields["verdict_code"] for found in poor}
    legs = of(lines, "verdict_leg", school=POOR, leg="contract")
    assert {round(leg.fields["value"]) for leg in legs} == {round(50e6 / 18), 50_000_000}


def test_leg_that_was_not_measured_has_a_verdict_and_no_value(lines: list[Parsed]) -> None:
    legs = of(lines, "verdict_leg", school=BIG, leg="delivered")
    assert legs
    for leg in legs:
        assert leg.fields["verdict_code"] == VERDICTS["undetermined"].number
        assert "value" not in leg.fields


def test_area_counts_its_schools_and_bears_its_due_date(lines: list[Parsed]) -> None:
    areas = of(lines, "area_verdict")
    assert {"met_count", "not_met_count", "share_ratio", "due_seconds"} <= set(areas[0].fields)


def test_duty_is_a_code(lines: list[Parsed]) -> None:
    (duty,) = of(lines, "duty", school=BIG)
    assert duty.fields["duty_code"] in {code.number for code in DUTIES.values()}


def test_flip_stands_at_the_instant_at_which_it_was_stored(lines: list[Parsed]) -> None:
    (flip,) = of(lines, "flip", threshold="disk_free", before="up", after="down")
    assert flip.at == round((NOW - timedelta(minutes=5)).timestamp() * 1000)
    assert flip.fields["state_code"] == STATES["down"].number
    assert (flip.fields["held_seconds"], flip.fields["bound"]) == (300, 0.05)


def test_agent_that_was_never_heard_has_no_line(county: County) -> None:
    county = County(states={})
    lines = [parsed(text) for text in JudgedFacts(county.showing(), {}).lines(NOW)]
    assert of(lines, "agent_facts") == []


def test_agent_that_was_heard_says_how_long_ago(lines: list[Parsed]) -> None:
    (agent,) = of(lines, "agent_facts", agent="agent-1", role="gateway")
    assert agent.tags["agent_label"] == "gw-1 · agent-1"
    assert agent.fields["heard_age_seconds"] >= 0


def test_collector_tells_what_it_knows_of_itself(lines: list[Parsed]) -> None:
    assert len(of(lines, "collector")) == 1


def test_figure_of_the_platform_that_is_not_a_number_is_left_out() -> None:
    assert line(PLATFORM, {}, {"archive_bytes": None}, NOW) == ""


def told_of(*incidents: Incident) -> list[tuple[int, float]]:
    """(minutes ago, open) of the lines of these incidents; the newest comes first."""
    county = County()
    county.incidents = list(incidents)
    lines = [parsed(text) for text in JudgedFacts(county.showing(), {}).lines(HOUR_AGO)]
    end = round(NOW.timestamp() * 1000)
    found = of(lines, "incident")
    return [((end - one.at) // 60_000, one.fields["open"]) for one in found]


def incident(id: int, *, began: int, ended: int | None) -> Incident:
    """`began` and `ended` are minutes ago."""
    since = NOW - timedelta(minutes=began)
    closed = None if ended is None else NOW - timedelta(minutes=ended)
    return Incident(
        id=id, school=BIG, cause="line", severity=State.DOWN, since=since, opened_at=since,
        closed_at=closed,
    )  # fmt: skip


def test_newest_line_of_an_incident_that_has_settled_says_that_it_is_over() -> None:
    # While it settled, it was told of as open, at instants after its end.
    assert told_of(incident(1, began=30, ended=6)) == [(0, 0.0)]


def test_incident_that_is_long_over_is_told_of_at_its_end() -> None:
    assert told_of(incident(1, began=50, ended=40)) == [(40, 0.0)]


def test_incident_that_is_open_is_not_hidden_by_one_before_it() -> None:
    assert told_of(incident(2, began=2, ended=None), incident(1, began=30, ended=6)) == [
        (0, 1.0),
        (6, 0.0),
    ]
