"""A school whose devices live through a day: real probes, spools and ingest, and one false clock.

A device is a computer with a disk (a folder), a boot clock that stands still for nobody, and the
agent's own runner, spool and life on it. What reaches the store went through its spool and a push.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.allow import AllowList
from agent.runner import Runner
from agent.spool import Spool
from collector.ingest.receive import Boots, Ingest
from collector.judge.periods import school_periods
from collector.judge.presence.model import History
from collector.judge.presence.timeline import timelines
from collector.register.model import Agent, School
from collector.store.commit import Committer
from collector.store.storehouse import Storehouse
from config.agent_settings import AllowSettings, SpoolSettings
from config.calendar import Calendar
from probes import wire
from probes.catalog import discover
from probes.instruments.presence import Presence
from probes.life import Clocks, Life, Note, Stopping, encode_note, note_or_none
from probes.model import Role

ZONE = ZoneInfo("Asia/Shanghai")
DAY = datetime(2026, 11, 17, tzinfo=ZONE)
"""A Tuesday with seven lessons of 40 minutes, from 08:20 to 16:20."""
SCHOOL = School(code="9934000001", name="示例实验学校", adcode="340199")
MINUTE = timedelta(minutes=1)
_BEAT = wire.Task("presence", 60.0)


def at(clock: str, day: int = 0) -> datetime:
    """`10:40` of the day, or so many days later."""
    return datetime.combine(DAY.date() + timedelta(days=day), time.fromisoformat(clock), ZONE)


def ms(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)


class Device:
    """`disk` is the agent's state folder; `card` is what it is rolled back to at each boot."""

    def __init__(self, name: str, role: Role, disk: Path, site: Site) -> None:
        self.name = name
        self.disk = disk
        self.card: Path | None = None
        self.plugged = True
        self.agent = Agent(
            id=f"agent-{name}",
            school=SCHOOL.code,
            role=role,
            key_sha256=b"",
            enrolled_at=DAY.astimezone(UTC) - timedelta(days=30),
            hostname=name,
            confirmed=True,
        )
        self._site = site
        self._boots = 0
        self._sessions = 0
        self._booted = site.now
        self._slept = timedelta()
        self._asleep_since: datetime | None = None
        self._ended_clean: bool | None = None
        self._spool: Spool | None = None
        disk.mkdir(parents=True)

    # The clocks that the agent sees. A dead CMOS battery is not this test's business.

    def wall(self) -> int:
        return ms(self._site.now)

    def up(self) -> int:
        return round((self._site.now - self._booted).total_seconds() * 1000)

    def monotonic(self) -> float:
        return self.clocks().awake

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError

    def clocks(self) -> Clocks:
        since_boot = (self._site.now - self._booted).total_seconds()
        return Clocks(since_boot - self._slept.total_seconds(), since_boot)

    # What happens to it

    async def power_on(self) -> None:
        self._boots += 1
        self._booted, self._slept = self._site.now, timedelta()
        if self.card:
            shutil.rmtree(self.disk)
            shutil.copytree(self.card, self.disk)
        await self.start_agent()

    async def start_agent(self) -> None:
        self._sessions += 1
        boot, session = f"boot-{self.name}-{self._boots}", f"session-{self.name}-{self._sessions}"
        self._boot, self._session = boot, session
        spool = self._spool = Spool(
            self.disk,
            agent=self.agent.id,
            session=session,
            boot=boot,
            pack=partial(wire.pack, resolutions={}),
            wall=self.wall,
            up=self.up,
            free_bytes=lambda: 10**12,
            new_id=lambda: f"gap-{session}",
            limits=SpoolSettings(),
        )
        clean = self._ended_clean

        async def keep_note(note: Note) -> None:
            spool.set_note("life", encode_note(note))

        async def keep(records: list[wire.Record], bulk: bool) -> None:
            spool.add(records, bulk=bulk)

        self._life = life = Life(
            boot,
            note_or_none(spool.note("life")),
            keep=keep_note,
            clocks=self.clocks,
            clean_boot=lambda: clean,
        )
        self._runner = Runner(
            catalog=discover(),
            allow=AllowList.of(AllowSettings()),
            clock=self,
            collector=("127.0.0.1", 1),
            keep=keep,
            makers={"presence": lambda settings: Presence(settings, life)},
        )
        await self._runner.run(_BEAT)
        await self.deliver()

    async def minute(self, number: int) -> None:
        """What an agent does each minute: beat, and now and then seal and push."""
        if self._spool is None or self._asleep_since:
            return
        await self._runner.run(_BEAT)
        if number % 5 == 0:
            await self.deliver()

    async def deliver(self) -> None:
        assert self._spool is not None
        self._spool.seal()
        if not (self.plugged and self._site.line):
            return
        sealed = self._spool.oldest(wire.MAX_BATCHES, 10**6)
        push = wire.Push(
            v=1,
            school=SCHOOL.code,
            session=self._session,
            boot=self._boot,
            wall=self.wall(),
            up=self.up(),
            batches=[wire.Batch(b.session, b.seq, b.boot, b.sha256, b.body) for b in sealed],
        )
        acks = await self._site.ingest.receive(push, self.agent, ms(self._site.now))
        assert {ack.result for ack in acks} <= {"stored", "duplicate"}, acks
        self._spool.drop([(ack.session, ack.seq) for ack in acks])

    async def shut_down(self) -> None:
        await self._stop(Stopping.MACHINE)
        self._ended_clean = True

    async def stop_agent(self) -> None:
        await self._stop(Stopping.AGENT)

    async def _stop(self, stopping: Stopping) -> None:
        self._life.stopping = stopping
        await self._runner.run(_BEAT)
        await self.deliver()
        self._end()

    def kill_agent(self) -> None:
        self._end()

    def cut_power(self) -> None:
        self._ended_clean = False
        self._end()

    def fall_asleep(self) -> None:
        self._asleep_since = self._site.now

    def wake(self) -> None:
        assert self._asleep_since is not None
        self._slept += self._site.now - self._asleep_since
        self._asleep_since = None

    def freeze(self, card: Path) -> None:
        """From now on a restore card rolls the disk back to this."""
        assert self._spool is not None
        shutil.copytree(self.disk, card)
        self.card = card

    def _end(self) -> None:
        if self._spool is not None:
            self._spool.close()
        self._spool = None


Act = Callable[[], object]


@dataclass
class Site:
    """The school, its line, and the collector's receiving side."""

    folder: Path
    calendar: Calendar
    now: datetime = DAY
    line: bool = True
    devices: dict[str, Device] = field(default_factory=dict)
    plan: dict[datetime, list[Act]] = field(default_factory=dict)
    seen: dict[str, Mapping[str, History]] = field(default_factory=dict)
    ingest: Ingest = field(init=False)

    def __post_init__(self) -> None:
        catalog = discover()
        self.house = Storehouse(self.folder / "collector", catalog, lambda: ms(self.now))
        self._committer = Committer(
            self.house.journal, self.house.joiner, self.house.take, self.house.writer, interval=0
        )
        self.ingest = Ingest(catalog, self._committer, Boots({}), {})
        self.house.on_sealed = self.ingest.forget

    def add(self, name: str, role: Role = Role.PC) -> Device:
        device = self.devices[name] = Device(name, role, self.folder / name, self)
        return device

    def when(self, clock: str, *acts: Act, day: int = 0) -> None:
        self.plan.setdefault(at(clock, day), []).extend(acts)

    def look(self, name: str) -> None:
        """Remember what a person would be told now."""
        self.house.fill()
        ids = [device.agent.id for device in self.devices.values()]
        now = self.now.astimezone(UTC)
        self.seen[name] = timelines(
            self.house.store, SCHOOL.code, ids, now - timedelta(days=1), now, {}
        )

    async def live(self, *spans: tuple[datetime, datetime]) -> None:
        """Minute by minute through each span; nothing is planned in between."""
        running = asyncio.create_task(self._committer.run())
        try:
            for since, until in spans:
                self.now = since
                while self.now <= until:
                    await self._minute()
                    self.now += MINUTE
        finally:
            self._committer.close()
            with suppress(asyncio.CancelledError):
                await running
            for device in self.devices.values():
                device.kill_agent()
        self.house.fill()

    async def _minute(self) -> None:
        for act in self.plan.pop(self.now, ()):
            done = act()
            if asyncio.iscoroutine(done):
                await done
        number = round(self.now.timestamp() / 60)
        for device in self.devices.values():
            await device.minute(number)

    def set_periods(self) -> None:
        since, until = DAY - timedelta(days=190), DAY + timedelta(days=60)
        self.house.store.set_periods(
            school_periods(self.calendar, [SCHOOL], since.astimezone(UTC), until.astimezone(UTC))
        )

    def agents(self) -> list[Agent]:
        return [device.agent for device in self.devices.values()]
