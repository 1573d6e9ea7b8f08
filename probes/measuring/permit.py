"""Leave to load a school's line once: who is asked for it, and what it says.

An instrument never decides by itself to load a line. It asks an office, which knows the lesson, the
byte budget and what the measurement server has to lend.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from probes.text import Text


class Tier(StrEnum):
    """How a capacity was measured, from the cheapest to the dearest."""

    PASSIVE = "t0"
    """Watching a line that its users fill."""
    TRAINS = "t1"
    STREAMS = "t2"


class Direction(StrEnum):
    DOWN = "down"
    """To the school."""
    UP = "up"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an instrument would like to do.

    Attributes:
        line: the name of the line, as the task's target has it.
        tier: the dearest that it would use.
        bits_per_second: what it expects the line to carry; None if it has no idea yet.
    """

    line: str
    tier: Tier
    bits_per_second: float | None


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave for one measurement, both directions.

    Attributes:
        id: by which it is given back.
        host, port: the measurement server; UDP and TCP have the same port.
        token: opaque, for the server; good for one control connection.
        tier: the dearest that is allowed now.
        most_bytes: IP bytes of all tiers and both directions together.
        bits_per_second: what the server has set aside; a faster line is measured to this bound.
        seconds: it lasts from now.
    """

    id: str
    host: str
    port: int
    token: str
    tier: Tier
    most_bytes: int
    bits_per_second: float
    seconds: float


class PermitOffice(Protocol):
    """Asked before each measurement."""

    async def ask(self, wanted: Wanted) -> Permit:
        """Raises ProbeError with one of REFUSED if there is no leave now."""
        ...

    async def give_back(self, permit: Permit, spent_bytes: int) -> None:
        """The measurement has ended, having spent so much; never raises."""
        ...


REFUSED: Mapping[str, Text] = {
    "not_sentinel": Text(
        "本校由另一台机器负责测速。", "Another machine of this school does the measuring."
    ),
    "no_slot": Text(
        "测速服务器的名额已满，稍后再试。",
        "The measurement server has no room now; it is tried again later.",
    ),
    "over_budget": Text(
        "本校本月的测速流量额度已用完。",
        "The school's bytes for measuring are used up for this month.",
    ),
    "not_now": Text(
        "按校历和规则，现在不允许测速。",
        "By the timetable and the rules, there is no measuring now.",
    ),
    "no_server": Text(
        "采集器没有开启测速服务。", "The collector has no measurement server switched on."
    ),
    "metered": Text(
        "本机的链路按流量计费，或当天流量将尽，不测速。",
        "Bytes on this machine's link cost money, or the day's are running out; nothing is "
        "measured that loads it.",
    ),
    "no_answer": Text(
        "采集器没有答复，没有许可就不测速。",
        "The collector gave no answer, and without leave nothing is measured.",
    ),
}
"""Reasons why there is no permit, for the instruments that ask."""
