"""T1: packet trains between this machine and a measurement server, in one direction."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace

from probes.measuring.message import Judged, Ready, SendTrain, TakeTrain, TrainSent
from probes.measuring.permit import Direction
from probes.measuring.session import Session
from probes.train.estimate import (
    Estimate,
    Sent,
    Train,
    TrainResult,
    combine,
    judge_train,
)
from probes.train.plan import Plan
from probes.train.receive import receive_train
from probes.train.send import send_train

TRAIN_SECONDS = 3.0
"""The longest that a train is waited for, beyond the round trip."""
QUIET_SECONDS = 0.3
"""After the last packet of a train."""
PAUSE_SECONDS = 0.15, 0.25
"""Between trains: the queue of one is gone before the next, and pupils are served."""

OthersNow = Callable[[], float | None]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What this end knows of the line.

    Attributes:
        others: bits/s of IP that all others send in this direction now; None where nobody counts.
        interface: bits/s of this machine's interface, if known.
    """

    others: OthersNow
    interface: float | None = None


async def measure(
    session: Session, direction: Direction, plan: Plan, surroundings: Surroundings
) -> Estimate:
    """Raises what `Session` raises, and ProbeError when this machine could not send."""
    opened = await session.prove()
    plan = replace(plan, ip_version=session.address.version)
    shuttle = _Shuttle(session, opened, plan, surroundings)
    one = shuttle.receive if direction is Direction.DOWN else shuttle.send
    results = list[TrainResult]()
    while (count := plan.next_count(results)) is not None:
        results.append(await one(len(results), count))
        await asyncio.sleep(random.uniform(*PAUSE_SECONDS))  # noqa: S311
    return combine(results, plan.spent(results))


@dataclass(frozen=True, slots=True)
class _Shuttle:
    """One train after the other; `opened` is the socket for them."""

    session: Session
    opened: socket.socket
    plan: Plan
    surroundings: Surroundings

    async def receive(self, number: int, count: int) -> TrainResult:
        others = self.surroundings.others()
        receiving = asyncio.create_task(
            receive_train(self.opened, self.session.identity.number, number, count,
                          seconds=TRAIN_SECONDS, quiet=QUIET_SECONDS)
        )  # fmt: skip
        try:
            await asyncio.sleep(0)
            asked = SendTrain(number, count, self.plan.payload)
            told = await self.session.ask(asked, TrainSent)
            got = await receiving
        finally:
            receiving.cancel()
        return judge_train(
            Train(
                tuple(got.arrivals),
                count,
                got.dropped,
                Sent(told.count, told.size, told.seconds, told.is_segmented),
                ip_version=self.plan.ip_version,
                is_kernel_clock=got.is_kernel_clock,
                interface=self.surroundings.interface,
                others=others,
            )
        )

    async def send(self, number: int, count: int) -> TrainResult:
        others, size = self.surroundings.others(), self.plan.payload
        await self.session.ask(TakeTrain(number, count, size), Ready)
        sent = await send_train(
            self.opened, None, self.session.identity.number, number, count, size
        )
        told = TrainSent(
            number, count, size, sent.seconds, sent.is_segmented,
            others, self.surroundings.interface,
        )  # fmt: skip
        judged = await self.session.ask(told, Judged)
        return TrainResult(
            judged.outcome,
            judged.reason,
            judged.rate,
            judged.tail_seconds,
            count,
            judged.arrived,
        )
