"""The county: which targets are reached by their due dates, and which schools are furthest off."""

from __future__ import annotations

from collections.abc import Sequence

from grafana_foundation_sdk.builders.dashboard import Dashboard

from config.measurement import (
    AREA_VERDICT,
    DUTIES,
    DUTY,
    LINE,
    SCHOOL_FACTS,
    STATE,
    STATES,
    VERDICT,
    VERDICTS,
)
from grafana import words
from grafana.edition import Edition
from grafana.frame import Placed, framed, side_by_side
from grafana.palette import colour, mapping, names
from grafana.panels import bars, chart, tile
from grafana.queries.ask import Line
from grafana.queries.question import (
    Latest,
    Question,
    Series,
    Statistic,
    Tally,
    Trend,
    Where,
    chosen,
)
from grafana.tables import Column, Key, evidence, line_evidence, listing, to_school
from grafana.variables import counties, regions
from probes.model import Unit
from probes.text import Text

NAME = "county"
_SCHOOL, _CODE = Text("学校", "School"), Text("学校代码", "School code")
_SHORTFALL = Text("未达标项", "Targets not met")
_TARGET, _REGION = Text("目标", "Target"), Text("区域代码", "Region")
_COUNTY = chosen("county")
_ROW = ("school", "target_value")
"""What a verdict is about."""


def build(edition: Edition) -> Dashboard:
    board = framed(
        edition,
        NAME,
        Text("班均 1 县总览", "Banjun 1 County"),
        Text(
            "每个班的带宽够不够、各项目标到期前能否达到、哪些学校最需要先处理。",
            "Does every class get its bandwidth, which targets are reached in time, and which "
            "schools need attention first.",
        ),
        [*counties(edition), regions(edition)],
        since="now-7d",
    )
    measured = [demand for demand in words.demands() if demand.measured]
    side_by_side(board, 4, *_tiles(edition))
    side_by_side(board, 10, _targets(edition))
    side_by_side(board, 11, _worst(edition), _shares(edition))
    side_by_side(board, 16, _verdicts(edition, Text("各校结论", "Verdicts of schools"), measured))
    rooms = Text("各校教室、设备和应用", "Rooms, devices and their use, by school")
    side_by_side(board, 16, _verdicts(edition, rooms, words.plans()))
    return side_by_side(board, 10, _lines(edition))


def _tiles(edition: Edition) -> list[Placed]:
    facts = Series(SCHOOL_FACTS.name, "agents_count", chosen("city", "county"))
    return [
        tile(
            edition,
            Text("学校", "Schools"),
            [Line(Tally(facts, ("school",)), edition.say(Text("学校", "schools")))],
        ),
        _by_code(edition, Text("当前状态（项）", "States now (entries)"), "state"),
        _by_code(edition, Text("目标结论（项）", "Verdicts (entries)"), "verdict"),
        _by_code(edition, Text("安全职责（项）", "Security duties (entries)"), "duty"),
    ]


def _by_code(edition: Edition, title: Text, kind: str) -> Placed:
    """How many entries say what, a bar for each word."""
    measurement, codes, each = {
        "state": (STATE, STATES, ("school", "agent", "target", "threshold")),
        "verdict": (VERDICT, VERDICTS, _ROW),
        "duty": (DUTY, DUTIES, ("school", "duty")),
    }[kind]
    series = Series(measurement.name, f"{kind}_code", _COUNTY)
    lines = [
        Line(Tally(series, each, code=code.number), edition.say(code.title))
        for code in codes.values()
    ]
    colours = {edition.say(code.title): colour(word) for word, code in codes.items()}
    return bars(edition, title, lines, Unit.COUNT, colours=colours)


def _targets(edition: Edition) -> Placed:
    """A row for each target value in force and region it is counted in."""

    def column(title: Text, field: str, unit: Unit = Unit.COUNT, *, gauge: bool = False) -> Column:
        return Column(title, _area(field), unit, gauge=gauge)

    due = Latest(_area("due_seconds").series, ("region", "target_value"), scale=1000)
    return listing(
        edition,
        Text("各项目标：达标占比与期限", "Targets: shares reached and due dates"),
        [
            Key("region", _REGION, width=110),
            Key("target_value", _TARGET, words=names(words.targets(), edition.say), width=300),
        ],
        [
            Column(
                Text("结论", "Verdict"),
                _area("verdict_code"),
                words=mapping(VERDICTS, edition.say),
            ),
            Column(Text("期限", "Due"), due, unit_id="time:YYYY-MM-DD"),
            column(Text("要求占比", "Share required"), "share_ratio", Unit.RATIO),
            column(Text("确定达标", "Met for certain"), "low_ratio", Unit.RATIO, gauge=True),
            column(Text("最多达标", "At best"), "high_ratio", Unit.RATIO, gauge=True),
            column(Text("达标校", "Met"), "met_count"),
            column(Text("未达标校", "Not met"), "not_met_count"),
            column(Text("无法判定校", "Undetermined"), "undetermined_count"),
            column(Text("还差学校", "Schools missing"), "missing_schools_count"),
            column(
                Text("合同带宽缺口", "Bandwidth missing"),
                "contract_gap_bits_per_second",
                Unit.BITS_PER_SECOND,
            ),
        ],
        sort=_TARGET,
        about=Text(
            "“确定达标”只算已证明达标的学校；“最多达标”把无法判定的也算上。两者之间就是不知道的部分。",
            "Met for certain counts what is proven; at best also counts what is undetermined. "
            "Between the two lies what is not known.",
        ),
    )


def _area(field: str) -> Latest:
    return Latest(Series(AREA_VERDICT.name, field, chosen("region")), ("region", "target_value"))


def _schools(edition: Edition) -> list[Key]:
    links = (evidence(), to_school(edition))
    return [
        Key("school_label", _SCHOOL, links=links, width=260),
        Key("school", _CODE, links=links, hidden=True),
    ]


def _facts(field: str) -> Latest:
    where = chosen("city", "county")
    return Latest(Series(SCHOOL_FACTS.name, field, where), ("school", "school_label"))


def _worst(edition: Edition) -> Placed:
    verdicts = Series(VERDICT.name, "verdict_code", _COUNTY)
    down = Series(STATE.name, "state_code", _COUNTY)
    duties = Series(DUTY.name, "duty_code", _COUNTY)

    def tally(series: Series, each: tuple[str, ...], code: int) -> Tally:
        return Tally(series, each, ("school",), code)

    return listing(
        edition,
        Text("最需要处理的学校", "Schools that need attention first"),
        _schools(edition),
        [
            Column(Text("代理程序", "Agents"), _facts("agents_count")),
            Column(_SHORTFALL, tally(verdicts, ("target_value",), VERDICTS["not_met"].number)),
            Column(
                Text("无法判定项", "Undetermined"),
                tally(verdicts, ("target_value",), VERDICTS["undetermined"].number),
            ),
            Column(
                Text("职责不符合", "Duties failed"),
                tally(duties, ("duty",), DUTIES["fail"].number),
            ),
            Column(
                Text("当前中断", "Down now"),
                tally(down, ("agent", "target", "threshold"), STATES["down"].number),
            ),
        ],
        join="school",
        sort=_SHORTFALL,
        descending=True,
        about=Text(
            "空格表示没有这样的项，不是零。点学校名打开采集器的证据页。",
            "An empty cell means that there is no such entry. A school's name leads to the "
            "collector's page with the evidence.",
        ),
    )


def _verdicts(edition: Edition, title: Text, demands: Sequence[words.Demand]) -> Placed:
    """A column for each demand: a school has one verdict about it."""
    columns = [Column(Text("代理程序", "Agents"), _facts("agents_count"))]
    for demand in demands:
        ids = "|".join(target.replace(".", "[.]") for target in demand.targets)
        series = Series(
            VERDICT.name, "verdict_code", (*_COUNTY, Where("target_value", pattern=ids))
        )
        columns.append(
            Column(
                demand.title,
                Latest(series, ("school",)),
                words=mapping(VERDICTS, edition.say),
            )
        )
    return listing(
        edition,
        title,
        _schools(edition),
        columns,
        join="school",
        sort=_SCHOOL,
        about=Text(
            "每列一项目标的一个数值。空格：该目标不针对这所学校，或还没有结论。",
            "A column for each value that a target asks for. Empty: it does not bind the school, "
            "or there is no verdict yet.",
        ),
    )


def _line(field: str) -> Question:
    return Latest(Series(LINE.name, field, _COUNTY), ("line_label",))


def _lines(edition: Edition) -> Placed:
    """A row for each line and direction that a contract is known of."""
    first = Latest(Series(LINE.name, "verdict_code", _COUNTY), ("line_label", "school"))
    share = Text("占合同", "Of the contract")
    rate = Unit.BITS_PER_SECOND
    return listing(
        edition,
        Text("线路与合同", "Lines and their contracts"),
        [
            Key("line_label", Text("线路", "Line"), links=(line_evidence(),), width=360),
            Key("school", _CODE, hidden=True),
        ],
        [
            Column(Text("结论", "Verdict"), first, words=mapping(VERDICTS, edition.say)),
            Column(share, _line("share_ratio"), Unit.RATIO, gauge=True),
            Column(Text("合同", "Contracted"), _line("contract_bits_per_second"), rate),
            Column(Text("实测中位数", "Measured median"), _line("median_bits_per_second"), rate),
            Column(Text("有效测量", "Valid readings"), _line("evidence_count")),
        ],
        join="line_label",
        sort=share,
        about=Text(
            "最近三十天的实测中位数与合同。达标即达到合同（容差见 lines.toml）；点线路打开证据页。",
            "The median of the last thirty days against the contract. Met means that the line "
            "brings it, tolerance granted (lines.toml); a line leads to evidence that prints.",
        ),
    )


def _shares(edition: Edition) -> Placed:
    low = Series(AREA_VERDICT.name, "low_ratio", chosen("region"))
    return chart(
        edition,
        Text("确定达标占比的变化", "Share met for certain, over time"),
        [Line(Trend(low, ("region", "target_value"), Statistic.LAST), "{region} {target_value}")],
        Unit.RATIO,
        interval="10m",
    )
