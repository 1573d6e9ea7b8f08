"""What was there before: the MAC addresses of gateways, DHCP servers and routers, as first seen.

Where a county lists nothing, what a newcomer is compared with is learned. The first that is ever
seen is the school's own; a later one only when it was there for long without a sign of an attack.
Whose word is enough for that is said where it is asked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MOST_OF_AGENT = 200
"""Of one kind; a machine that tells of ever new gateways must not fill the register."""


class Learned(StrEnum):
    """`gateway`: subject = its address, value = a MAC. `dhcp`: value = a server's address.
    `router`: subject = its address, value = a MAC."""

    GATEWAY = "gateway"
    DHCP = "dhcp"
    ROUTER = "router"


@dataclass(frozen=True, slots=True)
class Fact:
    """`agent` said so; empty for what is not any agent's own matter."""

    kind: Learned
    subject: str
    value: str
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Since:
    """When it was first seen, and from when on it is taken as the school's own."""

    first: datetime
    trusted: datetime


class Known:
    """Of one school at one moment; it does not change."""

    def __init__(self, facts: Mapping[Fact, Since], now: datetime) -> None:
        self.facts = facts
        self._now = now
        self._about: dict[tuple[Learned, str], dict[str, list[Fact]]] = {}
        for fact in facts:
            values = self._about.setdefault((fact.kind, fact.subject), {})
            values.setdefault(fact.value, []).append(fact)

    def _of(self, kind: Learned, subject: str, value: str) -> Sequence[Fact]:
        return self._about.get((kind, subject), {}).get(value, ())

    def trusted(self, kind: Learned, subject: str) -> frozenset[str]:
        values = self._about.get((kind, subject), {})
        return frozenset(value for value in values if self.settled(kind, subject, value))

    def was_first(self, kind: Learned, subject: str, value: str) -> bool:
        """Whether it was seen when nothing else was known of the subject."""
        held = [self.facts[fact] for fact in self._of(kind, subject, value)]
        return any(since.trusted == since.first for since in held)

    def settled(self, kind: Learned, subject: str, value: str) -> frozenset[str]:
        """The agents whose own word for it has lasted."""
        held = self._of(kind, subject, value)
        return frozenset(f.agent for f in held if self.facts[f].trusted <= self._now)

    def settled_by_agent(self, kind: Learned, subject: str) -> Mapping[str, Collection[str]]:
        """Agent -> the values for which its own word has lasted."""
        found: dict[str, set[str]] = defaultdict(set)
        for value in self._about.get((kind, subject), {}):
            for agent in self.settled(kind, subject, value):
                found[agent].add(value)
        return found

    def holders(self, kind: Learned, subject: str, value: str) -> frozenset[str]:
        """The agents that have ever seen it."""
        return frozenset(fact.agent for fact in self._of(kind, subject, value))

    def learn(self, seen: Iterable[Fact], settle: timedelta) -> dict[Fact, Since]:
        """What is new. All that is seen at once while nothing is known is the school's own."""
        said = Counter((fact.kind, fact.agent) for fact in self.facts)
        new: dict[Fact, Since] = {}
        for fact in seen:
            if fact in self.facts or fact in new or said[fact.kind, fact.agent] >= MOST_OF_AGENT:
                continue
            said[fact.kind, fact.agent] += 1
            is_first = (fact.kind, fact.subject) not in self._about
            new[fact] = Since(self._now, self._now if is_first else self._now + settle)
        return new
