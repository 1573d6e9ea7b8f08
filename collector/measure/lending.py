"""Gives leave to load a school's line: to its sentinel, when the timetable allows it, within the
bytes of the month and what the measurement server has free. Nothing is lent that is not on disk.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from collector.measure.book import Book, Lent
from collector.measure.budget import Budget, month_at
from collector.measure.rules import dearest, reserve
from collector.measure.slots import NoSlotError, Slot, Slots
from collector.measure.token import Grant, mint
from collector.register.model import Agent, School
from config.calendar import Calendar
from config.measuring_file import Loading, MeasuringPolicy
from probes.measuring.permit import REFUSED, Tier
from probes.wire import VERSION, MeasureDone, MeasureReply, MeasureRequest

log = logging.getLogger(__name__)

REASONS = ("not_sentinel", "no_slot", "over_budget", "not_now", "no_server")
"""Those of REFUSED that are the collector's to give."""
LATE = timedelta(days=1)
"""How long after its end a permit may still be given back; then all of it counts as spent."""
_NOT_NOW_SECONDS = 300.0
_NO_SERVER_SECONDS = 3600.0
_OVER_BUDGET_SECONDS = 3600.0
LEAST_WAIT = 5.0


class RefusedError(Exception):
    """No leave; `reason` is one of REASONS. `seconds`: when to ask again, None for at any time."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(REFUSED[reason].en)
        self.reason = reason
        self.seconds = None if seconds is None else max(LEAST_WAIT, seconds)


@dataclass(frozen=True, slots=True)
class Server:
    """Where is measured.

    Attributes:
        host: empty for this collector.
        port: 0 when there is none.
        bits_per_second: that it has to lend.
        secret: by which it knows our tokens.
    """

    host: str
    port: int
    bits_per_second: float
    secret: bytes


@dataclass(slots=True)
class LendingTally:
    """Since the start."""

    granted: dict[str, int] = field(default_factory=lambda: {"t1": 0, "t2": 0})
    refused: dict[str, int] = field(default_factory=lambda: dict.fromkeys(REASONS, 0))
    granted_bytes: int = 0


class Lending:
    """Lives in the event loop.

    Args:
        schools: as they stand today, by code.
        sentinel: school -> the agent that holds the role.
        now: the wall clock, aware.
        monotonic: seconds that only grow.
    """

    def __init__(
        self,
        *,
        server: Server,
        policy: MeasuringPolicy,
        calendar: Calendar,
        book: Book,
        schools: Callable[[], Mapping[str, School]],
        sentinel: Callable[[str], str | None],
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._server = server
        self._policy = policy
        self._calendar = calendar
        self._book = book
        self._schools = schools
        self._sentinel = sentinel
        self._now = now
        self.slots = Slots(server.bits_per_second, monotonic)
        self.budget = Budget(policy.budget, book.spent(), book.lent())
        self.tally = LendingTally()
        self._restore(book.lent(), monotonic())

    def _restore(self, lent: Sequence[Lent], monotonic: float) -> None:
        """What was lent before a restart still runs."""
        longest = max(bounds.seconds for bounds in self._policy.bounds.values())
        now = self._now().timestamp()
        for one in lent:
            left = min(longest, one.until - now)
            if left > 0:
                slot = Slot(one.id, one.school, one.bits_per_second, monotonic + left)
                self.slots.restore(slot)

    async def ask(self, agent: Agent, request: MeasureRequest) -> MeasureReply:
        """Raises RefusedError, and sqlite3.Error where it cannot be written down."""
        try:
            lent, tier = self._take(agent, request)
        except RefusedError as refused:
            self.tally.refused[refused.reason] += 1
            raise
        try:
            await self._book.lend(lent)
        except sqlite3.Error:
            self.slots.give_back(lent.id)
            self.budget.settle(lent, 0)
            raise
        self.tally.granted[tier] += 1
        self.tally.granted_bytes += lent.most_bytes
        return self._reply(lent, tier)

    async def done(self, agent: Agent, message: MeasureDone) -> None:
        """What is not out, or is another agent's, changes nothing. Raises sqlite3.Error."""
        lent = self.budget.find(message.id)
        if lent is None or lent.agent != agent.id:
            return
        if message.spent_bytes > lent.most_bytes:
            log.warning(
                "agent %s spent %d bytes of %d", agent.id, message.spent_bytes, lent.most_bytes
            )
        self.slots.give_back(lent.id)
        await self._settle(lent, message.spent_bytes)

    async def tidy(self) -> None:
        """To be called now and then: permits that are long over are given up, old months too."""
        now = self._now()
        for lent in self.budget.overdue((now - LATE).timestamp()):
            await self._settle(lent, lent.most_bytes)
        oldest = f"{now - timedelta(days=62):%Y-%m}"
        self.budget.forget_before(oldest)
        await self._book.forget_before(oldest)

    def _take(self, agent: Agent, request: MeasureRequest) -> tuple[Lent, Loading]:
        """In one step of the event loop: what is free here is taken here."""
        if not self._server.port:
            raise RefusedError("no_server", _NO_SERVER_SECONDS)
        if self._sentinel(agent.school) != agent.id:
            raise RefusedError("not_sentinel")
        school, now = self._schools().get(agent.school), self._now()
        if school is None:  # closed
            raise RefusedError("not_now", _NOT_NOW_SECONDS)
        wanted: Loading = Tier.STREAMS if request.tier == "t2" else Tier.TRAINS
        tiers = dearest(self._policy, self._calendar, school, wanted, now)
        if not tiers:
            raise RefusedError("not_now", _NOT_NOW_SECONDS)
        bits = reserve(
            self._policy, school, request.line, request.bits_per_second, self.slots.limit
        )
        tier, month = self._affordable(school, tiers, bits)
        bounds = self._policy.bounds[tier]
        lent = Lent(
            id=secrets.token_hex(8),
            agent=agent.id,
            school=school.code,
            month=month,
            bits_per_second=bits,
            most_bytes=bounds.bytes_at(bits),
            until=ceil(now.timestamp() + bounds.seconds),
        )
        try:
            self.slots.take(lent.id, school.code, bits, lent.until - now.timestamp())
        except NoSlotError as full:
            raise RefusedError("no_slot", full.seconds) from full
        self.budget.lend(lent)
        return lent, tier

    def _affordable(
        self, school: School, tiers: Sequence[Loading], bits: float
    ) -> tuple[Loading, str]:
        """The dearest that the month still has bytes for, and the month."""
        month, _ = month_at(self._now(), school.time_zone)
        left = self.budget.left(school.code, month)
        for tier in tiers:
            if self._policy.bounds[tier].bytes_at(bits) <= left:
                return tier, month
        raise RefusedError("over_budget", _OVER_BUDGET_SECONDS)

    async def _settle(self, lent: Lent, spent_bytes: int) -> None:
        await self._book.settle(lent, spent_bytes)
        self.budget.settle(lent, spent_bytes)

    def _reply(self, lent: Lent, tier: Loading) -> MeasureReply:
        grant = Grant(lent.id, int(lent.until), tier, lent.most_bytes, lent.bits_per_second)
        return MeasureReply(
            v=VERSION,
            id=lent.id,
            host=self._server.host,
            port=self._server.port,
            token=mint(self._server.secret, grant),
            tier="t2" if tier is Tier.STREAMS else "t1",
            most_bytes=lent.most_bytes,
            bits_per_second=lent.bits_per_second,
            seconds=self._policy.bounds[tier].seconds,
        )
