"""How things stand now, as the pages, the API and the command line are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from collector.judge.state import Track, bound_of, seen
from collector.register.model import State, Watched
from config import measurement
from config.policy import Operator
from config.quantity import show_both
from config.threshold import Grounds, Threshold
from probes.model import Unit
from probes.text import Text

STATES: Mapping[State, Text] = {state: measurement.STATES[state].title for state in State}
WORST_FIRST = (State.DOWN, State.DEGRADED, State.UNKNOWN, State.UP)

NEVER = "never"
NO_AGENT = "no_agent"
NO_DATA = "no_data"
SITE_SILENT = "site_silent"
AGENT_SILENT = "agent_silent"
STARTING = "starting"
OUTSIDE = "outside_period"
REASONS: Mapping[str, Text] = {
    NEVER: Text("还没有收到过读数。", "No reading has come yet."),
    NO_AGENT: Text("没有接入任何设备。", "No machine has an agent."),
    NO_DATA: Text("最近没有这项读数。", "There is no recent reading of this."),
    SITE_SILENT: Text(
        "全校没有消息：可能断网、停电，或设备已关机。",
        "Nothing is heard from the school: its line or power may be cut, or all is switched off.",
    ),
    AGENT_SILENT: Text(
        "这台设备没有消息：可能已关机。", "Nothing is heard from this machine: it may be off."
    ),
    STARTING: Text(
        "采集器刚刚启动，正在等读数。", "The collector has just started and waits for readings."
    ),
    OUTSIDE: Text("现在不在适用时段内。", "Now is not a time at which this applies."),
}

CONTACT = Threshold(
    id="site_contact",
    title=Text("与学校的联系", "Contact with the school"),
    probe="",
    metric="",
    statistic="",
    window=timedelta(0),
    operator=Operator.LESS_THAN,
    unit=Unit.BOOLEAN,
    degraded=None,
    down=None,
    roles=frozenset(),
    targets=frozenset(),
    period=None,
    relative_to="",
    why=Text("没有消息的学校，一切未知。", "Of a silent school nothing is known."),
    grounds=Grounds("default", "", None, None),
    revision="built-in",
)
"""Not policy: whether anything fresh is heard from a school at all. It is up or unknown."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One thing against one threshold, now.

    Attributes:
        since: when what led to the state began; None when it is not known.
        value: the newest value; None when there is no fresh one.
        last: when its newest reading was taken.
        reason: why the state is not known, or why it is not what the value alone would say; empty
            otherwise.
        counts: whether it plays a part in the state of the school.
    """

    watched: Watched
    threshold: Threshold
    state: State
    since: datetime | None
    value: float | None
    n: int
    last: datetime | None
    reason: Text | None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class SchoolStanding:
    """The worst of a school's states, and why."""

    school: str
    state: State
    since: datetime | None
    reason: Text


@dataclass(frozen=True, slots=True)
class States:
    """One round. `at` is None before the first; `titles` are those of the thresholds, by id."""

    at: datetime | None = None
    schools: Mapping[str, SchoolStanding] = field(default_factory=dict)
    standings: tuple[Standing, ...] = ()
    revision: str = ""
    titles: Mapping[str, Text] = field(default_factory=dict)

    def of(self, school: str) -> list[Standing]:
        """The worst first."""
        own = [s for s in self.standings if s.watched.school == school]
        return sorted(own, key=lambda s: (WORST_FIRST.index(s.state), s.threshold.id, s.watched))


def worst(school: str, standings: Iterable[Standing]) -> SchoolStanding:
    """Of a school from which something is heard. Silence about one thing is never all well."""
    counted = [s for s in standings if s.counts]
    for state in WORST_FIRST:
        of_state = [s for s in counted if s.state is state]
        if not of_state:
            continue
        since = [s.since for s in of_state if s.since is not None]
        return SchoolStanding(school, state, min(since, default=None), _titles(state, of_state))
    heard = Text("有读数，现在没有适用的阈值。", "Readings come; no threshold applies now.")
    return SchoolStanding(school, State.UP, None, heard)


def _titles(state: State, standings: Iterable[Standing]) -> Text:
    found = list(dict.fromkeys(s.threshold.title for s in standings))
    if state is State.UP:
        return Text(f"{len(found)} 项都正常。", f"All {len(found)} are up.")
    zh = "、".join(title.zh for title in found)
    en = ", ".join(title.en for title in found)
    return Text(f"{zh}。", f"{en}.")


def pending(track: Track, threshold: Threshold) -> Text | None:
    """Why the state is not the one that the newest value alone would give; None when it is."""
    if track.value is None or track.at is None:
        return None
    value_says = seen(threshold, track.value)
    if value_says is track.state:
        return None
    worse = WORST_FIRST.index(value_says) < WORST_FIRST.index(track.held)
    level = value_says if worse else track.held
    bound, streak = bound_of(threshold, level), track.streaks.get(level)
    if bound is None or streak is None:
        return None
    lasted = show_both((track.at - streak.since).total_seconds(), Unit.SECONDS)
    wanted = show_both((bound.hold if worse else bound.recovery).total_seconds(), Unit.SECONDS)
    title = STATES[value_says]
    return Text(
        f"读数已是“{title.zh}”{lasted.zh}，满 {wanted.zh}才改变状态。",
        f"The readings have said {title.en} for {lasted.en}; the state changes after {wanted.en}.",
    )
