"""One device as people and judges see it: what was measured, what was said, and the kind it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from collector.inventory.facts import Facts, Key
from collector.inventory.kinds import Guess, Known, fresh, guess
from collector.inventory.maker import maker_of
from collector.inventory.model import Declared, Device, Standing, Use
from collector.inventory.sighting import NO_PLACE, Gear, Places
from collector.register.model import Agent
from collector.register.register import HOME
from config.inventory_file import InventoryPolicy
from probes.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured of a device, as the register has it. `macs`: the one seen last first."""

    id: int
    school: str
    agent: str
    gear: str
    macs: Sequence[str]
    facts: Facts
    first: datetime | None
    last: datetime | None
    standing: Standing
    said: Declared | None


class Describing:
    """With agents, network files and policy as they are now."""

    def __init__(
        self, agents: Mapping[str, Agent], places: Places, policy: InventoryPolicy
    ) -> None:
        self._agents = agents
        self._places = places
        self._policy = policy

    def guess(
        self, school: str, agent: str, gear: str, facts: Facts, macs: Iterable[str],
        last: datetime | None,
    ) -> Guess:  # fmt: skip
        """What it is, whatever people said of it."""
        live, listed = self._agents.get(agent), self._gear(school, gear)
        maker = next((maker for mac in macs if (maker := maker_of(mac))), "")
        known = Known(
            role=live.role if live else None,
            configured=listed.kind if listed else None,
            facts=fresh(facts, last),
            names=[n for n in (gear, live.hostname if live else "", *facts.values(Key.NAME)) if n],
            maker=maker,
        )
        return guess(known, self._policy)

    def device(self, of: Measured) -> Device:
        found = self.guess(of.school, of.agent, of.gear, of.facts, of.macs, of.last)
        said, listed = of.said, self._gear(of.school, of.gear)
        declared = said.kind if said else None
        return Device(
            id=of.id,
            school=of.school,
            macs=tuple(of.macs),
            agent=of.agent,
            kind=declared or found.kind,
            declared=declared is not None,
            why=_declared_by(said) if said and declared else found.why,
            use=said.use if said else Use.UNKNOWN,
            vendor=next((maker for mac in of.macs if (maker := maker_of(mac))), ""),
            name=(said.name if said else "") or self._name(of),
            address=_value(of.facts, Key.ADDRESS),
            room=(said.room if said else "") or (listed.room if listed else ""),
            port=_value(of.facts, Key.PORT),
            first_seen=of.first,
            last_seen=of.last,
            standing=self._standing(of),
            guess=found.kind,
            firm=found.firm,
            facts=tuple(sorted(of.facts, key=lambda f: (f.key, f.source))),
            said=said,
            listed_room=listed.room if listed else "",
        )

    def _standing(self, of: Measured) -> Standing:
        """Who enrolled an agent, or wrote a name into the network file, said that it is theirs."""
        is_ours = of.agent in self._agents or self._gear(of.school, of.gear) is not None
        return Standing.KNOWN if of.standing is Standing.NEW and is_ours else of.standing

    def _name(self, of: Measured) -> str:
        live = self._agents.get(of.agent)
        return of.gear or (live.hostname if live else "") or _value(of.facts, Key.NAME)

    def _gear(self, school: str, gear: str) -> Gear | None:
        return self._places.get(school, NO_PLACE).named(gear) if gear else None


def _value(facts: Facts, key: Key) -> str:
    found = facts.newest(key)
    return found.value if found else ""


def _declared_by(said: Declared) -> Text:
    day = said.at.astimezone(HOME).date()
    return Text(f"{said.by} 于 {day} 登记。", f"Declared by {said.by} on {day}.")
