"""What was seen of one device: of each probe the newest, and the newest of all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from collector.inventory.model import SeenFact

LONGEST = 128


class Key(StrEnum):
    """What a fact is about. `bridge`, `printer`, `ups`, `wireless` and `pjlink` say that it answers
    such questions; `gateway`, for which address it answers as the default gateway; `phone`, by what
    it was known as one, and is all that is kept of it."""

    ADDRESS = "address"
    PORT = "port"
    NAME = "name"
    DESCRIPTION = "description"
    OBJECT_ID = "object_id"
    MAKER = "maker"
    CAPABILITIES = "capabilities"
    GATEWAY = "gateway"
    BRIDGE = "bridge"
    PRINTER = "printer"
    UPS = "ups"
    WIRELESS = "wireless"
    PJLINK = "pjlink"
    PHONE = "phone"


class Facts:
    """Of one device, by what and by which probe. `changed` tells that something was added."""

    __slots__ = ("_held", "changed")

    def __init__(self, facts: Iterable[SeenFact] = ()) -> None:
        self._held = {(fact.key, fact.source): fact for fact in facts}
        self.changed = False

    def add(self, fact: SeenFact) -> None:
        """Unless what its probe said last is newer, or it says nothing. Kept to the second."""
        place = (fact.key, fact.source)
        held = self._held.get(place)
        at = fact.at.replace(microsecond=0)
        if fact.value and (held is None or held.at < at):
            self._held[place] = SeenFact(fact.key, fact.value[:LONGEST], fact.source, at)
            self.changed = True

    def newest(self, key: str) -> SeenFact | None:
        return max((f for f in self if f.key == key), key=lambda f: f.at, default=None)

    def values(self, key: str) -> list[str]:
        """Every probe's, the newest first, each once."""
        found = sorted((f for f in self if f.key == key), key=lambda f: f.at, reverse=True)
        return list(dict.fromkeys(fact.value for fact in found))

    def since(self, instant: datetime) -> Self:
        return type(self)(fact for fact in self if fact.at >= instant)

    def keep_only(self, fact: SeenFact) -> None:
        """Forget all the others."""
        wanted = {(fact.key, fact.source): fact}
        if wanted != self._held:
            self._held = wanted
            self.changed = True

    def drop(self, key: str) -> None:
        for place in [place for place in self._held if place[0] == key]:
            del self._held[place]
            self.changed = True

    def __iter__(self) -> Iterator[SeenFact]:
        return iter(self._held.values())

    def plain(self) -> list[list[Any]]:
        """For the register."""
        return [[f.key, f.value, f.source, int(f.at.timestamp())] for f in self]

    @classmethod
    def from_plain(cls, rows: Iterable[Iterable[Any]]) -> Self:
        return cls(
            SeenFact(key, value, source, datetime.fromtimestamp(second, UTC))
            for key, value, source, second in rows
        )
