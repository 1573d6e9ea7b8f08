"""Against a peer that answers over a socket pair, in all the ways that networks answer."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from probes.echoes import PAYLOAD_BYTES, Echoes, EchoSocket
from probes.icmp import checksum
from probes.model import ProbeError

Answer = Callable[[bytes], list[bytes]]


def echoed(request: bytes, **changes: int) -> bytes:
    """The right reply to a request, with `identifier` or `sequence` changed."""
    _, _, _, identifier, sequence = struct.unpack("!BBHHH", request[:8])
    fields = {"identifier": identifier, "sequence": sequence} | changes
    rest = struct.pack("!HH", fields["identifier"], fields["sequence"]) + request[8:]
    return b"\0\0" + struct.pack("!H", checksum(b"\0\0\0\0" + rest)) + rest


def forged(request: bytes) -> bytes:
    """A reply from somebody who guessed the identifier and the number but not the secret."""
    return echoed(request[:8] + bytes(len(request) - 8))


@asynccontextmanager
async def peer(answer: Answer) -> AsyncIterator[socket.socket]:
    """The near end of a pair whose far end sends `answer(request)` for each request."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    near.setblocking(False)
    far.setblocking(False)

    def reply() -> None:
        for message in answer(far.recv(2048)):
            far.send(message)

    loop = asyncio.get_running_loop()
    loop.add_reader(far, reply)
    try:
        yield near
    finally:
        loop.remove_reader(far)
        near.close()
        far.close()


async def exchange(answer: Answer, count: int = 3, timeout: float = 0.1) -> Echoes:
    async with peer(answer) as near:
        return await EchoSocket(near, 4, 0x4242).exchange(count, 0.01, timeout)


async def test_answered_echoes_are_timed() -> None:
    echoes = await exchange(lambda request: [echoed(request)])
    assert echoes.sent == 3
    assert sorted(echoes.times) == [0, 1, 2]
    assert all(0 < seconds < 0.1 for seconds in echoes.times.values())


async def test_exchange_ends_with_the_last_answer() -> None:
    async with asyncio.timeout(5):
        await exchange(lambda request: [echoed(request)], timeout=60)


async def test_silence_is_no_times() -> None:
    echoes = await exchange(lambda _: [])
    assert (echoes.sent, echoes.times, echoes.unreachable) == (3, {}, False)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda request: echoed(request, identifier=1),
        lambda request: echoed(request, sequence=9),
        forged,
        lambda request: request,
        lambda request: b"",
        lambda request: echoed(request)[:12],
    ],
    ids=["identifier", "sequence", "secret", "request", "empty", "short"],
)
async def test_what_is_not_our_reply_is_ignored(wrong: Callable[[bytes], bytes]) -> None:
    echoes = await exchange(lambda request: [wrong(request)])
    assert echoes.times == {}


async def test_reply_counts_among_strangers_packets() -> None:
    echoes = await exchange(lambda request: [forged(request), request, echoed(request)])
    assert len(echoes.times) == 3


async def test_duplicate_keeps_the_first_time() -> None:
    echoes = await exchange(lambda request: [echoed(request)] * 3)
    assert (echoes.sent, len(echoes.times)) == (3, 3)


async def test_lost_echo_is_missing_from_the_times() -> None:
    echoes = await exchange(lambda r: [] if r[7] == 1 else [echoed(r)])
    assert sorted(echoes.times) == [0, 2]


async def test_answers_in_the_wrong_order_find_their_echoes() -> None:
    held: list[bytes] = []

    def hold(request: bytes) -> list[bytes]:
        held.append(echoed(request))
        return held[::-1] if len(held) == 3 else []

    assert sorted((await exchange(hold)).times) == [0, 1, 2]


async def test_answer_after_its_time_is_lost() -> None:
    held: list[bytes] = []

    def late(request: bytes) -> list[bytes]:
        held.append(echoed(request))
        return held if len(held) == 3 else []

    async with peer(late) as near:
        echoes = await EchoSocket(near, 4, 0x4242).exchange(3, 0.05, 0.04)
    assert sorted(echoes.times) == [2]


async def test_flood_does_not_stop_the_exchange() -> None:
    async with peer(lambda r: [r] * 5 + [echoed(r)]) as near:
        echoes = await EchoSocket(near, 4, 0x4242).exchange(10, 0.001, 1)
    assert len(echoes.times) == 10


async def test_identifier_chosen_by_the_kernel_is_not_checked() -> None:
    async with peer(lambda r: [echoed(r, identifier=77)]) as near:
        echoes = await EchoSocket(near, 4, None).exchange(1, 0.01, 0.1)
    assert len(echoes.times) == 1


async def test_each_run_has_its_own_secret() -> None:
    payloads = set()

    def note(request: bytes) -> list[bytes]:
        payloads.add(request[8:])
        return [echoed(request)]

    await exchange(note)
    await exchange(note)
    assert len(payloads) == 2
    assert {len(payload) for payload in payloads} == {PAYLOAD_BYTES}


async def test_refused_port_is_heard_as_unreachable() -> None:
    """Any connected socket tells of ICMP errors like this; UDP needs no privilege."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as near:
        near.setblocking(False)
        near.connect(("127.0.0.1", port))
        echoes = await EchoSocket(near, 4, 1).exchange(3, 0.01, 0.05)
    assert (echoes.sent, echoes.unreachable, echoes.times) == (3, True, {})


async def test_machine_that_cannot_send_learns_nothing() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unconnected:
        unconnected.setblocking(False)
        with pytest.raises(ProbeError):
            await EchoSocket(unconnected, 4, 1).exchange(1, 0.01, 0.05)


@pytest.mark.usefixtures("kernel_notes_arrivals")
async def test_kernels_time_of_arrival_leaves_out_our_own_delay() -> None:
    """The loop is kept busy while the reply waits; UDP to ourselves carries kernel timestamps."""
    loop = asyncio.get_running_loop()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as near,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far,
    ):
        for end in (near, far):
            end.setblocking(False)
            end.bind(("127.0.0.1", 0))
        near.connect(far.getsockname())
        far.connect(near.getsockname())

        def reply_and_dawdle() -> None:
            far.send(echoed(far.recv(2048)))
            time.sleep(0.05)

        loop.add_reader(far, reply_and_dawdle)
        echoes = await EchoSocket(near, 4, 1).exchange(1, 0.01, 1)
        loop.remove_reader(far)
    assert echoes.times[0] < 0.05
