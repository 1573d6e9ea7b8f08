"""One school: its line and how quick it is, its devices, and how it stands with what is asked."""

from __future__ import annotations

from dataclasses import replace

from grafana_foundation_sdk.builders.dashboard import Dashboard

from config.measurement import (
    AGENT_FACTS,
    DUTIES,
    DUTY,
    FIGURE,
    SCHOOL_FACTS,
    STATE,
    STATES,
    VERDICT,
    VERDICTS,
    Measurement,
)
from grafana import words
from grafana.boards.incidents import flips, open_incidents
from grafana.edition import Edition
from grafana.frame import Placed, framed, side_by_side
from grafana.palette import mapping, names
from grafana.panels import bars, chart, metric_chart, tile, timeline
from grafana.queries.ask import Line
from grafana.queries.question import (
    Latest,
    LatestReading,
    Overall,
    Series,
    Statistic,
    Tally,
    Trend,
    Where,
    chosen,
    reading,
)
from grafana.tables import Column, Key, listing
from grafana.variables import devices, of_devices
from probes.catalog import discover
from probes.model import Unit
from probes.text import Text

NAME = "school"
FIGURE_UNITS = (Unit.RATIO, Unit.BITS_PER_SECOND)
"""Units of the figures that the judge observes today; a figure in another is on its page."""
LINE_INTERVAL = "2m"
"""The gateway measures its line each minute: without a value in two, something is missing."""
_SCHOOL = chosen("school")


def build(edition: Edition) -> Dashboard:
    board = framed(
        edition,
        NAME,
        Text("班均 2 学校", "Banjun 2 School"),
        Text(
            "一所学校：出口线路、上课时的时延、设备、目标结论、安全职责和观察指标。浅蓝底色是上课时间。",
            "One school: its line, latency in lessons, devices, verdicts, security duties and "
            "figures. The light blue background is lesson time.",
        ),
        devices(edition),
    )
    side_by_side(board, 4, *_tiles(edition))
    side_by_side(board, 9, *_line(edition))
    side_by_side(board, 9, *_latency(edition))
    side_by_side(board, 7, *_by_period(edition))
    side_by_side(board, 8, _states(edition))
    side_by_side(board, 9, _devices(edition))
    side_by_side(
        board,
        9,
        _standing(edition, VERDICT, "target_value", words.targets()),
        _standing(edition, DUTY, "duty", words.duties()),
    )
    side_by_side(board, 6, *(_figures(edition, unit) for unit in FIGURE_UNITS))
    return side_by_side(board, 8, open_incidents(edition), flips(edition))


def _tiles(edition: Edition) -> list[Placed]:
    def fact(field: str) -> list[Line]:
        return [Line(Latest(Series(SCHOOL_FACTS.name, field, _SCHOOL), ()), "")]

    heard = Series(AGENT_FACTS.name, "heard_age_seconds", _SCHOOL)
    gateway = replace(heard, where=(*_SCHOOL, Where("role", value="gateway")))
    down, up = Text("合同下行", "Contracted down"), Text("合同上行", "Contracted up")
    return [
        tile(edition, Text("班级数", "Classes"), fact("classes_count")),
        tile(edition, Text("学生数", "Students"), fact("students_count")),
        tile(edition, down, fact("contract_down_bits_per_second"), Unit.BITS_PER_SECOND),
        tile(edition, up, fact("contract_up_bits_per_second"), Unit.BITS_PER_SECOND),
        tile(
            edition,
            Text("代理程序", "Agents"),
            [Line(Tally(heard, ("agent",)), edition.say(Text("代理程序", "agents")))],
        ),
        tile(
            edition,
            Text("网关：距上次消息", "Gateway: last heard"),
            [Line(Latest(gateway, ("agent",)), "")],
            Unit.SECONDS,
        ),
    ]


def _line(edition: Edition) -> list[Placed]:
    """Traffic beside the contract, down and up."""
    return [
        _direction(edition, Text("下行流量", "Download"), "received", "contract_down"),
        _direction(edition, Text("上行流量", "Upload"), "sent", "contract_up"),
    ]


def _direction(edition: Edition, title: Text, direction: str, contract: str) -> Placed:
    by = ("agent", "interface")

    def rate(statistic: str) -> Trend:
        name = f"{direction}_bits_per_second_{statistic}"
        return Trend(reading("wan_rate", name, _SCHOOL), by)

    asked = Series(SCHOOL_FACTS.name, f"{contract}_bits_per_second", _SCHOOL)
    return chart(
        edition,
        title,
        [
            Line(rate("mean"), edition.say(Text("平均", "mean")) + " {agent} {interface}"),
            Line(rate("p95"), edition.say(Text("95 百分位", "p95")) + " {agent} {interface}"),
            Line(Trend(asked, (), Statistic.LAST), edition.say(Text("合同", "contract"))),
        ],
        Unit.BITS_PER_SECOND,
        interval=LINE_INTERVAL,
        lessons=True,
    )


def _latency(edition: Edition) -> list[Placed]:
    catalog, by = discover(), ("agent", "target")

    def of(probe: str, name: str, interval: str) -> Placed:
        trend = Trend(reading(probe, name, of_devices()), by)
        metric = catalog.metric(probe, name)
        lines = [Line(trend, "{target} {agent}")]
        return metric_chart(edition, metric, lines, interval=interval, lessons=True)

    return [
        of("icmp_echo", "rtt_seconds_median", LINE_INTERVAL),
        of("icmp_echo", "loss_ratio", LINE_INTERVAL),
        of("web_fetch", "total_seconds", "10m"),
    ]


def _by_period(edition: Edition) -> list[Placed]:
    """The same quantities by part of the day: is it slower when lessons are on?"""

    def of(title: Text, probe: str, name: str, unit: Unit) -> Placed:
        lines = [
            Line(
                Overall(reading(probe, name, of_devices(Where("period", value=period))), ()),
                edition.say(text),
            )
            for period, text in words.PERIODS.items()
        ]
        return bars(edition, title, lines, unit)

    rtt = Text("往返时延（按时段平均）", "Round trip (mean by period)")
    loss = Text("丢失率（按时段平均）", "Loss (mean by period)")
    fetch = Text("网页总时间（按时段平均）", "Web page (mean by period)")
    return [
        of(rtt, "icmp_echo", "rtt_seconds_median", Unit.SECONDS),
        of(loss, "icmp_echo", "loss_ratio", Unit.RATIO),
        of(fetch, "web_fetch", "total_seconds", Unit.SECONDS),
    ]


def _states(edition: Edition) -> Placed:
    states = Series(STATE.name, "state_code", _SCHOOL)
    by = ("threshold", "target", "agent")
    return timeline(
        edition,
        Text("状态的变化", "States over time"),
        [Line(Trend(states, by, Statistic.LAST), "{threshold} {target} {agent}")],
        mapping(STATES, edition.say),
        interval="5m",
    )


def _devices(edition: Edition) -> Placed:
    label = ("agent", "agent_label", "role")

    def fact(field: str) -> Latest:
        return Latest(Series(AGENT_FACTS.name, field, of_devices()), label)

    def now(probe: str, name: str) -> LatestReading:
        return LatestReading(reading(probe, name, of_devices()), ("agent",), within="20m")

    return listing(
        edition,
        Text("设备", "Devices"),
        [
            Key("agent_label", Text("设备", "Device"), width=300),
            Key("agent", Text("代理程序", "Agent"), hidden=True),
            Key("role", Text("角色", "Role"), words=names(words.ROLES, edition.say)),
        ],
        [
            Column(Text("距上次消息", "Last heard"), fact("heard_age_seconds"), Unit.SECONDS),
            Column(
                Text("处理器", "Processor"),
                now("host_resources", "cpu_used_ratio"),
                Unit.RATIO,
                gauge=True,
            ),
            Column(
                Text("内存", "Memory"),
                now("host_resources", "memory_used_ratio"),
                Unit.RATIO,
                gauge=True,
            ),
            Column(
                Text("系统盘", "System disk"),
                now("host_resources", "disk_used_ratio"),
                Unit.RATIO,
                gauge=True,
            ),
            Column(Text("运行时间", "Uptime"), now("uptime", "uptime_seconds"), Unit.SECONDS),
        ],
        join="agent",
        about=Text(
            "关机的电脑没有新的读数，对应的格子是空的：关机不是故障。",
            "A machine that is off has no recent readings and empty cells: off is no fault.",
        ),
    )


def _standing(
    edition: Edition, measurement: Measurement, tag: str, titles: dict[str, Text]
) -> Placed:
    """What is asked of the school: value and requirement in a pair of columns for each unit."""
    code = "verdict_code" if measurement is VERDICT else "duty_code"
    codes = VERDICTS if measurement is VERDICT else DUTIES

    def latest(field: str, *where: Where) -> Latest:
        return Latest(Series(measurement.name, field, (*_SCHOOL, *where)), (tag,))

    columns = [
        Column(Text("结论", "Verdict"), latest(code), words=mapping(codes, edition.say)),
    ]
    for unit in words.asked_units("target" if measurement is VERDICT else "duty"):
        only, word = Where("unit", value=unit), words.UNITS[unit]
        value = Text(f"实测（{word.zh}）", f"Value ({word.en})")
        required = Text(f"要求（{word.zh}）", f"Required ({word.en})")
        columns += [
            Column(value, latest("value", only), unit),
            Column(required, latest("required", only), unit),
        ]
    columns += [
        Column(Text("证据数", "Evidence"), latest("evidence_count")),
        Column(Text("覆盖率", "Coverage"), latest("coverage_ratio"), Unit.RATIO),
    ]
    return listing(
        edition,
        measurement.title,
        [Key(tag, Text("项目", "Entry"), words=names(titles, edition.say), width=260)],
        columns,
        join=tag,
        sort=Text("项目", "Entry"),
    )


def _figures(edition: Edition, unit: Unit) -> Placed:
    series = Series(FIGURE.name, "value", (*_SCHOOL, Where("unit", value=unit)))
    word = words.UNITS[unit]
    title = Text(f"观察指标（{word.zh}）", f"Observed figures ({word.en})")
    return tile(edition, title, [Line(Latest(series, ("indicator",)), "{indicator}")], unit)
