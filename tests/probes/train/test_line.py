"""Trains over shaped lines, in both directions. Bounds are loose: two cores are shared by many."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from probes.model import ProbeError
from probes.train import send
from probes.train.estimate import Estimate, Outcome, Reason
from probes.train.plan import Plan
from tests.lab.line import ETHERNET_BYTES, Line, line, tbf
from tests.lab.trains import measure

pytestmark = [pytest.mark.root, pytest.mark.server("tc", "ip", "sysctl")]
PLAN = Plan()
MOST_BYTES = 2.5e6  # where nothing else takes the machine's time, so that no train is sent again
FRAME_RATIO = (PLAN.packet_bytes + ETHERNET_BYTES) / PLAN.packet_bytes


@pytest.fixture(scope="module")
def between() -> Iterator[Line]:
    with line() as made:
        yield made


async def over(line: Line, way: str, plan: Plan = PLAN, *, segmented: bool = True) -> Estimate:
    with line.udp("server") as server, line.udp("school") as school:
        ends = (server, school) if way == "down" else (school, server)
        return (await measure(*ends, plan, segmented=segmented, others=0.0))[0]


async def undisturbed_over(line: Line, way: str) -> Estimate:
    """Tried eight times, since the machine may have had other things to do."""
    for _ in range(8):
        found = await over(line, way)
        is_read = found.outcome is Outcome.VALID and not found.is_spread
        if is_read and found.ip_bytes < MOST_BYTES:
            return found
    if found.reason is Reason.SENDER_LIMITED:
        pytest.skip("this machine is too busy to send faster than the line")
    return found


@pytest.mark.parametrize("way", ["down", "up"])
@pytest.mark.parametrize("mbit", [20, 100, 300])
async def test_rate_of_the_shaper_is_read(between: Line, mbit: int, way: str) -> None:
    other = tbf(1.0)  # the way back need not carry anything
    between.shape(*((tbf(mbit), other) if way == "down" else (other, tbf(mbit))))
    found = await undisturbed_over(between, way)
    assert found.outcome is Outcome.VALID
    assert found.rate is not None
    assert found.rate * FRAME_RATIO == pytest.approx(mbit * 1e6, rel=0.05)
    assert found.ip_bytes < MOST_BYTES


@pytest.mark.parametrize("way", ["down", "up"])
async def test_sender_without_segments_reads_a_slow_line_as_well(between: Line, way: str) -> None:
    between.shape(tbf(20), tbf(20))
    found = await over(between, way, segmented=False)
    assert found.outcome is Outcome.VALID
    assert found.rate is not None
    assert found.rate * FRAME_RATIO == pytest.approx(20e6, rel=0.05)


@pytest.mark.parametrize("burst", [64_000, 256_000, 1_000_000])
async def test_token_bucket_is_read_right_or_not_at_all(between: Line, burst: int) -> None:
    between.shape(tbf(20, burst=burst), tbf(20))
    found = await over(between, "down")
    assert found.outcome is not Outcome.BLOCKED
    if found.outcome is Outcome.VALID:
        assert found.rate is not None
        assert found.rate * FRAME_RATIO == pytest.approx(20e6, rel=0.05)


async def test_line_that_swallows_udp_is_blocked_and_not_slow(between: Line) -> None:
    between.shape("blackhole", "pfifo")
    found = await over(between, "down")
    assert (found.outcome, found.rate, found.trains) == (Outcome.BLOCKED, None, 2)


async def test_packet_larger_than_the_frame_is_not_cut_in_two(between: Line) -> None:
    with between.udp("server") as server:
        between.frame("server", 1300)
        send.prepare(server)
        with pytest.raises(ProbeError) as raised:
            await send.send_train(server, ("10.81.2.2", 9), 7, 1, 40, 1400)
        between.frame("server", 1500)
    assert raised.value.reason == "too_big"
