"""One whole measurement by trains between two sockets that a test holds itself."""

from __future__ import annotations

import asyncio
import secrets
import socket

from probes.train import receive, send
from probes.train.estimate import Estimate, Train, TrainResult, combine, judge_train
from probes.train.plan import Plan


async def measure(
    sender: socket.socket,
    receiver: socket.socket,
    plan: Plan,
    *,
    segmented: bool = True,
    others: float | None = None,
) -> tuple[Estimate, list[TrainResult]]:
    """From `sender` to `receiver`; pauses between trains, so that the queue empties.

    `others`: bits/s of other traffic that way, as a counter would have it.
    """
    send.prepare(sender)
    receive.prepare(receiver)
    session, results = secrets.randbits(64), list[TrainResult]()
    while (count := plan.next_count(results)) is not None:
        receiving = asyncio.create_task(
            receive.receive_train(receiver, session, len(results), count, seconds=1, quiet=0.2)
        )
        await asyncio.sleep(0)
        sent = await send.send_train(
            sender, receiver.getsockname(), session, len(results), count, plan.payload,
            segmented=segmented,
        )  # fmt: skip
        got = await receiving
        results.append(
            judge_train(
                Train(tuple(got.arrivals), count, got.dropped, sent,
                      is_kernel_clock=got.is_kernel_clock, others=others)
            )
        )  # fmt: skip
        await asyncio.sleep(0.1)
    return combine(results, plan.spent(results)), results
