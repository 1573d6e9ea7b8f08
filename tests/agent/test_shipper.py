from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from agent.answer import Answer
from agent.link import UnreachableError
from agent.shipper import THRIFT_NOTE, Sender, Shipper
from agent.spool import Spool
from agent.thrift import BULK_EVERY, Thrift
from config.agent_settings import LinkSettings, Metered
from probes import wire
from probes.text import Text
from tests.agent.conftest import MakeSpool, numbers, record
from tests.fakes.clock import FakeClock

Script = Callable[[wire.Push], Answer]


def reply(push: wire.Push, result: Any = "stored", **changes: Any) -> Answer:
    message = wire.PushReply(
        v=wire.VERSION,
        now=push.wall,
        nonce="n1",
        generation="g1",
        config="r1",
        acks=[wire.Ack(b.session, b.seq, result) for b in push.batches],
        gaps=[gap.id for gap in push.gaps],
    )
    for name, value in changes.items():
        setattr(message, name, value)
    return Answer(200, wire.encode(message))


def refuse(status: int, retry_after: str = "") -> Script:
    return lambda push: Answer(status, wire.encode(wire.Problem("no", "不行")), retry_after)


def unreachable(push: wire.Push) -> Answer:
    raise UnreachableError(Text("断", "refused"), reached=False)


def silent(push: wire.Push) -> Answer:
    raise UnreachableError(Text("无应答", "timeout"), reached=True)


def answer_with(body: bytes) -> Script:
    return lambda push: Answer(200, body)


async def inline(call: Any, *args: Any, **kwargs: Any) -> Any:
    return call(*args, **kwargs)


class Rig:
    """A shipper on a real spool, whose collector is a script: one entry per push, then success."""

    def __init__(self, spool: Spool, clock: FakeClock, link: LinkSettings | None = None) -> None:
        self.thrift = Thrift(link or LinkSettings(), clock.wall)
        self.on_trial = False
        self.spool = spool
        self.clock = clock
        self.script: deque[Script] = deque()
        self.always: Script = reply
        self.pushes: list[wire.Push] = []
        self.stored: list[int] = []
        self.replies: list[tuple[str, str]] = []
        self.shipper = Shipper(
            sender=Sender("3401000001", "session-now", "boot-a"),
            spool=spool,
            post=self._post,
            offload=inline,
            clock=clock,
            rng=Random(7),
            state=lambda depth: {"spool_batches": depth.batches},
            revision=lambda: "r0",
            thrift=self.thrift,
            on_trial=lambda: self.on_trial,
            on_reply=lambda reply, sent: self.replies.append((reply.config, sent.config)),
        )

    async def _post(self, path: str, body: bytes) -> Answer:
        assert path == "/v1/push"
        push = wire.decode(body, wire.Push)
        self.pushes.append(push)
        return (self.script.popleft() if self.script else self.always)(push)

    def seal(self, *values: int) -> None:
        """One batch per value."""
        for n in values:
            self.spool.add([record(n)], bulk=True)
            self.spool.seal()

    async def push(self, *script: Script) -> float | None:
        """Push once per entry of the script, or once; the wait after the last."""
        self.script.extend(script)
        wait = None
        for _ in range(max(1, len(script))):
            wait = await self.shipper.push_once()
        return wait

    async def drain(self, most: int) -> list[float]:
        """Push until nothing is urgent; the waits."""
        waits: list[float] = []
        for _ in range(most):
            wait = await self.shipper.push_once()
            if wait is None:
                return waits
            waits.append(wait)
            self.clock.advance(wait)
        raise AssertionError(f"still urgent after {most} pushes")

    async def run_until(self, happened: Callable[[], object]) -> None:
        """Run the shipper's own loop, with a push always due."""
        due = asyncio.Event()
        running = asyncio.create_task(self.shipper.run(due))
        while not happened():
            due.set()
            await asyncio.sleep(0)
        running.cancel()

    @property
    def sent(self) -> list[list[int]]:
        """The values in each push."""
        return [numbers(push.batches) for push in self.pushes]

    @property
    def waiting(self) -> list[int]:
        return numbers(self.spool.oldest(1000, 10**9))


@pytest.fixture
def rig(make_spool: MakeSpool, clock: FakeClock) -> Rig:
    return Rig(make_spool(), clock)


async def test_oldest_batches_go_first_and_only_acknowledged_ones_are_dropped(rig: Rig) -> None:
    rig.seal(*range(20))
    wait = await rig.push()
    assert rig.sent == [list(range(16))]
    assert rig.waiting == [16, 17, 18, 19]
    assert wait is not None
    assert 0.5 <= wait <= 1.5
    assert await rig.push() is None
    assert rig.waiting == []


async def test_push_says_who_and_when(rig: Rig) -> None:
    await rig.push()
    await rig.push()
    first, second = rig.pushes
    assert (first.v, first.school, first.session) == (1, "3401000001", "session-now")
    assert (first.boot, first.config, first.echo) == ("boot-a", "r0", "")
    assert (first.wall, first.up) == (rig.clock.wall(), rig.clock.up())
    assert first.state == {"spool_batches": 0}
    assert second.echo == "n1"
    assert rig.replies == [("r1", "r0"), ("r1", "r0")]


async def test_credit_bounds_the_next_push(rig: Rig) -> None:
    rig.seal(*range(6))
    await rig.push(lambda push: reply(push, credit=2))
    rig.seal(*range(6, 12))
    await rig.push(lambda push: reply(push, credit=0))
    assert rig.sent[1] == [6, 7]
    assert await rig.push(lambda push: reply(push, credit=0)) is None
    assert rig.sent[2] == []
    assert rig.waiting == [8, 9, 10, 11]


async def test_lost_answer_is_resent_byte_for_byte_and_taken_as_duplicate(rig: Rig) -> None:
    rig.seal(1)
    await rig.push(silent)
    assert rig.waiting == [1]
    rig.always = lambda push: reply(push, "duplicate")
    await rig.drain(5)
    assert rig.sent == [[1], [], [1]]
    assert rig.pushes[0].batches == rig.pushes[2].batches
    assert rig.waiting == []
    assert rig.spool.lost == 0


async def test_rejected_batch_is_set_aside_and_told_as_a_gap(rig: Rig) -> None:
    rig.seal(1)
    await rig.push(lambda push: reply(push, "rejected"))
    assert rig.waiting == []
    await rig.push()
    (gap,) = rig.pushes[1].gaps
    assert (gap.count, gap.reason, gap.since) == (1, "rejected", record(1).at)
    await rig.push()
    assert rig.pushes[2].gaps == []
    assert rig.spool.depth().dead == 1


async def test_batch_without_an_ack_is_kept(rig: Rig) -> None:
    rig.seal(1, 2)
    wait = await rig.push(lambda push: reply(push, acks=[wire.Ack("session-0", 1, "stored")]))
    assert wait is not None
    assert rig.waiting == [2]


async def test_ack_for_what_was_not_sent_deletes_nothing(rig: Rig) -> None:
    rig.seal(*range(20))
    acks = [wire.Ack("session-0", seq, "stored") for seq in range(1, 40)]
    await rig.push(lambda push: reply(push, acks=acks))
    assert rig.waiting == [16, 17, 18, 19]


@pytest.mark.parametrize("status", [429, 503, 507])
@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        ("5", 5, 6.25),
        ("0", 1, 3),
        ("-1", 1, 2),
        ("abc", 1, 2),
        ("", 1, 2),
        ("1000000000", 3600, 4500),
        ("Thu, 09 Oct 2025 08:00:00 GMT", 1, 3),
        ("Thu, 09 Oct 2025 08:54:20 GMT", 60, 75),
    ],
)
async def test_busy_collector_is_left_alone(
    rig: Rig, status: int, header: str, low: float, high: float
) -> None:
    rig.seal(1)
    wait = await rig.push(refuse(status, header))
    assert wait is not None
    assert low <= wait <= high
    assert rig.waiting == [1]
    await rig.push()
    assert rig.sent == [[1], [1]]


@pytest.mark.parametrize(
    ("status", "low", "high"),
    [(401, 900, 3600), (403, 900, 1080), (410, 21_600, 25_200), (426, 900, 3600)],
)
async def test_agent_that_is_not_welcome_asks_later_and_keeps_everything(
    rig: Rig, status: int, low: float, high: float
) -> None:
    rig.seal(1)
    wait = await rig.push(refuse(status))
    assert wait is not None
    assert low <= wait <= high
    assert rig.waiting == [1]
    assert rig.shipper.deliveries.error is not None
    await rig.push()
    assert rig.shipper.deliveries.error is None


async def test_outage_backs_off_knocks_lightly_and_drains(rig: Rig) -> None:
    rig.seal(*range(5))
    waits = [await rig.push(unreachable) for _ in range(10)]
    for cap, wait in zip((2, 4, 8, 16, 32, 64, 128, 256, 300, 300), waits, strict=True):
        assert wait is not None
        assert cap / 2 <= wait <= cap
    await rig.drain(3)
    assert rig.sent == [[0, 1, 2, 3, 4], *[[]] * 10, [0, 1, 2, 3, 4]]
    assert rig.waiting == []


async def test_failures_are_remembered_across_restarts(
    rig: Rig, make_spool: MakeSpool, clock: FakeClock
) -> None:
    for _ in range(6):
        await rig.push(unreachable)
    rig.spool.close()
    again = Rig(make_spool(), clock)
    await again.run_until(lambda: again.pushes)
    assert 32 <= clock.slept[0] <= 64


async def test_captive_portal_is_not_a_collector(rig: Rig) -> None:
    rig.seal(1)
    newer = wire.PushReply(2, 0, "n", "g", "r", acks=[wire.Ack("session-0", 1, "stored")])
    strange = (b"<html>log in</html>", b"", wire.encode(wire.Problem("a", "b")), wire.encode(newer))
    for body in strange:
        rig.always = answer_with(body)
        await rig.push()
    assert rig.waiting == [1]
    assert rig.shipper.deliveries.last_push_at is None


@pytest.mark.parametrize("status", [302, 404, 407, 511])
async def test_stranger_at_the_address_costs_no_batch(rig: Rig, status: int) -> None:
    rig.seal(1, 2, 3)
    rig.always = refuse(status)
    for _ in range(60):
        await rig.push()
    assert rig.waiting == [1, 2, 3]


def poison(bad: int, answer: Script) -> Script:
    return lambda push: answer(push) if bad in numbers(push.batches) else reply(push)


@pytest.mark.parametrize("status", [400, 415, 422, 413])
async def test_batch_that_the_collector_cannot_read_is_found_and_set_aside(
    rig: Rig, status: int
) -> None:
    rig.seal(1, 2, 3, 4)
    rig.always = poison(2, refuse(status))
    await rig.drain(20)
    assert rig.waiting == []
    assert rig.spool.depth().dead == 1
    await rig.push()
    gaps = [gap for push in rig.pushes for gap in push.gaps]
    assert [(gap.count, gap.reason) for gap in gaps] == [(1, "undeliverable")]


@pytest.mark.parametrize("answer", [refuse(500), refuse(408), silent])
async def test_poison_batch_does_not_hold_up_the_others_for_ever(
    rig: Rig, answer: Script, caplog: pytest.LogCaptureFixture
) -> None:
    rig.seal(1, 2, 3)
    rig.always = poison(1, answer)
    with caplog.at_level(logging.ERROR):
        waits = await rig.drain(60)
    assert rig.waiting == []
    assert sum(numbers(push.batches) == [1] for push in rig.pushes) == 8
    assert rig.spool.depth().dead == 1
    assert sum(waits) > 200
    assert [r.message for r in caplog.records if "set aside" in r.message]


async def test_poison_batch_alone_in_the_spool_waits_for_a_witness(rig: Rig) -> None:
    rig.seal(1)
    rig.always = poison(1, refuse(500))
    for _ in range(80):
        await rig.push()
    assert rig.waiting == [1]
    rig.seal(2)
    await rig.drain(40)
    assert rig.waiting == []
    assert rig.spool.depth().dead == 1


async def test_collector_with_a_broken_disk_costs_no_batch(rig: Rig) -> None:
    rig.seal(1, 2, 3)
    rig.always = lambda push: refuse(500)(push) if push.batches else reply(push)
    for _ in range(300):
        await rig.push()
    assert rig.waiting == [1, 2, 3]
    rig.always = reply
    await rig.drain(10)
    assert rig.waiting == []
    assert rig.spool.lost == 0


async def test_gateway_that_refuses_everything_costs_no_batch(rig: Rig) -> None:
    rig.seal(1, 2, 3)
    rig.always = refuse(400)
    for _ in range(100):
        await rig.push()
    assert rig.waiting == [1, 2, 3]


async def test_only_one_request_is_in_flight(rig: Rig) -> None:
    rig.seal(*range(40))
    flying, most = 0, 0
    usual = rig.shipper._post

    async def counted(path: str, body: bytes) -> Answer:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0.001)
        flying -= 1
        return await usual(path, body)

    rig.shipper._post = counted
    await rig.run_until(lambda: not rig.waiting)
    assert most == 1
    assert [n for push in rig.sent for n in push] == list(range(40))


async def test_fault_of_our_own_does_not_end_the_loop(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(push: wire.Push) -> Answer:
        raise RuntimeError("a bug")

    rig.script.extend([broken, reply])
    await rig.run_until(lambda: len(rig.pushes) == 2)
    assert "a bug" in caplog.text


def metered(make_spool: MakeSpool, clock: FakeClock) -> Rig:
    rig = Rig(make_spool(), clock, LinkSettings(Metered.YES))
    rig.seal(1)
    return rig


async def test_bulk_waits_on_a_metered_link_and_the_rest_goes(
    make_spool: MakeSpool, clock: FakeClock
) -> None:
    rig = metered(make_spool, clock)
    await rig.push()
    rig.seal(2)
    rig.spool.add([record(3)], bulk=False)
    rig.spool.seal()
    await rig.push()
    assert await rig.push() is None  # what waits on purpose is not urgent
    assert rig.sent == [[1], [3], []]
    clock.advance(BULK_EVERY)
    await rig.push()
    assert rig.sent[-1] == [2]
    assert rig.waiting == []


async def test_what_a_spent_budget_holds_back_goes_the_next_day(
    make_spool: MakeSpool, clock: FakeClock
) -> None:
    rig = Rig(make_spool(), clock, LinkSettings(Metered.NO, 5_000_000))
    rig.seal(1, 2)
    rig.thrift.carried(5_000_000)
    assert await rig.push() is None
    assert rig.sent == [[]]
    assert await rig.push() is None
    assert len(rig.pushes) == 1  # one sign of life an hour, no more
    rig.on_trial = True
    await rig.push()
    assert len(rig.pushes) == 2  # a configuration is not to be blamed for the budget
    clock.advance(86_400)
    await rig.push()
    assert rig.sent[-1] == [1, 2]
    assert (rig.waiting, rig.spool.lost) == ([], 0)


async def test_count_is_kept_with_the_spool(rig: Rig) -> None:
    rig.thrift.carried(777)
    await rig.push()
    again = Thrift(LinkSettings(), rig.clock.wall, rig.spool.note(THRIFT_NOTE))
    assert again.today_bytes == 777


async def test_waking_up_ends_the_wait_after_a_failure(rig: Rig) -> None:
    slept = asyncio.Event()

    async def sleep_long(seconds: float) -> None:
        slept.set()
        await asyncio.sleep(3600)

    rig.clock.sleep = sleep_long  # type: ignore[method-assign]
    rig.script.append(unreachable)
    due = asyncio.Event()
    due.set()
    running = asyncio.create_task(rig.shipper.run(due))
    await asyncio.wait_for(slept.wait(), 5)
    assert len(rig.pushes) == 1
    rig.shipper.hurry()
    async with asyncio.timeout(5):
        while len(rig.pushes) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)
    running.cancel()
