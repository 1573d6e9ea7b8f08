"""States of a device, why each is thought to hold, and the runs of its agent that they come from.

Values only. Nothing here says whether a state is good: a device that is off is not down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum

from probes.text import Text


class DeviceState(StrEnum):
    """What a device was over a stretch of time."""

    ON = "on"
    ASLEEP = "asleep"
    OFF = "off"
    CRASHED = "crashed"
    UNKNOWN = "unknown"


DEVICE_TITLES: dict[DeviceState, Text] = {
    DeviceState.ON: Text("开机", "on"),
    DeviceState.ASLEEP: Text("睡眠", "asleep"),
    DeviceState.OFF: Text("关机", "off"),
    DeviceState.CRASHED: Text("断电或死机", "power cut or crash"),
    DeviceState.UNKNOWN: Text("未知", "unknown"),
}


class Cause(Enum):
    """Why a state is thought to hold, in the words that a page shows."""

    BEATS = Text("运行中", "on")
    RAN_ON = Text("运行中（代理程序中断过）", "on (its agent was interrupted)")
    SLEPT = Text("睡眠", "asleep")
    SLEEPER = Text("疑似睡眠（这台设备常睡眠）", "probably asleep (it often sleeps)")
    GOODBYE = Text("已关机（正常）", "switched off in order")
    TOLD_CLEAN = Text(
        "已关机（正常，下次开机后得知）", "switched off in order (as its next boot told)"
    )
    RESTORED = Text(
        "已关机（方式不明，还原卡抹去了记录）",
        "switched off (how is not known: its disk was rolled back)",
    )
    NO_TESTIMONY = Text("已关机（方式不明）", "switched off (how is not known)")
    TOLD_CRASH = Text("断电或死机（下次开机后得知）", "power cut or crash (as its next boot told)")
    NO_WORD = Text(
        "疑似断电（未告知即失联，同校其他设备正常）",
        "probably a power cut (silent without a word, while the school is heard)",
    )
    AGENT_STOPPED = Text("未知：代理程序已停止", "unknown: its agent was stopped")
    SITE_SILENT = Text("未知：学校整体失联", "unknown: nothing is heard from the whole school")
    LOST = Text("未知：这段时间的心跳没有送达", "unknown: the beats of this time never arrived")
    NO_BEATS = Text("未知：近期没有心跳", "unknown: no beats lately")

    @property
    def words(self) -> Text:
        return self.value


@dataclass(frozen=True, slots=True)
class Span:
    """[since, until)."""

    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        return max(timedelta(), self.until - self.since)

    def within(self, other: Span) -> Span:
        """The part that both have; of no length if there is none."""
        since = max(self.since, other.since)
        return Span(since, max(since, min(self.until, other.until)))


@dataclass(frozen=True, slots=True)
class Stretch(Span):
    """A state and why."""

    state: DeviceState
    cause: Cause


@dataclass(frozen=True, slots=True)
class Stop:
    """The last word of a process. `machine`: the whole machine goes down, not only the agent."""

    at: datetime
    machine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process of an agent, as far as its beats arrived.

    Attributes:
        first, last: its first and last beat that are known.
        beats_from, beats_to: the running number of these beats; see `beat_count_total`.
        booted: when the machine was booted, if the first beat of the process is known.
        same_boot: whether the machine ran on since the process before; None = not known.
        clean: whether what went before ended in order; None = not known.
        sleeps: how long it slept, by the beat that found out.
        stop: None while it runs, and after an end without a word.
    """

    first: datetime
    last: datetime
    beats_from: int
    beats_to: int
    booted: datetime | None = None
    same_boot: bool | None = None
    clean: bool | None = None
    sleeps: tuple[Span, ...] = ()
    stop: Stop | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What a device was, without holes, in order.

    Attributes:
        rolled_back: how often it was found to have forgotten beats that had been delivered.
        restore_card: it began at the very same beat more than once, which is what a restore card
            does that rolls the disk back at each boot.
    """

    stretches: tuple[Stretch, ...]
    rolled_back: int = 0
    restore_card: bool = False

    @property
    def now(self) -> Stretch | None:
        """The last stretch; None for a window of no length."""
        return self.stretches[-1] if self.stretches else None

    @property
    def state_since(self) -> datetime | None:
        """Since when it has been what it is now, for whatever cause."""
        since = None
        for stretch in reversed(self.stretches):
            if stretch.state is not self.stretches[-1].state:
                break
            since = stretch.since
        return since

    def at(self, instant: datetime) -> Stretch | None:
        return next((s for s in self.stretches if s.since <= instant < s.until), None)

    def within(self, span: Span) -> tuple[Stretch, ...]:
        """The stretches of `span`, cut to it."""
        parts = [(s.within(span), s) for s in self.stretches]
        return tuple(
            Stretch(part.since, part.until, s.state, s.cause) for part, s in parts if part.length
        )


def joined(spans: list[Span], apart: timedelta = timedelta()) -> list[Span]:
    """In order, and as one where they overlap or are not further apart than this."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda s: s.since):
        if found and span.since - found[-1].until <= apart:
            found[-1] = Span(found[-1].since, max(found[-1].until, span.until))
        else:
            found.append(span)
    return found
