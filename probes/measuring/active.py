"""One measurement that loads the line: trains, and streams where trains cannot tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter_ns

from probes.measuring import streams, trains
from probes.measuring.counter import Counter
from probes.measuring.permit import Direction, Permit, Tier
from probes.measuring.session import BlockedError, RefusedError, Session
from probes.measuring.trains import Surroundings
from probes.train.estimate import Estimate, Outcome, Reason
from probes.train.plan import Plan

OTHERS_SECONDS = 0.12
"""The use of the line just before a train; shorter than the pause between two."""
BELOW_USE_RATIO = 1.02
ABOVE_STREAMS_RATIO = 1.05
MOST_SECONDS = 38.0
"""Of all together."""
_BURSTS = {Reason.SENDER_LIMITED, Reason.SEND_RATE_UNKNOWN}
"""As fast as it was sent, as far as anybody knows. On a school's line that is a token bucket which
the trains did not empty, and says nothing of what comes after."""
_TRAIN_BYTES = 8_000_000
_TRAINS_SHARE = 0.5
"""Of a permit that allows streams, too; each direction has half of it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one tier has told of one direction.

    Attributes:
        rate: IP bits/s; None unless the outcome is valid or a lower bound.
        why: not valid, because; empty when it is valid.
        spread_ratio: how far the parts differ on which the rate rests, by that rate.
        added_rtt: seconds, while it lasted; None when that was not seen.
        spent_bytes: of IP.
    """

    direction: Direction
    tier: Tier
    outcome: Outcome
    why: str
    rate: float | None = None
    spread_ratio: float | None = None
    added_rtt: float | None = None
    spent_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of the line beforehand.

    Attributes:
        counter: of the line, being looked at; None where it is not at hand, and then streams give
            only a lower bound.
        sustained: what streams have shown of late, IP bits/s. A train that is faster has met a
            boost that does not last.
    """

    counter: Counter | None = None
    sustained: Mapping[Direction, float] = field(default_factory=dict)


async def measure(
    permit: Permit, knowledge: Knowledge, directions: Sequence[Direction] = tuple(Direction)
) -> Sequence[Measured]:
    """The directions one after the other; what was blocked is told as such.

    Raises ProbeError when this machine could not send, and RefusedError when the server would not
    begin. What was found before its time was over is kept.
    """
    found = list[Measured]()
    try:
        async with asyncio.timeout(min(MOST_SECONDS, permit.seconds)):
            session = await Session.connect(permit)
            try:
                for direction in directions:
                    await _Way(session, direction, permit, knowledge, found).measure()
            finally:
                session.close()
    except BlockedError as exc:
        found += [_blocked(way, Tier.TRAINS, exc) for way in _missing(directions, found)]
    except TimeoutError:
        found += [
            Measured(way, Tier.TRAINS, Outcome.INCONCLUSIVE, "out_of_time")
            for way in _missing(directions, found)
        ]
    return found


def _missing(wanted: Sequence[Direction], found: Sequence[Measured]) -> list[Direction]:
    return [way for way in wanted if way not in {one.direction for one in found}]


def _blocked(direction: Direction, tier: Tier, exc: BlockedError) -> Measured:
    return Measured(direction, tier, Outcome.BLOCKED, exc.way)


class _Way:
    """One direction; adds to `found` what it learns."""

    def __init__(
        self,
        session: Session,
        direction: Direction,
        permit: Permit,
        knowledge: Knowledge,
        found: list[Measured],
    ) -> None:
        self._session = session
        self._direction = direction
        self._permit = permit
        self._counter = knowledge.counter
        self._sustained = knowledge.sustained.get(direction)
        self._found = found

    async def measure(self) -> None:
        by_trains = await self._by_trains()
        is_told = by_trains.outcome is Outcome.VALID
        if is_told or self._permit.tier is not Tier.STREAMS:
            self._found.append(by_trains)
            return
        by_streams = await self._by_streams()
        if by_trains.outcome is Outcome.BLOCKED:
            self._found += [by_trains, by_streams]
        elif by_streams.rate is None and by_trains.rate is not None:
            self._found.append(_with_bytes(by_trains, by_streams.spent_bytes))
        else:
            self._found.append(_with_bytes(by_streams, by_trains.spent_bytes))

    async def _by_trains(self) -> Measured:
        most = int(min(_TRAIN_BYTES, self._permit.most_bytes * _TRAINS_SHARE / 2))
        line = None if self._counter is None else self._counter.line.link_speed
        try:
            estimate = await trains.measure(
                self._session,
                self._direction,
                Plan(most_bytes=most),
                Surroundings(self._others, line),
            )
        except BlockedError as exc:
            if exc.way != "udp_blocked":
                raise
            return _blocked(self._direction, Tier.TRAINS, exc)
        except RefusedError as exc:
            return Measured(self._direction, Tier.TRAINS, Outcome.INCONCLUSIVE, exc.reason)
        return self._weighed(estimate)

    def _weighed(self, estimate: Estimate) -> Measured:
        outcome, rate = estimate.outcome, estimate.rate
        why = "" if estimate.reason is None else estimate.reason.value
        if rate is not None and (doubt := self._doubt(estimate, rate)):
            outcome, rate, why = Outcome.INCONCLUSIVE, None, doubt
        return Measured(
            self._direction,
            Tier.TRAINS,
            outcome,
            why,
            rate,
            estimate.spread_ratio,
            spent_bytes=estimate.ip_bytes,
        )

    def _doubt(self, estimate: Estimate, rate: float) -> str:
        """Why this rate is not what the line can carry; empty if nothing speaks against it."""
        others = self._others()
        if estimate.reason in _BURSTS:
            return estimate.reason.value
        if estimate.outcome is Outcome.VALID and estimate.is_spread:
            return "spread"
        if others is not None and others > rate * BELOW_USE_RATIO:
            return "below_use"  # behind a fair queue a train gets its share
        if self._sustained is not None and rate > self._sustained * ABOVE_STREAMS_RATIO:
            return "above_streams"
        return ""

    async def _by_streams(self) -> Measured:
        most = int(self._permit.most_bytes * (1 - _TRAINS_SHARE) / 2)
        count_now = None if self._counter is None else _count_now(self._counter, self._direction)
        began = perf_counter_ns()
        try:
            filled = await streams.fill(self._session, self._direction, count_now, most)
        except RefusedError as exc:
            return Measured(self._direction, Tier.STREAMS, Outcome.INCONCLUSIVE, exc.reason)
        outcome, why = filled.outcome, filled.why
        if outcome is Outcome.VALID and self._is_merged(began):
            outcome, why = Outcome.LOWER_BOUND, "merged_packets"
        return Measured(
            self._direction,
            Tier.STREAMS,
            outcome,
            why,
            filled.rate,
            filled.spread_ratio,
            filled.added_rtt,
            filled.spent_bytes,
        )

    def _is_merged(self, since: int) -> bool:
        """Whether the counter left headers out since then, so that its rate is low."""
        if self._counter is None:
            return False
        seen = self._counter.rate(self._direction, since, perf_counter_ns())
        return seen is not None and seen.is_merged

    def _others(self) -> float | None:
        """Bits/s of IP that the line carries this way now, without us."""
        if self._counter is None:
            return None
        now = self._counter.look().at
        seen = self._counter.rate(
            self._direction, now - int(OTHERS_SECONDS * 1e9), perf_counter_ns()
        )
        return None if seen is None else seen.bits_per_second


def _count_now(counter: Counter, direction: Direction) -> Callable[[], int | None]:
    """IP bytes that the line has carried that way from now on; None when nobody can tell."""
    since = counter.look()
    return lambda: counter.carried(direction, since)


def _with_bytes(measured: Measured, more: int) -> Measured:
    return replace(measured, spent_bytes=measured.spent_bytes + more)
