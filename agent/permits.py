"""Asks the collector for leave to load the line. Without leave nothing is measured.

It asks only while this agent is its school's sentinel, and not again before the collector's
`Retry-After` is over. What was spent is told when a measurement has ended; if that fails, before
the next question.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

import msgspec

from agent.answer import Answer
from agent.backoff import retry_after_or_none
from agent.clock import Clock
from agent.leases import SENTINEL, Leases
from agent.link import UnreachableError
from agent.thrift import Ration, Thrift
from probes import wire
from probes.measuring.permit import REFUSED, Permit, Tier, Wanted
from probes.model import ProbeError

log = logging.getLogger(__name__)

MEASURE, DONE = "/v1/measure", "/v1/measure/done"
PATIENCE = 10.0
"""Seconds for an answer. Leave that comes later is of no use: its time runs."""
LONGEST_WAIT = 3600.0
"""Seconds that a refusal is believed; what the collector knows may change sooner than it said."""
MOST_OWED = 16


class Permits:
    """The agent's PermitOffice.

    Args:
        post: to the collector.
        host: of the collector, where it measures unless it names another.
        permits_host: what agent.toml allows.
    """

    def __init__(
        self,
        *,
        post: Callable[[str, bytes], Awaitable[Answer]],
        leases: Leases,
        thrift: Thrift,
        clock: Clock,
        host: str,
        permits_host: Callable[[str], bool],
    ) -> None:
        self._post = post
        self._leases = leases
        self._thrift = thrift
        self._clock = clock
        self._host = host
        self._permits_host = permits_host
        self._waits: dict[str, tuple[float, str]] = {}
        self._owed: deque[wire.MeasureDone] = deque(maxlen=MOST_OWED)

    async def ask(self, wanted: Wanted) -> Permit:
        """Raises ProbeError with a reason of REFUSED, or `not_allowed` for a host that agent.toml
        does not name."""
        self._check(wanted.line)
        try:
            await self._settle()
            asked = self._clock.monotonic()
            answer = await self._in_time(MEASURE, _request(wanted))
        except (UnreachableError, TimeoutError) as exc:
            raise _refused("no_answer") from exc
        if answer.status != 200:
            raise self._refusal(answer, wanted.line)
        permit = self._permit(_decoded(answer), self._clock.monotonic() - asked)
        if permit.host != self._host and not self._permits_host(permit.host):
            await self.give_back(permit, 0)
            raise ProbeError("not_allowed", f"({permit.host})")
        return permit

    def _permit(self, reply: wire.MeasureReply, took: float) -> Permit:
        return Permit(
            id=reply.id,
            host=reply.host or self._host,
            port=reply.port,
            token=reply.token,
            tier=Tier(reply.tier),
            most_bytes=reply.most_bytes,
            bits_per_second=reply.bits_per_second,
            seconds=max(0.0, reply.seconds - took),
        )

    async def give_back(self, permit: Permit, spent_bytes: int) -> None:
        self._thrift.carried(spent_bytes)
        self._owed.append(wire.MeasureDone(wire.VERSION, permit.id, spent_bytes))
        try:
            await self._settle()
        except (UnreachableError, TimeoutError) as exc:
            log.debug("what was spent is told later why=%s", exc)

    def _check(self, line: str) -> None:
        if self._leases.epoch(SENTINEL) is None:
            raise _refused("not_sentinel")
        if self._thrift.metered or self._thrift.ration() is not Ration.ALL:
            raise _refused("metered")
        until, reason = self._waits.get(line, (0.0, ""))
        if self._clock.monotonic() < until:
            raise _refused(reason)

    async def _in_time(self, path: str, message: msgspec.Struct) -> Answer:
        """Raises UnreachableError, TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            return await self._post(path, wire.encode(message))

    def _refusal(self, answer: Answer, line: str) -> ProbeError:
        """What the collector says; anything but its own words is no answer."""
        try:
            reason = wire.decode(answer.body, wire.Problem).reason
        except wire.WireError:
            return _refused("no_answer")
        if reason not in REFUSED:
            return _refused("no_answer")
        wait = retry_after_or_none(answer.retry_after, self._clock.wall() / 1000)
        if wait is not None:
            self._waits[line] = self._clock.monotonic() + min(wait, LONGEST_WAIT), reason
        return _refused(reason)

    async def _settle(self) -> None:
        """Tell what was spent, oldest first; what cannot be told stays. Raises as `_in_time`."""
        while self._owed:
            done = self._owed[0]
            answer = await self._in_time(DONE, done)
            if answer.status == 429 or answer.status >= 500:
                return
            if self._owed and self._owed[0] is done:
                self._owed.popleft()


def _request(wanted: Wanted) -> wire.MeasureRequest:
    return wire.MeasureRequest(
        v=wire.VERSION,
        line=wanted.line,
        tier="t2" if wanted.tier is Tier.STREAMS else "t1",
        bits_per_second=wanted.bits_per_second,
    )


def _decoded(answer: Answer) -> wire.MeasureReply:
    try:
        reply = wire.decode(answer.body, wire.MeasureReply)
    except wire.WireError as exc:  # A captive portal also answers 200.
        raise _refused("no_answer") from exc
    if reply.v != wire.VERSION:
        raise _refused("no_answer")
    return reply


def _refused(reason: str) -> ProbeError:
    return ProbeError(reason, REFUSED[reason])
