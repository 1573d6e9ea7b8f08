"""Numbers for who sends which columns, so that what waits for the hot window is numbers only.

Rows wait up to two seconds between their commit and the window. With a Python object per block
beside them, a push touched half as much fresh memory again (page faults: 0.9 a push, 0.6 without).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collector.store.columns import KnownHead

REMEMBERED = 200_000
KEYS_REMEMBERED = 5_000_000
"""Of all heads together: that of a sweep names hundreds of machines, and is another each time."""
_NONE: Mapping[KnownHead, int] = MappingProxyType({})


class Source(NamedTuple):
    """An agent sends the same head in nearly every batch."""

    agent: str
    school: str
    head: KnownHead


class Sources:
    """A number is never given twice. Numbers may be given in one thread and read in another."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], dict[KnownHead, int]] = {}
        self._sources: dict[int, Source] = {}
        self._before: dict[int, Source] = {}
        self._given = 0
        self._keys = 0

    def known(self, agent: str, school: str) -> Mapping[KnownHead, int]:
        """The numbers of what this agent has sent."""
        return self._numbers.get((agent, school), _NONE)

    def number(self, source: Source) -> int:
        """Its number, which it gets now if it has none."""
        found = self.known(source.agent, source.school).get(source.head)
        return self._give(source) if found is None else found

    def _give(self, source: Source) -> int:
        if len(self._sources) >= REMEMBERED or self._keys >= KEYS_REMEMBERED:
            # Rows that wait bear numbers of the generation before, and of none older.
            self._before, self._sources, self._numbers = self._sources, {}, {}
            self._keys = 0
        number = self._given
        self._given += 1
        self._keys += len(source.head.keys)
        self._sources[number] = source
        self._numbers.setdefault((source.agent, source.school), {})[source.head] = number
        return number

    def __getitem__(self, number: int) -> Source:
        """Raises KeyError for a number that was given long ago."""
        found = self._sources.get(number)
        return self._before[number] if found is None else found
