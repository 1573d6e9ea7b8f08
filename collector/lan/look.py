"""What a detector looks at: one school at one moment. Nothing here asks anybody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations

from collector.lan.facts import ALL, LEARNED, OWN, Facts, Sighting
from collector.lan.gateways import Gateways, overlap
from collector.lan.known import Known
from collector.lan.site import Network, Site
from collector.register.model import Agent
from config.lan_file import Attack
from probes.model import Role
from probes.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that somebody on the network should not do, or a fault of it.

    Attributes:
        subject: tells it from others of its kind, and stays the same while it lasts.
        address, mac: of the device that does it; empty = not known.
        ground: what it is compared with, and how that is known.
        sightings: what it rests on.
        suspects: addresses that are not learned while it lasts, where the subject names none.
    """

    subject: str
    ground: Text
    sightings: tuple[Sighting, ...]
    address: str = ""
    mac: str = ""
    suspects: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answers:
    """What is right.

    Attributes:
        names: name -> networks in which each right answer lies; a name of which nothing is known is
            absent.
        nothing_below: no name exists in this domain; empty = none is known.
    """

    names: Mapping[str, tuple[Network, ...]] = field(default_factory=dict)
    nothing_below: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One school.

    Attributes:
        site: what the county says of its network; None = nothing.
        known: what was there before.
        open: subjects that this detector's kind was last found with, and is not over.
        agents: by id.
    """

    school: str
    site: Site | None
    facts: Facts
    known: Known
    gateways: Gateways
    open: frozenset[str]
    agents: Mapping[str, Agent]
    answers: Answers
    attack: Attack
    now: datetime

    def limit(self, name: str) -> float:
        return float(self.attack.limits[name])

    def span(self, name: str) -> timedelta:
        return timedelta(seconds=self.limit(name))

    def at_school(self, sightings: Iterable[Sighting]) -> list[str]:
        """The agents that were certainly on this school's network when they said that.

        A laptop at home has a home's gateway and lets everything through; nothing that it alone
        says is about the school.
        """
        return sorted({s.agent for s in sightings if self._was_at_school(s)})

    def _was_at_school(self, sighting: Sighting) -> bool:
        shared = self.gateways.shared(sighting.agent)
        there = any(s.first <= sighting.last <= s.last for s in shared)
        return there or self.is_fixed(sighting.agent)

    def is_gateway(self, agent: str) -> bool:
        return self.gateways.is_of(agent, Role.GATEWAY)

    def is_fixed(self, agent: str) -> bool:
        """Whether it never leaves the school."""
        return self.gateways.is_of(agent, Role.GATEWAY, Role.SENTINEL)

    def is_one_machine(self, macs: Iterable[str], *, fixed: bool = False) -> bool:
        """Whether one agent says that all these are cards of its own. `fixed`: only the gateway or
        the sentinel is believed, and no PC."""
        own: dict[str, set[str]] = {}
        for s in self.facts.that(OWN):
            if self.is_fixed(s.agent) or not fixed:
                own.setdefault(s.agent, set()).add(s["mac"])
        wanted = set(macs)
        return any(wanted <= found for found in own.values())

    def flapping_ports(self, least: int) -> list[str]:
        """Ports of one switch at which so many MACs are learned by turns."""
        learned: dict[tuple[str, str], list[Sighting]] = {}
        for s in self.facts.that(LEARNED):
            if s["mac"] not in ("", ALL):
                learned.setdefault((s.target, s["mac"]), []).append(s)
        flapping = {key: ports for key, at in learned.items() if (ports := _by_turns(at))}
        if len(flapping) < least:
            return []
        return sorted({f"{switch} {port}" for (switch, _), at in flapping.items() for port in at})


def _by_turns(learned: Sequence[Sighting]) -> set[str]:
    pairs = [p for p in combinations(learned, 2) if p[0]["interface"] != p[1]["interface"]]
    both = [p for p in pairs if overlap(*p) > timedelta(0)]
    return {s["interface"] for pair in both for s in pair}


def by_subject(sightings: Iterable[Sighting], label: str) -> dict[str, list[Sighting]]:
    """Sightings by one of their labels; those without it are left out."""
    found: dict[str, list[Sighting]] = {}
    for sighting in sightings:
        if sighting[label]:
            found.setdefault(sighting[label], []).append(sighting)
    return found


def agents_of(sightings: Iterable[Sighting]) -> set[str]:
    return {sighting.agent for sighting in sightings}


def newest_label(sightings: Sequence[Sighting], label: str) -> str:
    """Of the newest sighting that has it."""
    with_it = [s for s in sightings if s[label]]
    return max(with_it, key=lambda s: s.last)[label] if with_it else ""
