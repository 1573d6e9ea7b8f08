"""A small county to show: schools, agents, readings and a judgement of them, at a fixed moment.

`serve` runs the site over it on a free port of 127.0.0.1.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

import aiohttp
from aiohttp import web

from collector.alert.scene import AlertPolicy, read_alert_policy
from collector.fleet.heard import LastWord
from collector.judge.duty.papers import NO_PAPERS, Papers
from collector.judge.judge import Judge, Judgement, read_policies
from collector.judge.line import LineFinding
from collector.judge.premises import NO_PREMISES, Premises
from collector.judge.standing import States
from collector.lan.kept import Kept
from collector.register.incident import Incident
from collector.register.model import Agent, Flip, Link, School, Watched
from collector.register.rectification import Item
from collector.store import LastRun
from collector.store.memory import MemoryStore, StoredReading
from collector.web.access import Access
from collector.web.admin_key import AdminKey
from collector.web.showing import Showing
from collector.web.site import Site
from config.calendar import Calendar
from config.calendar_file import load_calendar
from config.duty import Duty
from config.policy import Policies
from config.threshold_file import load_thresholds
from probes.catalog import Catalog, discover
from probes.model import Outcome, Role

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
"""A Monday, 14:30 in Shanghai: the second half of the first lesson after noon."""
KEY = "a" * 64
MBIT = 1_000_000
BIG, POOR = "9934000001", "9934000007"


def school(
    code: str, name: str, classes: int | None, contract: int | None, area: str = "urban"
) -> School:
    rate = None if contract is None else contract * MBIT
    return School(
        code=code,
        name=name,
        adcode="340199",
        type_code="211",
        urban_code="111" if area == "urban" else "220",
        policy_area=area,
        students={"primary": 900},
        classes=None if classes is None else {"primary": classes},
        links=(Link(name="主线", isp="示例电信", contract_down_bits_per_second=rate),),
        valid_from=date(2026, 9, 1),
        revision=f"rev-{code[-2:]}",
    )


def agent(id: str, code: str = BIG, hostname: str = "gw-1", role: Role = Role.GATEWAY) -> Agent:
    return Agent(
        id=id,
        school=code,
        role=role,
        key_sha256=b"",
        enrolled_at=NOW - timedelta(days=30),
        hostname=hostname,
        system="Linux 6.1",
        version="0.1.0",
    )


def reading(
    probe: str, values: dict[str, float], *, ago: float = 60, agent: str = "agent-1",
    code: str = BIG, target: str = "local", labels: dict[str, str] | None = None,
) -> StoredReading:  # fmt: skip
    return StoredReading(
        probe=probe,
        at=NOW - timedelta(seconds=ago),
        school=code,
        agent=agent,
        values=values,
        target=target,
        labels=labels,
    )


def not_run(probe: str, reason: str, agent: str = "agent-1", target: str = "local") -> LastRun:
    return LastRun(BIG, agent, probe, target, NOW - timedelta(minutes=2), Outcome.NOT_RUN, reason)


@cache
def calendar() -> Calendar:
    return load_calendar()


@cache
def alert_policy() -> AlertPolicy:
    return read_alert_policy(load_thresholds(discover()).rows)


@cache
def policies() -> Policies:
    """As shipped, but of the duties only the one whose fact the machines here report."""
    found = read_policies()
    return replace(found, duties=tuple(d for d in found.duties if d.id == "duty.host_firewall"))


@dataclass
class County:
    """What a test puts in; `showing` is what pages see of it."""

    schools: list[School] = field(
        default_factory=lambda: [
            school(BIG, "示例实验学校", 30, 300),
            school(POOR, "示例西岭初级中学", 18, 50, "county"),
        ]
    )
    agents: list[Agent] = field(default_factory=lambda: [agent("agent-1")])
    readings: list[StoredReading] = field(default_factory=list)
    runs: list[LastRun] = field(default_factory=list)
    states: dict[str, Mapping[str, object]] = field(default_factory=lambda: {"agent-1": {}})
    catalog: Catalog = field(default_factory=discover)
    sentinels: dict[str, str] = field(default_factory=dict)
    judged: bool = True
    now_states: States = field(default_factory=States)
    flips: list[Flip] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    findings: dict[Watched, Kept] = field(default_factory=dict)
    now: datetime = NOW
    papers: Papers = NO_PAPERS
    premises: Premises = NO_PREMISES
    items: list[Item] = field(default_factory=list)
    duties: tuple[Duty, ...] | None = None

    def showing(self) -> Showing:
        store = MemoryStore(self.catalog, self.readings)
        judgement = self._judge(store) if self.judged else None
        return Showing(
            catalog=self.catalog,
            calendar=calendar(),
            store=store,
            now=lambda: self.now,
            judgement=lambda: judgement,
            lines=lambda day, code: self._lines(store, day, code),
            schools=lambda: self.schools,
            agents=lambda: self.agents,
            last_word=self._last_word,
            sentinel=self.sentinels.get,
            last_runs=self._last_runs,
            states=lambda: self.now_states,
            flips=self._flips,
            incidents=self._incidents,
            findings=lambda _: self.findings,
            alert_policy=alert_policy(),
            rectifications=self._rectifications,
            figures=lambda: {"journal_batches": 3},
        )

    def _judge(self, store: MemoryStore) -> Judgement:
        known = policies()
        if self.duties is not None:
            known = replace(known, duties=self.duties)
        judge = Judge(self.catalog, known, calendar())
        return judge.judge(
            self.schools,
            store,
            self.agents,
            self.now.date(),
            self.now,
            papers=self.papers,
            premises=self.premises,
        )

    def _rectifications(self, school: str | None) -> list[Item]:
        return [item for item in self.items if school in (None, item.school)]

    def _lines(self, store: MemoryStore, day: date, code: str | None) -> Sequence[LineFinding]:
        schools = [s for s in self.schools if code in (None, s.code)]
        judge = Judge(self.catalog, policies(), calendar())
        return judge.lines(schools, store, day, self.now, self.agents, self.premises)

    def _last_word(self, agent_id: str) -> LastWord | None:
        state = self.states.get(agent_id)
        return (
            None if state is None else LastWord(self.now - timedelta(seconds=40), state, "c0ffee")
        )

    def _flips(self, school: str | None, since: datetime | None, limit: int) -> list[Flip]:
        found = [f for f in self.flips if school in (None, f.watched.school)]
        return [f for f in found if since is None or f.at >= since][:limit]

    def _incidents(
        self,
        *,
        only_open: bool = False,
        school: str | None = None,
        since: datetime | None = None,
        limit: int = 1000,
    ) -> list[Incident]:
        found = [i for i in self.incidents if school in (None, i.school)]
        return [i for i in found if i.is_open or not only_open][:limit]

    def _last_runs(self, code: str) -> Sequence[LastRun]:
        of_school = {a.id for a in self.agents if a.school == code}
        return [run for run in self.runs if run.agent in of_school]


async def no_pause(seconds: float) -> None:
    """Wrong keys are not held back in tests."""


@asynccontextmanager
async def serve(
    showing: Showing, *, open_pages: bool = True, hosts: Sequence[str] = (), port: int = 0
) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a running site; the server is stopped afterwards."""
    key = AdminKey(KEY, lambda: NOW, no_pause)
    app = web.Application()
    Site(showing, key, Access(key, open_pages=open_pages, hosts=hosts)).add_to(app)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        host, bound = runner.addresses[0][:2]
        async with aiohttp.ClientSession(f"http://{host}:{bound}") as client:
            yield client
    finally:
        await runner.cleanup()
