"""Arrivals as a line would make them, computed packet by packet."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from probes.train.estimate import Arrival, Sent, Train
from probes.train.packet import HEADER_BYTES

PAYLOAD = 1400
IP_BITS = (PAYLOAD + HEADER_BYTES[4]) * 8
START = 1_764_000_000_000_000_000
FAST = 4e9
"""Bits/s of a sender that does not matter."""


def paced(count: int, rate: Callable[[int], float], sending: float = FAST) -> list[Arrival]:
    """Packets that leave one after the other at `sending`, through a hop of bits/s `rate(i)`."""
    found, free = [], 0.0
    for i in range(count):
        left = i * IP_BITS / sending
        free = max(free, left) + IP_BITS / rate(i)
        found.append(Arrival(START + round(free * 1e9), i, PAYLOAD, sent=5_000 + round(left * 1e9)))
    return found


def even(count: int, rate: float, sending: float = FAST) -> list[Arrival]:
    return paced(count, lambda _: rate, sending)


def train(arrivals: Iterable[Arrival], count: int, sending: float | None = FAST) -> Train:
    seconds = count * IP_BITS / sending if sending else None
    return Train(tuple(arrivals), count, 0, Sent(count, PAYLOAD, seconds, True))
