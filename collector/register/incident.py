"""Incidents, what they are made of, and the messages that are owed about them, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from collector.register.model import State, Watched
from probes.text import BanjunError, Language, Text

COLLECTOR = "collector_uplink"
"""The cause of an incident of the collector itself; its school is empty."""
_RANK = {State.UP: 0, State.DEGRADED: 1, State.DOWN: 2, State.UNKNOWN: 3}


def is_worse(one: State, other: State) -> bool:
    """Of severities: that nothing is heard of a school at all is the worst."""
    return _RANK[one] > _RANK[other]


class NoIncidentError(BanjunError):
    """There is no such incident, or it needs no acknowledgement any more."""


@dataclass(frozen=True, slots=True)
class Part:
    """One watched thing that is or was bad.

    Attributes:
        state: the newest that was bad.
        since: when what led to it began.
        at: the newest flip.
        over_at: when it flipped back; None while it is bad.
        value, unit, bound, reason: of the newest flip to something bad.
    """

    watched: Watched
    state: State
    since: datetime
    at: datetime
    over_at: datetime | None
    value: float | None
    unit: str
    bound: float | None
    reason: str

    @property
    def is_bad(self) -> bool:
        return self.over_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One cause at one school, from the flip to something bad until all of it is back.

    Attributes:
        school: empty for the collector's own.
        cause: one of incidents.toml, a threshold, or COLLECTOR.
        severity: the worst that it has been: degraded, down, or unknown when nothing is heard.
        since: when what led to it began; before `opened_at` by the hold time.
        closed_at: when the last of it was back; None while it is open.
        merged_into: the incident whose part it turned out to be before anybody was told.
        flips: how many changes of state it is made of.
        parts: what is or was bad, the first first.
    """

    id: int
    school: str
    cause: str
    severity: State
    since: datetime
    opened_at: datetime
    closed_at: datetime | None = None
    merged_into: int | None = None
    flips: int = 0
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    note: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def acknowledged(self) -> bool:
        return self.acknowledged_at is not None


class Kind(StrEnum):
    """Of a message. `whole`: an incident that began and ended before anybody could be told."""

    OPENED = "opened"
    WORSE = "worse"
    CLOSED = "closed"
    WHOLE = "whole"


class Progress(StrEnum):
    """Of a message. `failed`: given up. `withdrawn`: there was no reason to send it any more."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message that is owed to one channel about one incident.

    Attributes:
        number: counts the messages of this incident to this channel, from 1.
        attempts: how many have begun.
        doubtful: an attempt was cut off by the end of a process, so the message may have arrived.
        fault: why the last attempt failed; a code, never words of the other side.
    """

    id: int
    incident: int
    channel: str
    number: int
    kind: Kind
    language: Language
    state: Progress
    created_at: datetime
    due_at: datetime
    attempts: int
    doubtful: bool
    settled_at: datetime | None
    fault: str


def no_such_incident(incident: int) -> NoIncidentError:
    return NoIncidentError(
        Text(
            f"没有编号为 {incident} 的事件；用 incidents 查看。",
            f"There is no incident {incident}; `incidents` lists them.",
        )
    )


def already_acknowledged(incident: Incident) -> NoIncidentError:
    at = incident.acknowledged_at
    when = at.isoformat(timespec="minutes") if at else ""
    return NoIncidentError(
        Text(
            f"事件 {incident.id} 已由 {incident.acknowledged_by} 于 {when} 确认。",
            f"Incident {incident.id} was acknowledged by {incident.acknowledged_by} at {when}.",
        )
    )
