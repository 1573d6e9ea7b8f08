"""What the gateways of schools were over the window of a judgement, process by process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from collector.judge.presence.gather import BEATS, Runs, gather, heard
from collector.judge.presence.history import history
from collector.judge.presence.lessons import Lessons
from collector.judge.presence.model import History, Run, Span, joined
from collector.register.model import Agent, School
from collector.store import Store
from probes.model import Role

GRACE = timedelta(minutes=4)
"""Of a gateway, which beats, seals and pushes each minute."""


class Gateways:
    """Asks the store once for all schools. Lives as long as one judgement."""

    def __init__(self, store: Store, lessons: Lessons, agents: Sequence[Agent]) -> None:
        self._store = store
        self._lessons = lessons
        self._ids = tuple(a.id for a in agents if a.role is not Role.PC and not a.revoked)
        self._runs: dict[Span, Mapping[str, Runs]] = {}
        self._newest: dict[str, datetime] | None = None

    def histories(self, school: School, gateways: Sequence[Agent]) -> dict[str, History]:
        """By agent, since its enrolment or its first beat ever: before, nothing was expected."""
        span = self._lessons.bounds(school)
        if span not in self._runs:
            where = {"agent": self._ids}
            self._runs[span] = gather(self._store, span.since, span.until, where)
        runs = self._runs[span].get(school.code, {})
        site = joined([*heard(runs.values(), GRACE), *self._heard_since(school, runs)])
        return {
            agent.id: history(
                runs.get(agent.id, ()),
                site,
                max(span.since, min(begin_of(agent, runs.get(agent.id, ())), span.until)),
                span.until,
                GRACE,
            )
            for agent in gateways
        }

    def _heard_since(self, school: School, runs: Runs) -> list[Span]:
        """Other devices of the school that were heard after its gateways fell silent."""
        last = max((run.last for each in runs.values() for run in each), default=None)
        newest = self._newest_beat(school.code)
        return [Span(last, newest)] if last and newest and newest > last else []

    def _newest_beat(self, code: str) -> datetime | None:
        if self._newest is None:
            found = self._store.latest(BEATS, ("school",), {})
            self._newest = {school: latest.at for (school,), latest in found.items()}
        return self._newest.get(code)


def begin_of(agent: Agent, runs: Sequence[Run]) -> datetime:
    """From when on beats are expected of `agent`."""
    begun = min((run.first for run in runs if run.beats_from <= 1), default=agent.enrolled_at)
    return max(agent.enrolled_at, begun)
