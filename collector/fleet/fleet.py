"""Which configuration each agent should have, and what it owes because of it.

Built in memory for the hot path: agents of one role whose schools share a calendar share a
configuration. The periods in it begin with the current week, so that a revision lives a week.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from collector.fleet.facts import Blanks, fill
from collector.fleet.schedule import RoleSchedule
from collector.lan.sites import Lan
from collector.lan.tasks import LanPlan, Lans
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


class _Shape(NamedTuple):
    """All that a configuration depends on.

    Attributes:
        meetings: None where there are no remote lessons.
        lan: None where nobody described the school's network, or the agent may not be asked.
    """

    role: Role
    calendar: str = ""
    time_zone: str = ""
    meetings: tuple[MeetingPoint, ...] | None = None
    lan: Lan | None = None


class Fleet:
    """`schools`, `config` and `revision` are for the event loop; the others block and belong in a
    thread.

    Args:
        key: a secret of this collector. A configuration may hold secrets, and its revision is shown
            and logged; without the key nobody can try out which secret gives that revision.
    """

    def __init__(
        self,
        register: Register,
        schedule: Mapping[Role, RoleSchedule],
        expand: Expand,
        clock: Callable[[], datetime],
        facts: Facts = lambda _: {},
        remote: Remote = dict,
        lan: LanPlan | None = None,
        key: bytes = b"",
    ) -> None:
        self._register = register
        self._schedule = schedule
        self._expand = expand
        self._clock = clock
        self._facts = facts
        self._remote = remote
        self._lan = lan or LanPlan()
        self._key = key
        self._meetings: MeetingPoints = {}
        self._lans: Lans = {}
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
        meetings, lans = self._remote(), self._lan.lans()
        if (count, today) == self._seen and (meetings, lans) == (self._meetings, self._lans):
            return
        schools = {s.code: s for s in self._register.schools(today)}
        now = self._clock()
        keys = {
            (_monday(at), self._shape(role, school, meetings, lans))
            for at in (now, now + _DAY)
            for role in self._schedule
            for school in (None, *schools.values())
        }
        self._configs = {key: self._configs.get(key) or self._build(*key) for key in keys}
        self._schools, self._meetings, self._lans = schools, meetings, lans
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
        key = self._this_week(), self._shape(agent.role, school, self._meetings, self._lans)
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
        """`agent` was given `config`; from now on it owes the readings that this asks for.

        Of a task with a lease nobody knows who owes it.
        """
        asked = [(t.probe, t.target, t.every) for t in config.tasks if not t.lease]
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

    def _shape(
        self, role: Role, school: School | None, meetings: MeetingPoints, lans: Lans
    ) -> _Shape:
        """A school that is closed has no calendar. Only gateways are asked about remote lessons."""
        if school is None:
            return _Shape(role)
        points = meetings.get(school.code) if role is Role.GATEWAY else None
        lan = self._lan.for_role(role, school.code, lans)
        return _Shape(role, school.calendar, school.time_zone, points, lan)

    def _build(self, week: datetime, shape: _Shape) -> AgentConfig:
        schedule = self._schedule.get(shape.role, RoleSchedule(60, 60, ()))
        config = AgentConfig(
            v=VERSION,
            revision="",
            role=shape.role.value,
            push_every=schedule.push_every,
            seal_every=schedule.seal_every,
            tasks=self._tasks(schedule, week, shape),
            periods=self._periods(shape.calendar, shape.time_zone, week),
        )
        revision = hmac.digest(self._key, encode(config), "sha256").hex()[:16]
        return msgspec.structs.replace(config, revision=revision)

    def _tasks(self, schedule: RoleSchedule, week: datetime, shape: _Shape) -> list[Task]:
        facts = self._facts(week)
        filled = (
            fill(task, schedule.blanks.get((task.probe, task.target), Blanks()), facts)
            for task in schedule.tasks
        )
        tasks = [task for task in filled if task is not None]
        if shape.meetings is not None:
            tasks = with_remote_lessons(tasks, shape.meetings)
        return tasks if shape.lan is None else tasks + self._lan.tasks(shape.lan)

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
