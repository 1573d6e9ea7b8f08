"""How long the devices of schools were awake in lessons.

There are thousands of them, so what counts are sums per hour and kind of period, which the store
keeps rolled up; nobody follows each process of each device over a month.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from collector.judge.presence.gather import AWAKE, BEATS
from collector.judge.presence.lessons import HOUR, Lessons, by_hour, from_then, seconds
from collector.judge.presence.model import Span
from collector.register.model import Agent, School
from collector.store import Key, Latest, Statistic, Store, Summary

BY = ("school", "agent")


@dataclass(frozen=True, slots=True)
class DeviceUse:
    """One device in lessons, in seconds.

    Attributes:
        on: how long it was awake.
        known: of `lessons`, those in hours in which its school was heard: a silent device of a
            silent school is not off, it is not known.
        lessons: timetabled since it was enrolled.
    """

    agent: str
    on: float
    known: float
    lessons: float


@dataclass(frozen=True, slots=True)
class _Sums:
    """What the store says of all schools between two instants."""

    awake: Mapping[Key, Summary]
    least: Mapping[Key, Summary]
    heard: frozenset[tuple[str, datetime]]

    def begins(self, key: Key) -> datetime | None:
        """When the device beat for the first time ever, if that was in this time."""
        least = self.least.get(key)
        return least.first if least and least.value <= 1 else None


class Uses:
    """Asks the store once for all schools. Lives as long as one judgement."""

    def __init__(self, store: Store, lessons: Lessons) -> None:
        self._store = store
        self._lessons = lessons
        self._sums: dict[Span, _Sums] = {}
        self._newest: Mapping[Key, Latest] | None = None

    def of(self, school: School, agents: Sequence[Agent]) -> list[DeviceUse]:
        """One for each that ever beat, so far as the store remembers."""
        if self._newest is None:
            self._newest = self._store.latest(BEATS, BY, {})
        sums = self._sums_of(self._lessons.bounds(school))
        return [
            self._use(school, agent, sums)
            for agent in agents
            if (school.code, agent.id) in self._newest
        ]

    def _use(self, school: School, agent: Agent, sums: _Sums) -> DeviceUse:
        key = (school.code, agent.id)
        begin = max(agent.enrolled_at, sums.begins(key) or agent.enrolled_at)
        lessons = from_then(self._lessons.of(school), begin)
        known = sum(part for hour, part in by_hour(lessons) if (school.code, hour) in sums.heard)
        awake = sums.awake.get(key)
        return DeviceUse(
            agent=agent.id,
            on=min(known, awake.value if awake else 0.0),
            known=known,
            lessons=seconds(lessons),
        )

    def _sums_of(self, span: Span) -> _Sums:
        if span not in self._sums:
            since, until = span.since, span.until
            count, least, total = Statistic("count"), Statistic("min"), Statistic("sum")
            hours = self._store.series(BEATS, count, ("school",), HOUR, since, until, {})
            self._sums[span] = _Sums(
                awake=self._store.summarise(AWAKE, total, BY, since, until, {}, "lesson"),
                least=self._store.summarise(BEATS, least, BY, since, until, {}),
                heard=frozenset((point.key[0], point.at) for point in hours),
            )
        return self._sums[span]
