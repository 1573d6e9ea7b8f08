"""Builds the collector's parts, starts and stops them in order. The only wiring."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import secrets
import signal
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from collector.alert.alerting import SECONDS as ALERT_SECONDS
from collector.alert.alerting import Alerting
from collector.alert.channel import load_channels
from collector.alert.scene import read_alert_policy
from collector.alert.send import send
from collector.api.agent_config import ConfigDoor
from collector.api.enrol import EnrolDoor
from collector.api.export import ExportDoor
from collector.api.health import Readiness, ReadyDoor
from collector.api.measure import MeasureDoor
from collector.api.metrics import MetricsDoor
from collector.api.push import PUSH_PATH, PushDoor
from collector.api.shortcut import shorten
from collector.beat import every
from collector.export.export import Export
from collector.figures import Gauges
from collector.fleet.heard import Heard
from collector.ingest.receive import Boots, Ingest
from collector.inventory.part import InventoryPart
from collector.judge.duty.desk import DutyDesk
from collector.judge.duty.papers import Papers
from collector.judge.judge import Judge, read_policies
from collector.judge.moment import Sources
from collector.judge.premises import Premises
from collector.judge.watch import Watch
from collector.judging import Judging
from collector.lan.detecting import Detecting
from collector.lan.site import Sites
from collector.loans import Loans
from collector.logs.evidence import LogStanding
from collector.logs.keeping import LogKeeping
from collector.measure.measured import measured
from collector.measure.service import MeasuringService, cannot_listen
from collector.paperwork import Paperwork
from collector.planning import Planning
from collector.premises import premises_now
from collector.register.directory import AgentDirectory
from collector.register.register import Register
from collector.register.roster import Roster
from collector.response.reminding import REMIND_SECONDS, Reminding
from collector.site_lock import SiteLock
from collector.store import LastRun
from collector.store.commit import Committer
from collector.store.storehouse import BatchKeys, Storehouse, today
from collector.tls.live import (
    LOOK_SECONDS,
    LiveCertificate,
    live_certificate_or_none,
    where_it_serves,
)
from collector.web.access import Access
from collector.web.admin_key import AdminKey
from collector.web.showing import Showing
from collector.web.site import Site
from config.area_file import load_areas
from config.calendar_file import load_calendar
from config.collector_settings import CollectorSettings
from config.durable import replace_file
from config.loopback import is_loopback
from config.policy import Policies
from config.policy_folder import policies_of
from config.rectification_file import load_rectification
from config.threshold import Thresholds
from config.threshold_file import load_thresholds
from probes.catalog import Catalog, discover
from probes.wire import MAX_REQUEST_BYTES

log = logging.getLogger(__name__)

FILL_SECONDS = 2.0
REFRESH_SECONDS = 1.0
MOST_WAITING = 500
"""Pushes that wait for a commit; beyond, agents are told to come again before they send a body."""
KEEP_ALIVE_SECONDS = 150.0
"""Longer than a minute's push interval, so that an agent keeps its connection."""
SHUTDOWN_SECONDS = 5.0
SPENDING_SECONDS = 300.0


def milliseconds() -> int:
    return time.time_ns() // 1_000_000


def utc_now() -> datetime:
    return datetime.now(UTC)


class Collector:
    """One collector on one data directory."""

    def __init__(self, settings: CollectorSettings, data_dir: Path, catalog: Catalog) -> None:
        self._settings = settings
        self._data_dir = data_dir
        self._retention = timedelta(days=settings.retention_days)
        self._catalog = catalog
        self._certificate = live_certificate_or_none(settings, data_dir, utc_now)
        folder = policies_of(data_dir)
        log.info("the county's own policies: %s", ", ".join(folder.own) or "none")
        self.calendar = load_calendar(folder / "calendar.toml")
        self.register = Register.open(data_dir / "register.sqlite3")
        self.directory = AgentDirectory(self.register)
        self._roster = Roster(self.register)
        policies = read_policies(folder)
        reflector_secret = secret(data_dir / "reflector.key").encode()
        self._measure_secret = secret(data_dir / "measure.key").encode()
        self.measuring = MeasuringService(settings, reflector_secret, self._measure_secret, utc_now)
        self.reflector = self.measuring.reflector
        where = where_it_serves(settings, self._certificate, settings.host, settings.port)
        self._public_url = where["public_url"]
        self.planning = Planning(
            self.register,
            catalog,
            self.calendar,
            data_dir,
            platforms=policies.platforms,
            settings=settings,
            public_url=self._public_url,
            reflector_key=self.reflector.key,
            secret=secret(data_dir / "config.key"),
            now=utc_now,
        )
        self.fleet = self.planning.fleet
        self.house = Storehouse(data_dir, catalog, milliseconds, settings.memory_limit)
        journal = self.house.journal
        self.detecting = Detecting.of(self.register, self.house.store, catalog, folder, self._sites)
        self._heard = Heard()
        self._started = utc_now()
        thresholds = load_thresholds(catalog, folder)
        self.desk = DutyDesk(
            self.register.duties,
            load_rectification(folder).within,
            self._signed,
        )
        self.judging = self._make_judging(policies, self._make_watch(thresholds))
        self.alert_policy = read_alert_policy(thresholds.rows, folder)
        self.alerting = self._make_alerting()
        self._merged_on: date | None = None
        self.committer = Committer(journal, self.house.joiner, self.house.take, self.house.writer)
        self.ingest = Ingest(catalog, self.committer, Boots(journal.boots()), journal.seen())
        for key, sha256 in journal.identities():
            self.ingest.remember(key, sha256)
        loans = Loans(
            data_dir,
            settings,
            self._measure_secret,
            directory=self.directory,
            fleet=self.fleet,
            calendar=self.calendar,
            now=utc_now,
        )
        self._book, self.leasing, self.lending = loans.book, loans.leasing, loans.lending
        self._showing = self.showing()
        self.paperwork = Paperwork(self.register, data_dir, self._showing, self._public_url)
        self.devices = InventoryPart(self.register, data_dir, self._showing, self._sites)
        self.response = self._make_response()
        own, tampered = [self.paperwork.access_book], self.response.log_tampered
        self.logs = LogKeeping.of(self.register, data_dir, folder, own, tampered)
        self._export = Export(settings.export, self.house, self._showing, load_areas(folder))
        self._push = PushDoor(
            self.ingest,
            self.directory,
            self.fleet.revision,
            self._heard.note,
            milliseconds,
            journal.generation,
            lambda: self.committer.depth > MOST_WAITING,
            self.leasing.leases,
        )
        self.gauges = self._make_gauges()

    def _make_watch(self, thresholds: Thresholds) -> Watch:
        rows = {row.id: row for row in thresholds.rows}
        sources = Sources(self.house.store, self._catalog, self.calendar, rows, self._started)
        return Watch(self.register, sources, thresholds.revision, self._retention)

    def _make_judging(self, policies: Policies, watch: Watch) -> Judging:
        return Judging(
            Judge(self._catalog, policies, self.calendar),
            watch,
            self.desk,
            register=self.register,
            roster=self._roster,
            store=self.house.store,
            calendar=self.calendar,
            remote=self.planning.remote,
            logs=self._log_standings,
            premises=self._premises,
            expectations=self.fleet.expectations,
            every=self._settings.judge_every,
            retention=self._retention,
            now=utc_now,
        )

    def _sites(self) -> Sites:
        return self.planning.lan.now.sites

    def _premises(self) -> Premises:
        devices = self.devices.inventory.by_school()
        return premises_now(self.register, utc_now(), self._sites(), devices)

    def _make_gauges(self) -> Gauges:
        return Gauges(
            started=self._started,
            now=milliseconds,
            directory=self.directory,
            heard=self._heard,
            pushes=self._push.tally,
            committer=self.committer,
            house=self.house,
            timer=self.judging.timer,
            reflector=self.reflector,
            lending=self.lending,
            export=self._export,
            certificate=self._certificate,
            data_dir=self._data_dir,
        )

    def _make_alerting(self) -> Alerting:
        return Alerting(
            self.register,
            self.alert_policy,
            load_channels(self._data_dir),
            send,
            public_url=self._public_url,
            clock=utc_now,
            retention=self._retention,
        )

    def _make_response(self) -> Reminding:
        folder, channels = policies_of(self._data_dir), load_channels(self._data_dir)
        routes = self.alert_policy.routes
        return Reminding.of(self.register, folder, routes, channels, send, utc_now)

    def application(self) -> web.Application:
        """The HTTP side; the doors below /v1 first, then pages."""
        application = web.Application(client_max_size=MAX_REQUEST_BYTES)
        application.router.add_post(PUSH_PATH, self._push.handle)
        application.add_routes(EnrolDoor(self.register, self.directory).routes())
        application.add_routes(ConfigDoor(self.directory, self.fleet).routes())
        application.add_routes(MeasureDoor(self.directory, self.lending).routes())
        key = AdminKey(secret(self._data_dir / "admin.key"))
        public = urlsplit(self._public_url).hostname
        access = Access(
            key, open_pages=is_loopback(self._settings.host), hosts=[public] if public else []
        )
        site = Site(self._showing, key, access)
        application.add_routes(ExportDoor(self._export, site.guard).routes())
        application.add_routes(MetricsDoor(self.gauges.read, access).routes())
        application.add_routes(ReadyDoor(self._readiness()).routes())
        self.paperwork.add_to(application, key, access)
        self.devices.add_to(application, access)
        site.add_to(application)
        return application

    def _readiness(self) -> Readiness:
        committer, every = self.committer, self._settings.judge_every
        return Readiness(self.gauges.read, committer.tally, committer.try_out, every)

    def showing(self) -> Showing:
        """What pages and the admin API may look at."""
        return Showing(
            catalog=self._catalog,
            calendar=self.calendar,
            store=self.house.store,
            now=utc_now,
            judgement=lambda: self.judging.judgement,
            lines=self.judging.lines,
            schools=self._roster.schools,
            agents=self.register.agents,
            last_word=self._heard.last_word,
            sentinel=self.leasing.holder,
            last_runs=self._last_runs,
            states=lambda: self.judging.watch.states,
            flips=self.register.flips,
            incidents=self.register.incidents,
            alert_policy=self.alert_policy,
            findings=self.detecting.findings,
            rectifications=self.desk.items,
            figures=self._figures,
        )

    async def run(self, stop: asyncio.Event, ready: Callable[[str], None]) -> None:
        """Serve until `stop`; `ready` is told the address once it listens.

        Raises PortError if it cannot listen, and OSError when the disk can no longer be trusted:
        then a supervisor starts it again.
        """
        loop = asyncio.get_running_loop()

        def forget(keys: BatchKeys) -> None:
            loop.call_soon_threadsafe(self.ingest.forget, keys)

        self.house.on_sealed = forget
        runner = web.AppRunner(
            self.application(),
            access_log=None,
            auto_decompress=False,  # our own reader is bounded
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            shutdown_timeout=SHUTDOWN_SECONDS,
        )
        healthy = False
        try:
            await runner.setup()
            assert runner.server is not None
            shorten(runner.server, PUSH_PATH, self._push.handle)
            await self._listen(runner)
            ready(self._serving(runner))
            await self._work(stop, runner)
            healthy = True
        finally:
            await self.measuring.close()
            await runner.cleanup()
            await asyncio.to_thread(self._close, healthy)

    async def _listen(self, runner: web.AppRunner) -> None:
        host, port = self._settings.host, self._settings.port
        context = None if self._certificate is None else self._certificate.context
        try:
            await web.TCPSite(runner, host, port, ssl_context=context, backlog=1024).start()
        except OSError as exc:
            raise cannot_listen(host, f"{port}", exc) from exc
        await self.measuring.open(context)

    async def _work(self, stop: asyncio.Event, runner: web.AppRunner) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                commits = group.create_task(self.committer.run())
                beats = [group.create_task(beat) for beat in self._beats()]
                await stop.wait()
                self.alerting.stop()
                self.response.stop()
                for beat in beats:
                    beat.cancel()
                await runner.cleanup()  # first, so that nothing is put after the last commit
                self.committer.close()
                await commits
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from group

    def _beats(self) -> Sequence[Coroutine[None, None, None]]:
        return (
            every(FILL_SECONDS, self.house.fill),
            every(REFRESH_SECONDS, self._refresh),
            every(self._settings.seal_every, self.house.seal, first=self._settings.seal_every),
            every(3600, self._merge, first=300),
            self._follow_spending(),
            every(1.0, self.judging.judge_if_due),
            self._export.run(),
            every(ALERT_SECONDS, self.alerting.work),
            every(REMIND_SECONDS, self.response.work),
            self.logs.run(),
            *self.detecting.beats(),
            *_following(self._certificate),
        )

    def _serving(self, runner: web.AppRunner) -> str:
        where = where_it_serves(self._settings, self._certificate, *runner.addresses[0][:2])
        facts = {**where, "pid": os.getpid()}
        replace_file(self._data_dir / "serving.json", json.dumps(facts).encode())
        return where["public_url"]

    def _refresh(self) -> None:
        if self.directory.refresh() | self.planning.refresh():
            self.judging.timer.nudge()

    def _merge(self) -> None:
        """Once a day and once after a start: late readings wait for the next night."""
        day = today()
        if day != self._merged_on:
            self.house.merge(day, self._settings.retention_days)
            self._merged_on = day

    async def _follow_spending(self) -> None:
        """What readings say was spent on measuring; and permits that nobody gave back."""
        while True:
            try:
                await asyncio.to_thread(self._read_spending)
                await self.lending.tidy()
            except Exception:
                log.exception("what measuring has cost is not known anew")
            await asyncio.sleep(SPENDING_SECONDS)

    def _read_spending(self) -> None:
        schools = self._roster.schools()
        spent = measured(self.house.store, self._catalog, schools, utc_now())
        self.lending.budget.measured(spent)

    def _signed(self, now: datetime) -> Papers:
        return self.paperwork.clerk.papers(now)

    def _log_standings(self) -> Mapping[str, LogStanding]:
        return self.logs.evidence.by_school()

    def _last_runs(self, school: str) -> Sequence[LastRun]:
        return [run for name in self._catalog for run in self.house.store.last_runs(name, school)]

    def _figures(self) -> Mapping[str, object]:
        return {
            **self.gauges.read().for_status(),
            **self.alerting.figures(),
            **self._export.figures(),
            **self.logs.figures(),
            **self.planning.figures(),
            **self.devices.figures(),
        }

    def _close(self, healthy: bool) -> None:
        """Seal and close. A disk that failed is left alone: the journal is sealed another time."""
        try:
            if healthy:
                self.house.seal()
        except Exception:
            log.exception("sealing at shutdown failed; it is done after the next start")
        self._book.close()
        self.house.close()
        self.register.close()


def _following(certificate: LiveCertificate | None) -> Sequence[Coroutine[None, None, None]]:
    return () if certificate is None else (every(LOOK_SECONDS, certificate.look),)


def serve(
    settings: CollectorSettings, data_dir: Path, ready: Callable[[str], None] = lambda _: None
) -> None:
    """Run a collector until SIGTERM or SIGINT. Raises BanjunError if another one is running."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with SiteLock(data_dir / "lock"):
        collector = Collector(settings, data_dir, discover())
        # Most of what lives here lives as long as the process: looking through it for garbage at
        # the default rate costs a third of the time per push.
        gc.collect()
        gc.freeze()
        gc.set_threshold(200_000, 50, 1000)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_until_told(collector, ready))
        gc.unfreeze()


async def _until_told(collector: Collector, ready: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGINT"):
        loop.add_signal_handler(getattr(signal, name), stop.set)
    await collector.run(stop, ready)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # Windows
        return None
    return uvloop.new_event_loop


def secret(path: Path) -> str:
    """The secret in the file `path`, made at the first start."""
    if not path.exists():
        replace_file(path, secrets.token_hex(32).encode())
    return path.read_text("ascii").strip()
