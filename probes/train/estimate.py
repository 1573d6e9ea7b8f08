"""From the arrivals of trains to a rate, and to what that rate is worth. Pure.

All rates are those of IP packets: UDP payload and headers of the declared version of IP, without
Ethernet, PPPoE or whatever lies below. A rate is only called `valid` where the narrowest hop and
nothing else can have set the pace.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import median

from probes.train.packet import HEADER_BYTES

LUMP_NS = 4_000
"""Packets that arrive closer together were handed over together (interrupts, GRO, GSO)."""
FEWEST_PACKETS = 20
FEWEST_LUMPS = 6
"""In the tail: three in each quarter, the shared one counted twice."""
TAIL_SECONDS = 0.005
"""The least time over which a rate is read."""
UNSTEADY_RATIO = 0.1
SENDER_RATIO = 0.9
"""Above this share of the rate of sending, the sender may have set the pace."""
QUEUE_RATIO = 0.05
"""The least growth of the delay, as a share of the time in which the train arrived."""
ABOVE_INTERFACE_RATIO = 1.02
COARSE_BITS_PER_SECOND = 100e6
"""The fastest that is read from clocks of user space."""
SPREAD_RATIO = 0.05
MIXED_RATIO = 0.02
"""What gaps may make up before they need an explanation."""
_STEP, _CATCH_UP = 1.5, 0.75
"""A packet so much later than usual had others before it, unless the next makes up for it."""
_ALONE_RATIO = 0.9
"""Share of lumps that must be one packet for gaps to be told apart."""
_MOST_STEPS_RATIO = 0.4
FEWEST_VALID = 2


class Outcome(StrEnum):
    VALID = "valid"
    LOWER_BOUND = "lower_bound"
    """It went at least this fast while the trains lasted. A token bucket may stand behind it."""
    INCONCLUSIVE = "inconclusive"
    BLOCKED = "blocked"
    """Trains were sent and not one packet came."""


class Reason(StrEnum):
    """Why the outcome is not `valid`."""

    NOTHING_ARRIVED = "nothing_arrived"
    FEW_PACKETS = "few_packets"
    SHORT = "short"
    """The tail lasted less than TAIL_SECONDS: a longer train is needed."""
    LUMPY = "lumpy"
    """It came in a few large lumps, as radio and DOCSIS grant them: that shows the grants."""
    RECEIVER_DROPPED = "receiver_dropped"
    ABOVE_INTERFACE = "above_interface"
    COARSE_CLOCK = "coarse_clock"
    SENDER_LIMITED = "sender_limited"
    SEND_RATE_UNKNOWN = "send_rate_unknown"
    NO_QUEUE = "no_queue"
    """It came more slowly than sent, and yet no queue grew: packets were dropped by a policer."""
    MIXED = "mixed"
    """There are gaps as of other traffic, or of a line that sends in bursts; either is possible."""
    UNSTEADY = "unsteady"
    """The rate changed within the tail: a token bucket, or a line that grants in bursts."""
    FEW_TRAINS = "few_trains"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One packet, at ns of one clock of the receiver; `sent` by the sender's clock, if it said."""

    at: int
    sequence: int
    payload: int
    sent: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What the sender says of one train.

    `seconds` is the time that it took to hand the packets to the system, without waiting for room
    in the socket: waiting means that the line, not the sender, is slow. None: too little to tell.
    `is_segmented` tells whether the system cut the packets (UDP_SEGMENT); without that, a sender
    may be the limit from about 200 Mbit/s.
    """

    count: int
    payload: int
    seconds: float | None
    is_segmented: bool


@dataclass(frozen=True, slots=True)
class Train:
    """One train as it came.

    Args:
        arrivals: the first copy of each packet, in any order.
        count: packets sent.
        dropped: packets that the receiver's own socket threw away; None where it cannot tell.
        sent: what the sender says; the packets' stamps stand in for it.
        is_kernel_clock: whether all times of arrival are the kernel's.
        interface: bits/s of the slowest interface at either end, if known.
        others: bits/s of all other traffic of that direction at the time, by the counter of the
            line; None where nobody counts.
    """

    arrivals: tuple[Arrival, ...]
    count: int
    dropped: int | None = None
    sent: Sent | None = None
    ip_version: int = 4
    is_kernel_clock: bool = True
    interface: float | None = None
    others: float | None = None


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What one train tells.

    `rate` is bits/s of IP packets, None where there is none to tell; `tail_seconds` is the time
    over which it was read.
    """

    outcome: Outcome
    reason: Reason | None
    rate: float | None
    tail_seconds: float
    count: int
    arrived: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """What all trains of one measurement tell together.

    `rate` is bits/s of IP packets; None unless the outcome is `valid` or `lower_bound`.
    `spread_ratio` is the distance of the fastest from the slowest valid train, by the median.
    """

    outcome: Outcome
    reason: Reason | None
    rate: float | None
    spread_ratio: float | None
    valid_trains: int
    trains: int
    ip_bytes: int
    """Spent: of all packets sent, whether they came or not."""

    @property
    def is_spread(self) -> bool:
        """Whether the trains disagree so much that another method should have its say."""
        return self.spread_ratio is not None and self.spread_ratio > SPREAD_RATIO


@dataclass(frozen=True, slots=True)
class Lump:
    """Packets that arrived together: at ns of the first, how many bytes of IP in how many."""

    at: int
    size: int
    packets: int = 1


def lumps(train: Train) -> list[Lump]:
    """The packets by time of arrival, with those merged that follow each other within LUMP_NS."""
    headers = HEADER_BYTES[train.ip_version]
    merged: list[Lump] = []
    latest = 0
    for arrival in sorted(train.arrivals, key=lambda arrival: arrival.at):
        size = arrival.payload + headers
        if merged and arrival.at - latest < LUMP_NS:
            last = merged[-1]
            merged[-1] = Lump(last.at, last.size + size, last.packets + 1)
        else:
            merged.append(Lump(arrival.at, size))
        latest = arrival.at
    return merged


def pace(part: Sequence[Lump]) -> float | None:
    """Bits/s from the first lump to the last; None for less than two.

    The first one's bytes are not counted: they took the time before it.
    """
    if len(part) < 2:
        return None
    return sum(lump.size for lump in part[1:]) * 8e9 / (part[-1].at - part[0].at)


def own_pace(part: Sequence[Lump]) -> float | None:
    """As `pace`, without the gaps in which packets of others stood between two of the train.

    They get there while the train is still arriving at the narrow hop, and would be counted as its
    slowness: by the rate of the others over the rate of sending. Where packets come in lumps, or
    where there are too many such gaps, nothing can be told apart and it is None.
    """
    if sum(lump.packets == 1 for lump in part) < _ALONE_RATIO * len(part):
        return None
    gaps = [(after.at - before.at, after.size) for before, after in pairwise(part)]
    steps = _steps([gap / size for gap, size in gaps])
    if sum(steps) > _MOST_STEPS_RATIO * len(steps):
        return None
    kept = [gap for gap, is_step in zip(gaps, steps, strict=True) if not is_step]
    if not kept:
        return None
    return sum(size for _, size in kept) * 8e9 / sum(gap for gap, _ in kept)


def _steps(times: Sequence[float]) -> list[bool]:
    """Of each gap, whether packets of others stood in it.

    Never of those at the end: nothing after them shows that the line went on as before.
    """
    usual = median(times) if times else 0.0
    steps = [
        time > _STEP * usual and after > _CATCH_UP * usual
        for time, after in zip(times, [*times[1:], usual], strict=False)
    ]
    for i in reversed(range(len(steps))):
        if not steps[i]:
            break
        steps[i] = False
    return steps


def judge_train(train: Train) -> TrainResult:
    """What one train tells; see Reason for what can be held against it."""
    merged = lumps(train)
    tail = merged[_after(merged, 1 / 2) :]
    rate, seconds = explained_pace(tail, train.others), 0.0
    if tail:
        seconds = (tail[-1].at - tail[0].at) / 1e9
    outcome, reason = _verdict(train, merged, tail, rate)
    return TrainResult(outcome, reason, rate, seconds, train.count, len(train.arrivals))


def explained_pace(part: Sequence[Lump], others: float | None) -> float | None:
    """`own_pace` where `others` bits/s of other traffic explain what it leaves out, else `pace`.

    A shaper that sends in bursts leaves the same gaps as other traffic; only the counter tells the
    two apart. Others slow a train by their rate times the line's, over that of sending, which is
    the faster: never by more than their own rate.
    """
    plain, own = pace(part), own_pace(part)
    if plain is None or own is None or others is None:
        return plain
    return own if own <= plain + others else plain


def _after(merged: Sequence[Lump], share: float) -> int:
    """The index of the lump with which `share` of all bytes have come; 0 if there is none."""
    total, so_far = sum(lump.size for lump in merged), []
    sum_of_sizes = 0
    for lump in merged:
        sum_of_sizes += lump.size
        so_far.append(sum_of_sizes)
    return min(bisect_left(so_far, total * share), max(0, len(merged) - 1))


def _verdict(
    train: Train, merged: Sequence[Lump], tail: Sequence[Lump], rate: float | None
) -> tuple[Outcome, Reason | None]:
    if not train.arrivals:
        return Outcome.BLOCKED, Reason.NOTHING_ARRIVED
    if len(train.arrivals) < FEWEST_PACKETS:
        return Outcome.INCONCLUSIVE, Reason.FEW_PACKETS
    if rate is None or tail[-1].at - tail[0].at < TAIL_SECONDS * 1e9:
        return Outcome.INCONCLUSIVE, Reason.SHORT
    if len(tail) < FEWEST_LUMPS:
        return Outcome.INCONCLUSIVE, Reason.LUMPY
    return _limit(train, rate) or _shape(train, merged, rate) or (Outcome.VALID, None)


def _limit(train: Train, rate: float) -> tuple[Outcome, Reason] | None:
    """What else than the line may have set this rate."""
    if train.dropped:
        return Outcome.LOWER_BOUND, Reason.RECEIVER_DROPPED
    if train.interface is not None and rate > train.interface * ABOVE_INTERFACE_RATIO:
        return Outcome.INCONCLUSIVE, Reason.ABOVE_INTERFACE
    if not train.is_kernel_clock and rate > COARSE_BITS_PER_SECOND:
        return Outcome.INCONCLUSIVE, Reason.COARSE_CLOCK
    sending = send_rate(train)
    if sending is None:
        return Outcome.LOWER_BOUND, Reason.SEND_RATE_UNKNOWN
    if rate > sending * SENDER_RATIO:
        return Outcome.LOWER_BOUND, Reason.SENDER_LIMITED
    return None


def _shape(train: Train, merged: Sequence[Lump], rate: float) -> tuple[Outcome, Reason] | None:
    """What the course of the train has against it."""
    growth = queue_growth_ns(train)
    if growth is not None and growth < QUEUE_RATIO * (merged[-1].at - merged[0].at):
        return Outcome.INCONCLUSIVE, Reason.NO_QUEUE
    half, three = _after(merged, 1 / 2), _after(merged, 3 / 4)
    if _is_mixed(train, own_pace(merged[half:]), rate):
        return Outcome.LOWER_BOUND, Reason.MIXED
    quarters = merged[half : three + 1], merged[three:]
    third, fourth = (explained_pace(quarter, train.others) for quarter in quarters)
    if third is None or fourth is None or abs(third - fourth) > UNSTEADY_RATIO * max(third, fourth):
        return Outcome.INCONCLUSIVE, Reason.UNSTEADY
    return None


def _is_mixed(train: Train, own: float | None, rate: float) -> bool:
    """Whether others may have slowed the train by more than MIXED_RATIO of its rate.

    Where no gap can be told from another, they may have by their rate over that of sending.
    """
    if train.others is not None and train.others < rate * MIXED_RATIO:
        return False  # The line is idle: all gaps are its own.
    if own is not None:
        return own > rate * (1 + MIXED_RATIO)
    sending = send_rate(train)
    return train.others is not None and train.others > MIXED_RATIO * (sending or 0.0)


def send_rate(train: Train) -> float | None:
    """Bits/s at which the packets were handed to the sender's system; None if nobody can tell."""
    headers = HEADER_BYTES[train.ip_version]
    if train.sent is not None and train.sent.seconds:
        sent = train.sent
        return sent.count * (sent.payload + headers) * 8 / train.sent.seconds
    stamped = sorted((a.sent, a.payload) for a in train.arrivals if a.sent is not None)
    if not stamped or stamped[0][0] == stamped[-1][0]:
        return None
    # Stamps are of the moment before sending, so those sent last took no time that is known.
    last = stamped[-1][0]
    size = sum(payload + headers for at, payload in stamped if at < last)
    share_arrived = len(train.arrivals) / train.count
    return size / share_arrived * 8e9 / (last - stamped[0][0])


def queue_growth_ns(train: Train) -> int | None:
    """How much longer the slowest packet of the second half was on its way than the fastest of all.

    None without stamps. The two clocks need not agree.
    """
    delays = [
        (arrival.at, arrival.at - arrival.sent)
        for arrival in train.arrivals
        if arrival.sent is not None
    ]
    if not delays:
        return None
    delays.sort()
    return max(delay for _, delay in delays[len(delays) // 2 :]) - min(d for _, d in delays)


def combine(results: Sequence[TrainResult], ip_bytes: int) -> Estimate:
    """The median of the valid trains, if most of those that were long enough are valid."""
    judged = [result for result in results if result.reason is not Reason.SHORT]
    valid = _rates(judged, Outcome.VALID)
    bounds = _rates(judged, Outcome.LOWER_BOUND)
    rate: float | None = None
    spread: float | None = None
    outcome = Outcome.INCONCLUSIVE
    reason: Reason | None = _usual_reason(judged or results)
    if len(valid) >= FEWEST_VALID and len(valid) * 2 > len(judged):
        outcome, reason, rate = Outcome.VALID, None, median(valid)
        spread = (max(valid) - min(valid)) / rate
    elif bounds and len(bounds) * 2 > len(judged):
        outcome, rate = Outcome.LOWER_BOUND, median(bounds)
    elif results and not any(result.arrived for result in results):
        outcome = Outcome.BLOCKED
    return Estimate(outcome, reason, rate, spread, len(valid), len(results), ip_bytes)


def _rates(results: Sequence[TrainResult], outcome: Outcome) -> list[float]:
    return [r.rate for r in results if r.outcome is outcome and r.rate is not None]


def _usual_reason(results: Sequence[TrainResult]) -> Reason:
    """Of those that were not valid, the one met most often."""
    met = Counter(result.reason for result in results if result.reason is not None)
    return met.most_common(1)[0][0] if met else Reason.FEW_TRAINS
