"""Security incidents as values: made of the entries of their history, which are only ever added.

Not an operational incident (collector/register/incident.py): whether something is one, and since
when it is known, a person says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from config.incident_fact import Value
from probes.text import BanjunError, Text

SECURITY = "security_incident"
"""The cause by which routes.toml says who is told of their clocks."""


class NoSecurityIncidentError(BanjunError):
    """There is no security incident of that number."""


class IncidentStepError(BanjunError):
    """What was asked for does not fit what has happened so far."""


class Action(StrEnum):
    """Of an entry. `opened`: by a person who knows. `suspected`: found by measurement."""

    OPENED = "opened"
    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    SET = "set"
    KNOWN = "known"
    LINKED = "linked"
    SENT = "sent"
    REPORT = "report"
    ENDED = "ended"
    CLOSED = "closed"


ACTIONS: Mapping[Action, Text] = {
    Action.OPENED: Text("立案", "opened"),
    Action.SUSPECTED: Text("监测发现", "detected"),
    Action.CONFIRMED: Text("确认", "confirmed"),
    Action.DISMISSED: Text("排除", "dismissed"),
    Action.SET: Text("记录事实", "fact"),
    Action.KNOWN: Text("更正获知时间", "known earlier"),
    Action.LINKED: Text("关联运行事件", "linked"),
    Action.SENT: Text("已报出", "sent"),
    Action.REPORT: Text("生成报告", "report made"),
    Action.ENDED: Text("处置结束", "ended"),
    Action.CLOSED: Text("结案", "closed"),
}


class Phase(StrEnum):
    CANDIDATE = "candidate"
    OPEN = "open"
    ENDED = "ended"
    CLOSED = "closed"
    DISMISSED = "dismissed"


PHASES: Mapping[Phase, Text] = {
    Phase.CANDIDATE: Text("待确认", "to be confirmed"),
    Phase.OPEN: Text("处置中", "being dealt with"),
    Phase.ENDED: Text("处置结束，未结案", "dealt with, not closed"),
    Phase.CLOSED: Text("已结案", "closed"),
    Phase.DISMISSED: Text("已排除", "dismissed"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done or learned; never changed. `link`: see collector/chain.py."""

    incident: int
    at: datetime
    actor: str
    action: Action
    detail: Mapping[str, Any]
    link: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A person says that a report was made: when, to whom, by which way, and who made it."""

    clock: str
    at: datetime
    to: str
    by: str
    way: str


@dataclass(frozen=True, slots=True)
class Learned:
    """When a fact, or the kind, was entered, and what it was."""

    at: datetime
    fact: str
    value: Value


@dataclass(frozen=True, slots=True)
class MadeReport:
    """A report as it was made; `content` is the whole of it, to be printed again."""

    kind: str
    version: int
    at: datetime
    sha256: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityIncident:
    """What the entries come to.

    Attributes:
        first_seen: when it was first detected or noticed by anything or anybody.
        known_at: when a person took note of it (发现、获知); None while nobody has.
        ended_at: when it was dealt with.
        facts: what was said of it; None stands for "not known", said in so many words.
        finding: what detected it, by its id; "" when a person opened it.
        incidents: the operational incidents that it came from.
    """

    id: int
    school: str
    kind: str
    opened_at: datetime
    opened_by: str
    first_seen: datetime
    known_at: datetime | None = None
    known_by: str = ""
    ended_at: datetime | None = None
    closed_at: datetime | None = None
    dismissed_at: datetime | None = None
    facts: Mapping[str, Value] = field(default_factory=dict)
    finding: str = ""
    incidents: tuple[int, ...] = ()
    learned: tuple[Learned, ...] = ()
    sent: tuple[Sent, ...] = ()
    reports: tuple[MadeReport, ...] = ()
    entries: tuple[Entry, ...] = ()

    @property
    def phase(self) -> Phase:
        if self.dismissed_at is not None:
            return Phase.DISMISSED
        if self.closed_at is not None:
            return Phase.CLOSED
        if self.known_at is None:
            return Phase.CANDIDATE
        return Phase.OPEN if self.ended_at is None else Phase.ENDED

    @property
    def is_open(self) -> bool:
        return self.phase in (Phase.CANDIDATE, Phase.OPEN, Phase.ENDED)

    def came_from(self, incident: int, since: datetime) -> bool:
        """Whether it was joined to that operational incident.

        A database that dropped old incidents may give their numbers again, so the time counts too.
        """
        joined = (entry for entry in self.entries if incident in entry.detail.get("incidents", ()))
        return any(entry.at >= since for entry in joined)


def incident_of(id: int, school: str, entries: Iterable[Entry]) -> SecurityIncident:
    """`entries` in order; the first says what it is."""
    history = tuple(entries)
    first = history[0]
    incident = SecurityIncident(
        id=id,
        school=school,
        kind=first.detail["kind"],
        opened_at=first.at,
        opened_by=first.actor,
        first_seen=_instant(first.detail["first_seen"]),
        finding=first.detail.get("finding", ""),
    )
    for entry in history:
        incident = _after(incident, entry)
    return replace(incident, entries=history)


def _after(incident: SecurityIncident, entry: Entry) -> SecurityIncident:
    detail = entry.detail
    incident = _with_facts(incident, entry)
    if detail.get("incidents"):
        joined = dict.fromkeys([*incident.incidents, *detail["incidents"]])
        incident = replace(incident, incidents=tuple(joined))
    fold = _FOLDS.get(entry.action)
    return fold(incident, entry) if fold else incident


def _known(incident: SecurityIncident, entry: Entry) -> SecurityIncident:
    at = _instant(entry.detail["known_at"])
    by = entry.detail.get("known_by", entry.actor)
    seen = min(incident.first_seen, at)
    return replace(incident, known_at=at, known_by=by, first_seen=seen)


def _sent(incident: SecurityIncident, entry: Entry) -> SecurityIncident:
    detail = entry.detail
    at = _instant(detail["at"])
    sent = Sent(detail["clock"], at, detail["to"], detail["by"], detail["way"])
    return replace(incident, sent=(*incident.sent, sent))


def _report(incident: SecurityIncident, entry: Entry) -> SecurityIncident:
    detail = entry.detail
    made = MadeReport(
        detail["kind"], detail["version"], entry.at, detail["sha256"], detail["content"]
    )
    return replace(incident, reports=(*incident.reports, made))


def _ended(incident: SecurityIncident, entry: Entry) -> SecurityIncident:
    return replace(incident, ended_at=_instant(entry.detail["ended_at"]))


def _with_facts(incident: SecurityIncident, entry: Entry) -> SecurityIncident:
    facts = dict(entry.detail.get("facts", {}))
    if not facts:
        return incident
    learned = tuple(Learned(entry.at, name, value) for name, value in facts.items())
    kind = facts.pop("kind", incident.kind)
    return replace(
        incident,
        kind=kind,
        facts={**incident.facts, **facts},
        learned=(*incident.learned, *learned),
    )


_FOLDS: Mapping[Action, Callable[[SecurityIncident, Entry], SecurityIncident]] = {
    Action.OPENED: _known,
    Action.CONFIRMED: _known,
    Action.KNOWN: _known,
    Action.DISMISSED: lambda incident, entry: replace(incident, dismissed_at=entry.at),
    Action.SENT: _sent,
    Action.REPORT: _report,
    Action.ENDED: _ended,
    Action.CLOSED: lambda incident, entry: replace(incident, closed_at=entry.at),
}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def no_such_security_incident(id: int) -> NoSecurityIncidentError:
    return NoSecurityIncidentError(
        Text(
            f"没有编号为 {id} 的网络安全事件；用 incident list 查看。",
            f"There is no security incident {id}; `incident list` shows them.",
        )
    )
