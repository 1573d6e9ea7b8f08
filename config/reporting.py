"""What has to be reported of a security incident, to whom, and until when, as typed data.

The data stand in policies/reporting.toml, each rule with its source. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from config.answer import Answer
from config.incident_fact import IncidentClass
from config.policy import Verification
from probes.text import Text

KIND, CLASS, SENT, SHOWN = "kind", "class", "sent", "shown"
"""What a test may look at beside the facts: the kind of the incident, its class (that or a higher
one), whether a report was sent on a clock, and how long an altered page has been shown."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule comes from.

    Attributes:
        must_read: the official text has to be read before anybody relies on it.
    """

    document: str
    article: str
    verified: Verification
    must_read: bool
    note: Text | None


@dataclass(frozen=True, slots=True)
class Test:
    """One thing that must be so: `what` is one of `wanted`, or is `at_least` so much."""

    what: str
    wanted: frozenset[str] = frozenset()
    at_least: int | timedelta | None = None


Condition = tuple[Test, ...]
"""All of it has to be so. An empty one always is."""


@dataclass(frozen=True, slots=True)
class IncidentKind:
    """`presumes`: what is so of every incident of the kind until somebody says otherwise.

    `facts`: what a report says of such a one beside.
    """

    id: str
    title: Text
    presumes: Mapping[str, Answer]
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assumption:
    """What is taken for so of any incident until somebody says otherwise, and why it may be."""

    fact: str
    value: Answer
    why: Text


@dataclass(frozen=True, slots=True)
class Criterion:
    """What makes an incident one of a class."""

    klass: IncidentClass
    when: Condition
    source: Source


@dataclass(frozen=True, slots=True)
class Authority:
    """Somebody to be told, and by which ways. A county's own numbers are in contacts.toml."""

    id: str
    title: Text
    ways: tuple[Text, ...]
    source: Source | None


class Start(StrEnum):
    """`known_at`: a person took note of it (发现或获知). `ended_at`: it was dealt with.
    `new_facts`: something came to light after a report was sent."""

    KNOWN = "known_at"
    ENDED = "ended_at"
    NEW_FACTS = "new_facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportingClock:
    """A duty to report within some time.

    Attributes:
        when: it starts when any of these is so, or may be.
        may_be: that it may be so is enough by the rule itself.
        limit_is_law: else the limit is the county's own aim; the rule says "promptly", or nothing.
        warn: how long before the end somebody is reminded for the last time.
    """

    id: str
    title: Text
    when: tuple[Condition, ...]
    may_be: bool
    starts: Start
    limit: timedelta
    limit_is_law: bool
    warn: timedelta
    to: tuple[str, ...]
    note: Text | None
    sources: tuple[Source, ...]


class Part(StrEnum):
    """Of the reports: what the first one must hold, what may follow, what the closing one holds."""

    FIRST = "first"
    FOLLOW = "follow"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class ReportItem:
    """A heading of a report. Of its facts those in `needs` are asked of a person."""

    id: str
    part: Part
    title: Text
    needs: tuple[str, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportingRules:
    """The file.

    Attributes:
        detected: what was found, by the id of a threshold, cause, duty or indicator -> kind.
        clocks: in the order in which they are shown; what has no size floor stands first.
    """

    kinds: Mapping[str, IncidentKind]
    assumed: Mapping[str, Assumption]
    criteria: tuple[Criterion, ...]
    authorities: Mapping[str, Authority]
    clocks: tuple[ReportingClock, ...]
    items: tuple[ReportItem, ...]
    detected: Mapping[str, str]
    revision: str

    def clock(self, id: str) -> ReportingClock | None:
        return next((clock for clock in self.clocks if clock.id == id), None)
