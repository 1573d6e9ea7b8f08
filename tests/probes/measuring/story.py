"""A watch as it would have been: what each direction carried, and how long its packets waited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from probes.jitter import Trip
from probes.measuring.baseline import Baseline
from probes.measuring.counter import Look, Total
from probes.measuring.line import Line
from probes.measuring.permit import Direction
from probes.measuring.saturation import Beat, Load, judge

MEGA = 1e6
DOWN, UP = Direction.DOWN, Direction.UP
PPP = Line("ppp0", None, False, {DOWN: 0, UP: 0}, 1492)
_PACKET_BYTES = 1400
_WAY = 0.004
"""Seconds each way without a queue."""
Course = Callable[[float], float]
"""Seconds since the watch began -> bits/s, or seconds of delay."""


def always(value: float) -> Course:
    return lambda _: value


NOTHING = always(0.0)


@dataclass(frozen=True)
class Story:
    """`offset`: seconds by which the reflector's clock is ahead; `lost`: by number."""

    down: Course = NOTHING
    up: Course = NOTHING
    queue_down: Course = NOTHING
    queue_up: Course = NOTHING
    lost: Callable[[int], bool] = lambda _: False
    offset: float = 1000.0
    begins: float = 0.0
    seconds: float = 20.0

    def beats(self) -> list[Beat]:
        """One each tenth of a second; counters are summed each millisecond."""
        found, carried = list[Beat](), {DOWN: 0.0, UP: 0.0}
        for ms in range(round(self.seconds * 1000) + 1):
            now = ms / 1000
            if ms % 100 == 0:
                number = len(found)
                totals = {way: _total(bits) for way, bits in carried.items()}
                look = Look(_ns(self.begins + now), 1, totals)
                trip = None if self.lost(number) else self._trip(number, now)
                found.append(Beat(look, trip))
            carried[DOWN] += self.down(now) / 1000
            carried[UP] += self.up(now) / 1000
        return found

    def _trip(self, number: int, now: float) -> Trip:
        sent = self.begins + now
        received = sent + _WAY + self.queue_up(now)
        arrived = received + _WAY + self.queue_down(now)
        return Trip(
            number, _ns(sent), _ns(received + self.offset), _ns(received + self.offset),
            _ns(arrived),
        )  # fmt: skip


def _total(bits: float) -> Total:
    return Total(int(bits / 8), int(bits / 8 / _PACKET_BYTES))


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)


def quiet(story: Story, before: float = 60.0) -> Baseline:
    """What a quiet watch, so many seconds before, taught."""
    baseline = Baseline()
    learn(baseline, Story(begins=story.begins - before, seconds=2.0, offset=story.offset))
    return baseline


def learn(baseline: Baseline, story: Story) -> None:
    baseline.learn([beat.trip for beat in story.beats() if beat.trip])


def judged(
    story: Story,
    direction: Direction = DOWN,
    baseline: Baseline | None = None,
    beats: list[Beat] | None = None,
    line: Line = PPP,
    busy: float = 0.0,
) -> Load:
    """As the watch does it: the baseline learns first."""
    baseline = quiet(story) if baseline is None else baseline
    beats = story.beats() if beats is None else beats
    baseline.learn([beat.trip for beat in beats if beat.trip])
    return judge(direction, line, beats, baseline, busy=busy)


def with_totals(beat: Beat, totals: dict[Direction, Total] | None) -> Beat:
    return replace(beat, look=replace(beat.look, totals=totals))
