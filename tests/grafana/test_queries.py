"""Every query of every dashboard, run by the real engine that it is written for."""

from __future__ import annotations

import json
import math

import pytest

from grafana.build import dashboards, encoded, modules
from grafana.edition import Edition, Engine
from probes.text import Language
from tests.grafana.asked import Asked, Board, choose, panels
from tests.grafana.county import asked as asked_of_a_school

pytestmark = [pytest.mark.long, pytest.mark.server("victoria-metrics", "influxd")]
NAMES = [module.NAME for module in modules()]
Engines = dict[Engine, Asked]
each_board = pytest.mark.parametrize(
    ("engine", "name"), [(e, n) for e in Engine for n in NAMES], ids=str
)


def read(engine: Engine, name: str) -> Board:
    """As Grafana reads it; queries do not depend on the language."""
    board: Board = json.loads(encoded(dashboards(Edition(engine, Language.ZH))[name]))
    return board


@each_board
def test_every_variable_offers_something(engine: Engine, name: str, engines: Engines) -> None:
    chosen = choose(read(engine, name), engines[engine])
    assert all(chosen.values())


@each_board
def test_every_query_of_every_panel_returns_data(
    engine: Engine, name: str, engines: Engines
) -> None:
    board, asked, empty = read(engine, name), engines[engine], []
    chosen = choose(board, asked)
    for panel in panels(board):
        for target in panel["targets"]:
            values = asked.answer(target, chosen, panel.get("interval", "1m"))
            if not any(map(math.isfinite, values)):
                empty.append(f"{panel['title']}: {target.get('expr') or target.get('query')}")
    assert empty == []


@pytest.mark.parametrize("name", NAMES)
def test_both_engines_give_the_same_present_figures(name: str, engines: Engines) -> None:
    """Not those over all the time that is shown: only one engine counts its first minute in."""
    boards = {engine: panels(read(engine, name)) for engine in Engine}
    chosen = {engine: choose(read(engine, name), asked) for engine, asked in engines.items()}
    compared = [
        [t["instant"] and "$__range" not in t["expr"] for t in panel["targets"]]
        for panel in boards[Engine.VICTORIAMETRICS]
    ]
    answers = [
        [
            sorted(asked.answer(target, chosen[engine], "1m"))
            for panel, instants in zip(boards[engine], compared, strict=True)
            for target, instant in zip(panel["targets"], instants, strict=True)
            if instant
        ]
        for engine, asked in engines.items()
    ]
    assert [pytest.approx(values) for values in answers[0]] == answers[1]


def test_choice_of_a_city_limits_the_schools_that_are_offered(engines: Engines) -> None:
    for engine, asked in engines.items():
        listed = read(engine, "school")["templating"]["list"]
        queries = {variable["name"]: variable.get("query") for variable in listed}
        counties = asked.values(queries["county"], {"city": ["610100"]})
        assert counties == ["县 · 610102"]
        schools = asked.values(queries["school"], {"county": ["610102"]})
        assert schools == ["望江 小学, 东校区 · 9961000001"]


def test_tally_counts_what_was_last_said_and_nothing_else(engines: Engines) -> None:
    """4 schools with equally many verdicts: a quarter of them says each of the four words."""
    for engine, asked in engines.items():
        board = read(engine, "county")
        chosen = choose(board, asked)
        tallies = next(p for p in panels(board) if p["title"] == "目标结论（项）")["targets"]
        said = [asked.answer(target, chosen, "1m") for target in tallies]
        assert said == [[float(len(asked_of_a_school()))]] * 4
