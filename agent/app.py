"""Builds the parts of an agent, starts and stops them in order. The only wiring."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, cast

from agent.allow import AllowList
from agent.clock import SystemClock
from agent.clock_watch import ClockWatch
from agent.config_check import ConfigRefusedError, check_config
from agent.config_client import ConfigClient
from agent.config_trial import ConfigTrial
from agent.farewell import what_stops
from agent.first_round import FirstRounds
from agent.health import Health, agent_version, last_known, read_status
from agent.identity import Identity
from agent.leases import Leases
from agent.link import Link
from agent.meter import Meter
from agent.metered_link import MeteredWatch
from agent.offload import Worker
from agent.plan import PUSH, SEAL, job_name, jobs_of, jobs_without_config
from agent.resolutions import Resolutions
from agent.runner import Catalog, Runner
from agent.schedule import SystemSchedule
from agent.shelf import Depth
from agent.shipper import THRIFT_NOTE, Post, Sender, Shipper, State
from agent.spool import Spool
from agent.thrift import Ration, Thrift
from agent.trust import AUTHORITY_FILE, Trust
from config.agent_settings import AgentSettings, Metered
from probes import wire
from probes.boot import boot_id
from probes.instruments.presence import Presence
from probes.life import Life, Note, Stopping, encode_note, note_or_none
from probes.text import Text

if TYPE_CHECKING:
    from probes.measuring.permit import PermitOffice

log = logging.getLogger(__name__)

LOOK = 10.0
"""Seconds between looks at the trial of a configuration, and between status files, at most."""
PATIENCE = 5.0
"""Seconds that a run, or the last push, may take when the agent is asked to stop."""
LIFE = "life"
"""The spool's note of the last beat."""
MOST_THREADS = 32
"""For calls that block, begun as they are needed. A name lookup without an answer holds one for
half a minute; Python's own bound, six on two cores, would soon keep all other probes waiting."""
CAPACITY = "capacity"
"""The probe that asks for leave; its class is loaded when a task wants it."""
MOST_PUSHES = 200
"""In one `once`; a backlog beyond that is left to the next."""


@dataclass(frozen=True, slots=True)
class OnceResult:
    """What one round amounted to.

    Attributes:
        held: what is left waits on purpose, because bytes on the link cost money.
        error: why not everything was delivered.
    """

    records: Sequence[wire.Record]
    left: Depth
    held: bool
    error: Text | None


class Agent:
    """One agent, wired. Use `run` or `once`, one time, while the state directory is locked."""

    def __init__(
        self, *, settings: AgentSettings, state_dir: Path, identity: Identity, catalog: Catalog
    ) -> None:
        self._state_dir = state_dir
        self._identity = identity
        self._clock = SystemClock()
        self._watch = ClockWatch(self._clock, LOOK)
        self._worker = Worker()
        self._due = asyncio.Event()
        self._news = asyncio.Event()
        self._tasks: dict[str, wire.Task] = {}
        rng = Random()  # noqa: S311 - it spreads load and keeps no secret
        allow = AllowList.of(settings.allow)
        session = os.urandom(16).hex()
        self._spool = self._open_spool(settings, session, catalog)
        self._life = Life(boot_id(), note_or_none(self._spool.note(LIFE)), keep=self._keep_note)
        self._link = Link(
            identity.url,
            credential=identity.credential,
            version=agent_version(),
            trust=Trust(
                pin=identity.pin, path=state_dir / AUTHORITY_FILE, ca_file=settings.ca_file
            ),
        )
        self._thrift = Thrift(settings.link, self._time_of_day, self._spool.note(THRIFT_NOTE))
        self._metered = (
            MeteredWatch(self._thrift, self._clock)
            if settings.link.metered is Metered.AUTO
            else None
        )
        meter = Meter(
            post=self._link.post,
            get=lambda path, etag: self._link.get(path, etag=etag),
            carried=self._thrift.carried,
            clock=self._clock,
        )
        self._leases = Leases(self._clock.up)
        self._office: PermitOffice | None = None
        permits = partial(self._permits, meter.post, allow)
        self._runner = Runner(
            catalog=catalog,
            allow=allow,
            clock=self._clock,
            collector=(identity.collector_host, identity.collector_port),
            keep=self._keep,
            holds=self._leases.was_last_told,
            makers={
                Presence.name: lambda settings: Presence(settings, self._life),
                CAPACITY: lambda settings: cast(Any, catalog[CAPACITY])(settings, permits()),
            },
        )
        self._schedule = SystemSchedule(self._fire)
        self._first = FirstRounds(run=self._runner.run, done=self._seal_and_push, clock=self._clock)
        self._trial = ConfigTrial(
            state_dir / "config.json",
            agent=identity.agent,
            apply=self._apply,
            monotonic=self._clock.monotonic,
        )
        self._check = partial(check_config, catalog=catalog, allow=allow)
        self._config = ConfigClient(
            trial=self._trial,
            get=lambda revision: meter.get("/v1/config", revision),
            check=self._check,
            clock=self._clock,
            rng=rng,
        )
        self._shipper = Shipper(
            sender=Sender(identity.school, session, boot_id()),
            spool=self._spool,
            post=meter.post,
            offload=self._worker,
            clock=self._clock,
            rng=rng,
            state=self._state,
            revision=lambda: self._trial.revision,
            thrift=self._thrift,
            on_trial=lambda: self._trial.on_trial,
            on_reply=self._on_reply,
        )
        self._health = Health(
            identity=identity,
            clock=self._clock,
            started_at=self._clock.wall(),
            life=self._life,
            spool=self._spool,
            runs=self._runner.runs,
            trial=self._trial,
            config=self._config,
            deliveries=self._shipper.deliveries,
            thrift=self._thrift,
            leases=self._leases,
        )
        self._begin()

    def _open_spool(self, settings: AgentSettings, session: str, catalog: Catalog) -> Spool:
        return Spool(
            self._state_dir,
            agent=self._identity.agent,
            session=session,
            boot=boot_id(),
            pack=partial(wire.pack, resolutions=Resolutions(catalog)),
            wall=self._clock.wall,
            up=self._clock.up,
            free_bytes=lambda: shutil.disk_usage(self._state_dir).free,
            new_id=lambda: os.urandom(8).hex(),
            limits=settings.spool,
            known=last_known(read_status(self._state_dir)),
        )

    def _permits(self, post: Post, allow: AllowList) -> PermitOffice:
        """One office for all instances: it knows what is still to be told. Most agents need none,
        so it is loaded when one does."""
        from agent.permits import Permits

        if self._office is None:
            self._office = Permits(
                post=post,
                leases=self._leases,
                thrift=self._thrift,
                clock=self._clock,
                host=self._identity.collector_host,
                permits_host=allow.permits_host,
            )
        return self._office

    def _begin(self) -> None:
        """With the last good configuration, unless this version or agent.toml forbids it now."""
        config = self._trial.in_force
        if config is not None:
            try:
                self._check(config)
            except ConfigRefusedError as exc:
                log.error("kept configuration refused revision=%s why=%s", config.revision, exc)
                self._trial.forget_good()
                config = None
        if config is None:
            self._schedule.replace(jobs_without_config(self._identity.agent))
        else:
            self._apply(config)

    # Running

    async def run(self, stop: asyncio.Event) -> None:
        """Measure and deliver until `stop` is set; then finish, seal, and push once more."""
        blocking = ThreadPoolExecutor(MOST_THREADS, "blocking")
        asyncio.get_running_loop().set_default_executor(blocking)
        who = self._identity
        log.info("started agent=%s school=%s collector=%s", who.agent, who.school, who.url)
        try:
            # What a killed process left behind goes out first.
            await self._worker(self._spool.seal)
            async with self._link:
                self._due.set()
                self._schedule.start()
                try:
                    await self._until(stop)
                finally:
                    await self._schedule.stop(PATIENCE)
                await self._say_goodbye(await what_stops())
                await self._last_push()
        finally:
            await self._close()

    async def _until(self, stop: asyncio.Event) -> None:
        """Raises what ended one of the loops, which is a fault: they have no end of their own."""
        loops = [
            self._shipper.run(self._due),
            self._config.run(),
            self._first.run(),
            self._look(),
        ]
        if self._metered is not None:
            loops.append(self._metered.run())
        owned = [asyncio.create_task(loop) for loop in loops]
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([*owned, stopped], return_when=asyncio.FIRST_COMPLETED)
        finally:
            log.info("stopping")
            for task in (*owned, stopped):
                task.cancel()
            ended = await asyncio.gather(*owned, return_exceptions=True)
        for result in ended:
            if isinstance(result, Exception):
                raise result

    async def _say_goodbye(self, stopping: Stopping) -> None:
        """One beat more, so that the silence which follows is known to be meant."""
        self._life.stopping = stopping
        last = [task for task in self._tasks.values() if task.probe == Presence.name]
        for task in last:
            await self._runner.run(task)
        if not last:
            await self._life.note_stopping()

    async def _last_push(self) -> None:
        await self._worker(self._spool.seal)
        self._trial.break_off()
        if self._shipper.deliveries.error is not None:
            return  # A collector that does not answer is not waited for.
        try:
            async with asyncio.timeout(PATIENCE):
                await self._shipper.push_once()
        except TimeoutError:
            log.warning("the last push was not answered in time; it will be sent again")

    async def _close(self) -> None:
        depth = await self._write_status()
        waiting = depth.readings + depth.unsealed
        if self._spool.trouble and waiting:
            log.error("readings in memory are lost: %d; %s", waiting, self._spool.trouble)
        await self._worker(self._spool.close)
        self._worker.close()
        log.info("stopped readings_waiting=%d", waiting)

    async def _look(self) -> None:
        while True:
            self._news.clear()
            self._look_at_clocks()
            self._trial.check_time()
            await self._write_status()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._news.wait()

    def _look_at_clocks(self) -> None:
        change = self._watch.look()
        if change.set_by:
            log.warning("wall clock was set; schedule rearmed seconds=%.0f", change.set_by)
        if change.away:
            log.warning("machine slept, or the agent was stopped seconds=%.0f", change.away)
            self._trial.slept(change.away)
            # One round and one push now, instead of everything that was missed.
            tasks = self._tasks.values()
            self._first.add([t for t in tasks if self._runner.wanted_after_absence(t)])
            self._shipper.hurry()
        if change.set_by or change.away:
            self._schedule.rearm()

    def _time_of_day(self) -> int:
        """Milliseconds; by the collector's clock as soon as that was heard."""
        return self._clock.wall() - (self._shipper.deliveries.clock_ahead_ms or 0)

    async def _write_status(self) -> Depth:
        depth = await self._worker(self._spool.depth)
        await self._worker(self._health.write, self._state_dir, depth)
        return depth

    # Once

    async def once(self) -> OnceResult:
        """Fetch the configuration if it changed, run every task once, seal, push all there is."""
        try:
            async with self._link:
                await self._worker(self._spool.seal)
                if self._metered is not None:
                    await self._metered.look()
                await self._shipper.push_once()
                if self._config.is_wanted:
                    await self._config.fetch()
                runs = [self._runner.run(task) for task in self._tasks.values()]
                records = [record for run in await asyncio.gather(*runs) for record in run]
                self._life.stopping = Stopping.AGENT
                await self._life.note_stopping()
                await self._worker(self._spool.seal)
                await self._push_all()
            left = await self._worker(self._spool.depth)
            error = self._shipper.deliveries.error or self._config.error
            held = self._thrift.ration() is not Ration.ALL
            return OnceResult(records, left, held, error)
        finally:
            await self._close()

    async def _push_all(self) -> None:
        for _ in range(MOST_PUSHES):
            urgent = await self._shipper.push_once()
            if urgent is None or self._shipper.deliveries.error is not None:
                return

    # What happens when

    async def _fire(self, name: str) -> None:
        if name == SEAL:
            await self._worker(self._spool.seal)
        elif name == PUSH:
            self._due.set()
        else:
            await self._runner.run(self._tasks[name])

    def _apply(self, config: wire.AgentConfig) -> None:
        """Put a configuration in force; tasks that have not changed go on undisturbed."""
        before, self._tasks = self._tasks, {job_name(task): task for task in config.tasks}
        self._runner.retain(config.tasks)
        self._schedule.replace(jobs_of(self._identity.agent, config))
        self._first.add([t for name, t in self._tasks.items() if before.get(name) != t])

    def _state(self, depth: Depth) -> State:
        return self._health.state(depth)

    async def _keep(self, records: list[wire.Record], bulk: bool) -> None:
        # A run that is broken off while its reading waits for the disk has measured all the same.
        await asyncio.shield(self._worker(self._spool.add, records, bulk=bulk))

    async def _keep_note(self, note: Note) -> None:
        await self._worker(self._spool.set_note, LIFE, encode_note(note))

    async def _seal_and_push(self) -> None:
        await self._worker(self._spool.seal)
        self._due.set()

    def _on_reply(self, reply: wire.PushReply, push: wire.Push) -> None:
        self._trial.pushed(push.config)
        if push.up is not None:
            self._leases.told(reply, push.up)
        self._config.told(reply.config)
        self._news.set()
