"""T2: several TCP connections fill the line, and its own counter says how much that is.

What the connections themselves carry is only a part of it: pupils go on working. So the counter of
the line is read, and the load ends as soon as that has settled.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from statistics import median
from time import monotonic

from probes.measuring import tcp_info
from probes.measuring.carried import Carried
from probes.measuring.machine import Machine
from probes.measuring.message import AskTally, Tally
from probes.measuring.permit import Direction
from probes.measuring.session import Session
from probes.measuring.steady import Settled, settled
from probes.train.estimate import Outcome

FLOWS, MOST_FLOWS = 4, 16
LEAST_SECONDS = 1.2
MOST_SECONDS = 8.0
LOOK_SECONDS = 0.1
QUEUE_SECONDS = 0.01
"""The round trip has grown by so much: the line's queue stands, so the line is what is full."""
GAIN_RATIO = 0.1
"""More connections that bring less than this have found the limit, whatever it is."""
BUSY_RATIO = 0.95
CLASS_RTT_SECONDS, CLASS_SECONDS = 0.1, 1.0
"""The load ends when the round trip has grown by so much for so long: it would hurt a class."""
PINGS = 5
TCP_HEADER_BYTES = {4: 20 + 32, 6: 40 + 32}
"""IP and TCP headers with timestamps, by version of IP (RFC 791, RFC 8200, RFC 7323)."""
_USUAL_MSS = 1448
_CHUNK_BYTES = 1 << 18

CountNow = Callable[[], int | None]


@dataclass(frozen=True, slots=True)
class Filled:
    """What came of it.

    Attributes:
        rate: IP bits/s of everything on the line; None unless valid or a lower bound.
        why: empty when valid: machine_limited, unsteady, class_disturbed, spent, no_counter.
        added_rtt: seconds, median under load; None when there was no round trip.
        spent_bytes: TCP payload of both ends' view, whichever is more.
    """

    outcome: Outcome
    why: str
    rate: float | None
    spread_ratio: float | None
    added_rtt: float | None
    spent_bytes: int


class _Load:
    """Connections that carry filling, as fast as they can."""

    def __init__(self, session: Session, direction: Direction) -> None:
        self._session = session
        self._direction = direction
        self._tasks: list[asyncio.Task[None]] = []
        self._sockets: list[socket.socket] = []
        self._header_bytes = TCP_HEADER_BYTES[session.address.version]
        self.moved = 0
        self.began = asyncio.Event()

    @property
    def flows(self) -> int:
        return len(self._sockets)

    def wire_bytes(self) -> int | None:
        """IP bytes that have left this machine, whatever became of them; None if nobody counts."""
        found = [tcp_info.read(opened) for opened in self._sockets]
        sizes = [
            info.bytes_sent + info.segments_sent * self._header_bytes
            for info in found
            if info is not None and info.bytes_sent is not None and info.segments_sent is not None
        ]
        return sum(sizes) if len(sizes) == len(found) else None

    def flying_bytes(self) -> int:
        """IP bytes that are on the way."""
        found = [info for one in self._sockets if (info := tcp_info.read(one)) is not None]
        return sum(info.in_flight or 0 for info in found) * self.packet_bytes

    def ip_bytes(self, payload: int) -> float:
        """IP bytes for that much payload in full packets."""
        return payload * self.packet_bytes / (self.packet_bytes - self._header_bytes)

    @property
    def packet_bytes(self) -> int:
        """IP bytes of a full one."""
        info = tcp_info.read(self._sockets[0])
        payload = None if info is None else info.sending_mss
        return (payload or _USUAL_MSS) + self._header_bytes

    @property
    def alive(self) -> bool:
        return any(not task.done() for task in self._tasks)

    async def grow(self, flows: int) -> None:
        wanted = [self._session.join(self._direction) for _ in range(flows - self.flows)]
        for opened in await asyncio.gather(*wanted):
            self._sockets.append(opened)
            self._tasks.append(asyncio.create_task(self._carry(opened)))

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for opened in self._sockets:
            opened.close()

    async def _carry(self, opened: socket.socket) -> None:
        loop, space = asyncio.get_running_loop(), bytearray(_CHUNK_BYTES)
        try:
            while True:
                if self._direction is Direction.DOWN:
                    count = await loop.sock_recv_into(opened, space)
                else:
                    await loop.sock_sendall(opened, _filling())
                    count = _CHUNK_BYTES
                if count == 0:
                    return
                self.moved += count
                self.began.set()
        except OSError:
            return


async def fill(
    session: Session, direction: Direction, count_now: CountNow | None, most_bytes: int
) -> Filled:
    """Fill the line in one direction until its counter has settled, at most MOST_SECONDS.

    Args:
        count_now: IP bytes that the line has carried that way; None where nobody counts, and then
            what the connections carry is only a lower bound.
        most_bytes: TCP payload that may be moved.

    Raises what `Session` raises.
    """
    base = min([await session.round_trip() for _ in range(PINGS)])
    load, machine = _Load(session, direction), Machine()
    try:
        await load.grow(FLOWS)
        watch = _Watch(session, direction, load, machine, count_now, base, most_bytes)
        found = await watch.run()
    finally:
        await load.end()
    return Filled(*found, watch.added_rtt(), max(watch.spent, load.moved))


_Found = tuple[Outcome, str, float | None, float | None]


class _Watch:
    """Looks at counter and round trip while the load runs, and decides when it has told enough."""

    def __init__(
        self,
        session: Session,
        direction: Direction,
        load: _Load,
        machine: Machine,
        count_now: CountNow | None,
        base: float,
        most_bytes: int,
    ) -> None:
        self._session = session
        self._direction = direction
        self._load = load
        self._machine = machine
        self._count_now = count_now
        self._base = base
        self._most_bytes = most_bytes
        self._carried = Carried()
        self._trips: list[tuple[float, float]] = []
        self._since = monotonic()
        self._before: Settled | None = None
        self._slow_since: float | None = None
        self.spent = 0

    async def run(self) -> _Found:
        try:
            async with asyncio.timeout(MOST_SECONDS):
                await self._load.began.wait()
                self._restart()
                while True:
                    await asyncio.sleep(LOOK_SECONDS)
                    if (found := await self._look()) is not None:
                        return found
        except TimeoutError:
            return self._unsettled("unsteady")

    def added_rtt(self) -> float | None:
        trips = [seconds for _, seconds in self._trips]
        return max(0.0, median(trips) - self._base) if trips else None

    def _restart(self) -> None:
        self._carried.restart()
        self._trips.clear()
        self._since = monotonic()
        self._machine.restart()

    async def _look(self) -> _Found | None:
        asked = monotonic()
        tally = await self._session.ask(AskTally(), Tally)
        self._trips.append((monotonic(), monotonic() - asked))
        self.spent = max(self._load.moved, tally.sent_bytes, tally.received_bytes)
        if not self._count(tally):
            return self._unsettled("counter_reset")
        if self._is_slow():
            return self._unsettled("class_disturbed")
        if self.spent >= self._most_bytes or not self._load.alive:
            return self._unsettled("spent")
        if monotonic() - self._since < LEAST_SECONDS:
            return None
        now = settled(self._carried.looks())
        return None if now is None else await self._settle(now)

    def _count(self, tally: Tally) -> bool:
        """Take what has gone over the line; False when the counter does not say."""
        count = None if self._count_now is None else self._count_now()
        if self._count_now is not None and count is None:
            return False
        load = self._load
        if self._direction is Direction.DOWN:
            self._carried.take(monotonic(), load.ip_bytes(load.moved) if count is None else count)
            return True
        if tally.received_segments is None:
            arrived = load.ip_bytes(tally.received_bytes)
        else:
            arrived = float(tally.received_segments * load.packet_bytes)
        sent = load.wire_bytes() or 0
        others = 0 if count is None or not sent else count - sent
        self._carried.take(tally.at / 1e9, arrived, sent - load.flying_bytes(), others)
        return True

    async def _settle(self, now: Settled) -> _Found | None:
        if self._count_now is None or self._is_half_blind():
            return Outcome.LOWER_BOUND, "no_counter", now.rate, now.spread_ratio
        if self._machine.busiest_core() > BUSY_RATIO:
            # A queue may stand, but in this machine rather than on the line.
            return Outcome.LOWER_BOUND, "machine_limited", now.rate, now.spread_ratio
        before, self._before = self._before, now
        gained = before is None or now.rate > before.rate * (1 + GAIN_RATIO)
        if not self._queue_stands() and gained and self._load.flows < MOST_FLOWS:
            await self._load.grow(2 * self._load.flows)
            self._restart()
            return None
        return Outcome.VALID, "", now.rate, now.spread_ratio

    def _unsettled(self, why: str) -> _Found:
        """The mean of what was seen is no capacity: nobody knows what held it back."""
        return Outcome.INCONCLUSIVE, why, None, None

    def _queue_stands(self) -> bool:
        recent = [trip for at, trip in self._trips if at > self._trips[-1][0] - 1]
        return bool(recent) and median(recent) - self._base >= QUEUE_SECONDS

    def _is_slow(self) -> bool:
        """Whether the round trip has been too long for CLASS_SECONDS on end."""
        if not self._trips or self._trips[-1][1] - self._base < CLASS_RTT_SECONDS:
            self._slow_since = None
            return False
        if self._slow_since is None:
            self._slow_since = self._trips[-1][0]
        return monotonic() - self._slow_since > CLASS_SECONDS

    def _is_half_blind(self) -> bool:
        """Whether what others send upstream cannot be told from what we send."""
        return self._direction is Direction.UP and self._load.wire_bytes() is None


@cache
def _filling() -> bytes:
    """Nothing on the way can shrink it."""
    return os.urandom(_CHUNK_BYTES)
