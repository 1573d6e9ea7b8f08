"""Against the collector's reflector; the line's counters are told, and in the lab they are real."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collector.measure.reflector import Reflector
from probes import default_route, interfaces
from probes.instruments import loaded_latency as module
from probes.instruments.loaded_latency import (
    JITTER_DOWN_SECONDS_MEAN,
    JITTER_UP_SECONDS_MEAN,
    LOADED_RATIO,
    RTT_LOADED_SECONDS_P50,
    RTT_REST_SECONDS_P50,
    RTT_REST_SECONDS_P95,
    Glance,
    LoadedLatency,
    Second,
    Settings,
    apart,
    seconds_of,
)
from probes.instruments.wan_rate import RECEIVED_MEAN, SENT_MEAN
from probes.interfaces import Counters, Look
from probes.jitter import Key, Trip
from probes.metrics import LOSS_RATIO, REACHABLE, RTT_SECONDS_P50
from probes.model import Outcome, ProbeError, Reading, Target
from tests.lab.daemon import free_port
from tests.lab.filling import greedy_download
from tests.lab.line import SERVER, Line, line, tbf
from tests.lab.udp import silence, udp_peer
from tests.probes.conftest import Measure
from tests.probes.test_udp_jitter import way

ROOT = Path(__file__).parents[2]
KEY = str(Key.derive(b"any", 1))
SECOND = 1_000_000_000
MEGABIT = 125_000


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def reflector() -> AsyncIterator[tuple[int, str]]:
    """Its port and key."""
    port, served = free_port(socket.SOCK_DGRAM), Reflector(b"secret", now)
    served.open("127.0.0.1", port)
    yield port, served.key(now())
    served.close()


class Wan:
    """The counters of `wan`, where nothing has passed until something is `carried`."""

    received = sent = 0

    def look(self) -> Look:
        return Look(time.monotonic(), {"wan": Counters(self.received, self.sent, 0, 0)})


@pytest.fixture
def wan(monkeypatch: pytest.MonkeyPatch) -> Wan:
    """A line whose seconds last a tenth of one, so that a run of two is as good as twenty."""
    made = Wan()
    monkeypatch.setattr(interfaces, "look", made.look)
    monkeypatch.setattr(default_route, "default_interface", lambda: "wan")
    monkeypatch.setattr(module, "_SECOND", 0.1)
    monkeypatch.setattr(module, "_TOLERANCE_NS", 60_000_000)
    monkeypatch.setattr(module, "_FIRST_SECONDS", 3)
    return made


async def send(measure: Measure, port: int, key: str, **settings: Any) -> Reading:
    probe = LoadedLatency(Settings(interval=0.1, timeout=0.3, key=key, **settings))
    (reading,) = await measure(probe, Target("x", "127.0.0.1", port))
    return reading


async def test_packets_that_meet_traffic_are_told_from_those_that_meet_none(
    reflector: tuple[int, str], measure: Measure, wan: Wan
) -> None:
    """In the second half 20 Mbit/s come in, and packets take 30 ms more."""
    port, key = reflector
    busy = False

    def queue(_: int) -> Iterable[float]:
        return (0.03 * busy,)

    async def use() -> None:
        nonlocal busy
        await asyncio.sleep(1.5)
        busy = True
        while True:
            wan.received += 2 * MEGABIT
            await asyncio.sleep(0.1)

    async with way(port, down=queue) as queued:
        using = asyncio.create_task(use())
        reading = await send(measure, queued, key)
        using.cancel()
    values = reading.values
    assert (reading.outcome, values[LOSS_RATIO]) == (Outcome.OK, 0)
    assert values[RTT_REST_SECONDS_P50] < 0.015
    assert 0.03 <= values[RTT_LOADED_SECONDS_P50] < 0.045
    assert values[LOADED_RATIO] == pytest.approx(0.5, abs=0.15)
    assert values[RECEIVED_MEAN] == pytest.approx(10e6, rel=0.35)
    assert values[SENT_MEAN] == 0
    assert values[JITTER_UP_SECONDS_MEAN] < 0.02


async def test_line_that_nobody_uses_has_no_value_under_load(
    reflector: tuple[int, str], measure: Measure, wan: Wan
) -> None:
    values = (await send(measure, *reflector)).values
    assert (values[LOADED_RATIO], values[RECEIVED_MEAN]) == (0, 0)
    assert RTT_LOADED_SECONDS_P50 not in values
    assert RTT_REST_SECONDS_P95 in values


async def test_without_a_default_route_there_is_no_telling_load_from_rest(
    reflector: tuple[int, str], measure: Measure, wan: Wan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(default_route, "default_interface", lambda: None)
    values = (await send(measure, *reflector)).values
    assert {RTT_SECONDS_P50, LOSS_RATIO, JITTER_DOWN_SECONDS_MEAN} <= values.keys()
    assert {RTT_REST_SECONDS_P50, LOADED_RATIO, RECEIVED_MEAN}.isdisjoint(values)


async def test_silent_reflector_has_no_times_but_the_line_was_seen(
    measure: Measure, wan: Wan
) -> None:
    async with udp_peer(silence) as port:
        reading = await send(measure, port, KEY)
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "no_reply")
    assert reading.values[REACHABLE] == 0
    assert reading.values[LOSS_RATIO] == 1
    assert reading.values[LOADED_RATIO] == 0
    assert RTT_SECONDS_P50 not in reading.values


async def test_key_that_is_not_accepted_says_nothing_about_the_way(
    reflector: tuple[int, str], measure: Measure, wan: Wan
) -> None:
    with pytest.raises(ProbeError) as caught:
        await send(measure, reflector[0], KEY)
    assert caught.value.reason == "not_accepted"


async def test_interface_that_does_not_exist_is_named_before_anything_is_sent(
    measure: Measure,
) -> None:
    with pytest.raises(ProbeError) as caught:
        await send(measure, 9, KEY, interface="no-such-line")
    assert caught.value.reason == "no_interface"


def glances(*received: int | None, apart: float = 1.0) -> list[Glance]:
    return [
        Glance(int(n * apart * SECOND), None if r is None else Counters(r, 0, 0, 0))
        for n, r in enumerate(received)
    ]


def test_second_in_which_the_counter_went_back_or_was_gone_is_left_out() -> None:
    found = seconds_of(glances(0, MEGABIT, 0, None, 0, 2 * MEGABIT))
    assert [second.received for second in found] == [1e6, 2e6]


def test_glances_that_are_not_a_second_apart_say_nothing() -> None:
    assert seconds_of(glances(0, MEGABIT, apart=1.6)) == []


def trip(sent: float) -> Trip:
    at = int(sent * SECOND)
    return Trip(0, at, 0, 0, at + 1000)


def test_packet_of_a_second_of_which_nothing_is_known_is_in_neither_part() -> None:
    seconds = [Second(0, SECOND, 0, 0), Second(2 * SECOND, 3 * SECOND, 0, 5e6)]
    trips = [trip(-1), trip(0.5), trip(1.5), trip(2.5), trip(3.5)]
    rest, loaded = apart(trips, seconds, rest_below=1e6)
    assert (rest, loaded) == ([trips[1]], [trips[3]])


@pytest.fixture
def between() -> Iterator[Line]:
    with line() as made:
        made.shape(tbf(20, buffer_seconds=0.08), tbf(20))
        yield made


def started(line: Line, end: str, *command: str) -> subprocess.Popen[str]:
    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "LC_ALL": "C"},
        )

    return line.inside(end, start)


def pings(line: Line) -> float:
    """The median of the round trips that ping sees in three seconds from now."""
    pinging = started(line, "school", "ping", "-n", "-i", "0.02", "-w", "3", SERVER)
    said, _ = pinging.communicate(timeout=10)
    times = [float(word.partition("=")[2]) for word in said.split() if word.startswith("time=")]
    return statistics.median(times) / 1000


@pytest.mark.root
@pytest.mark.server("tc", "ip", "sysctl", "ping")
def test_round_trip_of_a_line_that_tcp_fills_is_what_ping_sees(between: Line) -> None:
    reflecting = started(
        between, "server", sys.executable, "-m", "tests.lab.reflect", "8422", SERVER
    )
    assert reflecting.stdout is not None
    try:
        key = reflecting.stdout.readline().strip()
        probing = started(
            between, "school", sys.executable, "-m", "probes", "run", "--json",
            "loaded_latency", SERVER, "--set", f"key={key}", "--set", "interval=0.1",
        )  # fmt: skip
        time.sleep(2.2)
        with greedy_download(between):
            seen = pings(between)
            said, _ = probing.communicate(timeout=20)
    finally:
        reflecting.terminate()
        reflecting.communicate(timeout=10)
    (reading,) = json.loads(said)
    values: Mapping[str, float] = reading["values"]
    assert seen > 0.03, "the line was not full"
    assert values["rtt_rest_seconds_p50"] < 0.02
    assert values["rtt_loaded_seconds_p50"] == pytest.approx(seen, rel=0.2)
    assert 0.2 < values["loaded_ratio"] < 0.9


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(LoadedLatency)
