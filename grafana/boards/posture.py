"""Security posture: which duties are fulfilled, and what the machines of the schools look like."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from config.measurement import AGENT_FACTS, DUTIES, DUTY, SCHOOL_FACTS
from grafana import words
from grafana.edition import Edition
from grafana.frame import Placed, framed, side_by_side
from grafana.palette import YES_NO, colour, mapping, names
from grafana.panels import bars, chart
from grafana.queries.ask import Line
from grafana.queries.question import (
    Latest,
    LatestReading,
    Series,
    Statistic,
    Tally,
    TallyTrend,
    Trend,
    chosen,
    reading,
)
from grafana.tables import Column, Key, evidence, listing, to_school
from grafana.variables import schools
from probes.catalog import discover
from probes.model import Better, Unit
from probes.text import Text

NAME = "posture"
_SCHOOL = chosen("school")
_DAYS = "50h"
"""Posture is looked at hourly or daily; what is older than two days is not shown as current."""
_FACTS = (
    ("posture_firewall", "firewall_active"),
    ("posture_antivirus", "running_products_count"),
    ("posture_antivirus", "signature_age_seconds"),
    ("posture_updates", "pending_security_updates_count"),
    ("posture_updates", "last_upgrade_age_seconds"),
    ("posture_updates", "reboot_required"),
    ("posture_os_support", "supported"),
    ("open_ports", "unexpected_ports_count"),
)
"""What a machine's row says. Several values of one machine show as the one that is worse."""


def build(edition: Edition) -> Dashboard:
    board = framed(
        edition,
        NAME,
        Text("班均 3 安全态势", "Banjun 3 Security posture"),
        Text(
            "网络安全职责履行得如何，哪些机器需要处理。没有权限或没有来源的显示为空，不是“否”。",
            "How security duties are fulfilled and which machines need attention. What could not "
            "be read is empty, which is not a no.",
        ),
        schools(edition, several=True),
        since="now-7d",
    )
    side_by_side(board, 8, _statuses(edition), _over_time(edition))
    side_by_side(board, 11, _by_school(edition), _by_duty(edition))
    side_by_side(board, 14, _machines(edition))
    side_by_side(
        board,
        8,
        _trend(edition, "posture_updates", "pending_security_updates_count"),
        _trend(edition, "open_ports", "unexpected_ports_count"),
        _trend(edition, "posture_antivirus", "signature_age_seconds"),
    )
    return board


def _statuses(edition: Edition) -> Placed:
    series = Series(DUTY.name, "duty_code", _SCHOOL)
    lines = [
        Line(Tally(series, ("school", "duty"), code=code.number), edition.say(code.title))
        for code in DUTIES.values()
    ]
    colours = {edition.say(code.title): colour(word) for word, code in DUTIES.items()}
    title = Text("职责状况（项）", "Duties by status (entries)")
    return bars(edition, title, lines, Unit.COUNT, colours=colours)


def _over_time(edition: Edition) -> Placed:
    series = Series(DUTY.name, "duty_code", _SCHOOL)
    return chart(
        edition,
        Text("职责状况的变化（项）", "Duties by status over time (entries)"),
        [
            Line(TallyTrend(series, ("school", "duty"), code.number), edition.say(code.title))
            for code in DUTIES.values()
        ],
        Unit.COUNT,
        interval="10m",
        colours={edition.say(code.title): colour(word) for word, code in DUTIES.items()},
    )


def _by_school(edition: Edition) -> Placed:
    """A row for each school, a column for each state: there are too many duties for columns."""
    links, school = (evidence(), to_school(edition)), Text("学校", "School")
    facts = Series(SCHOOL_FACTS.name, "agents_count", chosen("city", "county", "school"))
    columns = [
        Column(Text("代理程序", "Agents"), Latest(facts, ("school", "school_label"))),
        *_counts(("duty",), "school"),
    ]
    return listing(
        edition,
        Text("各校职责（项）", "Duties of schools (entries)"),
        [
            Key("school_label", school, links=links, width=260),
            Key("school", Text("学校代码", "School code"), links=links, hidden=True),
        ],
        columns,
        join="school",
        sort=DUTIES["fail"].title,
        descending=True,
    )


def _by_duty(edition: Edition) -> Placed:
    """A row for each duty, a column for each state."""
    duty = Text("职责", "Duty")
    return listing(
        edition,
        Text("各项职责（所学校）", "Duties (schools)"),
        [Key("duty", duty, words=names(words.duties(), edition.say), width=300)],
        _counts(("school",), "duty"),
        join="duty",
        sort=DUTIES["fail"].title,
        descending=True,
    )


def _counts(each: tuple[str, ...], by: str) -> list[Column]:
    """How many entries are in each state; empty where there is none."""
    series = Series(DUTY.name, "duty_code", _SCHOOL)
    return [Column(code.title, Tally(series, each, (by,), code.number)) for code in DUTIES.values()]


def _machines(edition: Edition) -> Placed:
    catalog, links = discover(), (evidence(), to_school(edition))
    label = Latest(
        Series(AGENT_FACTS.name, "heard_age_seconds", _SCHOOL), ("agent", "agent_label", "school")
    )
    columns = [Column(Text("距上次消息", "Last heard"), label, Unit.SECONDS)]
    for probe, name in _FACTS:
        metric = catalog.metric(probe, name)
        yes_no = mapping(YES_NO, edition.say, metric.better)
        columns.append(
            Column(
                metric.title,
                LatestReading(
                    reading(probe, name, _SCHOOL),
                    ("agent",),
                    _DAYS,
                    tuple(sorted(catalog[probe].labels)),
                    metric.better,
                ),
                metric.unit,
                words=yes_no if metric.unit is Unit.BOOLEAN else None,
            )
        )
    return listing(
        edition,
        Text("各台设备", "Machines"),
        [
            Key("agent_label", Text("设备", "Device"), width=260),
            Key("agent", Text("代理程序", "Agent"), hidden=True),
            Key("school", Text("学校代码", "School code"), links=links),
        ],
        columns,
        join="agent",
    )


def _trend(edition: Edition, probe: str, name: str) -> Placed:
    metric = discover().metric(probe, name)
    statistic = Statistic.MIN if metric.better is Better.HIGHER else Statistic.MAX
    trend = Trend(reading(probe, name, _SCHOOL), ("school",), statistic)
    return chart(
        edition,
        metric.title,
        [Line(trend, "{school}")],
        metric.unit,
        interval="2h" if words.cadences()[probe] < 7200 else "2d",
        about=Text(
            f"各校机器中最差的一台。{metric.meaning.zh}",
            f"The worst machine of each school. {metric.meaning.en}",
        ),
    )
