"""The measurement server: whom it serves, and that it is of no use to anybody else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from collector.measure.door import MOST_KNOCKS
from collector.measure.token import TokenError, read
from probes.measuring.message import (
    KNOCK_BYTES,
    AskTally,
    Hello,
    Join,
    Proof,
    Proven,
    SendTrain,
    Tally,
    TrainSent,
    encode,
    knock,
    secret_of_answer,
)
from probes.measuring.permit import Direction, Tier
from probes.measuring.session import BlockedError, RefusedError, Session
from probes.measuring.trains import Surroundings, measure
from probes.train.estimate import Outcome
from probes.train.plan import Plan

from .measuring import SECRET, Serving, serving, session


@pytest.fixture
async def here() -> AsyncIterator[Serving]:
    async with serving() as made:
        yield made


def udp(timeout: float = 0.2) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind(("127.0.0.1", 0))
    opened.settimeout(timeout)
    return opened


async def heard(opened: socket.socket) -> bytes | None:
    """The next packet; None if none comes."""
    try:
        return await asyncio.to_thread(opened.recv, 2048)
    except TimeoutError:
        return None


async def raw(port: int, data: bytes) -> bytes:
    """All that comes back for `data` until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("direction", list(Direction))
async def test_trains_arrive_whole_in_both_directions(here: Serving, direction: Direction) -> None:
    async with session(here.permit()) as opened:
        plan = Plan(trains=1, attempts=1)
        found = await measure(opened, direction, plan, Surroundings(lambda: 0.0))
        assert found.trains == 1
        assert found.outcome is not Outcome.BLOCKED
        assert found.ip_bytes == 40 * plan.packet_bytes
    await asyncio.sleep(0.05)
    assert here.server.spent_bytes == 40 * plan.packet_bytes


async def test_token_is_good_for_one_connection(here: Serving) -> None:
    permit = here.permit()
    async with session(permit):
        pass
    with pytest.raises(RefusedError, match="used"):
        await Session.connect(permit)


async def test_token_of_another_secret_or_time_is_refused(here: Serving) -> None:
    for permit in (here.permit(secret=b"guessed"), here.permit(seconds=-5)):
        with pytest.raises(RefusedError, match="bad_token"):
            await Session.connect(permit)
    assert here.server.refused["bad_token"] == 2


def test_token_that_was_changed_is_no_token() -> None:
    for token in ("", "x", "é", "AAAA" * 20):
        with pytest.raises(TokenError):
            read(SECRET, token, 0.0)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\0\0\0\1\xc0",
        b"\xff\xff\xff\xff" + bytes(100),
        encode(Hello("")),
        encode(Hello("A" * 200)),
        encode(Join(1, bytes(16), Direction.DOWN)),
        encode(SendTrain(0, 40, 1400)),
    ],
)
async def test_stranger_gets_no_more_bytes_than_it_sent(here: Serving, data: bytes) -> None:
    assert len(await raw(here.port, data)) <= len(data)
    assert here.server.running == 0


async def test_knock_of_nobody_is_met_with_silence(here: Serving) -> None:
    with udp() as stranger:
        stranger.sendto(knock(12345), ("127.0.0.1", here.port))
        stranger.sendto(bytes(1400), ("127.0.0.1", here.port))
        assert await heard(stranger) is None


async def test_address_that_did_not_prove_itself_gets_no_train(here: Serving) -> None:
    async with session(here.permit()) as opened:
        with pytest.raises(RefusedError, match="not_proven"):
            await opened.ask(SendTrain(0, 40, 1400), TrainSent)
    await asyncio.sleep(0.05)
    assert here.server.spent_bytes == 0


async def test_victim_of_a_forged_knock_gets_less_than_was_sent_and_no_train(
    here: Serving,
) -> None:
    # The client knocks from an address whose mail it cannot read, as a forger would.
    async with session(here.permit()) as opened:
        with udp() as victim:
            victim.sendto(knock(opened.identity.number), ("127.0.0.1", here.port))
            answered = await heard(victim)
            assert answered is not None
            assert len(answered) < KNOCK_BYTES
            with pytest.raises(RefusedError, match="not_proven"):
                await opened.ask(Proof(bytes(16)), Proven)
            with pytest.raises(RefusedError, match="not_proven"):
                await opened.ask(SendTrain(0, 40, 1400), TrainSent)
            assert await heard(victim) is None


async def test_knocks_are_answered_only_so_often(here: Serving) -> None:
    async with session(here.permit()) as opened:
        with udp(0.05) as knocking:
            answers = 0
            for _ in range(MOST_KNOCKS + 10):
                knocking.sendto(knock(opened.identity.number), ("127.0.0.1", here.port))
                answers += await heard(knocking) is not None
            assert answers == MOST_KNOCKS


async def test_train_goes_to_the_address_that_proved_itself_and_no_other(here: Serving) -> None:
    async with session(here.permit()) as opened:
        with udp() as mine, udp() as other:
            for each in (mine, other):
                each.sendto(knock(opened.identity.number), ("127.0.0.1", here.port))
            secret = secret_of_answer(await heard(mine) or b"", opened.identity.number)
            await heard(other)
            assert secret is not None
            await opened.ask(Proof(secret), Proven)
            await opened.ask(SendTrain(0, 40, 1400), TrainSent)
            assert await heard(mine) is not None
            assert await heard(other) is None


async def test_trains_end_with_the_bytes_that_were_granted(here: Serving) -> None:
    async with session(here.permit(most_bytes=100_000)) as opened:
        await opened.prove()
        await opened.ask(SendTrain(0, 40, 1400), TrainSent)
        with pytest.raises(RefusedError, match="spent"):
            await opened.ask(SendTrain(1, 40, 1400), TrainSent)


@pytest.mark.parametrize("asked", [SendTrain(0, 0, 1400), SendTrain(0, 40, 9000),
                                   SendTrain(0, 10**9, 1400), SendTrain(-1, 40, 1400)])  # fmt: skip
async def test_train_that_cannot_be_is_refused_and_costs_nothing(
    here: Serving, asked: SendTrain
) -> None:
    async with session(here.permit()) as opened:
        await opened.prove()
        with pytest.raises(RefusedError, match="malformed"):
            await opened.ask(asked, TrainSent)
        await opened.ask(SendTrain(0, 40, 1400), TrainSent)


async def test_streams_carry_filling_until_the_client_has_enough(here: Serving) -> None:
    async with session(here.permit()) as opened:
        down, up = await opened.join(Direction.DOWN), await opened.join(Direction.UP)
        loop = asyncio.get_running_loop()
        got = 0
        while got < 1_000_000:
            got += len(await loop.sock_recv(down, 1 << 16))
        await loop.sock_sendall(up, bytes(300_000))
        down.close()
        up.close()
        await asyncio.sleep(0.1)
        tally = await opened.ask(AskTally(), Tally)
        assert tally.received_bytes == 300_000
        assert tally.sent_bytes >= 1_000_000


async def test_streams_end_with_the_bytes_that_were_granted(here: Serving) -> None:
    async with session(here.permit(most_bytes=2_000_000)) as opened:
        down = await opened.join(Direction.DOWN)
        loop, got = asyncio.get_running_loop(), 0
        while data := await asyncio.wait_for(loop.sock_recv(down, 1 << 16), 5):
            got += len(data)
        down.close()
        assert got < 2_000_000


async def test_streams_are_for_who_may_have_them_and_has_the_key(here: Serving) -> None:
    async with session(here.permit(tier=Tier.TRAINS)) as trains_only:
        down = await trains_only.join(Direction.DOWN)
        assert await asyncio.get_running_loop().sock_recv(down, 10) == b""
        down.close()
    async with session(here.permit()) as opened:
        asked = encode(Join(opened.identity.number, bytes(16), Direction.DOWN))
        assert await raw(here.port, asked) == b""


async def test_session_ends_with_its_time_and_its_streams_with_it(here: Serving) -> None:
    async with session(here.permit(seconds=1.5, most_bytes=10**12)) as opened:
        down = await opened.join(Direction.DOWN)
        loop = asyncio.get_running_loop()
        with pytest.raises((ConnectionError, TimeoutError)):  # noqa: PT012
            async with asyncio.timeout(4):
                while await loop.sock_recv(down, 1 << 16):
                    pass
                raise ConnectionResetError
        down.close()
        with pytest.raises(BlockedError):
            await opened.round_trip()
    assert here.server.running == 0


async def test_closing_the_server_ends_every_session() -> None:
    async with serving() as here:
        opened = await Session.connect(here.permit())
    with pytest.raises(BlockedError):
        await opened.round_trip()
    opened.close()
