"""A device as the ledger works on it: what was measured, changeable while a look is booked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from collector.inventory.facts import Facts
from collector.inventory.model import SeenFact
from collector.inventory.sighting import Said


@dataclass(slots=True)
class Card:
    """A network card in a device. `claimed`: when its agent said last that it is in it. `stored`:
    the register has it."""

    first: datetime | None = None
    last: datetime | None = None
    claimed: datetime | None = None
    stored: bool = False


@dataclass(slots=True, eq=False)
class Entry:
    """`id` is None for one that the register does not have yet; `declared`: a person spoke of it.

    `heard`: the newest word of its agent. `changed`: the register has to be told. `lost`: cards
    that it has no more.
    """

    id: int | None
    school: str
    agent: str = ""
    gear: str = ""
    first: datetime | None = None
    last: datetime | None = None
    heard: datetime | None = None
    facts: Facts = field(default_factory=Facts)
    cards: dict[str, Card] = field(default_factory=dict)
    declared: bool = False
    changed: bool = False
    lost: set[str] = field(default_factory=set)

    def see(self, at: datetime, mac: str = "", source: str = "", said: Said = ()) -> None:
        """It was there at that instant, and this was said of it."""
        if self.first is None or at < self.first:
            self.first, self.changed = at, True
        if self.last is None or at > self.last:
            self.last, self.changed = at, True
        if mac:
            card = self.card(mac)
            card.first = at if card.first is None else min(card.first, at)
            card.last = at if card.last is None else max(card.last, at)
        for key, value in said:
            self.facts.add(SeenFact(key, value, source, at))
        self.changed = self.changed or self.facts.changed

    def card(self, mac: str) -> Card:
        """That in it, which is put there if need be."""
        if mac not in self.cards:
            self.cards[mac] = Card()
            self.changed = True
        return self.cards[mac]

    def claim(self, mac: str, at: datetime) -> None:
        card = self.card(mac)
        if card.claimed is None or card.claimed < at:
            card.claimed, self.changed = at, True

    def lose(self, mac: str) -> None:
        del self.cards[mac]
        self.lost.add(mac)
        self.changed = True

    def move(self, school: str) -> None:
        if school != self.school:
            self.school, self.changed = school, True

    def take_in(self, other: Entry) -> None:
        """It turned out to be this one."""
        for mac, card in other.cards.items():
            own = self.card(mac)
            own.first = _earlier(own.first, card.first)
            own.last = _later(own.last, card.last)
            own.claimed = _later(own.claimed, card.claimed)
        for fact in other.facts:
            self.facts.add(fact)
        self.first, self.last = _earlier(self.first, other.first), _later(self.last, other.last)
        self.heard = _later(self.heard, other.heard)
        self.agent, self.gear = self.agent or other.agent, self.gear or other.gear
        self.declared = self.declared or other.declared
        self.changed = True

    @property
    def is_plain(self) -> bool:
        """Nothing but one card is known of it."""
        return not (self.agent or self.gear or self.declared) and len(self.cards) == 1


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)
