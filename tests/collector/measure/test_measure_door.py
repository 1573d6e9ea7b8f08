"""A whole collector whose agents ask for leave over HTTP, as agents do."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
import pytest

from agent.app import Agent as RealAgent
from agent.identity import Identity
from agent.leases import Leases
from agent.link import Link
from agent.permits import MEASURE, Permits
from agent.shipper import PUSH
from agent.thrift import Thrift
from collector.app import Collector
from collector.fleet.schedule import RoleSchedule
from collector.measure import token
from config.agent_settings import AgentSettings, LinkSettings
from probes.instruments.presence import Presence
from probes.measuring.permit import Permit, PermitOffice, Tier, Wanted
from probes.model import NoSettings, Probe, ProbeError, Reading, Role, Target
from probes.text import Text
from probes.wire import (
    JSON,
    VERSION,
    EnrolReply,
    EnrolRequest,
    MeasureDone,
    MeasureRequest,
    Problem,
    Push,
    PushReply,
    Task,
    decode,
    encode,
)
from tests.collector.served import SCHOOL, serving
from tests.fakes.clock import FakeClock

REPOSITORY = Path(__file__).parents[3]
OTHER = replace(SCHOOL, code="9934000002")
PORT = 18423
LINE = Wanted("line", Tier.TRAINS, 500e6)


def enrol(collector: Collector, role: Role, school: str = SCHOOL.code) -> EnrolReply:
    made = collector.register.create_token(school, role, actor="me")
    request = EnrolRequest(VERSION, f"{made.id}.{made.secret}", f"nonce-{made.id}")
    reply = collector.register.enrol(request, "127.0.0.1")
    collector.directory.refresh()
    return reply


class Asking:
    """An agent's own parts, as agent/app.py joins them, without the rest of it."""

    def __init__(self, link: Link, who: EnrolReply) -> None:
        self._link = link
        self._who = who
        self._clock = FakeClock()
        self._leases = Leases(self._clock.up)
        self.office = Permits(
            post=link.post,
            leases=self._leases,
            thrift=Thrift(LinkSettings(), self._clock.wall),
            clock=self._clock,
            host="127.0.0.1",
            permits_host=lambda _: False,
        )

    async def push(self) -> PushReply:
        now = time.time_ns() // 1_000_000
        push = Push(VERSION, self._who.school, "session-1", now, config="r1")
        answer = await self._link.post(PUSH, encode(push))
        reply = decode(answer.body, PushReply)
        self._leases.told(reply, self._clock.up())
        return reply

    async def reason(self, wanted: Wanted = LINE) -> str:
        with pytest.raises(ProbeError) as refused:
            await self.office.ask(wanted)
        return refused.value.reason


@dataclass
class County:
    """A collector that lends 1 Gbit/s, with two schools."""

    collector: Collector
    url: str
    links: list[Link]

    async def agent(self, who: EnrolReply) -> Asking:
        link = Link(self.url, credential=f"Bearer {who.agent}.{who.key}")
        self.links.append(link)
        return Asking(link, who)

    async def gateway(self, school: str = SCHOOL.code) -> Asking:
        """One that has pushed, and so is sentinel."""
        agent = await self.agent(enrol(self.collector, Role.GATEWAY, school))
        await agent.push()
        return agent


@asynccontextmanager
async def founded(folder: Path, **settings: Any) -> AsyncIterator[County]:
    given = {"measure_port": PORT, "measure_host": "127.0.0.1", **settings}
    async with serving(folder, **given) as (collector, url):
        collector.register.put_schools([OTHER], "me")
        collector.fleet.refresh()
        county = County(collector, url, [])
        yield county
        for link in county.links:
            await link.__aexit__()


@pytest.fixture
async def county(tmp_path: Path) -> AsyncIterator[County]:
    async with founded(tmp_path) as made:
        yield made


async def test_sentinel_is_lent_what_the_server_will_know_by_its_token(
    county: County, tmp_path: Path
) -> None:
    gateway = await county.gateway()
    permit = await gateway.office.ask(LINE)
    secret = (tmp_path / "measure.key").read_bytes()
    grant = token.read(secret, permit.token, time.time())
    assert (grant.id, grant.tier) == (permit.id, Tier.TRAINS)
    assert (permit.host, permit.port, permit.bits_per_second) == ("127.0.0.1", PORT, 625e6)
    await gateway.office.give_back(permit, 1234)
    assert county.collector.lending.slots.running() == []


async def test_second_agent_of_a_school_is_not_sentinel_and_cannot_pretend(county: County) -> None:
    await county.gateway()
    pc = await county.agent(enrol(county.collector, Role.PC))
    assert (await pc.push()).leases == {}
    assert await pc.reason() == "not_sentinel"
    answer = await county.links[-1].post(MEASURE, encode(MeasureRequest(VERSION, "line", "t1")))
    assert answer.status == 409
    assert decode(answer.body, Problem).reason == "not_sentinel"


async def test_two_schools_that_ask_at_once_never_get_more_than_the_server_has(
    county: County,
) -> None:
    agents = [await county.gateway(SCHOOL.code), await county.gateway(OTHER.code)]
    answers = await asyncio.gather(
        *(agent.office.ask(LINE) for agent in agents), return_exceptions=True
    )
    lent = [answer for answer in answers if isinstance(answer, Permit)]
    refused = [answer for answer in answers if isinstance(answer, ProbeError)]
    assert (len(lent), [each.reason for each in refused]) == (1, ["no_slot"])
    running = county.collector.lending.slots.running()
    assert sum(slot.bits_per_second for slot in running) <= 1000e6


async def test_revoked_sentinel_gets_no_leave_and_another_takes_over(county: County) -> None:
    who = enrol(county.collector, Role.GATEWAY)
    gateway = await county.agent(who)
    await gateway.push()
    county.collector.register.revoke(who.agent, "me")
    county.collector.directory.refresh()
    assert await gateway.reason() == "no_answer"
    pc = await county.agent(enrol(county.collector, Role.PC))
    assert (await pc.push()).leases["sentinel"]["epoch"] == 2
    await pc.office.ask(LINE)


async def test_figures_tell_what_is_lent_and_what_was_refused(county: County) -> None:
    agents = [await county.gateway(SCHOOL.code), await county.gateway(OTHER.code)]
    permit = await agents[0].office.ask(LINE)
    assert await agents[1].reason() == "no_slot"
    told = county.collector.gauges.read().for_status()["measuring"]
    assert told == {
        "running": 1,
        "lent_bits_per_second": 625e6,
        "limit_bits_per_second": 1000e6,
        "granted": {"t1": 1, "t2": 0},
        "refused": {"no_slot": 1},
        "granted_bytes": permit.most_bytes,
    }


async def test_collector_without_a_measurement_server_lends_nothing(tmp_path: Path) -> None:
    async with founded(tmp_path, measure_port=0) as county:
        gateway = await county.gateway()
        assert await gateway.reason() == "no_server"


async def test_budget_holder_and_what_is_lent_survive_a_restart(tmp_path: Path) -> None:
    async with founded(tmp_path) as county:
        who = enrol(county.collector, Role.PC)
        agent = await county.agent(who)
        await agent.push()
        permit = await agent.office.ask(LINE)
        await agent.office.give_back(permit, 5_000_000)
        await agent.office.ask(LINE)
    async with founded(tmp_path) as county:
        lending = county.collector.lending
        month = f"{time.strftime('%Y-%m', time.gmtime(time.time() + 8 * 3600))}"
        out = sum(each.most_bytes for each in county.collector._book.lent())
        assert out == permit.most_bytes
        assert lending.budget.left(SCHOOL.code, month) == 60_000_000_000 - 5_000_000 - out
        other = await county.agent(enrol(county.collector, Role.GATEWAY))
        assert (await other.push()).leases == {}  # a PC may still believe in its lease
        again = await county.agent(who)
        assert (await again.push()).leases["sentinel"]["epoch"] == 1
        assert await again.reason() == "no_slot"


# What is no question of an agent


NOT_UNDERSTOOD = [
    (b"{}", JSON, "Bearer a.b", 401),
    (b"{}", "text/plain", "", 415),
    (b"{}", JSON, "", 400),
    (b"[", JSON, "", 400),
    (b"x" * 5000, JSON, "", 413),
    (b'{"v": 2, "line": "line", "tier": "t1", "id": "a", "spent_bytes": 1}', JSON, "", 426),
    (b'{"v": 1, "line": "line", "tier": "t3", "id": "a", "spent_bytes": -1}', JSON, "", 400),
]
"""Body, its type, another key than the agent's, and the status of the answer."""


async def test_what_is_not_understood_is_answered_with_the_reason(county: County) -> None:
    who = enrol(county.collector, Role.GATEWAY)
    async with aiohttp.ClientSession(county.url) as client:
        for path in ("/v1/measure", "/v1/measure/done"):
            for body, kind, key, status in NOT_UNDERSTOOD:
                authorization = key or f"Bearer {who.agent}.{who.key}"
                headers = {"Authorization": authorization, "Content-Type": kind}
                async with client.post(path, data=body, headers=headers) as answer:
                    assert answer.status == status
                    assert decode(await answer.read(), Problem, JSON).error_zh


async def test_giving_back_what_was_never_lent_is_no_fault(county: County) -> None:
    await county.gateway()
    answer = await county.links[-1].post("/v1/measure/done", encode(MeasureDone(VERSION, "x", 1)))
    assert answer.status == 204


# Real agents


class Capacity(Probe[NoSettings]):
    """In the place of the real one: it asks, and says what it got."""

    name = "capacity"
    title = Text("容量", "capacity")
    measures = ()
    roles = frozenset({Role.GATEWAY, Role.PC})
    got: ClassVar[asyncio.Queue[Permit | str]]

    def __init__(self, settings: NoSettings, office: PermitOffice) -> None:
        super().__init__(settings)
        self._office = office

    async def measure(self, target: Target) -> Reading:
        try:
            permit = await self._office.ask(Wanted(target.name, Tier.TRAINS, None))
        except ProbeError as exc:
            self.got.put_nowait(exc.reason)
            raise
        await self._office.give_back(permit, 42)
        self.got.put_nowait(permit)
        return Reading.ok({})


def hurry(monkeypatch: pytest.MonkeyPatch, *tasks: Task) -> None:
    """Agents push each second, and run these."""
    schedule = {role: RoleSchedule(1, 1, tasks) for role in (Role.GATEWAY, Role.PC)}
    monkeypatch.setattr("collector.planning.load_schedule", lambda *_: schedule)


def identity(url: str, who: EnrolReply) -> Identity:
    return Identity(
        agent=who.agent, key=who.key, school=who.school, school_name=who.school_name,
        role=who.role, url=url,
    )  # fmt: skip


async def test_probe_of_a_real_agent_gets_leave_once_its_agent_is_sentinel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch, Task("capacity", 1, "line", "collector"))
    Capacity.got = asyncio.Queue()
    state = tmp_path / "agent"
    state.mkdir()
    async with founded(tmp_path / "collector") as county:
        who = enrol(county.collector, Role.GATEWAY)
        agent = RealAgent(
            settings=AgentSettings(),
            state_dir=state,
            identity=identity(county.url, who),
            catalog={"presence": Presence, "capacity": Capacity},  # type: ignore[dict-item]
        )
        stop = asyncio.Event()
        running = asyncio.create_task(agent.run(stop))
        try:
            async with asyncio.timeout(15):
                while not isinstance(got := await Capacity.got.get(), Permit):
                    assert got == "not_sentinel"
        finally:
            stop.set()
            await running
        assert county.collector.leasing.holder(SCHOOL.code) == who.agent
        [(_, spent)] = county.collector._book.spent().items()
    assert spent % 42 == 0
    assert spent > 0


@asynccontextmanager
async def agent_process(folder: Path, url: str, who: EnrolReply) -> AsyncIterator[Process]:
    await asyncio.to_thread(folder.mkdir)
    identity(url, who).save(folder)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent", "run", "--state-dir", str(folder),
        cwd=REPOSITORY, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


class Watched:
    """Who is sentinel, and how often an agent pushed until then."""

    def __init__(self, collector: Collector, who: EnrolReply) -> None:
        self._collector = collector
        self._who = who

    async def until(self, holder: EnrolReply) -> int:
        pushes = {self._newest()}
        async with asyncio.timeout(20):
            while self._collector.leasing.holder(SCHOOL.code) != holder.agent:
                await asyncio.sleep(0.01)
                pushes.add(self._newest())
        return len(pushes) - 1

    async def until_it_runs_its_configuration(self) -> None:
        async with asyncio.timeout(20):
            while not self._newest()[1]:  # noqa: ASYNC110 - another process pushes
                await asyncio.sleep(0.01)

    def _newest(self) -> tuple[datetime | None, str]:
        word = self._collector._heard.last_word(self._who.agent)
        return (word.at, word.config) if word else (None, "")


@pytest.mark.long
async def test_killed_sentinel_is_replaced_within_three_intervals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the pushes of the other agent, so that a busy machine does not decide the test."""
    hurry(monkeypatch, Task("presence", 1))
    async with founded(tmp_path / "collector") as county:
        gateway, pc = enrol(county.collector, Role.GATEWAY), enrol(county.collector, Role.PC)
        watched = Watched(county.collector, pc)
        async with (
            agent_process(tmp_path / "pc", county.url, pc),
            agent_process(tmp_path / "gateway", county.url, gateway) as sentinel,
        ):
            await watched.until(gateway)
            await watched.until_it_runs_its_configuration()
            sentinel.send_signal(signal.SIGKILL)
            assert await watched.until(pc) <= 3
