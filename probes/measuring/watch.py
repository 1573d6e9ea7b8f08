"""Watches a line for some seconds while its users use it, and hardly loads it (tier T0).

Each tenth of a second it looks at the counters and sends one small packet to the reflector: some
8 kbit/s each way.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter_ns

from probes.datagram import DatagramSocket
from probes.jitter import SMALLEST_BYTES, Key, Kind, Packet, Trip
from probes.measuring.baseline import Baseline
from probes.measuring.counter import Counter, Look
from probes.measuring.machine import Machine
from probes.measuring.permit import Direction
from probes.measuring.saturation import Beat, Load, judge
from probes.model import ProbeError
from probes.net import resolve
from probes.reflections import Reflections
from probes.refusal import RefusedError

BEAT_SECONDS = 0.1
LINGER_SECONDS = 1.5
"""For the answers to the last packets, which a long queue may hold."""
_HEADERS = {4: 28, 6: 48}
"""IP and UDP, by version."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen; None where it was not.

    Attributes:
        rtt_min: seconds, the least that the baseline knows.
        rtt: seconds, median of this watch.
        cpu_ratio: of the busiest processor, as one alone often does the forwarding.
        spent_bytes: IP bytes of our own packets, both ways.
    """

    down: Load
    up: Load
    rtt_min: float | None
    rtt: float | None
    cpu_ratio: float
    sent: int
    answered: int
    spent_bytes: int

    def of(self, direction: Direction) -> Load:
        return self.down if direction is Direction.DOWN else self.up


@dataclass(slots=True)
class _Watch:
    """What was sent with which look, by the number of the packet."""

    replies: Reflections
    looks: list[Look] = field(default_factory=list)
    header: int = 0
    fault: str | None = None

    @property
    def trips(self) -> dict[int, Trip]:
        return {n: trip for n, trip in self.replies.trips.items() if trip.is_possible}

    @property
    def beats(self) -> list[Beat]:
        trips = self.trips
        return [Beat(look, trips.get(n)) for n, look in enumerate(self.looks)]

    @property
    def spent_bytes(self) -> int:
        return (len(self.replies.departures) + len(self.replies.trips)) * (
            self.header + SMALLEST_BYTES
        )


async def watch(
    counter: Counter,
    reflector_host: str,
    reflector_port: int,
    key: Key | None,
    baseline: Baseline,
    seconds: float,
) -> Watched:
    """Takes up to LINGER_SECONDS longer than `seconds`.

    `baseline` learns from it and is to be handed in again; one for each line and reflector.
    Without a reflector the line is undetermined, and what it used is known all the same.
    """
    seen = _Watch(Reflections(key or Key(0, bytes(16))))
    machine = Machine()
    try:
        if key is None:
            raise ProbeError("no_key")
        address = await resolve(reflector_host, reflector_port)
        seen.header = _HEADERS[address.version]
        with DatagramSocket(address) as opened:
            await _exchange(counter, opened, seen, seconds)
    except ProbeError as exc:
        seen.fault = exc.reason
        await _look_on(counter, seen, seconds)
    cpu_ratio = machine.busiest_core()
    return await asyncio.to_thread(_watched, counter, seen, baseline, cpu_ratio)


async def _exchange(counter: Counter, opened: DatagramSocket, seen: _Watch, seconds: float) -> None:
    receiving = asyncio.create_task(_receive(opened, seen, _count(seconds)))
    try:
        await _send(counter, opened, seen, seconds)
        await asyncio.wait({receiving}, timeout=LINGER_SECONDS)
    finally:
        receiving.cancel()
        with suppress(asyncio.CancelledError):
            await receiving


async def _send(counter: Counter, opened: DatagramSocket, seen: _Watch, seconds: float) -> None:
    """A look and a packet at once, so that the look is of the moment when the packet entered."""
    replies = seen.replies
    started = perf_counter_ns()
    for number in range(_count(seconds)):
        due = started + number * int(BEAT_SECONDS * 1e9)
        await asyncio.sleep(max(0, due - perf_counter_ns()) / 1e9)
        seen.looks.append(counter.look())
        if replies.turned_away:
            continue
        replies.departures.append(now := perf_counter_ns())
        packet = Packet(Kind.REQUEST, replies.key.week, number, replies.session, now)
        try:
            opened.send(packet.encode(replies.key, b""))
        except RefusedError as exc:
            replies.refusal = exc.refusal


def _count(seconds: float) -> int:
    return round(seconds / BEAT_SECONDS) + 1


async def _receive(opened: DatagramSocket, seen: _Watch, count: int) -> None:
    while not seen.replies.turned_away and len(seen.replies.trips) < count:
        try:
            seen.replies.take(*await opened.receive())
        except RefusedError as exc:
            seen.replies.refusal = exc.refusal


async def _look_on(counter: Counter, seen: _Watch, seconds: float) -> None:
    """At the counters alone, for the time that is left."""
    for _ in range(_count(seconds) - len(seen.looks)):
        seen.looks.append(counter.look())
        await asyncio.sleep(BEAT_SECONDS)


def _watched(counter: Counter, seen: _Watch, baseline: Baseline, cpu_ratio: float) -> Watched:
    trips, beats = list(seen.trips.values()), seen.beats
    baseline.learn(sorted(trips, key=lambda trip: trip.sent))
    fault = seen.fault or seen.replies.turned_away or (
        seen.replies.refusal.value if seen.replies.refusal and not trips else None
    )  # fmt: skip
    down, up = (
        judge(way, counter.line, beats, baseline, fault=fault, busy=cpu_ratio) for way in Direction
    )
    return Watched(
        down,
        up,
        baseline.rtt,
        median(trip.seconds for trip in trips) if trips else None,
        cpu_ratio,
        len(seen.replies.departures),
        len(trips),
        seen.spent_bytes,
    )
