"""Against the collector's reflector, over a way that loses, delays, doubles and swaps as told."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from collector.measure import reflector as module
from collector.measure.reflector import Reflector
from probes.datagram import DatagramSocket
from probes.instruments.udp_jitter import (
    DUPLICATE_RATIO,
    JITTER_DOWN_SECONDS,
    JITTER_UP_SECONDS,
    REORDERED_RATIO,
    Settings,
    UdpJitter,
)
from probes.jitter import Key, Kind, Packet, Trip, decode
from probes.metrics import LOSS_RATIO, REACHABLE, RTT_SECONDS_P50, RTT_SECONDS_P95
from probes.model import Outcome, ProbeError, Reading, SettingError, Target
from probes.net import resolve
from tests.lab.daemon import free_port
from tests.lab.udp import silence, udp_peer
from tests.probes.conftest import Measure

KEY = str(Key.derive(b"any", 1))
Delays = Callable[[int], Iterable[float]]
"""Packet number -> after how many seconds each of its copies goes on."""


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def reflector() -> AsyncIterator[tuple[int, str]]:
    """Its port and key."""
    port, served = free_port(socket.SOCK_DGRAM), Reflector(b"secret", now)
    served.open("127.0.0.1", port)
    yield port, served.key(now())
    served.close()


def straight(_: int) -> Iterable[float]:
    return (0.0,)


class Way(asyncio.DatagramProtocol):
    """Forwards between one sender and the reflector, each direction by its own rule."""

    def __init__(self, reflector: int, up: Delays, down: Delays) -> None:
        self._reflector = ("127.0.0.1", reflector)
        self._rules = {True: up, False: down}
        self._counts = {True: 0, False: 0}
        self._sender = ("", 0)

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        is_up = addr != self._reflector
        if is_up:
            self._sender = addr
        to = self._reflector if is_up else self._sender
        number, self._counts[is_up] = self._counts[is_up], self._counts[is_up] + 1
        for delay in self._rules[is_up](number):
            asyncio.get_running_loop().call_later(delay, self._transport.sendto, data, to)


@asynccontextmanager
async def way(reflector: int, up: Delays = straight, down: Delays = straight) -> AsyncIterator[int]:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Way(reflector, up, down), local_addr=("127.0.0.1", 0)
    )
    try:
        yield int(transport.get_extra_info("sockname")[1])
    finally:
        transport.close()


async def send(
    measure: Measure, port: int, key: str, count: int = 20, interval: float = 0.01
) -> Reading:
    settings = Settings(count=count, interval=interval, timeout=0.3, key=key)
    (reading,) = await measure(UdpJitter(settings), Target("x", "127.0.0.1", port))
    return reading


async def test_quiet_way_loses_nothing_and_takes_no_time(
    reflector: tuple[int, str], measure: Measure
) -> None:
    reading = await send(measure, *reflector)
    assert reading.outcome is Outcome.OK
    shares = (LOSS_RATIO, REORDERED_RATIO, DUPLICATE_RATIO)
    assert [reading.values[share] for share in shares] == [0, 0, 0]
    assert 0 < reading.values[RTT_SECONDS_P50] <= reading.values[RTT_SECONDS_P95] < 0.05
    assert max(reading.values[JITTER_UP_SECONDS], reading.values[JITTER_DOWN_SECONDS]) < 0.02


async def test_every_fifth_packet_that_is_lost_is_counted(
    reflector: tuple[int, str], measure: Measure
) -> None:
    port, key = reflector
    async with way(port, up=lambda n: () if n % 5 == 0 else (0,)) as lossy:
        reading = await send(measure, lossy, key)
    assert reading.values[LOSS_RATIO] == pytest.approx(0.2)
    assert (reading.values[REACHABLE], reading.values[DUPLICATE_RATIO]) == (1, 0)


async def test_loss_on_the_way_back_is_loss_as_well(
    reflector: tuple[int, str], measure: Measure
) -> None:
    port, key = reflector
    async with way(port, down=lambda n: () if n % 2 else (0,)) as lossy:
        reading = await send(measure, lossy, key)
    assert reading.values[LOSS_RATIO] == pytest.approx(0.5)


async def test_doubled_packets_are_duplicates_up_to_the_last(
    reflector: tuple[int, str], measure: Measure
) -> None:
    port, key = reflector
    async with way(port, down=lambda n: (0, 0.005)) as doubling:
        reading = await send(measure, doubling, key)
    assert (reading.values[DUPLICATE_RATIO], reading.values[LOSS_RATIO]) == (1, 0)


async def test_packets_that_are_overtaken_are_reordered(
    reflector: tuple[int, str], measure: Measure
) -> None:
    """Every tenth packet is held back for longer than it takes the next three to be sent."""
    port, key = reflector
    async with way(port, up=lambda n: (0.1,) if n % 10 == 0 else (0,)) as swapping:
        reading = await send(measure, swapping, key, interval=0.03)
    assert reading.values[REORDERED_RATIO] == pytest.approx(0.1)


@pytest.mark.parametrize("is_up", [True, False], ids=["up", "down"])
async def test_jitter_is_told_apart_by_direction(
    is_up: bool, reflector: tuple[int, str], measure: Measure
) -> None:
    """Every other packet is 15 ms late, so neighbours differ by 15 ms: J = 15 (1 - (15/16)^39)."""
    port, key = reflector

    def uneven(number: int) -> Iterable[float]:
        return (0.015 * (number % 2),)

    up, down = (uneven, straight) if is_up else (straight, uneven)
    async with way(port, up, down) as late:
        reading = await send(measure, late, key, count=40, interval=0.02)
    one, other = JITTER_UP_SECONDS, JITTER_DOWN_SECONDS
    late_way, even_way = (one, other) if is_up else (other, one)
    assert reading.values[late_way] == pytest.approx(0.0138, abs=0.004)
    assert reading.values[even_way] < 0.004
    assert reading.values[RTT_SECONDS_P95] >= 0.015


@pytest.mark.usefixtures("kernel_notes_arrivals")
async def test_what_waits_for_a_busy_program_is_not_taken_for_a_slow_way(
    reflector: tuple[int, str],
) -> None:
    """The kernel stamps arrivals: neither the collector's delay nor our own is the way's."""
    port, text = reflector
    key = Key.parse(text)
    with DatagramSocket(await resolve("127.0.0.1", port)) as opened:
        sent = time.perf_counter_ns()
        opened.send(Packet(Kind.REQUEST, key.week, 0, 1, sent).encode(key, b""))
        time.sleep(0.05)  # noqa: ASYNC251 - the reflector cannot look
        await asyncio.sleep(0.05)  # now it can, and we do not
        data, arrived = await opened.receive()
    back = decode(data)
    assert back is not None
    assert back.replied - back.received > 0.04e9
    assert time.perf_counter_ns() - arrived > 0.02e9
    assert 0 < Trip(0, sent, back.received, back.replied, arrived).seconds < 0.01


async def test_silent_reflector_has_no_times(measure: Measure) -> None:
    async with udp_peer(silence) as port:
        reading = await send(measure, port, KEY)
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "no_reply")
    assert reading.values == {REACHABLE: 0, LOSS_RATIO: 1}


async def test_collector_without_a_reflector_is_sent_little(measure: Measure) -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    reading = await send(measure, free_port(socket.SOCK_DGRAM), KEY, count=100, interval=0.02)
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "no_service")
    assert loop.time() - started < 1


async def test_answers_that_are_not_signed_do_not_count(measure: Measure) -> None:
    def forged(request: bytes) -> Iterable[bytes]:
        packet = decode(request)
        assert packet is not None
        yield Packet(Kind.REPLY, 1, packet.sequence, packet.session, packet.sent).encode(None, b"")

    async with udp_peer(forged) as port:
        reading = await send(measure, port, KEY)
    assert reading.reason == "no_reply"


async def test_key_that_is_not_accepted_says_nothing_about_the_way(
    reflector: tuple[int, str], measure: Measure
) -> None:
    with pytest.raises(ProbeError) as caught:
        await send(measure, reflector[0], KEY)
    assert caught.value.reason == "not_accepted"


async def test_limit_of_the_reflector_is_not_taken_for_loss(
    reflector: tuple[int, str], measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BURST_PACKETS", 5.0)
    monkeypatch.setattr(module, "PACKETS_PER_SECOND", 1.0)
    with pytest.raises(ProbeError) as caught:
        await send(measure, *reflector)
    assert caught.value.reason == "busy"


async def test_without_a_key_nothing_is_sent() -> None:
    with pytest.raises(ProbeError) as caught:
        await UdpJitter(Settings()).measure(Target("x", "127.0.0.1", 9))
    assert caught.value.reason == "no_key"


def test_key_that_is_none_is_refused_with_the_settings() -> None:
    with pytest.raises(SettingError, match="key"):
        Settings(key="hello")


@pytest.mark.root
def test_loss_by_a_firewall_is_counted_exactly(in_namespace: Callable[[str], str]) -> None:
    output = in_namespace(
        """
        folder=$(mktemp -d)
        cd "$PYTHONPATH"
        "$PYTHON" -m tests.lab.reflect 8422 >"$folder/key" &
        reflector=$!
        trap 'kill $reflector' EXIT
        while [ ! -s "$folder/key" ]; do sleep 0.05; done
        nft add table inet lab
        nft 'add chain inet lab input { type filter hook input priority 0; }'
        nft add rule inet lab input udp dport 8422 numgen inc mod 4 == 0 drop
        run() { probe udp_jitter 127.0.0.1 --set "key=$(cat "$folder/key")" \
            --set count=20 --set interval=0.01 --set timeout=0.3; }
        run
        nft add rule inet lab input udp dport 8422 drop
        run
        """
    )
    lossy, closed = (json.loads(line)[0] for line in output.splitlines())
    assert (lossy["outcome"], lossy["values"]["loss_ratio"]) == ("ok", 0.25)
    assert (closed["outcome"], closed["reason"]) == ("failed", "no_reply")


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(UdpJitter)
