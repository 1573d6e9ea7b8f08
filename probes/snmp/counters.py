"""How much a counter grew between two looks, or nothing at all where that is not certain.

A counter of 32 bits wraps, at 1 Gbit/s after 34 s; counters start again with the device; some are
cleared by hand. A difference that could be any of these is no difference: a peak that never was is
worse than a gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WRAP_32 = 2**32
BITS_OF_AN_OCTET = 8
BITS_OF_A_PACKET = 512
"""The shortest frame."""
MOST = 2.0
"""Times the line's speed, above which an amount is not believed: devices note their counters every
few seconds, so one interval may hold a bit more than itself."""
FASTEST = 400e9
"""Bits per second of a line whose speed is not known."""


@dataclass(frozen=True, slots=True)
class Counter:
    value: int
    wide: bool
    """It has 64 bits."""


@dataclass(frozen=True, slots=True)
class Span:
    """Between two looks.

    Attributes:
        seconds: more than 0.
        speed: of the line in bits per second, the larger of both looks; None = not known.
        went_on: whether the device ran all the time; None = not known.
        is_physical: its speed is a limit, and not a word.
    """

    seconds: float
    speed: float | None
    went_on: bool | None
    is_physical: bool


def growth(
    before: Mapping[str, Counter], after: Mapping[str, Counter], span: Span, octets: frozenset[str]
) -> dict[str, int]:
    """By counter, of one interface; only what is certain.

    `octets`: the names of those that count octets; the others count packets.
    """
    same = [n for n in before.keys() & after.keys() if before[n].wide == after[n].wide]
    pairs = {name: (before[name].value, after[name]) for name in same}
    if span.seconds <= 0 or span.went_on is False or _cleared(list(pairs.values()), span):
        return {}
    grown = {
        name: _added(old, new, span, BITS_OF_AN_OCTET if name in octets else BITS_OF_A_PACKET)
        for name, (old, new) in pairs.items()
    }
    if any(grown[name] is None and new.value < old for name, (old, new) in pairs.items()):
        return {}  # it is no wrap
    return {name: added for name, added in grown.items() if added is not None}


def _cleared(pairs: Sequence[tuple[int, Counter]], span: Span) -> bool:
    """Whether the interface's counters may have started again.

    One that went back has wrapped if the device ran on, and another that was above 0 did not.
    """
    back = [new for old, new in pairs if new.value < old]
    if not back:
        return False
    goes_on = any(0 < old <= new.value for old, new in pairs)
    return len(back) > 1 or back[0].wide or not span.went_on or not goes_on


def _added(old: int, new: Counter, span: Span, bits: int) -> int | None:
    """None when it is not certain."""
    if new.wide:
        speed = span.speed if span.speed is not None and span.is_physical else FASTEST
        added = new.value - old
        return added if added <= MOST * speed * span.seconds / bits else None
    if span.speed is None:
        return None
    # Within the interval the line must not be able to count around, or any value could be right.
    most = MOST * span.speed * span.seconds / bits
    added = (new.value - old) % WRAP_32
    return added if added <= most < WRAP_32 else None
