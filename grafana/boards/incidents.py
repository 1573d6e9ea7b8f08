"""Alerts and incidents: what is wrong now, since when, and what has changed."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from config.measurement import FLIP, INCIDENT, STATE, STATES
from grafana import words
from grafana.edition import Edition
from grafana.frame import Placed, framed, side_by_side
from grafana.palette import YES_NO, colour, mapping, names
from grafana.panels import bars, chart, tile
from grafana.queries.ask import Line
from grafana.queries.question import (
    Events,
    Latest,
    Series,
    Statistic,
    Tally,
    TallyTrend,
    Total,
    Trend,
    chosen,
)
from grafana.tables import AT, Column, Key, evidence, listing, to_school
from grafana.variables import schools
from probes.model import Better, Unit
from probes.text import Text

NAME = "incidents"
_SCHOOL = chosen("school")
_CODE, _THRESHOLD = Text("学校代码", "School code"), Text("阈值", "Threshold")
_EACH = ("school", "cause", "severity")
_STATE_TITLES = {word: code.title for word, code in STATES.items()}
_STATE_KEYS = ("school", "agent", "target", "threshold")


def build(edition: Edition) -> Dashboard:
    board = framed(
        edition,
        NAME,
        Text("班均 4 告警与事件", "Banjun 4 Alerts and incidents"),
        Text(
            "现在有什么不正常、从什么时候开始、发生过哪些变化。通知由采集器发出，这里只是查看。",
            "What is wrong now, since when, and what has changed. The collector sends the "
            "messages; this is for looking.",
        ),
        schools(edition, several=True),
    )
    side_by_side(board, 4, *_tiles(edition))
    side_by_side(board, 9, open_incidents(edition))
    side_by_side(board, 10, _bad_states(edition))
    side_by_side(board, 8, _over_time(edition), _flips_over_time(edition))
    return side_by_side(board, 11, flips(edition))


def open_incidents(edition: Edition) -> Placed:
    """Incidents of the chosen schools that were heard of lately, open ones first."""

    def latest(field: str) -> Latest:
        return Latest(Series(INCIDENT.name, field, _SCHOOL), _EACH)

    links, still_open = (evidence(), to_school(edition)), Text("未结束", "Open")
    return listing(
        edition,
        Text("当前事件", "Incidents now"),
        [
            Key("school", _CODE, links=links),
            Key("cause", Text("原因", "Cause"), words=names(words.causes(), edition.say)),
            Key("severity", Text("级别", "Severity"), words=names(_STATE_TITLES, edition.say)),
        ],
        [
            Column(still_open, latest("open"), words=mapping(YES_NO, edition.say, Better.LOWER)),
            Column(
                Text("已确认", "Acknowledged"),
                latest("acknowledged"),
                words=mapping(YES_NO, edition.say),
            ),
            Column(Text("已持续", "Has lasted"), latest("age_seconds"), Unit.SECONDS),
            Column(Text("包含的翻转", "Flips in it"), latest("flips_count")),
        ],
        sort=still_open,
        descending=True,
    )


def flips(edition: Edition) -> Placed:
    """Every flip of the time shown, the newest first."""
    tags = ("school", "agent", "target", "threshold", "before", "after", "reason")

    def events(field: str) -> Events:
        return Events(Series(FLIP.name, field, _SCHOOL), tags)

    links = (evidence(), to_school(edition))
    return listing(
        edition,
        FLIP.title,
        [
            Key("school", _CODE, links=links),
            Key("agent", Text("代理程序", "Agent")),
            Key("target", Text("探测目标", "Target")),
            Key("threshold", _THRESHOLD, words=names(words.alerts(), edition.say)),
            Key("before", Text("此前", "Before"), words=names(_STATE_TITLES, edition.say)),
            Key("after", Text("此后", "After"), words=names(_STATE_TITLES, edition.say)),
            Key("reason", Text("理由", "Reason")),
        ],
        [
            Column(
                Text("新状态", "New state"),
                events("state_code"),
                words=mapping(STATES, edition.say),
            ),
            Column(Text("此前持续", "Held for"), events("held_seconds"), Unit.SECONDS),
        ],
        sort=AT,
        descending=True,
    )


def _tiles(edition: Edition) -> list[Placed]:
    states = Series(STATE.name, "state_code", _SCHOOL)
    opened = Series(INCIDENT.name, "open", _SCHOOL)
    acknowledged = Series(INCIDENT.name, "acknowledged", _SCHOOL)
    counts = [
        Line(Tally(states, _STATE_KEYS, code=code.number), edition.say(code.title))
        for code in STATES.values()
    ]
    return [
        tile(edition, Text("未结束的事件", "Open incidents"), [Line(Total(opened, _EACH), "")]),
        tile(edition, Text("已确认的事件", "Acknowledged"), [Line(Total(acknowledged, _EACH), "")]),
        bars(
            edition,
            Text("当前状态（项）", "States now (entries)"),
            counts,
            Unit.COUNT,
            colours={edition.say(code.title): colour(word) for word, code in STATES.items()},
        ),
    ]


def _bad_states(edition: Edition) -> Placed:
    series, state = Series(STATE.name, "state_code", _SCHOOL), Text("状态", "State")
    links = (evidence(), to_school(edition))
    return listing(
        edition,
        Text("当前状态", "States now"),
        [
            Key("school", _CODE, links=links),
            Key("agent", Text("代理程序", "Agent")),
            Key("target", Text("探测目标", "Target")),
            Key("threshold", _THRESHOLD, words=names(words.alerts(), edition.say)),
        ],
        [Column(state, Latest(series, _STATE_KEYS), words=mapping(STATES, edition.say))],
        sort=state,
    )


def _over_time(edition: Edition) -> Placed:
    states, lines = Series(STATE.name, "state_code", _SCHOOL), []
    worse = {word: code for word, code in STATES.items() if word != "up"}
    for code in worse.values():
        lines.append(Line(TallyTrend(states, _STATE_KEYS, code.number), edition.say(code.title)))
    return chart(
        edition,
        Text("不正常的状态（项）", "States other than up (entries)"),
        lines,
        Unit.COUNT,
        interval="5m",
        colours={edition.say(code.title): colour(word) for word, code in worse.items()},
    )


def _flips_over_time(edition: Edition) -> Placed:
    found = Trend(Series(FLIP.name, "state_code", _SCHOOL), ("threshold",), Statistic.COUNT)
    return chart(
        edition,
        Text("翻转次数", "Flips"),
        [Line(found, "{threshold}")],
        Unit.COUNT,
        interval="10m",
    )
