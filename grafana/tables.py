"""Tables: rows are combinations of tags, columns the answers to questions about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.builders.common import TableSortByFieldState
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    ValueMap,
)

from grafana.edition import Edition
from grafana.palette import UNITS
from grafana.panels import plain_thresholds
from grafana.queries.ask import columns_of, tabled
from grafana.queries.question import Events, Question
from probes.model import Unit
from probes.text import Text

AT = Text("时间", "Time")


@dataclass(frozen=True, slots=True)
class Link:
    """Where a cell leads. `${__data.fields.school}` in the address is that column of the row."""

    title: Text
    url: str
    new_tab: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """A tag as a column. A hidden one is there for links and for joining only."""

    tag: str
    title: Text
    words: ValueMap | None = None
    links: tuple[Link, ...] = ()
    hidden: bool = False
    width: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """The answer to a question as a column.

    Attributes:
        words: what numbers stand for; such cells are coloured.
        unit_id: Grafana's unit instead of that of `unit`, as for instants.
        gauge: a bar from 0 to 1 behind the number.
    """

    title: Text
    question: Question
    unit: Unit = Unit.COUNT
    words: ValueMap | None = None
    unit_id: str = ""
    gauge: bool = False
    links: tuple[Link, ...] = field(default=())


def evidence() -> Link:
    """The collector's page of a row's school, with everything that a verdict rests on."""
    return Link(
        Text("打开证据页", "Open the evidence"),
        "${collector}/schools/${__data.fields.school}",
        new_tab=True,
    )


def line_evidence() -> Link:
    """The collector's page of what a row's school gets over its lines, to be printed."""
    return Link(
        Text("打开线路证据", "Open the evidence of the line"),
        "${collector}/schools/${__data.fields.school}/line",
        new_tab=True,
    )


def to_school(edition: Edition) -> Link:
    """The dashboard of a row's school."""
    board = edition.uid("school")
    return Link(
        Text("打开学校面板", "Open the school's dashboard"),
        f"/d/{board}?${{datasource:queryparam}}&${{collector:queryparam}}"
        "&var-school=${__data.fields.school}&${__url_time_range}",
    )


def listing(
    edition: Edition,
    title: Text,
    keys: Sequence[Key],
    columns: Sequence[Column],
    *,
    join: str = "",
    sort: Text | None = None,
    descending: bool = False,
    about: Text | None = None,
) -> table.Panel:
    """A table.

    Without `join`, rows that agree in all tags become one; Grafana only does so if every question
    has an answer. With it, rows that agree in that tag become one, and a question may go without
    an answer; then only the first question asks for other tags as well.
    """
    panel = (
        table.Panel()
        .title(edition.say(title))
        .datasource(edition.source)
        .thresholds(plain_thresholds())
        .filterable(filterable=True)
        .show_header(show_header=True)
    )
    for target in tabled(edition, [column.question for column in columns]):
        panel.with_target(target)
    timed = isinstance(columns[0].question, Events)
    for step in _steps(edition, keys, columns, join, timed=timed):
        panel.with_transformation(step)
    for key in keys:
        if properties := _key_properties(edition, key):
            panel.override_by_name(edition.say(key.title), properties)
    for column in columns:
        panel.override_by_name(edition.say(column.title), _properties(edition, column))
    if sort is not None:
        by = TableSortByFieldState().display_name(edition.say(sort)).desc(desc=descending)
        panel.sort_by([by])
    if about is not None:
        panel.description(edition.say(about))
    return panel


def _steps(
    edition: Edition, keys: Sequence[Key], columns: Sequence[Column], join: str, *, timed: bool
) -> list[DataTransformerConfig]:
    """Drop the instants (unless rows are events), bring the answers together, name the columns."""
    steps = []
    if not timed:
        without = {"exclude": {"names": ["Time"]}}
        steps.append(DataTransformerConfig("filterFieldsByName", options=without))
    if join:
        outer = {"byField": join, "mode": "outer"}
        steps.append(DataTransformerConfig("joinByField", options=outer))
    elif len(columns) > 1:
        steps.append(DataTransformerConfig("merge", options={}))
    named = {key.tag: edition.say(key.title) for key in keys}
    named |= dict(
        zip(columns_of(len(columns)), (edition.say(c.title) for c in columns), strict=True)
    )
    # Of several questions Grafana names the only one that Prometheus has an answer to as if alone.
    named.setdefault("Value", edition.say(columns[0].title))
    if timed:
        named = {"Time": edition.say(AT)} | named
    order = {name: n for n, name in enumerate(named)}
    steps.append(
        DataTransformerConfig(
            "organize",
            options={"excludeByName": {}, "indexByName": order, "renameByName": named},
        )
    )
    return steps


def _key_properties(edition: Edition, key: Key) -> list[DynamicConfigValue]:
    found = []
    if key.words is not None:
        found.append(DynamicConfigValue("mappings", [key.words]))
    if key.links:
        found.append(_links(edition, key.links))
    if key.hidden:
        found.append(DynamicConfigValue("custom.hidden", value=True))
    if key.width:
        found.append(DynamicConfigValue("custom.width", key.width))
    return found


def _properties(edition: Edition, column: Column) -> list[DynamicConfigValue]:
    found = [DynamicConfigValue("unit", column.unit_id or UNITS[column.unit])]
    if column.words is not None:
        found.append(DynamicConfigValue("mappings", [column.words]))
        found.append(DynamicConfigValue("custom.cellOptions", {"type": "color-text"}))
    if column.gauge:
        found.append(DynamicConfigValue("min", 0))
        found.append(DynamicConfigValue("max", 1))
        found.append(DynamicConfigValue("color", {"mode": "fixed", "fixedColor": "blue"}))
        cell = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
        found.append(DynamicConfigValue("custom.cellOptions", cell))
    if column.links:
        found.append(_links(edition, column.links))
    return found


def _links(edition: Edition, links: Sequence[Link]) -> DynamicConfigValue:
    return DynamicConfigValue(
        "links",
        [
            {"title": edition.say(link.title), "url": link.url, "targetBlank": link.new_tab}
            for link in links
        ],
    )
