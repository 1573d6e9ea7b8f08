"""What the operating system says of its network interfaces: counters, links. It sends nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from time import monotonic
from typing import Self

from probes.model import Better, Metric, Unit
from probes.text import Text

RECEIVED_BITS_PER_SECOND = Metric(
    name="received_bits_per_second",
    unit=Unit.BITS_PER_SECOND,
    better=Better.NEITHER,
    title=Text("接收速率", "Received"),
    meaning=Text(
        "自上次探测以来接口接收的平均速率。", "Mean rate received since the previous run."
    ),
    resolution=1000,
    minimum=0,
    maximum=1e13,
)
SENT_BITS_PER_SECOND = Metric(
    name="sent_bits_per_second",
    unit=Unit.BITS_PER_SECOND,
    better=Better.NEITHER,
    title=Text("发送速率", "Sent"),
    meaning=Text("自上次探测以来接口发送的平均速率。", "Mean rate sent since the previous run."),
    resolution=1000,
    minimum=0,
    maximum=1e13,
)
LINK_UP = Metric(
    name="link_up",
    unit=Unit.BOOLEAN,
    better=Better.HIGHER,
    title=Text("链路连通", "Link up"),
    meaning=Text(
        "接口已启用且有载波（网线已插好或无线已连接）。",
        "The interface is enabled and has a carrier (cable plugged in or Wi-Fi associated).",
    ),
    resolution=1,
    minimum=0,
    maximum=1,
)
LINK_SPEED_BITS_PER_SECOND = Metric(
    name="link_speed_bits_per_second",
    unit=Unit.BITS_PER_SECOND,
    better=Better.HIGHER,
    title=Text("链路协商速率", "Link speed"),
    meaning=Text(
        "网卡与对端协商的速率；操作系统不知道时缺失。",
        "The rate negotiated with the other end; absent when the system does not know it.",
    ),
    resolution=1000,
    minimum=1000,
    maximum=1e13,
)

_SPEED_UNKNOWN = frozenset({0, 65535, 4294967295})
"""Mbit/s; what drivers say when they do not know."""


@dataclass(frozen=True, slots=True)
class Counters:
    """Of one interface, since it appeared; they only grow, until they wrap or start again."""

    received_bytes: int
    sent_bytes: int
    dropped: int
    faulty: int

    def since(self, before: Self) -> Counters | None:
        """What was added; None if any counter went back, for then nothing is known of the rest."""
        added = [new - old for new, old in zip(astuple(self), astuple(before), strict=True)]
        return None if min(added) < 0 else Counters(*added)


@dataclass(frozen=True, slots=True)
class Link:
    """Of one interface, as the system sees it.

    Attributes:
        megabits: None when the system does not know the speed.
        hardware: it is a piece of hardware.
        virtual: the system says that it is not.
    """

    up: bool
    megabits: int | None
    loopback: bool = False
    hardware: bool = False
    virtual: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """All counters at one instant, in monotonic seconds."""

    at: float
    counters: Mapping[str, Counters]


def look() -> Look:
    """The kernel counts in 64 bits; a driver that counts in fewer wraps, which shows as a step
    back."""
    import psutil

    # psutil's own correction of wraps is off: it cannot tell a wrap from a reset.
    found = psutil.net_io_counters(pernic=True, nowrap=False)
    counters = {
        name: Counters(c.bytes_recv, c.bytes_sent, c.dropin + c.dropout, c.errin + c.errout)
        for name, c in found.items()
    }
    return Look(monotonic(), counters)


def links() -> dict[str, Link]:
    """Every interface of the machine by name."""
    import psutil

    is_hardware, is_virtual = _kinds()
    return {
        name: Link(
            up=s.isup,
            megabits=None if s.speed in _SPEED_UNKNOWN or s.speed < 0 else s.speed,
            loopback="loopback" in s.flags.split(",") or name == "lo",
            hardware=is_hardware(name),
            virtual=is_virtual(name),
        )
        for name, s in psutil.net_if_stats().items()
    }


def _kinds() -> tuple[Callable[[str], bool], Callable[[str], bool]]:
    """How to tell by its name whether an interface is hardware, and whether it is not."""
    if sys.platform == "win32":
        from probes.windows.adapters import adapters

        known = adapters()
        # What no driver of the machine owns is loopback or a tunnel; if none is known, who can say?
        return (lambda name: known.get(name, False)), (
            lambda name: bool(known) and not known.get(name, False)
        )
    return (lambda name: Path("/sys/class/net", name, "device").exists()), (lambda _: False)
