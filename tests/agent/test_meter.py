from __future__ import annotations

import pytest

from agent.answer import Answer
from agent.link import IDLE, UnreachableError
from agent.meter import MESSAGE_BYTES, OPENING_BYTES, Meter
from probes.text import Text
from tests.fakes.clock import FakeClock


class Rig:
    def __init__(self, clock: FakeClock) -> None:
        self.count = 0
        self.fault: UnreachableError | None = None
        self.meter = Meter(post=self._answer, get=self._answer, carried=self._carry, clock=clock)

    async def _answer(self, path: str, given: object) -> Answer:
        if self.fault is not None:
            raise self.fault
        return Answer(200, b"x" * 200)

    def _carry(self, size: int) -> None:
        self.count += size


@pytest.fixture
def rig(clock: FakeClock) -> Rig:
    return Rig(clock)


ANSWER = MESSAGE_BYTES + 200


async def test_both_ways_are_counted_and_a_kept_connection_is_opened_once(
    rig: Rig, clock: FakeClock
) -> None:
    await rig.meter.post("/v1/push", b"y" * 1000)
    first = OPENING_BYTES + MESSAGE_BYTES + 1000 + ANSWER
    assert rig.count == first
    clock.advance(IDLE)
    await rig.meter.get("/v1/config", "r1")
    assert rig.count == first + MESSAGE_BYTES + ANSWER


async def test_connection_that_lay_idle_is_opened_again(rig: Rig, clock: FakeClock) -> None:
    await rig.meter.post("/v1/push", b"")
    before = rig.count
    clock.advance(IDLE + 1)
    await rig.meter.post("/v1/push", b"")
    assert rig.count - before == OPENING_BYTES + MESSAGE_BYTES + ANSWER


@pytest.mark.parametrize(("reached", "count"), [(False, 0), (True, OPENING_BYTES + 600 + 9)])
async def test_request_counts_if_it_may_have_gone_out(rig: Rig, reached: bool, count: int) -> None:
    rig.fault = UnreachableError(Text("断", "gone"), reached=reached)
    with pytest.raises(UnreachableError):
        await rig.meter.post("/v1/push", b"123456789")
    assert rig.count == count
