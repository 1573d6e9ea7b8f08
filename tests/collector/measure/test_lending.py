"""Who is given leave and how much, on clocks that the test moves and a book on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from collector.measure import token
from collector.measure.book import Book
from collector.measure.lending import Lending, RefusedError, Server
from collector.register.model import Agent, School
from config.calendar import Calendar
from config.calendar_file import load_calendar
from config.measuring_file import Bounds, MeasuringPolicy, load_measuring
from probes.measuring.permit import Tier
from probes.wire import MeasureDone, MeasureReply, MeasureRequest
from tests.collector.web_scene import agent as agent_of

A, B = "9934000001", "9934000002"
SCHOOLS = {code: School(code=code, name="示例", adcode="340199") for code in (A, B)}
NIGHT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
MBIT = 1e6
SECRET = b"secret"
SMALL = replace(
    load_measuring(),
    bounds={
        Tier.TRAINS: Bounds(most_bytes=1_000, most_line_seconds=60, seconds=30),
        Tier.STREAMS: Bounds(most_bytes=10_000, most_line_seconds=60, seconds=45),
    },
    month_bytes=25_000,
    school_bytes={B: 1_500},
)
"""Figures that can be added up in the head."""


@cache
def calendar() -> Calendar:
    return load_calendar()


def agent(school: str = A) -> Agent:
    return agent_of(f"gw-{school}", school)


class Rig:
    """A collector's lending; `restart` begins anew on the same disk."""

    def __init__(self, folder: Path, policy: MeasuringPolicy = SMALL) -> None:
        self.now = NIGHT
        self.monotonic = 100.0
        self.sentinels: Mapping[str, str] = {code: f"gw-{code}" for code in SCHOOLS}
        self.server = Server("", 8423, 1000 * MBIT, SECRET)
        self._path = folder / "measure.sqlite3"
        self._policy = policy
        self._start()

    def _start(self) -> None:
        self.book = Book(self._path)
        self.lending = Lending(
            server=self.server,
            policy=self._policy,
            calendar=calendar(),
            book=self.book,
            schools=lambda: SCHOOLS,
            sentinel=self.sentinels.get,
            now=lambda: self.now,
            monotonic=lambda: self.monotonic,
        )

    def restart(self) -> None:
        self.book.close()
        self.monotonic = 7.0  # of another boot
        self._start()

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.monotonic += seconds

    async def ask(
        self, school: str = A, tier: str = "t2", mbit: float | None = 80, line: str = "line"
    ) -> MeasureReply:
        expected = None if mbit is None else mbit * MBIT
        request = MeasureRequest(1, line, tier, expected)  # type: ignore[arg-type]
        return await self.lending.ask(agent(school), request)

    async def reason(self, school: str = A, **asked: object) -> str:
        with pytest.raises(RefusedError) as refused:
            await self.ask(school, **asked)  # type: ignore[arg-type]
        return refused.value.reason

    async def done(self, reply: MeasureReply, spent: int, school: str = A) -> None:
        await self.lending.done(agent(school), MeasureDone(1, reply.id, spent))

    async def spend(self, spent: int, **asked: object) -> None:
        await self.done(await self.ask(**asked), spent)  # type: ignore[arg-type]

    def left(self, school: str = A, month: str = "2026-11") -> int:
        return self.lending.budget.left(school, month)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.book.close()


async def test_leave_says_what_the_token_says(rig: Rig) -> None:
    reply = await rig.ask()
    grant = token.read(SECRET, reply.token, rig.now.timestamp())
    assert (grant.id, grant.tier, grant.most_bytes) == (reply.id, "t2", reply.most_bytes)
    assert grant.bits_per_second == reply.bits_per_second == 100 * MBIT
    assert grant.until - rig.now.timestamp() == reply.seconds == 45
    assert (reply.host, reply.port) == ("", 8423)


async def test_only_the_sentinel_gets_leave(rig: Rig) -> None:
    other = agent_of("pc-1", A)
    with pytest.raises(RefusedError) as refused:
        await rig.lending.ask(other, MeasureRequest(1, "line", "t1"))
    assert refused.value.reason == "not_sentinel"
    assert rig.lending.tally.refused["not_sentinel"] == 1


async def test_two_schools_at_once_never_have_more_than_the_server(rig: Rig) -> None:
    first = await rig.ask(A, mbit=500)
    assert first.bits_per_second == 625 * MBIT
    with pytest.raises(RefusedError) as refused:
        await rig.ask(B, tier="t1", mbit=500)
    assert (refused.value.reason, refused.value.seconds) == ("no_slot", 45)
    await rig.done(first, 0)
    second = await rig.ask(B, tier="t1", mbit=500)
    assert second.bits_per_second == 625 * MBIT


async def test_leave_that_is_not_given_back_ends_by_its_time(rig: Rig) -> None:
    await rig.ask(A, mbit=800)
    assert await rig.reason(A) == "no_slot"  # a school has one at a time
    rig.wait(45)
    assert await rig.ask(A, mbit=800)


async def test_second_line_of_a_school_waits_for_the_first(rig: Rig) -> None:
    await rig.ask(A, mbit=10)
    assert await rig.reason(A, mbit=10, line="education_network") == "no_slot"


async def test_collector_without_a_server_says_so(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.server = replace(rig.server, port=0)
    rig.restart()
    assert await rig.reason() == "no_server"
    rig.book.close()


async def test_school_that_is_closed_is_not_measured(rig: Rig) -> None:
    rig.sentinels = {"9934000009": "gw-9934000009"}
    rig.restart()
    assert await rig.reason("9934000009") == "not_now"


# Bytes of the month


async def test_streams_give_way_to_trains_and_trains_to_nothing(rig: Rig) -> None:
    tiers = []
    for spent in (10_000, 9_000, 4_500):
        reply = await rig.ask()
        tiers.append(reply.tier)
        await rig.done(reply, spent)
    assert tiers == ["t2", "t2", "t1"]  # 25,000; 15,000; 6,000 were left
    assert rig.left() == 1_500
    await rig.spend(600)
    assert await rig.reason() == "over_budget"
    assert rig.lending.tally.granted == {"t1": 2, "t2": 2}


async def test_school_with_a_figure_of_its_own_is_held_to_it(rig: Rig) -> None:
    assert (await rig.ask(B)).tier == "t1"
    assert rig.left(B) == 500


async def test_running_leave_counts_in_full_and_afterwards_what_was_spent(rig: Rig) -> None:
    reply = await rig.ask()
    assert rig.left() == 15_000
    await rig.done(reply, 1_234)
    await rig.done(reply, 1_234)  # the answer was lost
    assert rig.left() == 25_000 - 1_234


async def test_budget_and_what_is_out_survive_a_restart(rig: Rig) -> None:
    await rig.spend(4_000)
    running = await rig.ask(mbit=800)
    rig.wait(10)
    rig.restart()
    assert rig.left() == 25_000 - 4_000 - 10_000
    assert await rig.reason(B, tier="t1", mbit=800) == "no_slot"
    await rig.done(running, 6_000)
    assert rig.left() == 15_000
    assert await rig.ask(B, tier="t1", mbit=800)


async def test_leave_that_ran_out_while_the_collector_was_away_blocks_nobody(rig: Rig) -> None:
    await rig.ask(mbit=800)
    rig.wait(60)
    rig.restart()
    assert await rig.ask(B, tier="t1", mbit=800)
    assert rig.left() == 15_000  # what it cost is not known, so all of it counts


async def test_wall_clock_that_was_set_back_does_not_hold_a_slot_for_hours(rig: Rig) -> None:
    await rig.ask(mbit=800)
    rig.now -= timedelta(hours=5)
    rig.restart()
    rig.monotonic += 46
    assert await rig.ask(B, tier="t1", mbit=800)


async def test_leave_may_be_given_back_late_and_counts_in_full_after_a_day(rig: Rig) -> None:
    late = await rig.ask()
    rig.wait(3600)
    lost = await rig.ask()
    await rig.done(late, 100)
    rig.wait(25 * 3600)
    await rig.lending.tidy()
    await rig.done(lost, 0)
    assert rig.left() == 25_000 - 100 - 10_000
    rig.restart()
    assert rig.left() == 25_000 - 100 - 10_000


async def test_another_agent_cannot_give_back_what_it_was_not_lent(rig: Rig) -> None:
    reply = await rig.ask(mbit=800)
    await rig.done(reply, 0, school=B)
    assert rig.left() == 15_000
    assert await rig.reason(B, tier="t1", mbit=800) == "no_slot"


async def test_month_is_the_schools_own(rig: Rig) -> None:
    await rig.spend(24_500)
    rig.now = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
    assert await rig.reason() == "over_budget"
    rig.now += timedelta(minutes=1)
    assert (await rig.ask()).tier == "t2"
    assert rig.left(month="2026-12") == 15_000


async def test_what_readings_say_counts_when_it_is_more(rig: Rig) -> None:
    await rig.spend(4_000)
    rig.lending.budget.measured({(A, "2026-11"): 3_000})
    assert rig.left() == 21_000
    rig.lending.budget.measured({(A, "2026-11"): 24_800})
    assert await rig.reason() == "over_budget"


async def test_old_months_are_forgotten(rig: Rig) -> None:
    await rig.spend(4_000)
    rig.now = datetime(2027, 2, 15, tzinfo=UTC)
    await rig.lending.tidy()
    assert rig.book.spent() == {}


async def test_nothing_is_lent_that_cannot_be_written_down(rig: Rig) -> None:
    rig.book._db.execute("PRAGMA query_only = 1")
    with pytest.raises(sqlite3.OperationalError):
        await rig.ask(mbit=800)
    assert rig.lending.slots.running() == []
    assert rig.left() == 25_000
    rig.book._db.execute("PRAGMA query_only = 0")
    assert await rig.ask(mbit=800)
