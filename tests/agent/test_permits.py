"""Asking for leave: what an agent may do on each answer, and without one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import pytest

from agent import permits
from agent.answer import Answer
from agent.leases import Leases
from agent.link import UnreachableError
from agent.permits import DONE, LONGEST_WAIT, MEASURE, Permits
from agent.thrift import Thrift
from config.agent_settings import LinkSettings, Metered
from probes import wire
from probes.measuring.permit import REFUSED, Permit, Tier, Wanted
from probes.model import ProbeError
from probes.text import Text
from tests.fakes.clock import FakeClock

LINE = Wanted("line", Tier.STREAMS, 80e6)
REPLY = wire.MeasureReply(
    v=1, id="p1", port=8423, token="tok", tier="t1", most_bytes=1000, bits_per_second=1e8,
    seconds=30,
)  # fmt: skip
Step = Callable[[], Answer]


def grant(**changes: object) -> Step:
    reply = wire.decode(wire.encode(REPLY), wire.MeasureReply)
    for name, value in changes.items():
        setattr(reply, name, value)
    return lambda: Answer(200, wire.encode(reply))


def refuse(reason: str, status: int = 503, retry_after: str = "") -> Step:
    return lambda: Answer(status, wire.encode(wire.Problem("no", "不行", reason)), retry_after)


def unreachable() -> Answer:
    raise UnreachableError(Text("断", "refused"), reached=False)


class Rig:
    """A collector that is a script: one step per request, then 204."""

    def __init__(self, clock: FakeClock, link: LinkSettings | None = None) -> None:
        self.clock = clock
        self.leases = Leases(clock.up)
        self.thrift = Thrift(link or LinkSettings(), clock.wall)
        self.script: deque[Step] = deque()
        self.asked: list[wire.MeasureRequest] = []
        self.done: list[tuple[str, int]] = []
        self.slow = False
        self.office = Permits(
            post=self._post,
            leases=self.leases,
            thrift=self.thrift,
            clock=clock,
            host="collector.example",
            permits_host=lambda host: host.endswith(".edu.cn"),
        )
        self.lease()

    def lease(self, seconds: float = 120.0) -> None:
        leases = {"sentinel": {"epoch": 1, "until_seconds": seconds}}
        reply = wire.PushReply(1, 0, "n", "g", "r", leases=leases)
        self.leases.told(reply, self.clock.up())

    async def _post(self, path: str, body: bytes) -> Answer:
        if self.slow:
            await asyncio.sleep(60)
        answer = self.script.popleft()() if self.script else Answer(204)
        if path == MEASURE:
            self.asked.append(wire.decode(body, wire.MeasureRequest))
        else:
            assert path == DONE
            done = wire.decode(body, wire.MeasureDone)
            self.done.append((done.id, done.spent_bytes))
        return answer

    async def permit(self, step: Step, wanted: Wanted = LINE) -> Permit:
        self.script.append(step)
        return await self.office.ask(wanted)

    async def reason(self, *script: Step, wanted: Wanted = LINE) -> str:
        self.script.extend(script)
        with pytest.raises(ProbeError) as refused:
            await self.office.ask(wanted)
        return refused.value.reason


@pytest.fixture
def rig(clock: FakeClock) -> Rig:
    return Rig(clock)


async def test_leave_is_asked_for_and_given_back(rig: Rig) -> None:
    permit = await rig.permit(grant())
    assert (rig.asked[0].line, rig.asked[0].tier, rig.asked[0].bits_per_second) == (
        "line", "t2", 80e6,
    )  # fmt: skip
    assert permit == Permit("p1", "collector.example", 8423, "tok", Tier.TRAINS, 1000, 1e8, 30.0)
    await rig.office.give_back(permit, 700)
    assert rig.done == [("p1", 700)]


async def test_agent_that_is_not_sentinel_does_not_even_ask(rig: Rig) -> None:
    rig.clock.advance(121)
    assert await rig.reason() == "not_sentinel"
    assert rig.asked == []


@pytest.mark.parametrize("reason", sorted(REFUSED))
async def test_refusal_reaches_the_instrument_by_its_reason(rig: Rig, reason: str) -> None:
    assert await rig.reason(refuse(reason)) == reason


@pytest.mark.parametrize(
    "step",
    [
        unreachable,
        refuse("because"),
        lambda: Answer(401, wire.encode(wire.Problem("who", "谁"))),
        lambda: Answer(200, b"<html>please log in"),
        lambda: Answer(503, b"<html>"),
        grant(v=2),
    ],
    ids=["unreachable", "unknown reason", "unknown agent", "portal", "proxy", "version"],
)
async def test_without_a_collectors_answer_nothing_is_measured(rig: Rig, step: Step) -> None:
    assert await rig.reason(step) == "no_answer"


async def test_collector_that_takes_too_long_is_as_good_as_silent(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permits, "PATIENCE", 0.01)
    rig.slow = True
    assert await rig.reason() == "no_answer"


async def test_nobody_is_asked_again_before_the_time_that_was_named(rig: Rig) -> None:
    assert await rig.reason(refuse("no_slot", retry_after="40")) == "no_slot"
    rig.clock.advance(39)
    assert await rig.reason() == "no_slot"
    assert len(rig.asked) == 1
    await rig.permit(grant(), Wanted("education_network", Tier.TRAINS, None))
    rig.clock.advance(1)
    await rig.permit(grant())
    assert len(rig.asked) == 3


async def test_refusal_is_not_believed_for_ever(rig: Rig) -> None:
    assert await rig.reason(refuse("over_budget", 429, "999999")) == "over_budget"
    rig.clock.advance(LONGEST_WAIT)
    rig.lease()
    await rig.permit(grant())


async def test_time_that_the_answer_took_is_time_of_the_leave(rig: Rig) -> None:
    def slowly() -> Answer:
        rig.clock.advance(4)
        return grant()()

    assert (await rig.permit(slowly)).seconds == 26


async def test_what_could_not_be_told_is_told_before_the_next_question(rig: Rig) -> None:
    permit = await rig.permit(grant())
    rig.script.append(unreachable)
    await rig.office.give_back(permit, 700)
    assert rig.done == []
    rig.script.append(lambda: Answer(204))
    await rig.permit(grant())
    assert rig.done == [("p1", 700)]


async def test_server_elsewhere_must_be_one_that_this_machine_allows(rig: Rig) -> None:
    permit = await rig.permit(grant(host="measure.example.edu.cn"))
    assert permit.host == "measure.example.edu.cn"
    assert await rig.reason(grant(host="203.0.113.9")) == "not_allowed"
    assert rig.done == [("p1", 0)]  # so that others need not wait for it


async def test_nothing_is_measured_over_a_link_whose_bytes_cost_money(clock: FakeClock) -> None:
    rig = Rig(clock, LinkSettings(metered=Metered.YES))
    assert await rig.reason() == "metered"
    assert rig.asked == []


async def test_what_a_measurement_spent_counts_against_the_links_day(clock: FakeClock) -> None:
    rig = Rig(clock, LinkSettings(daily_bytes=10_000_000))
    permit = await rig.permit(grant())
    await rig.office.give_back(permit, 9_000_000)
    assert rig.thrift.today_bytes == 9_000_000
    assert await rig.reason() == "metered"
