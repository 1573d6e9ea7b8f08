"""How long a device has been up, from clocks that wrap after 497 days or start again too early."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from probes.snmp.answer import Answer
from probes.snmp.values import Value, number

WRAP_SECONDS = 2**32 / 100
"""TimeTicks count hundredths of a second in 32 bits."""
SAME_SECONDS = 60.0
"""Two clocks of a device that are read one after the other count as the same within this."""

SYS_UPTIME, HOST_UPTIME, ENGINE_TIME = "sys_uptime", "host_uptime", "engine_time"
ENGINE_BOOTS = "engine_boots"
CLOCKS: Mapping[str, str] = {
    SYS_UPTIME: "1.3.6.1.2.1.1.3.0",  # RFC 3418: since SNMP was started on it
    HOST_UPTIME: "1.3.6.1.2.1.25.1.1.0",  # hrSystemUptime, RFC 2790: since the device was
    ENGINE_TIME: "1.3.6.1.6.3.10.2.1.3.0",  # RFC 3411: since the engine was, in seconds
    ENGINE_BOOTS: "1.3.6.1.6.3.10.2.1.2.0",
}
"""Scalars to ask for."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """What a device says, in seconds; None for what it does not say.

    A clock at exactly 0 is one that is not kept: a device that answers was started before.
    """

    sys: float | None
    host: float | None
    engine: float | None
    boots: int | None

    @classmethod
    def of(cls, answer: Answer) -> Clocks:
        said = answer.scalars
        engine = answer.engine_time
        if engine is None:
            engine = number(said.get(ENGINE_TIME))
        boots = answer.boots if answer.boots is not None else number(said.get(ENGINE_BOOTS))
        return cls(
            sys=_ticks(said.get(SYS_UPTIME)),
            host=_ticks(said.get(HOST_UPTIME)),
            engine=float(engine) if engine and engine > 0 else None,
            boots=boots if boots is not None and boots >= 0 else None,
        )

    def uptime(self) -> float | None:
        """Seconds since the device started, as far as its clocks tell; None when none does, or when
        they contradict each other.

        SNMP starts with the host or later, so the host's clock tells more, once it is not behind.
        The engine's clock does not wrap: where SNMP's own agrees with it but for whole wraps, it
        proves these; and that the host's clock has wrapped, if that is behind.
        """
        if self.host is None:
            return self.engine if self.sys is None else self._proved(self.sys)
        if self.sys is None:
            return self._proved(self.host)
        ran = self._proved(self.sys)
        if ran <= self.host + SAME_SECONDS:
            return self.host
        if self.engine is None or abs(_beyond_wraps(self.engine, self.sys)) > SAME_SECONDS:
            return None
        return self.host + ceil((ran - SAME_SECONDS - self.host) / WRAP_SECONDS) * WRAP_SECONDS

    def _proved(self, clock: float) -> float:
        """A clock in hundredths, with the wraps that the engine's proves."""
        if self.engine is None or abs(_beyond_wraps(self.engine, clock)) > SAME_SECONDS:
            return clock
        return max(clock, self.engine)


def _ticks(value: Value | None) -> float | None:
    ticks = number(value)
    return ticks / 100 if ticks is not None and 0 < ticks < 2**32 else None


def _beyond_wraps(full: float, wrapped: float) -> float:
    """How far `full` is from `wrapped` and the nearest number of whole wraps."""
    return full - wrapped - round((full - wrapped) / WRAP_SECONDS) * WRAP_SECONDS


@dataclass(frozen=True, slots=True)
class Seen:
    """A device's clocks at an instant of `time.monotonic`."""

    clocks: Clocks
    at: float


def went_on(before: Seen, after: Seen) -> bool | None:
    """Whether SNMP on the device ran from one look to the other; None when nothing tells.

    A restart shows in the count of starts, or in a clock that is behind where it should be by now.
    A wrap is no restart: the clock is where it should be, but for 2^32 ticks.
    """
    old, new, passed = before.clocks, after.clocks, after.at - before.at
    if old.boots is not None and new.boots is not None and old.boots != new.boots:
        return False
    if old.sys is None or new.sys is None:
        if old.engine is None or new.engine is None:
            return None
        return new.engine - old.engine >= passed - tolerance(passed)
    behind, allowed = old.sys + passed - new.sys, tolerance(passed)
    return behind <= allowed or abs(behind - WRAP_SECONDS) <= allowed


def tolerance(passed: float) -> float:
    """Seconds by which a device's clock may be behind: some are noted only every few seconds."""
    return max(10.0, 0.1 * passed)


class Uptime:
    """Of one device from run to run: counts the wraps that happen before its eyes."""

    def __init__(self) -> None:
        self._before: tuple[float, float] | None = None

    def now(self, seconds: float, at: float) -> float:
        """The uptime in full, of what the clocks tell at an instant of `time.monotonic`."""
        full = seconds
        if self._before is not None:
            due = self._before[0] + at - self._before[1]
            wraps = max(0, round((due - seconds) / WRAP_SECONDS))
            if abs(seconds + wraps * WRAP_SECONDS - due) <= tolerance(at - self._before[1]):
                full = seconds + wraps * WRAP_SECONDS
        self._before = full, at
        return full
