"""What one round of judging knows: what was observed just now, and from whom nothing is heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.judge.observe import Observed, observe
from collector.judge.standing import CONTACT, NO_DATA, REASONS
from collector.register.model import Agent, School, Watched
from collector.store import LastRun, Store
from config.calendar import Calendar
from config.threshold import Threshold
from probes.catalog import Catalog
from probes.model import Outcome, Role
from probes.text import Text

OFF = "off"
NO_THRESHOLD = timedelta(minutes=20)
"""How long an agent may be silent to which no threshold applies."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What does not change from round to round.

    `started`: since when this collector listens. Readings taken before say how things were while
    nobody could hear of it, and decide nothing.
    """

    store: Store
    catalog: Catalog
    calendar: Calendar
    thresholds: Mapping[str, Threshold]
    started: datetime


class Moment:
    """Lives as long as one round."""

    def __init__(
        self, sources: Sources, schools: Sequence[School], agents: Sequence[Agent], now: datetime
    ) -> None:
        self._sources = sources
        self.now = now
        self.schools = {school.code: school for school in schools}
        self.agents = {a.id: a for a in agents if not a.revoked and a.school in self.schools}
        self._periods: dict[tuple[str, str], str] = {}
        self._runs: dict[str, dict[tuple[str, str], LastRun]] = {}
        self._heard: dict[str, datetime] = {}
        self.observed: dict[Watched, Observed] = {}
        self._observe()

    def _observe(self) -> None:
        for threshold in self._sources.thresholds.values():
            since = max(self.now - threshold.window, self._sources.started)
            found = observe(self._sources.store, threshold, self.schools, since, self.now)
            for watched, observed in found.items():
                if not self.is_watched(watched):
                    continue
                self.observed[watched] = observed
                before = self._heard.get(watched.agent, observed.last)
                self._heard[watched.agent] = max(before, observed.last)

    def is_watched(self, watched: Watched) -> bool:
        """Whether policy and register still know it."""
        if watched.threshold == CONTACT.id:
            return watched.school in self.schools
        threshold = self._sources.thresholds.get(watched.threshold)
        agent = self.agents.get(watched.agent)
        return (
            threshold is not None
            and agent is not None
            and agent.school == watched.school
            and agent.role in threshold.roles
            and (not threshold.targets or watched.target in threshold.targets)
        )

    def in_period(self, school: School, threshold: Threshold) -> bool:
        return threshold.period is None or self._period(school) == threshold.period

    def _period(self, school: School) -> str:
        key = (school.calendar, school.time_zone)
        if key not in self._periods:
            tick = timedelta(milliseconds=1)
            stretches = self._sources.calendar.expand(
                school.calendar, self.now, self.now + tick, school.time_zone
            )
            self._periods[key] = stretches[0].kind if stretches else OFF
        return self._periods[key]

    def is_starting(self, patience: timedelta) -> bool:
        """Whether the collector listens for too short a time to miss anything."""
        return self.now - self._sources.started < patience

    def is_silent(self, agent: Agent) -> bool:
        """Nothing that is judged here was heard from it within the shortest of its windows."""
        return self._is_older(agent, self.patience(agent.role))

    def may_be_silent(self, agent: Agent) -> bool:
        """Nothing was heard for half of that. Probes run at different seconds, so the last words
        of a machine that falls silent are of different age; from none of them alone follows that
        a machine talks and only that probe does not."""
        return self._is_older(agent, self.patience(agent.role) / 2)

    def _is_older(self, agent: Agent, limit: timedelta) -> bool:
        heard = self._heard.get(agent.id)
        return heard is None or self.now - heard > limit

    def patience(self, role: Role) -> timedelta:
        """The shortest window of the thresholds that apply to agents of this role at any time."""
        windows = [
            threshold.window
            for threshold in self._sources.thresholds.values()
            if role in threshold.roles and threshold.period is None
        ]
        return min(windows, default=NO_THRESHOLD)

    def why_absent(self, watched: Watched, threshold: Threshold) -> Text:
        """Why a talking agent gives no value: its probe could not run, or nobody knows."""
        probe = threshold.probe
        if probe not in self._runs:
            runs = self._sources.store.last_runs(probe)
            self._runs[probe] = {(run.agent, run.target): run for run in runs}
        run = self._runs[probe].get((watched.agent, watched.target))
        if run is not None and run.outcome is Outcome.NOT_RUN:
            return self._sources.catalog.reason(probe, run.reason)
        return REASONS[NO_DATA]
