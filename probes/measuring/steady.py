"""When a line under load has settled, read from its counter alone. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WINDOW_SECONDS = 0.3
"""Shorter, and the edges of the looks show: 3 % in the lab."""
WINDOWS = 3
AGREE_RATIO = 0.03


@dataclass(frozen=True, slots=True)
class Look:
    """IP bytes of one direction since the counter began, at seconds of a monotonic clock."""

    at: float
    count: float


@dataclass(frozen=True, slots=True)
class Settled:
    """Bits/s over the last windows, and how far they differ from each other, by their mean."""

    rate: float
    spread_ratio: float


def settled(looks: Sequence[Look]) -> Settled | None:
    """What the last WINDOWS windows agree on; None while they differ, or are not yet full."""
    edges = _edges(looks)
    if len(edges) <= WINDOWS:
        return None
    rates = [
        8 * (late.count - early.count) / (late.at - early.at)
        for early, late in zip(edges[-WINDOWS - 1 :], edges[-WINDOWS:], strict=False)
    ]
    first, last = edges[-WINDOWS - 1], edges[-1]
    mean = 8 * (last.count - first.count) / (last.at - first.at)
    if mean <= 0 or min(rates) < 0:
        return None
    spread = (max(rates) - min(rates)) / mean
    return Settled(mean, spread) if spread <= AGREE_RATIO else None


def _edges(looks: Sequence[Look]) -> list[Look]:
    """Looks at least WINDOW_SECONDS apart, counted back from the newest."""
    found: list[Look] = []
    for look in reversed(looks):
        if not found or found[-1].at - look.at >= WINDOW_SECONDS * 0.98:
            found.append(look)
    return found[::-1]
