"""Runs things at their phase, each so many seconds. The only file that knows APScheduler.

Each agent and task has its own phase, fixed for good, so that a county's agents never fire together
on the full minute and a task's readings stay evenly spaced across restarts.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from agent.stand_ins import StandIns, stand_ins

UNUSED: StandIns = {
    "importlib.metadata": {
        "version": lambda name: "0",
        "entry_points": lambda **_: (),
        "PackageNotFoundError": LookupError,
    },
    "tzlocal": {"get_localzone": None},
    "zoneinfo": {"ZoneInfo": type("ZoneInfo", (), {})},
    "apscheduler.executors.pool": {"ThreadPoolExecutor": None},
}
"""What APScheduler loads for plug-ins, time zones and pools of threads and processes; here jobs are
coroutines and the time is UTC. Without them it takes a third of the memory."""

try:
    with stand_ins(UNUSED):
        from apscheduler.schedulers.asyncio import AsyncIOScheduler
        from apscheduler.triggers.base import BaseTrigger
except (ImportError, AttributeError):  # A version that takes more from them is only heavier.
    from apscheduler.schedulers.asyncio import AsyncIOScheduler
    from apscheduler.triggers.base import BaseTrigger

log = logging.getLogger(__name__)

logging.getLogger("apscheduler").setLevel(logging.WARNING)

CANCELLED_WITHIN = 1.0
"""Seconds that a cancelled run may take to end."""
GRACE = 30.0
"""A run that could not start for longer than this (s) is left out; the next one is due anyway."""


def phase(every: float, *names: str) -> float:
    """Seconds into each interval, 0 <= phase < every; the same for the same names, always."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 * every


@dataclass(frozen=True, slots=True)
class Job:
    """Run something at `phase` seconds into each interval of `every` seconds.

    `what` is compared to tell whether a job has changed.
    """

    every: float
    phase: float
    what: object


class Schedule(Protocol):
    """What the agent needs of a scheduler."""

    def start(self) -> None: ...

    def replace(self, jobs: Mapping[str, Job]) -> None:
        """Have exactly these jobs; one that has not changed goes on undisturbed."""
        ...

    def rearm(self) -> None:
        """Count every job anew, because the wall clock was set or the machine slept."""
        ...

    async def stop(self, patience: float) -> None:
        """Start nothing any more; cancel what still runs after `patience` seconds."""
        ...


class PhaseTrigger(BaseTrigger):  # type: ignore[misc]
    """Fires at instants t with t mod every = phase, and makes up for none that was missed."""

    def __init__(self, every: float, phase: float) -> None:
        self.every = every
        self.phase = phase

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        # From a clock that was set forward by years, counting the missed ones would take minutes.
        after = now.timestamp()
        if previous_fire_time is not None:
            after = max(previous_fire_time.timestamp(), after - self.every)
        # A millisecond on, because an instant that was rounded down must not come up twice.
        turns = (after + 0.001 - self.phase) // self.every + 1
        return datetime.fromtimestamp(turns * self.every + self.phase, UTC)


class SystemSchedule:
    """On the system's wall clock, which may be set at any time.

    Args:
        fire: what a job does, given its name.
    """

    def __init__(self, fire: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        self._fire = fire
        self._jobs: dict[str, Job] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def start(self) -> None:
        self._scheduler.start()

    def replace(self, jobs: Mapping[str, Job]) -> None:
        for name in self._jobs.keys() - jobs.keys():
            self._scheduler.remove_job(name)
        for name, job in jobs.items():
            if self._jobs.get(name) != job:
                self._add(name, job)
        self._jobs = dict(jobs)

    async def stop(self, patience: float) -> None:
        if self._scheduler.running:
            self._scheduler.pause()
        if self._running:
            await asyncio.wait(self._running, timeout=patience)
        if late := set(self._running):
            for task in late:
                task.cancel()
            # Until they have ended, APScheduler would log each of its own as an error.
            await asyncio.wait(late, timeout=CANCELLED_WITHIN)
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
            await asyncio.sleep(0)  # APScheduler shuts down in the next turn of the loop.

    def next_at(self, name: str) -> datetime:
        """When the job fires next, by the wall clock."""
        at: datetime = self._scheduler.get_job(name).next_run_time
        return at

    def rearm(self) -> None:
        """Count every job anew from what the wall clock says now, making up for none.

        To be called when the clock was set or the machine slept: a clock set back by a day would
        silence every job for a day, and timers do not run while a machine sleeps.
        """
        for name, job in self._jobs.items():
            self._scheduler.reschedule_job(name, trigger=PhaseTrigger(job.every, job.phase))

    def _add(self, name: str, job: Job) -> None:
        self._scheduler.add_job(
            self._run,
            PhaseTrigger(job.every, job.phase),
            args=(name,),
            id=name,
            name=name,
            replace_existing=True,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=max(1, int(min(GRACE, job.every))),
        )

    async def _run(self, name: str) -> None:
        task = asyncio.ensure_future(self._fire(name))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        # Waited for, not awaited: being cancelled at the end is no error worth a traceback.
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("job failed name=%s", name, exc_info=error)
