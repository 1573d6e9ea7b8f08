"""Which configuration each agent should have, and what it owes because of it.

Built in memory for the hot path: agents of one role whose schools share a calendar share a
configuration. The periods in it begin with the current week, so that a revision lives a week.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from collector.fleet.schedule import RoleSchedule
from collector.register.model import Agent, School
from collector.register.register import Register
from collector.store import Expectation
from config.calendar import Stretch
from probes.model import Role
from probes.text import BanjunError
from probes.wire import VERSION, AgentConfig, WirePeriod, encode

log = logging.getLogger(__name__)

PERIODS_AHEAD = timedelta(days=60)
_WEEK = timedelta(days=7)

Expand = Callable[[str, datetime, datetime, str], Iterable[Stretch]]
"""`Calendar.expand`: (calendar, since, until, time zone) -> lessons, breaks, school days."""
_Shape = tuple[Role, str, str]
"""(role, calendar, time zone): all that a configuration depends on."""


class Fleet:
    """`config` and `revision` are for the event loop; the others block and belong in a thread."""

    def __init__(
        self,
        register: Register,
        schedule: Mapping[Role, RoleSchedule],
        expand: Expand,
        clock: Callable[[], datetime],
    ) -> None:
        self._register = register
        self._schedule = schedule
        self._expand = expand
        self._clock = clock
        self._schools: Mapping[str, School] = {}
        self._configs: dict[tuple[datetime, _Shape], AgentConfig] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the schools again; to be called when the register changed, and each day."""
        self._schools = {s.code: s for s in self._register.schools(self._register.today())}
        self._configs = {}

    def revision(self, agent: Agent) -> str:
        """Of the configuration that `agent` should have."""
        return self.config(agent).revision

    def config(self, agent: Agent) -> AgentConfig:
        """The first call in a week or after a refresh takes some milliseconds, all others none."""
        school = self._schools.get(agent.school)
        shape = (agent.role, school.calendar if school else "", school.time_zone if school else "")
        week = _monday(self._clock())
        configs = self._configs
        found = configs.get((week, shape))
        if found is None:
            found = configs[week, shape] = self._build(week, shape)
        return found

    def given(self, agent: Agent, config: AgentConfig) -> None:
        """`agent` was given `config`; from now on it owes the readings that this asks for."""
        asked = [(task.probe, task.target, task.every) for task in config.tasks]
        if self._register.assign(agent.id, asked):
            log.info("agent %s was given configuration %s", agent.id, config.revision)

    def expectations(self) -> list[Expectation]:
        """What gateways were asked for, over all time.

        A PC is left out: it owes readings only while it is switched on, which is not known here.
        """
        return [
            Expectation(a.school, a.agent, a.probe, a.target, a.every, a.since, a.until)
            for a in self._register.assignments()
            if a.role is not Role.PC
        ]

    def _build(self, week: datetime, shape: _Shape) -> AgentConfig:
        role, calendar, time_zone = shape
        schedule = self._schedule.get(role, RoleSchedule(60, 60, ()))
        config = AgentConfig(
            v=VERSION,
            revision="",
            role=role.value,
            push_every=schedule.push_every,
            seal_every=schedule.seal_every,
            tasks=list(schedule.tasks),
            periods=self._periods(calendar, time_zone, week),
        )
        revision = hashlib.sha256(encode(config)).hexdigest()[:16]
        return msgspec.structs.replace(config, revision=revision)

    def _periods(self, calendar: str, time_zone: str, week: datetime) -> list[WirePeriod]:
        """None for a school that is closed, or whose calendar is not to be had: all time is off."""
        if not calendar:
            return []
        try:
            stretches = list(self._expand(calendar, week, week + _WEEK + PERIODS_AHEAD, time_zone))
        except BanjunError as exc:
            log.warning("no periods for calendar %s in %s: %s", calendar, time_zone, exc)
            return []
        return [
            WirePeriod(_milliseconds(since), _milliseconds(until), kind)
            for since, until, kind in stretches
            if kind != "off"
        ]


def _monday(now: datetime) -> datetime:
    """The beginning of the current week, in UTC."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=today.weekday())


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
