"""Banjun itself: does it hear its agents, keep what they send, and pass it on?"""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from config.measurement import AGENT_FACTS, PLATFORM, Field
from grafana import words
from grafana.edition import Edition
from grafana.frame import Placed, framed, side_by_side
from grafana.palette import names
from grafana.panels import chart, tile
from grafana.queries.ask import Line
from grafana.queries.question import Latest, Series, Statistic, Trend, chosen
from grafana.tables import Column, Key, evidence, listing, to_school
from grafana.variables import schools
from probes.model import Unit
from probes.text import Text

NAME = "platform"
_ACROSS = 3
_TILES = (
    "agents_count",
    "agents_heard_count",
    "export_lag_seconds",
    "readings_lost_count",
    "unreadable_batches_count",
    "export_refused_lines_count",
)


def build(edition: Edition) -> Dashboard:
    board = framed(
        edition,
        NAME,
        Text("班均 5 平台自身", "Banjun 5 The platform itself"),
        Text(
            "采集器是否听得到代理程序、读数是否保存妥当、导出是否跟得上。这里全部为空时，先看采集器是否在运行。",
            "Whether the collector hears its agents, keeps their readings and keeps up with the "
            "export. If all of this is empty, look whether the collector runs.",
        ),
        schools(edition, several=True),
    )
    fields = {field.name: field for field in PLATFORM.fields}
    side_by_side(board, 4, *(_tile(edition, fields[name]) for name in _TILES))
    side_by_side(board, 11, _agents(edition), _waiting(edition))
    charts = [_chart(edition, field) for field in PLATFORM.fields]
    for first in range(0, len(charts), _ACROSS):
        side_by_side(board, 7, *charts[first : first + _ACROSS])
    return board


def _tile(edition: Edition, field: Field) -> Placed:
    latest = Latest(Series(PLATFORM.name, field.name), ())
    return tile(edition, field.title, [Line(latest, "")], field.unit or Unit.COUNT)


def _chart(edition: Edition, field: Field) -> Placed:
    trend = Trend(Series(PLATFORM.name, field.name), (), Statistic.MAX)
    title = Text(f"{field.title.zh}（变化）", f"{field.title.en} over time")
    line = Line(trend, edition.say(field.title))
    return chart(edition, title, [line], field.unit or Unit.COUNT, interval="5m")


def _agents(edition: Edition) -> Placed:
    """Agents, those that were silent longest first."""

    def latest(name: str, *more: str) -> Latest:
        return Latest(Series(AGENT_FACTS.name, name, chosen("school")), ("agent", *more))

    age, links = Text("距上次消息", "Last heard"), (evidence(), to_school(edition))
    return listing(
        edition,
        Text("最久没有消息的代理程序", "Agents that were silent longest"),
        [
            Key("agent_label", Text("设备", "Device"), width=260),
            Key("agent", Text("代理程序", "Agent"), hidden=True),
            Key("role", Text("角色", "Role"), words=names(words.ROLES, edition.say)),
            Key("school", Text("学校代码", "School code"), links=links),
        ],
        [
            Column(age, latest("heard_age_seconds", "agent_label", "role", "school"), Unit.SECONDS),
            Column(Text("待发批次", "Batches waiting"), latest("batches_waiting_count")),
        ],
        join="agent",
        sort=age,
        descending=True,
    )


def _waiting(edition: Edition) -> Placed:
    waiting = Series(AGENT_FACTS.name, "batches_waiting_count", chosen("school"))
    return chart(
        edition,
        Text("代理程序的待发批次（每校最多的一台）", "Batches that wait (the most in a school)"),
        [Line(Trend(waiting, ("school",), Statistic.MAX), "{school}")],
        Unit.COUNT,
        interval="5m",
    )
