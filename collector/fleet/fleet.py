"""Which configuration each agent should have, and what it owes because of it.

Built in memory for the hot path: agents of one role whose schools share a calendar share a
configuration. The periods in it begin with the current week, so that a revision lives a week.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from collector.fleet.facts import Blanks, fill
from collector.fleet.schedule import RoleSchedule
from collector.register.model import Agent, School
from collector.register.register import Register
from collector.remote.lessons import MeetingPoints
from collector.remote.model import MeetingPoint
from collector.remote.tasks import with_remote_lessons
from collector.store import Expectation
from config.calendar import Stretch
from probes.model import Role
from probes.text import BanjunError
from probes.wire import VERSION, AgentConfig, Task, WirePeriod, encode

log = logging.getLogger(__name__)

PERIODS_AHEAD = timedelta(days=60)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)

Expand = Callable[[str, datetime, datetime, str], Iterable[Stretch]]
"""`Calendar.expand`: (calendar, since, until, time zone) -> lessons, breaks, school days."""
Facts = Callable[[datetime], Mapping[str, Any]]
"""The facts of this collector in the week that begins then; see collector/fleet/facts.py."""
Remote = Callable[[], MeetingPoints]
"""The schools with remote lessons, as they are listed now."""
_Shape = tuple[Role, str, str, tuple[MeetingPoint, ...] | None]
"""(role, calendar, time zone, meeting points): all that a configuration depends on. The last is
None where there are no remote lessons."""


class Fleet:
    """`schools`, `config` and `revision` are for the event loop; the others block and belong in a
    thread."""

    def __init__(
        self,
        register: Register,
        schedule: Mapping[Role, RoleSchedule],
        expand: Expand,
        clock: Callable[[], datetime],
        facts: Facts = lambda _: {},
        remote: Remote = dict,
    ) -> None:
        self._register = register
        self._schedule = schedule
        self._expand = expand
        self._clock = clock
        self._facts = facts
        self._remote = remote
        self._meetings: MeetingPoints = {}
        self._seen: tuple[int, date] | None = None
        self._schools: Mapping[str, School] = {}
        self._week = _monday(clock())
        self._configs: dict[tuple[datetime, _Shape], AgentConfig] = {}
        self._revisions: dict[str, str] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the schools again if the register or the date changed; cheap if neither did.

        Also builds what will be asked for until tomorrow, so that no agent waits for it.
        """
        self._revisions = {}
        count, today = self._register.change_count(), self._register.today()
        meetings = self._remote()
        if (count, today) == self._seen and meetings == self._meetings:
            return
        schools = {s.code: s for s in self._register.schools(today)}
        now = self._clock()
        keys = {
            (_monday(at), _shape(role, school, meetings))
            for at in (now, now + _DAY)
            for role in self._schedule
            for school in (None, *schools.values())
        }
        self._configs = {key: self._configs.get(key) or self._build(*key) for key in keys}
        self._schools, self._meetings = schools, meetings
        self._seen = (count, today)

    def schools(self) -> Mapping[str, School]:
        """By code, as of the last refresh."""
        return self._schools

    def revision(self, agent: Agent) -> str:
        """Of the configuration that `agent` should have, as of the last refresh."""
        found = self._revisions.get(agent.id)
        if found is None:
            found = self._revisions[agent.id] = self.config(agent).revision
        return found

    def config(self, agent: Agent) -> AgentConfig:
        """Of memory, unless nobody refreshed for a day."""
        configs = self._configs
        school = self._schools.get(agent.school)
        key = self._this_week(), _shape(agent.role, school, self._meetings)
        found = configs.get(key)
        if found is None:
            found = configs[key] = self._build(*key)
        return found

    def _this_week(self) -> datetime:
        now = self._clock()
        if not self._week <= now < self._week + _WEEK:
            self._week = _monday(now)
        return self._week

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
        role, calendar, time_zone, meetings = shape
        schedule = self._schedule.get(role, RoleSchedule(60, 60, ()))
        config = AgentConfig(
            v=VERSION,
            revision="",
            role=role.value,
            push_every=schedule.push_every,
            seal_every=schedule.seal_every,
            tasks=self._tasks(schedule, week, meetings),
            periods=self._periods(calendar, time_zone, week),
        )
        revision = hashlib.sha256(encode(config)).hexdigest()[:16]
        return msgspec.structs.replace(config, revision=revision)

    def _tasks(
        self, schedule: RoleSchedule, week: datetime, meetings: tuple[MeetingPoint, ...] | None
    ) -> list[Task]:
        facts = self._facts(week)
        filled = (
            fill(task, schedule.blanks.get((task.probe, task.target), Blanks()), facts)
            for task in schedule.tasks
        )
        tasks = [task for task in filled if task is not None]
        return tasks if meetings is None else with_remote_lessons(tasks, meetings)

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


def _shape(role: Role, school: School | None, meetings: MeetingPoints) -> _Shape:
    """A school that is closed has no calendar. Only gateways are asked about remote lessons."""
    if school is None:
        return role, "", "", None
    points = meetings.get(school.code) if role is Role.GATEWAY else None
    return role, school.calendar, school.time_zone, points


def _monday(now: datetime) -> datetime:
    """The beginning of the current week, in UTC."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=today.weekday())


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
