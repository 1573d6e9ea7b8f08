"""What Grafana would refuse or show wrongly, as far as that can be known without Grafana."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from itertools import combinations
from typing import Any

import pytest
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from config.measurement import (
    DEVICE_LABEL,
    DUTIES,
    MEASUREMENTS,
    OUTCOMES,
    STATES,
    VERDICTS,
)
from grafana.build import dashboards, encoded, modules
from grafana.edition import EDITIONS, SOURCE_TYPES, Edition, Engine
from grafana.frame import WIDTH
from grafana.palette import BAD, GOOD, UNITS, colour
from grafana.queries.influx_query import InfluxQuery, register
from probes.catalog import discover
from probes.metrics import SEEN
from probes.model import Unit
from probes.text import Language
from tests.grafana.asked import Board, Panel, panels

NAMES = [module.NAME for module in modules()]
SCHEMA_OF_GRAFANA_11_6 = 41
ASKED_BY_CHOICE = ("city", "county", "school", "agent", "region")
"""Tags that a query may only compare with what the person chose."""


def editions() -> list[Any]:
    return [pytest.param(e, n, id=f"{e.tag}-{n}") for e in EDITIONS for n in NAMES]


@cache
def texts(edition: Edition) -> Mapping[str, str]:
    """Name -> dashboard as JSON; built once, for 160 tests ask."""
    return {name: encoded(board) for name, board in dashboards(edition).items()}


def read(edition: Edition, name: str) -> Board:
    board: Board = json.loads(texts(edition)[name])
    return board


def placed(board: Board) -> list[Panel]:
    """Rows and panels, also those inside rows."""
    return [p for row in board["panels"] for p in (row, *row.get("panels", []))]


def queries(panel: Panel) -> list[str]:
    return [target.get("expr") or target["query"] for target in panel["targets"]]


@pytest.fixture(autouse=True)
def sdk_knows_its_plugins() -> None:
    register_default_plugins()
    register()


@pytest.mark.parametrize(("edition", "name"), editions())
def test_dashboard_survives_the_types_of_the_sdk(edition: Edition, name: str) -> None:
    board = read(edition, name)
    assert json.loads(encoded(Dashboard.from_json(board))) == board


@pytest.mark.parametrize(("edition", "name"), editions())
def test_panels_lie_side_by_side_inside_the_grid(edition: Edition, name: str) -> None:
    boxes = [panel["gridPos"] for panel in placed(read(edition, name))]
    assert all(box["x"] + box["w"] <= WIDTH for box in boxes)
    assert [(a, b) for a, b in combinations(boxes, 2) if _overlap(a, b)] == []


def _overlap(a: dict[str, int], b: dict[str, int]) -> bool:
    across = a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"]
    return across and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]


@pytest.mark.parametrize(("edition", "name"), editions())
def test_numbers_names_and_schema_are_as_grafana_wants_them(edition: Edition, name: str) -> None:
    board = read(edition, name)
    numbers = [panel["id"] for panel in placed(board)]
    assert len(numbers) == len(set(numbers))
    assert 8 <= len(board["uid"]) <= 40
    assert re.fullmatch(r"[a-zA-Z0-9_-]+", board["uid"])
    assert board["schemaVersion"] == SCHEMA_OF_GRAFANA_11_6
    assert all(panel["title"] and panel["type"] for panel in placed(board))
    refs = [[target["refId"] for target in panel["targets"]] for panel in panels(board)]
    assert all(len(found) == len(set(found)) for found in refs)


@pytest.mark.parametrize(("edition", "name"), editions())
def test_every_query_goes_to_the_data_source_that_was_chosen(edition: Edition, name: str) -> None:
    board = read(edition, name)
    wanted = {"type": SOURCE_TYPES[edition.engine], "uid": "${datasource}"}
    asked = [panel["datasource"] for panel in panels(board)]
    asked += [target["datasource"] for panel in panels(board) for target in panel["targets"]]
    asked += [v["datasource"] for v in board["templating"]["list"] if v["type"] == "query"]
    assert all(source == wanted for source in asked)


@pytest.mark.parametrize(("edition", "name"), editions())
def test_nothing_is_hard_wired_to_a_school_or_an_area(edition: Edition, name: str) -> None:
    board = read(edition, name)
    asked = [query for panel in panels(board) for query in queries(panel)]
    asked += [v["query"] for v in board["templating"]["list"] if v["type"] == "query"]
    tag = "|".join(ASKED_BY_CHOICE)
    compared = re.compile(rf"[{{,\"\s](?:{tag})\"?\s*=~?\s*([\"'/]\^?)(\$?)")
    literal = [query for query in asked if any(not m[2] for m in compared.finditer(query))]
    assert literal == []
    assert [query for query in asked if re.search(r"\d{6}", query)] == []


def test_titles_and_uids_are_unique() -> None:
    for language in Language:
        titles = [read(Edition(Engine.INFLUXDB, language), name)["title"] for name in NAMES]
        assert len(titles) == len(set(titles))
    uids = Counter(edition.uid(name) for edition in EDITIONS for name in NAMES)
    assert uids.most_common(1)[0][1] == 1


@pytest.mark.parametrize("engine", Engine)
def test_every_metric_of_the_catalog_is_on_some_panel(engine: Engine) -> None:
    asked = " ".join(
        query
        for name in NAMES
        for panel in panels(read(Edition(engine, Language.ZH), name))
        for query in queries(panel)
    )
    missing = [
        f"{probe.name}.{metric.name}"
        for probe in discover().values()
        for metric in probe.measures
        if not (metric == SEEN and DEVICE_LABEL in probe.labels)  # of one device: not exported
        if not re.search(_pattern(engine, probe.name, metric.name), asked)
    ]
    assert missing == []


@pytest.mark.parametrize("engine", Engine)
def test_every_measurement_but_the_legs_is_on_some_panel(engine: Engine) -> None:
    asked = " ".join(
        query
        for name in NAMES
        for panel in panels(read(Edition(engine, Language.ZH), name))
        for query in queries(panel)
    )
    shown = {
        measurement.name
        for measurement in MEASUREMENTS
        for field in measurement.fields
        if re.search(_pattern(engine, measurement.name, field.name), asked)
    }
    # The legs of a verdict are on the evidence page.
    assert {measurement.name for measurement in MEASUREMENTS} - shown == {"verdict_leg"}


def _pattern(engine: Engine, measurement: str, field: str) -> str:
    if engine is Engine.VICTORIAMETRICS:
        return rf"\b{measurement}_{field}[{{\[]"
    return rf'\("{field}"\)[^()]* FROM "{measurement}"|"{field}" AS [^()]* FROM "{measurement}"'


@pytest.mark.parametrize("name", NAMES)
def test_languages_differ_in_words_only(name: str) -> None:
    for engine in Engine:
        zh, en = (read(Edition(engine, language), name) for language in Language)
        asked = [[queries(panel) for panel in panels(board)] for board in (zh, en)]
        assert asked[0] == asked[1]
        assert zh["title"] != en["title"]


def test_english_dashboards_hold_no_chinese() -> None:
    for engine in Engine:
        for name in NAMES:
            text = encoded(dashboards(Edition(engine, Language.EN))[name])
            assert re.findall(r"[^\"]*[\u4e00-\u9fff][^\"]*", text) == []


def test_every_unit_has_one_of_grafana() -> None:
    assert set(UNITS) == set(Unit)
    assert UNITS[Unit.SECONDS] == "s"
    assert UNITS[Unit.RATIO] == "percentunit"


def test_what_is_not_known_is_neither_green_nor_red() -> None:
    words = {word for codes in (OUTCOMES, VERDICTS, DUTIES, STATES) for word in codes}
    unknown = {"undetermined", "unknown", "not_run", "not_applicable"}
    assert unknown <= words
    assert {colour(word) for word in unknown}.isdisjoint({GOOD, BAD})
    assert colour("undetermined") != colour("not_applicable")
    assert all(map(colour, words))


@pytest.mark.parametrize(("edition", "name"), editions())
def test_gaps_stay_gaps(edition: Edition, name: str) -> None:
    for panel in panels(read(edition, name)):
        custom = panel["fieldConfig"]["defaults"].get("custom", {})
        if panel["type"] == "timeseries":
            assert custom["spanNulls"] is False, panel["title"]
        assert not any("fill(0)" in query or " or 0" in query for query in queries(panel))


@pytest.mark.parametrize(
    ("engine", "select", "condition"),
    [
        (Engine.VICTORIAMETRICS, r"\b(?:{})_\w+\{{([^}}]*)\}}", 'clock="known"'),
        (Engine.INFLUXDB, r'FROM "(?:{})" WHERE (.*)', "\"clock\" = 'known'"),
    ],
)
def test_readings_of_unknown_instants_are_not_drawn(
    engine: Engine, select: str, condition: str
) -> None:
    selects = re.compile(select.format("|".join(discover())))
    found = [
        conditions
        for name in NAMES
        for panel in panels(read(Edition(engine, Language.ZH), name))
        for query in queries(panel)
        for conditions in selects.findall(query)
    ]
    assert len(found) > len(discover())
    assert [conditions for conditions in found if condition not in conditions] == []


def test_influx_query_is_read_back_as_what_it_is() -> None:
    board = Dashboard.from_json(read(EDITIONS[-1], "platform"))
    found = [t for panel in board.panels or [] for t in getattr(panel, "targets", None) or []]
    assert found
    assert all(isinstance(target, InfluxQuery) for target in found)


def test_links_lead_to_dashboards_that_exist() -> None:
    uids = {edition.uid(name) for edition in EDITIONS for name in NAMES}
    for edition in EDITIONS:
        text = "".join(encoded(board) for board in dashboards(edition).values())
        assert set(re.findall(r'"/d/([^?"]+)\?', text)) <= uids
        assert "${collector}/schools/${__data.fields.school}" in text
