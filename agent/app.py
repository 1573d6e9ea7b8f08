"""Builds the parts of an agent, starts and stops them in order. The only wiring."""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from agent.allow import AllowList
from agent.clock import SystemClock
from agent.config_check import ConfigRefusedError, check_config
from agent.config_client import ConfigClient
from agent.config_trial import ConfigTrial
from agent.health import Health, agent_version, last_known, read_status
from agent.identity import Identity
from agent.link import Answer, Link
from agent.offload import Worker
from agent.runner import Catalog, Runner
from agent.schedule import Job, SystemSchedule, phase
from agent.shelf import Depth
from agent.shipper import Sender, Shipper, State
from agent.spool import Spool
from config.agent_settings import AgentSettings
from probes import wire
from probes.boot import boot_id
from probes.text import Text

log = logging.getLogger(__name__)

HEARTBEAT = 60.0
"""Seconds between pushes until a configuration says otherwise."""
AFTER_SEAL = 2.0
"""Seconds from sealing to the push that carries what was sealed."""
FIRST_ROUND = 3.0
"""Seconds over which new tasks run for the first time."""
FIRST_SEAL = 15.0
"""Seconds after which the first batch is sealed, whatever still runs."""
LOOK = 5.0
"""Seconds between looks at the trial of a configuration, and between status files."""
PATIENCE = 5.0
"""Seconds that a run or the last push may take when the agent is asked to stop."""
MOST_PUSHES = 200
"""In one `once`; a backlog beyond that is left to the next."""


@dataclass(frozen=True, slots=True)
class OnceResult:
    """What one round amounted to. `error` is why not everything was delivered."""

    records: Sequence[wire.Record]
    left: Depth
    error: Text | None


class Agent:
    """One agent, wired. Use `run` or `once`, one time, while the state directory is locked."""

    def __init__(
        self, *, settings: AgentSettings, state_dir: Path, identity: Identity, catalog: Catalog
    ) -> None:
        self._state_dir = state_dir
        self._identity = identity
        self._clock = SystemClock()
        self._rng = Random()  # noqa: S311 - it spreads load, it keeps no secret
        self._worker = Worker()
        self._due = asyncio.Event()
        self._fresh: asyncio.Queue[list[wire.Task]] = asyncio.Queue()
        self._tasks: dict[str, wire.Task] = {}
        allow = AllowList.of(settings.allow)
        session = secrets.token_hex(16)
        self._spool = self._open_spool(settings, session, catalog)
        self._link = Link(
            identity.url,
            credential=identity.credential,
            version=agent_version(),
            ca_file=settings.ca_file,
        )
        self._runner = Runner(
            catalog=catalog,
            allow=allow,
            clock=self._clock,
            collector=(identity.collector_host, identity.collector_port),
            keep=self._keep,
        )
        self._schedule = SystemSchedule(self._fire)
        self._trial = ConfigTrial(
            state_dir / "config.json",
            agent=identity.agent,
            apply=self._apply,
            monotonic=self._clock.monotonic,
        )
        self._config = ConfigClient(
            trial=self._trial,
            get=self._get_config,
            check=partial(check_config, catalog=catalog, allow=allow),
            clock=self._clock,
            rng=self._rng,
        )
        self._shipper = Shipper(
            sender=Sender(identity.school, session, boot_id()),
            spool=self._spool,
            post=self._link.post,
            offload=self._worker,
            clock=self._clock,
            rng=self._rng,
            state=self._state,
            revision=lambda: self._trial.revision,
            on_reply=self._on_reply,
        )
        self._health = Health(
            identity=identity,
            clock=self._clock,
            started_at=self._clock.wall(),
            spool=self._spool,
            runs=self._runner.runs,
            trial=self._trial,
            config=self._config,
            deliveries=self._shipper.deliveries,
        )
        self._begin(check_config_of(self._trial, catalog, allow))

    def _open_spool(self, settings: AgentSettings, session: str, catalog: Catalog) -> Spool:
        resolutions = {
            name: {metric.name: metric for metric in probe.measures}
            for name, probe in catalog.items()
        }
        return Spool(
            self._state_dir,
            agent=self._identity.agent,
            session=session,
            boot=boot_id(),
            pack=partial(wire.pack, resolutions=resolutions),
            wall=self._clock.wall,
            free_bytes=lambda: shutil.disk_usage(self._state_dir).free,
            new_id=partial(secrets.token_hex, 8),
            limits=settings.spool,
            known=last_known(read_status(self._state_dir)),
        )

    def _begin(self, config: wire.AgentConfig | None) -> None:
        if config is None:
            every = HEARTBEAT
            push = Job(every, phase(every, self._identity.agent, "push"), "push")
            self._schedule.replace({"push": push})
        else:
            self._apply(config)

    # Running

    async def run(self, stop: asyncio.Event) -> None:
        """Measure and deliver until `stop` is set; then finish, seal, push once more."""
        log.info(
            "started agent=%s school=%s collector=%s",
            self._identity.agent,
            self._identity.school,
            self._identity.url,
        )
        try:
            # What a killed process left behind goes out first.
            await self._worker(self._spool.seal)
            async with self._link:
                self._due.set()
                self._schedule.start()
                await self._until(stop)
                await self._finish()
        finally:
            await self._close()

    async def _until(self, stop: asyncio.Event) -> None:
        owned = [
            asyncio.create_task(coroutine)
            for coroutine in (
                self._shipper.run(self._due),
                self._config.run(),
                self._first_rounds(),
                self._look(),
            )
        ]
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

    async def _finish(self) -> None:
        await self._schedule.stop(PATIENCE)
        await self._worker(self._spool.seal)
        try:
            async with asyncio.timeout(PATIENCE):
                await self._shipper.push_once()
        except TimeoutError:
            log.warning("the last push was not answered in time; it will be sent again")

    async def _close(self) -> None:
        depth = await self._worker(self._spool.depth)
        await self._worker(self._health.write, self._state_dir, depth)
        await self._worker(self._spool.close)
        self._worker.close()
        log.info("stopped readings_waiting=%d", depth.readings + depth.unsealed)

    async def _look(self) -> None:
        while True:
            self._trial.check_time()
            depth = await self._worker(self._spool.depth)
            await self._worker(self._health.write, self._state_dir, depth)
            await asyncio.sleep(LOOK)

    # Once

    async def once(self) -> OnceResult:
        """Fetch the configuration if it changed, run every task once, seal, push all there is."""
        try:
            async with self._link:
                await self._shipper.push_once()
                if self._config.wanted:
                    await self._config.fetch()
                config = self._trial.in_force
                runs = [self._runner.run(task) for task in (config.tasks if config else ())]
                records = [record for run in await asyncio.gather(*runs) for record in run]
                await self._worker(self._spool.seal)
                await self._push_all()
            left = await self._worker(self._spool.depth)
            error = self._shipper.deliveries.error or self._config.error
            return OnceResult(records, left, error)
        finally:
            await self._close()

    async def _push_all(self) -> None:
        for _ in range(MOST_PUSHES):
            await self._shipper.push_once()
            depth = await self._worker(self._spool.depth)
            if self._shipper.deliveries.error is not None or not depth.batches:
                return

    # What happens when

    async def _fire(self, name: str) -> None:
        if name == "seal":
            await self._worker(self._spool.seal)
        elif name == "push":
            self._due.set()
        else:
            await self._runner.run(self._tasks[name])

    def _apply(self, config: wire.AgentConfig) -> None:
        """Put a configuration in force; tasks that have not changed go on undisturbed."""
        tasks = {f"{task.probe}/{task.target}": task for task in config.tasks}
        fresh = [task for name, task in tasks.items() if self._tasks.get(name) != task]
        self._tasks = tasks
        self._runner.retain(config.tasks)
        self._schedule.replace(jobs(self._identity.agent, config))
        self._fresh.put_nowait(fresh)

    async def _first_rounds(self) -> None:
        """Run new tasks once, soon, so that a first start shows readings within seconds."""
        while True:
            fresh = await self._fresh.get()
            try:
                async with asyncio.timeout(FIRST_SEAL):
                    await self._first_round(fresh)
            except TimeoutError:
                log.debug("first round goes on without its slowest probes")
            await self._worker(self._spool.seal)
            self._due.set()

    async def _first_round(self, fresh: Sequence[wire.Task]) -> None:
        async def later(wait: float, task: wire.Task) -> None:
            await self._clock.sleep(wait)
            await self._runner.run(task)

        async with asyncio.TaskGroup() as group:
            for i, task in enumerate(fresh):
                group.create_task(later(FIRST_ROUND * i / len(fresh), task))

    async def _keep(self, records: list[wire.Record], bulk: bool) -> None:
        await self._worker(self._spool.add, records, bulk=bulk)

    async def _get_config(self, revision: str) -> Answer:
        return await self._link.get("/v1/config", etag=revision)

    def _state(self, depth: Depth) -> State:
        return self._health.state(depth)

    def _on_reply(self, reply: wire.PushReply, revision: str) -> None:
        self._trial.pushed(revision)
        self._config.told(reply.config)
