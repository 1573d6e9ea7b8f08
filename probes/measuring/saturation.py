"""Whether a line was full while it was watched, and how fast it then was (tier T0). Pure.

A direction is full when its counter is flat and its own delay has risen. Then what the counter
counts is what the line can carry. A false sample is worse than none: in doubt nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from math import fsum, inf, sqrt
from statistics import median

from probes.jitter import Trip, percentile
from probes.measuring.baseline import NEAR_SECONDS, Baseline, down_seconds, up_seconds
from probes.measuring.counter import Look, Span, span
from probes.measuring.line import Line
from probes.measuring.permit import Direction
from probes.text import Text

RISEN_SECONDS = 0.01
"""By which the delay of a full direction exceeds its baseline, beyond the doubt of the latter."""
FLAT_RATIO = 0.03
"""Highest coefficient of variation of a flat counter."""
FLAT_SECONDS = 2.95
"""Three, of windows whose looks may come a little early."""
WINDOW_SECONDS = 0.3
_PIECE_SECONDS = 0.85
"""The queue of few streams comes and goes; shorter times of it are not counted."""
HIGHER_RATIO = 1.03
"""What any second carried beyond a rate by more shows that the rate is not the line's."""
BUSY_RATIO = 0.9
BUSY_FLAT_RATIO = 0.01
"""A processor that is busier than the one may be what packets wait for, and is never as flat as the
other; a shaped line is."""
_BESIDE_NS = 5_000_000
"""A packet leaves a little after the look that belongs to it."""
_SILENT_NS = 350_000_000
"""For so long before and after a window its packets are asked, as some are lost."""
_FEWEST_PACKETS = 20
"""In a window; a few small packets at a steady pace are flat, and no traffic."""
_FEWEST_ANSWERS, _FEWEST_ANSWERED_RATIO = 10, 0.25
_LONG_SHARE = 0.9
"""The few longest delays may be those of a busy machine and not of the queue."""
_SPARE_PACKETS, _SPARE_RATIO = 2, 0.1
"""Room for so many, and at least that share of the longest queue seen: then it throws nothing away,
also between two packets of ours."""


class State(StrEnum):
    SATURATED = "saturated"
    UNSATURATED = "unsaturated"
    UNDETERMINED = "undetermined"


UNDETERMINED: Mapping[str, Text] = {
    "few_replies": Text(
        "反射器应答的包太少，看不出排队。",
        "Too few packets came back from the reflector to see a queue.",
    ),
    "no_baseline": Text(
        "还不知道空闲时的时延，或知道得太久以前。",
        "The delay without a queue is not known yet, or was seen too long ago.",
    ),
    "clock": Text(
        "两端时钟的走时变化太大，分不清哪个方向在排队。",
        "The clocks drift too much against each other to tell the directions apart.",
    ),
    "counter_reset": Text(
        "出口计数器复位、回绕，或接口曾消失。",
        "The line's counters were reset or wrapped, or the interface vanished.",
    ),
    "merged_packets": Text(
        "系统把几个包合成一个计数，包头有遗漏。",
        "The system counted several packets as one, so that headers are missing.",
    ),
    "machine_limited": Text(
        "本机处理器已满负荷，可能是它而不是线路在限速。",
        "This machine's processor was fully used: it may be the limit, and not the line.",
    ),
    "unsteady": Text("有排队，但速率不平稳。", "There was a queue, but the rate was not steady."),
    "losses": Text(
        "上行队列一直是满的，会丢包，送出的不等于送到的。",
        "The queue on the way out was full and drops packets: what was sent is not what passed.",
    ),
    "no_delay": Text(
        "速率平稳却没有排队：可能是恒定速率的业务，也可能是限速器或公平队列。",
        "The rate was steady without a queue: steady traffic, a policer or a fair queue.",
    ),
}
"""Why a direction is undetermined."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A look at the counters, and the packet that was sent at once; no trip if it was lost."""

    look: Look
    trip: Trip | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """What is known of one direction; what was not measured is None.

    Attributes:
        reason: of UNDETERMINED, or why no packet could be sent.
        used: bits/s of IP, mean of the whole watch.
        rate: bits/s of IP while it was full, which is what the line can carry.
        variation: of that rate, standard deviation over mean.
        added: seconds by which the delay then exceeded its baseline, median.
        seconds: for which it was full and flat.
    """

    state: State
    used: float | None
    reason: str | None = None
    rate: float | None = None
    variation: float | None = None
    added: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the watch.

    Attributes:
        rate: bits/s of IP that passed the line.
        least, usual: seconds of added delay; None if no packet of about that time came back.
        drops: the counter may have seen packets that the queue behind it threw away.
    """

    span: Span
    rate: float
    least: float | None
    usual: float | None
    drops: bool


@dataclass(frozen=True, slots=True)
class Delay:
    """Added to a packet that entered the line (up) or left it (down) at `at`, ns."""

    at: int
    added: float


def judge(
    direction: Direction,
    line: Line,
    beats: Sequence[Beat],
    baseline: Baseline,
    *,
    fault: str | None = None,
    busy: float = 0.0,
) -> Load:
    """Of one watch, which `baseline` has already learnt from.

    `fault`: why no packets could be sent, if so. `busy`: share of the time for which the busiest
    processor of this machine was at work.
    """
    whole = span(direction, line, [beat.look for beat in beats])
    if whole is None:
        return Load(State.UNDETERMINED, None, "counter_reset")
    used = whole.bits_per_second
    delays = added_delays(beats, baseline)
    if isinstance(delays, str):
        return Load(State.UNDETERMINED, used, fault or delays)
    own, doubt = delays.of[direction], delays.doubt
    windows = _windows(direction, line, beats, own)
    risen = [w.least is not None and w.least >= RISEN_SECONDS + doubt for w in windows]
    found = _verdict(windows, risen, used)
    if busy > BUSY_RATIO and found.variation is not None and found.variation > BUSY_FLAT_RATIO:
        return Load(State.UNDETERMINED, used, "machine_limited")
    return found


def _verdict(windows: Sequence[Window], risen: Sequence[bool], used: float) -> Load:
    full = _full(windows, risen)
    if not full:
        reason = _why_not(windows, risen)
        return Load(State.UNDETERMINED if reason else State.UNSATURATED, used, reason)
    rate = _middle([w.rate for w in full])
    if any(w.span.is_merged for w in full):
        return Load(State.UNDETERMINED, used, "merged_packets")
    if any(_mean(three) > rate * HIGHER_RATIO for three in _threes(windows)):
        return Load(State.UNDETERMINED, used, "unsteady")
    return Load(
        State.SATURATED,
        used,
        rate=rate,
        variation=variation([w.rate for w in full]),
        added=median(w.usual for w in full if w.usual is not None),
        seconds=_seconds(full),
    )


def _why_not(windows: Sequence[Window], risen: Sequence[bool]) -> str | None:
    """Why nothing is said of a direction that was not seen to be full; None if it was not full."""
    whole = _seconds(windows)
    queued = [w for w, is_risen in zip(windows, risen, strict=True) if is_risen]
    if _seconds(queued) > whole / 2:
        dropping = _seconds([w for w in queued if w.drops])
        return "losses" if dropping > _seconds(queued) / 2 else "unsteady"
    flat = _longest_flat(windows, [True] * len(windows))
    if _seconds(flat) <= whole / 2:
        return None
    return "unsteady" if queued else "no_delay"


@dataclass(frozen=True, slots=True)
class Delays:
    """Of the packets that came back, each direction's in order of time."""

    of: Mapping[Direction, Sequence[Delay]]
    doubt: float


def added_delays(beats: Sequence[Beat], baseline: Baseline) -> Delays | str:
    """Or why they are not known."""
    trips = [beat.trip for beat in beats if beat.trip]
    if len(trips) < max(_FEWEST_ANSWERS, len(beats) * _FEWEST_ANSWERED_RATIO):
        return "few_replies"
    up, down, doubt = list[Delay](), list[Delay](), 0.0
    for trip in trips:
        if (empty := baseline.expect(trip.sent)) is None:
            return "no_baseline"
        up.append(Delay(trip.sent, up_seconds(trip) - empty.up))
        down.append(Delay(trip.arrived, down_seconds(trip) - empty.down))
        doubt = max(doubt, empty.doubt)
    # Nothing is quicker than without a queue. If it looks so, the clocks have parted further.
    if min(delay.added for delay in up + down) < -NEAR_SECONDS - doubt:
        return "clock"
    down.sort(key=lambda delay: delay.at)
    return Delays({Direction.UP: up, Direction.DOWN: down}, doubt)


def _windows(
    direction: Direction, line: Line, beats: Sequence[Beat], delays: Sequence[Delay]
) -> list[Window]:
    """The watch cut up. What leaves the school is counted before it queues; so the windows of
    that direction begin and end with a packet that tells how long the queue was."""
    is_before = direction is Direction.UP
    queued = {delay.at: delay.added for delay in delays}
    edges = [
        (beat.look, queued[beat.trip.sent] if is_before and beat.trip else 0.0)
        for beat in beats
        if beat.trip or not is_before
    ]
    lost = [beat.look.at for beat in beats if not beat.trip] if is_before else []
    longest = percentile(sorted(d.added for d in delays), _LONG_SHARE) if is_before else inf
    found, start = list[Window](), 0
    for end in range(1, len(edges)):
        (first, before), (last, after) = edges[start], edges[end]
        if (last.at - first.at) / 1e9 < WINDOW_SECONDS * _NEARLY:
            continue
        if part := span(direction, line, [first, last]):
            full = longest - max(longest * _SPARE_RATIO, _spare(line, part))
            found.append(_window(part, after - before, delays, lost, full))
        start = end
    return found


_NEARLY = 0.98
"""A look a little early still ends its window."""


def _spare(line: Line, part: Span) -> float:
    """Seconds that the packets take for which the queue shall have room."""
    bits = _SPARE_PACKETS * 8 * (line.largest_packet or _USUAL_PACKET_BYTES)
    return bits / part.bits_per_second if part.ip_bytes else 0.0


_USUAL_PACKET_BYTES = 1500


def _window(
    part: Span, growth: float, delays: Sequence[Delay], lost: Sequence[int], full: float
) -> Window:
    """`growth`: seconds by which the queue behind the counter grew, which is traffic that was
    counted and has not passed yet. `full`: seconds of queue from which on it may drop."""
    first, last = part.since - _SILENT_NS, part.until + _SILENT_NS
    near = [delay.added for delay in delays if first <= delay.at <= last]
    inside = [d.added for d in delays if part.since - _BESIDE_NS <= d.at <= part.until + _BESIDE_NS]
    seconds = part.seconds + growth
    return Window(
        part,
        part.ip_bytes * 8 / seconds if seconds > 0 else inf,
        min(near, default=None),
        median(near) if near else None,
        max(inside, default=0.0) > full or any(part.since <= at <= part.until for at in lost),
    )


def _full(windows: Sequence[Window], risen: Sequence[bool]) -> Sequence[Window]:
    """The windows in which the direction was full and nothing was dropped: all that lie in a second
    with a queue if they are flat together, else the longest flat run; empty if it is too short."""
    pieces = [run for run in _runs(windows, risen) if _seconds(run) >= _PIECE_SECONDS]
    together = [window for run in pieces for window in run if not window.drops]
    if _seconds(together) >= FLAT_SECONDS and _is_flat(together):
        return together
    return _longest_flat(windows, [r and not w.drops for w, r in zip(windows, risen, strict=True)])


def _runs(windows: Sequence[Window], wanted: Sequence[bool]) -> list[list[Window]]:
    """Wanted neighbours, together."""
    runs: list[list[Window]] = [[]]
    for window, is_wanted in zip(windows, wanted, strict=True):
        if runs[-1] and not (is_wanted and runs[-1][-1].span.until == window.span.since):
            runs.append([])
        if is_wanted:
            runs[-1].append(window)
    return [run for run in runs if run]


def _longest_flat(windows: Sequence[Window], wanted: Sequence[bool]) -> Sequence[Window]:
    """The longest flat part of a run of wanted neighbours; empty if none is long enough."""
    best: Sequence[Window] = ()
    for run in _runs(windows, wanted):
        for start, end in combinations(range(len(run) + 1), 2):
            part = run[start:end]
            if _seconds(part) > max(_seconds(best), FLAT_SECONDS) and _is_flat(part):
                best = part
    return best


def _is_flat(run: Sequence[Window]) -> bool:
    if any(w.span.packets < _FEWEST_PACKETS for w in run):
        return False
    return variation([w.rate for w in run]) < FLAT_RATIO


def variation(rates: Sequence[float]) -> float:
    """Standard deviation over mean; infinite when the mean is nothing."""
    mean = fsum(rates) / len(rates)
    if not 0 < mean < inf:
        return inf
    return sqrt(fsum((rate - mean) ** 2 for rate in rates) / len(rates)) / mean


def _middle(rates: Sequence[float]) -> float:
    """Mean of the middle half. A dip in which the queue ran dry, or a drop that was counted before
    it, is in few windows; and a median would be as coarse as the packets of one."""
    cut = len(rates) // 4
    kept = sorted(rates)[cut : len(rates) - cut]
    return fsum(kept) / len(kept)


def _mean(windows: Sequence[Window]) -> float:
    """Over their whole time, which is that of neighbours as one."""
    bits = fsum(w.span.ip_bytes * 8 for w in windows)
    return bits / fsum(w.span.ip_bytes * 8 / w.rate for w in windows if w.rate) if bits else 0.0


def _seconds(windows: Sequence[Window]) -> float:
    return fsum(w.span.seconds for w in windows)


def _threes(windows: Sequence[Window]) -> list[Sequence[Window]]:
    """Each second of the watch whose rate is that of the line at most."""
    found = [windows[i : i + 3] for i in range(len(windows) - 2)]
    return [three for three in found if not any(w.drops for w in three)]
