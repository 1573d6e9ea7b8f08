from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from probes.train import receive, send
from probes.train.estimate import Outcome
from probes.train.packet import Head
from probes.train.plan import Plan
from probes.train.receive import Received
from tests.lab.trains import measure

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux")
SIZE = 1400


@contextmanager
def udp() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.setblocking(False)
        opened.bind(("127.0.0.1", 0))
        yield opened


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Sender and receiver."""
    with udp() as sender, udp() as receiver:
        send.prepare(sender)
        receive.prepare(receiver)
        yield sender, receiver


async def receiving(opened: socket.socket, count: int, seconds: float = 2) -> Received:
    return await receive.receive_train(opened, 7, 1, count, seconds=seconds, quiet=0.1)


@pytest.mark.parametrize("segmented", [True, False])
async def test_every_packet_of_a_train_arrives(
    ends: tuple[socket.socket, socket.socket], segmented: bool
) -> None:
    sender, receiver = ends
    coming = asyncio.create_task(receiving(receiver, 105))
    await asyncio.sleep(0)
    sent = await send.send_train(
        sender, receiver.getsockname(), 7, 1, 105, SIZE, segmented=segmented
    )
    got = await coming
    assert (sent.count, sent.payload, sent.is_segmented) == (105, SIZE, segmented)
    assert sent.seconds is not None
    assert sorted(a.sequence for a in got.arrivals) == list(range(105))
    assert {a.payload for a in got.arrivals} == {SIZE}
    assert got.is_kernel_clock
    assert got.dropped == 0
    batches = len({a.sent for a in got.arrivals})
    assert batches == 3  # two of send.BATCH_PACKETS, and a rest


async def test_connected_socket_needs_no_peer() -> None:
    with udp() as sender, udp() as receiver:
        receive.prepare(receiver)
        sender.connect(receiver.getsockname())
        await send.send_train(sender, None, 7, 1, 5, SIZE)
        assert len((await receiving(receiver, 5)).arrivals) == 5


async def test_only_the_train_that_is_waited_for_counts(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    sender, receiver = ends
    peer = receiver.getsockname()
    for session, train in ((8, 1), (7, 2), (7, 1)):
        await send.send_train(sender, peer, session, train, 4, SIZE)
    sender.sendto(b"anything", peer)
    sender.sendto(Head(7, 1, 2, 4, 0).encode(SIZE), peer)  # a second copy
    sender.sendto(Head(7, 1, 2, 9, 0).encode(SIZE), peer)  # of another count
    got = await receiving(receiver, 4)
    assert [a.sequence for a in got.arrivals] == [0, 1, 2, 3]


async def test_packets_that_the_receiver_drops_are_counted() -> None:
    with udp() as sender, udp() as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 20_000)
        send.prepare(sender)
        coming = asyncio.create_task(receiving(receiver, 200))
        await asyncio.sleep(0)
        await send.send_train(sender, receiver.getsockname(), 7, 1, 200, SIZE)
        got = await coming
    assert got.dropped == 200 - len(got.arrivals) > 0


async def test_receiver_gives_up_at_its_deadline() -> None:
    loop = asyncio.get_running_loop()
    with udp() as receiver:
        began = loop.time()
        got = await receiving(receiver, 4, seconds=0.1)
        assert got.arrivals == []
        assert 0.09 < loop.time() - began < 0.5


async def test_flood_of_strangers_does_not_outlast_the_deadline() -> None:
    loop = asyncio.get_running_loop()
    with udp() as sender, udp() as receiver:
        receive.prepare(receiver)
        coming = asyncio.create_task(receiving(receiver, 4, seconds=0.1))
        began = loop.time()
        while not coming.done() and loop.time() - began < 2:
            for _ in range(200):
                sender.sendto(b"stranger" * 10, receiver.getsockname())
            await asyncio.sleep(0)
        assert (await coming).arrivals == []
        assert loop.time() - began < 0.5


async def test_refused_port_is_no_fault_of_the_sender() -> None:
    with udp() as sender, udp() as gone:
        sender.connect(gone.getsockname())
        gone.close()
        sent = await send.send_train(sender, None, 7, 1, 60, SIZE)
        assert sent.count == 60


async def test_loopback_is_never_given_a_valid_rate(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    # No hop is narrower than the sender, so there is nothing to be measured.
    found, _ = await measure(*ends, Plan(most_bytes=4_000_000))
    assert found.outcome in (Outcome.LOWER_BOUND, Outcome.INCONCLUSIVE)
