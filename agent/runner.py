"""One run of one probe: the only caller of `Probe.measure`.

It decides what a run amounts to: readings, or the statement that nothing was learned and why. It
never lets a probe's mistake out, because one reading that the collector must refuse costs the whole
batch.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from agent.allow import COLLECTOR, AllowList
from agent.clock import Clock
from probes.model import (
    COMMON_REASONS,
    LOCAL,
    Metric,
    Outcome,
    Probe,
    ProbeError,
    Reading,
    Target,
    parse_settings,
)
from probes.wire import Record, Task

log = logging.getLogger(__name__)

AnyProbe = Probe[object]
Catalog = Mapping[str, type[AnyProbe]]
Make = Callable[[Any], Probe[Any]]
Keep = Callable[[list[Record], bool], Awaitable[None]]

RARE = 900.0
"""Seconds. A task that runs less often is not bulk: one lost reading is a large part of a day."""
MAX_LABEL = 256
LATE = 1.5
"""Intervals after which a run comes so late that runs before it were left out."""
SLACK = 5.0
"""Seconds by which a run may be late in any case."""
SLEPT = 2.0
"""Seconds that the boot clock went on while the monotonic one stood still: the machine slept."""


_GRAVITY = ("ok", "not_run", "failed")


class FaultyReadingError(Exception):
    """A probe returned what it does not declare."""


@dataclass(frozen=True, slots=True)
class Last:
    """What became of a task's last run: of the reading that went worst, if there are several.

    `about`: the device or network whose reading that is, where a task asks of many; else "".
    """

    outcome: str
    reason: str
    about: str = ""


@dataclass(slots=True)
class Runs:
    """What became of the runs of this process."""

    outcomes: Counter[str] = field(default_factory=Counter)
    last: dict[tuple[str, str], Last] = field(default_factory=dict)
    """By probe and target of the task."""


@dataclass(slots=True)
class _Kept:
    """A probe's instance, and when it last ran, by both clocks in seconds."""

    task: Task
    probe: AnyProbe
    up: float
    monotonic: float


class Runner:
    """Runs tasks. A probe's instance is kept per task, so it may remember its last counters.

    After the machine slept, or runs were left out, a new instance takes its place: a difference of
    counters over that time would be reported as what happened within one interval.

    Args:
        collector: host and port for which the host `collector` stands.
        keep: stores the records of one run; the flag says whether they are bulk.
        makers: by probe, what makes its instance from its settings, for those that report on the
            agent itself; the others are made by their class alone.
        holds: whether this agent holds a lease; without it, tasks that need it do not run.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        allow: AllowList,
        clock: Clock,
        collector: tuple[str, int],
        keep: Keep,
        makers: Mapping[str, Make] | None = None,
        holds: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._catalog = catalog
        self._makers = makers or {}
        self._holds = holds
        self._allow = allow
        self._clock = clock
        self._collector = collector
        self._keep = keep
        self._instances: dict[tuple[str, str], _Kept] = {}
        self._busy: set[tuple[str, str]] = set()
        self.runs = Runs()

    def retain(self, tasks: Iterable[Task]) -> None:
        """Forget the probes of all other tasks."""
        wanted = {(task.probe, task.target) for task in tasks}
        for key in self._instances.keys() - wanted:
            del self._instances[key]
        for key in self.runs.last.keys() - wanted:
            del self.runs.last[key]

    def wanted_after_absence(self, task: Task) -> bool:
        """Whether to run it at once. A rare task may be costly, and a laptop wakes often: only if
        its time went by."""
        kept = self._instances.get((task.probe, task.target))
        if kept is None or task.every < RARE:
            return True
        return self._clock.up() / 1000 - kept.up >= task.every

    async def run(self, task: Task) -> list[Record]:
        """Run once and keep the records. None come back if the task is still running, or another
        agent's to run."""
        key = (task.probe, task.target)
        if key in self._busy or (task.lease and not self._holds(task.lease)):
            return []
        self._busy.add(key)
        try:
            return await self._run(task)
        finally:
            self._busy.discard(key)

    async def _run(self, task: Task) -> list[Record]:
        readings = await self._readings(task)
        # Both clocks are read when the run has ended: a reading never knows more than was known
        # at the instant that it bears.
        at, up = self._clock.wall(), self._clock.up()
        records = [self._record(task, reading, at, up) for reading in readings]
        for record in records:
            self.runs.outcomes[record.outcome] += 1
            if record.reason == "fault":
                self.runs.outcomes["fault"] += 1
        self.runs.last[task.probe, task.target] = _last(task, records)
        await self._keep(records, task.every < RARE)
        return records

    async def _readings(self, task: Task) -> list[Reading]:
        if not self._allow.permits(task):
            log.warning("task is not allowed probe=%s host=%s", task.probe, task.host)
            return [_not_run("not_allowed")]
        try:
            return await self._measure(task)
        except ProbeError as exc:
            log.debug("did not run probe=%s target=%s why=%s", task.probe, task.target, exc)
            return [_not_run(exc.reason if self._knows(task.probe, exc.reason) else "fault")]
        except Exception:
            # The loop of measurements must survive any one probe.
            log.exception("probe is at fault probe=%s target=%s", task.probe, task.target)
            return [_not_run("fault")]

    async def _measure(self, task: Task) -> list[Reading]:
        probe = self._instance(task)
        if place := self._allow.refused(probe.reaches()):
            log.warning(
                "place is not in allow.hosts of agent.toml probe=%s place=%s", task.probe, place
            )
            return [_not_run("not_allowed")]
        began = self._instances[task.probe, task.target]
        deadline = asyncio.timeout(probe.deadline_seconds)
        try:
            async with deadline:
                measured = await probe.measure(self._target(task))
        except TimeoutError:
            if not deadline.expired():
                raise
            return [_not_run("interrupted" if self._was_away(began) else "deadline")]
        if self._was_away(began):
            return [_not_run("interrupted")]
        readings = [measured] if isinstance(measured, Reading) else list(measured)
        if not readings:
            raise FaultyReadingError(f"{probe.name} returned no reading")
        return [self._checked(probe, reading) for reading in readings]

    def _instance(self, task: Task) -> AnyProbe:
        key = (task.probe, task.target)
        up, monotonic = self._clock.up() / 1000, self._clock.monotonic()
        kept = self._instances.get(key)
        if kept is None or kept.task != task or _broke_off(kept, up, monotonic):
            probe = self._catalog[task.probe]
            settings = parse_settings(probe.Settings, task.settings, task.probe)
            make = self._makers.get(task.probe, probe)
            kept = self._instances[key] = _Kept(task, make(settings), up, monotonic)
        kept.up, kept.monotonic = up, monotonic
        return kept.probe

    def _was_away(self, kept: _Kept) -> bool:
        """Whether machine or process stood still while the probe ran."""
        passed = self._clock.up() / 1000 - kept.up
        slept = passed - (self._clock.monotonic() - kept.monotonic)
        return slept > SLEPT or passed > kept.probe.deadline_seconds + SLACK

    def _target(self, task: Task) -> Target:
        if not task.host:
            return LOCAL if task.target == LOCAL.name else Target(task.target)
        if task.host == COLLECTOR:
            host, port = self._collector
            return Target(task.target, host, port if task.port is None else task.port)
        return Target(task.target, task.host, task.port)

    def _checked(self, probe: AnyProbe, reading: Reading) -> Reading:
        try:
            check_reading(type(probe), reading)
        except FaultyReadingError as exc:
            log.error("probe returned a wrong reading probe=%s why=%s", probe.name, exc)
            return _not_run("fault")
        return reading

    def _knows(self, probe: str, reason: str) -> bool:
        return reason in COMMON_REASONS or reason in self._catalog[probe].reasons

    def _record(self, task: Task, reading: Reading, at: int, up: int) -> Record:
        probe = self._catalog[task.probe]
        return Record(
            probe=task.probe,
            version=probe.version,
            target=reading.target or task.target,
            at=at,
            up=up,
            labels={name: reading.labels.get(name, "") for name in probe.labels},
            outcome=reading.outcome.value,
            reason=reading.reason,
            values={metric.name: float(value) for metric, value in reading.values.items()},
        )


def _last(task: Task, records: Sequence[Record]) -> Last:
    """One device's trouble must not hide behind the answer of the next."""
    worst = max(reversed(records), key=lambda record: _GRAVITY.index(record.outcome))
    about = worst.target if worst.target != task.target and worst.outcome != "ok" else ""
    return Last(worst.outcome, worst.reason, about)


def _broke_off(kept: _Kept, up: float, monotonic: float) -> bool:
    """Whether the series of runs was interrupted since the last one."""
    passed = up - kept.up
    slept = passed - (monotonic - kept.monotonic)
    return slept > SLEPT or passed > LATE * kept.task.every + SLACK


def check_reading(probe: type[AnyProbe], reading: Reading) -> None:
    """Raises FaultyReadingError for anything that the collector would have to refuse."""
    declared = {metric.name: metric for metric in probe.measures}
    for metric, value in reading.values.items():
        if declared.get(metric.name) != metric:
            raise FaultyReadingError(f"metric {metric.name} is not declared")
        _check_value(metric, value)
    if len(reading.target) > MAX_LABEL:
        raise FaultyReadingError(f"its target has {len(reading.target)} characters")
    for name, text in reading.labels.items():
        if name not in probe.labels:
            raise FaultyReadingError(f"label {name} is not declared")
        if len(text) > MAX_LABEL:
            raise FaultyReadingError(f"label {name} has {len(text)} characters")
    if reading.outcome is Outcome.OK and reading.reason:
        raise FaultyReadingError(f"an ok reading has the reason {reading.reason}")
    if reading.outcome is not Outcome.OK and not (
        reading.reason in COMMON_REASONS or reading.reason in probe.reasons
    ):
        raise FaultyReadingError(f"reason {reading.reason!r} is not declared")


def _check_value(metric: Metric, value: float) -> None:
    if not isfinite(value):
        raise FaultyReadingError(f"{metric.name} is {value}")
    low, high = metric.minimum, metric.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        raise FaultyReadingError(f"{metric.name} is {value}, outside {low} to {high}")


def _not_run(reason: str) -> Reading:
    return Reading(Outcome.NOT_RUN, {}, {}, reason)
