"""What one judgement looks at: the schools, their agents, and the store, each asked once.

Indicators take what they need from it; none of them queries school by school.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import islice
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from collector.judge import capacity, unmeasured
from collector.judge.capacity import LINE, Direction, Line, Sample, some_at_a_time
from collector.judge.duty.papers import NO_PAPERS, Filed, Papers
from collector.judge.lesson_capacity import Crowd, crowds
from collector.judge.lesson_readings import LessonReadings
from collector.judge.model import Machine, Window
from collector.judge.premises import NO_PREMISES, Placed, Premises
from collector.judge.presence.gateways import Gateways
from collector.judge.presence.gather import BEATS
from collector.judge.presence.lessons import Lessons
from collector.judge.presence.model import History, Span
from collector.judge.presence.use import DeviceUse, Uses
from collector.judge.remote.lessons import RemoteClasses
from collector.judge.unmeasured import Other
from collector.judge.wired_readings import WiredReadings, post_of, sentinels_of
from collector.logs.evidence import LogStanding
from collector.register.model import Agent, School
from collector.remote.lessons import NONE_LISTED, RemoteLessons
from collector.store import LastRun, Latest, MetricRef, Statistic, Store
from config.calendar import Calendar
from config.counting import NOTHING_COUNTED, Counting
from config.platform_file import Platform
from config.policy import LinePolicy
from config.remote_class import RemoteClass
from probes.catalog import Catalog
from probes.model import Outcome, Role
from probes.posture import NONE
from probes.text import Text

AgentReport = Mapping[str, Latest]
"""Agent -> its newest value. An agent that never said anything is absent."""
LONGEST_HOLIDAY_DAYS = 400
"""Beyond, an answer is old whatever the calendar says."""
_Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One value of one machine, with the labels of its reading."""

    at: datetime
    value: float
    labels: Mapping[str, str]


AgentAnswers = Mapping[str, Sequence[Answer]]
"""Agent -> what its newest run says. An agent that never said anything is absent."""


class Scene:
    """Lives as long as one judgement and is used by one thread."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        calendar: Calendar,
        store: Store,
        schools: Sequence[School],
        agents: Sequence[Agent],
        window: Window,
        now: datetime,
        platforms: Sequence[Platform] = (),
        lines: LinePolicy = LinePolicy(),  # noqa: B008  frozen
        remote_class: RemoteClass | None = None,
        remote_lessons: RemoteLessons = NONE_LISTED,
        papers: Papers = NO_PAPERS,
        logs: Mapping[str, LogStanding] = MappingProxyType({}),
        counting: Counting = NOTHING_COUNTED,
        premises: Premises = NO_PREMISES,
    ) -> None:
        self.catalog = catalog
        self.counting = counting
        self.premises = premises
        self._placed: dict[str, Placed] = {}
        self.platforms = tuple(platforms)
        self.lines = lines
        self.lesson_readings = LessonReadings(store, schools, window, now)
        self._calendar = calendar
        self._store = store
        self._schools = schools
        self.window = window
        self.now = now
        self._capacity: dict[tuple[Direction, Line], dict[str, Sample]] = {}
        self._crowds: dict[str, Crowd] = {}
        self._latest: dict[MetricRef, dict[str, AgentReport]] = {}
        self._answers: dict[tuple[MetricRef, _Labels], dict[str, AgentAnswers]] = {}
        self._last_runs: dict[tuple[str, str], dict[str, LastRun]] = {}
        self._all_runs: dict[str, list[LastRun]] = {}
        self._fresh: dict[tuple[str, str, int], datetime] = {}
        self.looked: dict[tuple[object, ...], tuple[Machine, ...]] = {}
        """What machines said, for the duties that ask the same of the same school."""
        self.papers = Filed(papers, now)
        self.logs = logs
        self._lessons = Lessons(calendar, window, now)
        self._uses = Uses(store, self._lessons)
        self._gateways = Gateways(store, self._lessons, agents)
        self._agents: dict[str, list[Agent]] = defaultdict(list)
        for agent in agents:
            if not agent.revoked:
                self._agents[agent.school].append(agent)
        self.remote = RemoteClasses(
            store=store,
            catalog=catalog,
            calendar=calendar,
            schools=schools,
            with_gateway=self._schools_with(Role.GATEWAY),
            window=window,
            now=now,
            rules=remote_class,
            listed=remote_lessons,
        )

    def _schools_with(self, role: Role) -> frozenset[str]:
        return frozenset(
            school for school, own in self._agents.items() if any(a.role is role for a in own)
        )

    def capacity(self, school: School, direction: Direction, line: Line = LINE) -> Sample | Text:
        """The capacity readings of a line of the school, or why there can be none."""
        if not capacity.is_measured(self.catalog):
            return capacity.NO_PROBE
        if (direction, line) not in self._capacity:
            self._capacity[direction, line] = self._gather(direction, line)
        return self._capacity[direction, line][school.code]

    def crowd(self, school: School) -> Crowd:
        """In how many lessons the school's line was full."""
        if not self._crowds:
            for some in some_at_a_time(self._schools):
                lessons = {one.code: self._lessons.of(one) for one in some}
                self._crowds |= crowds(self._store, lessons, *self.lesson_readings.span(some[0]))
        return self._crowds[school.code]

    def _gather(self, direction: Direction, line: Line) -> dict[str, Sample]:
        samples = self._sampled(direction, line, self._schools)
        since = min((s.since for s in samples.values()), default=self.now)
        others = unmeasured.others(self._store, list(samples), direction, line, since, self.now)
        runs = {
            run.school: run
            for run in sorted(self._store.last_runs(capacity.CAPACITY.probe), key=lambda r: r.at)
            if run.target == line
        }
        explained = {
            code: self._explained(sample, others[code], runs.get(code))
            for code, sample in samples.items()
        }
        return explained | self._by_wire(direction, line, since, others)

    def _sampled(
        self, direction: Direction, line: Line, schools: Sequence[School], **more: Any
    ) -> dict[str, Sample]:
        return capacity.gather(
            self._store,
            calendar=self._calendar,
            schools=schools,
            direction=direction,
            window=self.window,
            now=self.now,
            line=line,
            **more,
        )

    def _explained(self, sample: Sample, others: Sequence[Other], run: LastRun | None) -> Sample:
        return replace(
            sample,
            instead=unmeasured.words(others, run, self.catalog),
            tried=unmeasured.tried(others),
            blocked=unmeasured.blocked(others),
        )

    def _by_wire(
        self,
        direction: Direction,
        line: Line,
        since: datetime,
        others: Mapping[str, Sequence[Other]],
    ) -> dict[str, Sample]:
        """Of schools where no gateway measures, and a dedicated sentinel does over a wire."""
        alone = [one for one in self._schools if unmeasured.is_wired_alone(others[one.code])]
        agents = {one.code: ids for one in alone if (ids := sentinels_of(one, self))}
        if line != LINE or not agents:
            return {}
        every = [id for ids in agents.values() for id in ids]
        own = unmeasured.others(
            self._store, list(agents), direction, line, since, self.now, capacity.WIRED, every
        )
        measured = [one for one in alone if own.get(one.code)]
        readings = WiredReadings(
            {one.code: post_of(one, self) for one in measured}, self.lines.wired, self.now
        )
        samples = self._sampled(direction, line, measured, read=readings, vantage=readings.vantage)
        return {
            code: replace(explained, instead=readings.words(code) or explained.instead)
            for code, sample in samples.items()
            if (explained := self._explained(sample, own[code], None))
        }

    def agents(self, school: School, roles: frozenset[Role]) -> list[Agent]:
        """The school's agents of these roles that are not revoked."""
        return [agent for agent in self._agents[school.code] if agent.role in roles]

    def placed(self, school: School) -> Placed:
        """Its devices and agents that count, by room."""
        if school.code not in self._placed:
            devices = self.premises.devices.get(school.code, ())
            self._placed[school.code] = Placed(school, devices, self._agents[school.code], self.now)
        return self._placed[school.code]

    def heard_between(self, school: School, since: datetime, until: datetime) -> frozenset[str]:
        """The agents of the school that were on at some time in [since, until)."""
        if since >= until:
            return frozenset()
        beats = self._store.summarise(
            BEATS, Statistic("count"), ("agent",), since, until, {"school": school.code}
        )
        return frozenset(agent for (agent,) in beats)

    def moments(
        self,
        metric: MetricRef,
        school: School,
        since: datetime,
        until: datetime,
        where: Mapping[str, Sequence[str]],
    ) -> list[datetime]:
        """The minutes in [since, until) in which the school has a value of `metric`."""
        points = self._store.series(
            metric,
            Statistic("count"),
            ("school",),
            timedelta(minutes=1),
            since,
            until,
            {**where, "school": school.code},
        )
        return [point.at for point in points]

    def lessons(self, school: School) -> list[Span]:
        """The timetabled lessons of the window, up to where beats have had time to arrive."""
        return self._lessons.of(school)

    def bounds(self, school: School) -> Span:
        """The same as one span."""
        return self._lessons.bounds(school)

    def uses(self, school: School, agents: Sequence[Agent]) -> list[DeviceUse]:
        """How long each of `agents` was awake in lessons; nothing for one that never beat."""
        return self._uses.of(school, agents)

    def histories(self, school: School, gateways: Sequence[Agent]) -> dict[str, History]:
        """By agent: what each of the school's `gateways` was over the window."""
        return self._gateways.histories(school, gateways)

    def newest(self, metric: MetricRef, school: School) -> AgentReport:
        if metric not in self._latest:
            reports: dict[str, dict[str, Latest]] = defaultdict(dict)
            for (code, agent), latest in self._store.latest(
                metric, ("school", "agent"), {}
            ).items():
                reports[code][agent] = latest
            self._latest[metric] = dict(reports)
        return self._latest[metric].get(school.code, {})

    def answers(
        self, metric: MetricRef, school: School, where: Mapping[str, str] = MappingProxyType({})
    ) -> Mapping[str, Sequence[Answer]]:
        """By agent: the values of its newest run that had any, one for each set of labels.

        `where`: values of labels that the reading must have.
        """
        key = metric, tuple(sorted(where.items()))
        if key not in self._answers:
            self._answers[key] = self._ask(metric, where)
        return self._answers[key].get(school.code, {})

    def _ask(self, metric: MetricRef, where: Mapping[str, str]) -> dict[str, AgentAnswers]:
        labels = tuple(self.catalog[metric.probe].labels)
        wanted = {label: (value,) for label, value in where.items()}
        found: dict[str, dict[str, list[Answer]]] = defaultdict(lambda: defaultdict(list))
        series = self._store.latest(metric, ("school", "agent", *labels), wanted)
        said: dict[tuple[str, ...], Mapping[str, str]] = {}  # few, of very many machines
        for (code, agent, *values), latest in series.items():
            key = tuple(values)
            if key not in said:
                said[key] = dict(zip(labels, values, strict=True))
            found[code][agent].append(Answer(latest.at, latest.value, said[key]))
        return {
            code: {agent: _newest(answers) for agent, answers in of_school.items()}
            for code, of_school in found.items()
        }

    def last_runs(self, probe: str, part: str = "") -> Mapping[str, LastRun]:
        """By agent: the newest run of `probe` for that part, or that came to no part at all.

        Without `part` that of any part.
        """
        if (probe, part) not in self._last_runs:
            runs = [r for r in self._runs(probe) if not part or r.part in ("", NONE, part)]
            self._last_runs[probe, part] = {run.agent: run for run in runs}
        return self._last_runs[probe, part]

    def _runs(self, probe: str) -> Sequence[LastRun]:
        """Of all agents and parts, the newest last, and of one instant what learned nothing."""
        if probe not in self._all_runs:
            runs = self._store.last_runs(probe)
            runs.sort(key=lambda run: (run.at, run.outcome is Outcome.NOT_RUN))
            self._all_runs[probe] = runs
        return self._all_runs[probe]

    def words_for(self, run: LastRun) -> Text:
        """Why the run learned nothing."""
        return self.catalog.reason(run.probe, run.reason)

    def is_fresh(self, school: School, at: datetime, school_days: int) -> bool:
        """Whether no more than so many school days have begun since the day of `at`.

        Holidays do not age anything: a computer that is off in the summer has nothing to say.
        """
        key = school.calendar, school.time_zone, school_days
        if key not in self._fresh:
            self._fresh[key] = self._oldest_fresh(school, school_days)
        return at >= self._fresh[key]

    def _oldest_fresh(self, school: School, school_days: int) -> datetime:
        """The begin of the first day from which an answer is still fresh."""
        zone = ZoneInfo(school.time_zone)
        day = today = self.now.astimezone(zone).date()
        while (today - day).days < LONGEST_HOLIDAY_DAYS:
            later = self._calendar.school_days(school.calendar, day, today)
            if len(list(islice(later, school_days + 1))) > school_days:
                break
            day = date.fromordinal(day.toordinal() - 1)
        return datetime.combine(day, time(), zone)


def _newest(answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """Those of one run: all its readings bear the same instant."""
    if len(answers) == 1:
        return (answers[0],)
    last = max(answer.at for answer in answers)
    return tuple(answer for answer in answers if answer.at == last)
