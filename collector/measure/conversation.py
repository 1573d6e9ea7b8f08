"""One session of a measurement: what its control connection asks, and what it may have."""

from __future__ import annotations

import asyncio
import secrets
import socket
from contextlib import suppress

from collector.measure.door import Visitor
from collector.measure.filling import Filling
from collector.measure.token import Grant
from probes.measuring.message import (
    AskTally,
    Join,
    Judged,
    MessageError,
    Ping,
    Proof,
    Proven,
    Question,
    Ready,
    Refused,
    Reply,
    SendTrain,
    TakeTrain,
    TrainSent,
)
from probes.measuring.permit import Tier
from probes.measuring.pipe import Pipe
from probes.model import ProbeError
from probes.train.estimate import Sent, Train, judge_train
from probes.train.packet import HEADER_BYTES, LARGEST_BYTES, MOST_PACKETS, SMALLEST_BYTES
from probes.train.receive import Received, receive_train
from probes.train.send import send_train

IDLE_SECONDS = 30.0
"""A client that asks for nothing so long has gone."""
TRAIN_SECONDS = 3.0
"""The longest that a train is waited for, a round trip included."""
QUIET_SECONDS = 0.3
"""After the last packet of a train."""
MOST_STREAMS = 16
_TCP_OVERHEAD = 1500 / 1448
"""IP bytes for a byte of TCP payload in full packets."""


class RefusedError(Exception):
    """The session cannot have what it asks; `reason` is one of message.REFUSALS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Conversation:
    """Answers one client until it goes, or its time is over. `spent` is IP bytes, both ways."""

    def __init__(self, grant: Grant, pipe: Pipe, visitor: Visitor, key: bytes) -> None:
        self.grant = grant
        self.spent = 0.0
        self._pipe = pipe
        self._visitor = visitor
        self._key = key
        self._filling = Filling(self._spend_payload)
        self._streams: set[asyncio.Task[None]] = set()
        self._taking: tuple[TakeTrain, asyncio.Task[Received]] | None = None

    async def run(self, seconds: float) -> None:
        """Raises nothing that a client could cause."""
        try:
            with suppress(TimeoutError, ConnectionError, MessageError, EOFError):
                async with asyncio.timeout(seconds):
                    while True:
                        await self._turn()
        finally:
            await self._end()

    async def _turn(self) -> None:
        async with asyncio.timeout(IDLE_SECONDS):
            question = await self._pipe.question()
        try:
            reply = await self._reply(question)
        except RefusedError as exc:
            reply = Refused(exc.reason)
        await self._pipe.say(reply)

    async def _reply(self, question: Question) -> Reply:
        match question:
            case Ping():
                return question
            case Proof(secret):
                if not self._visitor.prove(secret):
                    raise RefusedError("not_proven")
                return Proven()
            case SendTrain():
                return await self._send(question)
            case TakeTrain():
                return await self._take(question)
            case TrainSent():
                return await self._judge(question)
            case AskTally():
                return self._filling.tally()
            case _:
                raise RefusedError("malformed")

    async def _send(self, asked: SendTrain) -> TrainSent:
        opened = self._admit_train(asked)
        try:
            sent = await send_train(
                opened, None, self._visitor.number, asked.train, asked.count, asked.size
            )
        except (ProbeError, TimeoutError) as exc:
            raise RefusedError("not_sent") from exc
        return TrainSent(asked.train, asked.count, asked.size, sent.seconds, sent.is_segmented)

    async def _take(self, asked: TakeTrain) -> Ready:
        opened = self._admit_train(asked)
        self._stop_taking()
        taking = asyncio.create_task(
            receive_train(opened, self._visitor.number, asked.train, asked.count,
                          seconds=TRAIN_SECONDS, quiet=QUIET_SECONDS)
        )  # fmt: skip
        self._taking = asked, taking
        await asyncio.sleep(0)
        return Ready(asked.train)

    async def _judge(self, told: TrainSent) -> Judged:
        if self._taking is None or self._taking[0].train != told.train:
            raise RefusedError("malformed")
        asked, taking = self._taking
        received = await taking
        self._taking = None
        result = judge_train(_train(asked, told, received, self._ip_version()))
        return Judged(
            result.outcome, result.reason, result.rate, result.tail_seconds, result.arrived
        )

    def _admit_train(self, asked: SendTrain | TakeTrain) -> socket.socket:
        """The client's socket; its bytes are spent from here on. Raises RefusedError."""
        if self.grant.tier is Tier.PASSIVE:
            raise RefusedError("not_allowed")
        if self._visitor.opened is None:
            raise RefusedError("not_proven")
        if not (
            0 < asked.count <= MOST_PACKETS
            and SMALLEST_BYTES <= asked.size <= LARGEST_BYTES
            and 0 <= asked.train < 1 << 16
        ):
            raise RefusedError("malformed")
        cost = asked.count * (asked.size + HEADER_BYTES[self._ip_version()])
        if self.spent + cost > self.grant.most_bytes:
            raise RefusedError("spent")
        self.spent += cost
        return self._visitor.opened

    def _ip_version(self) -> int:
        opened = self._visitor.opened
        return 6 if opened is not None and opened.family == socket.AF_INET6 else 4

    def _spend_payload(self, count: int) -> bool:
        """Whether there was so much left."""
        self.spent += count * _TCP_OVERHEAD
        return self.spent <= self.grant.most_bytes

    async def join(self, asked: Join, pipe: Pipe) -> None:
        """Carry filling on another connection of this client, until it or the session ends."""
        if (
            self.grant.tier is not Tier.STREAMS
            or not secrets.compare_digest(asked.key, self._key)
            or len(self._streams) >= MOST_STREAMS
        ):
            return
        carrying = asyncio.create_task(
            self._filling.carry(asked.direction, pipe.reader, pipe.writer)
        )
        self._streams.add(carrying)
        carrying.add_done_callback(self._streams.discard)
        await asyncio.wait([carrying])

    def _stop_taking(self) -> None:
        if self._taking is not None:
            self._taking[1].cancel()
            self._taking = None

    async def _end(self) -> None:
        self._stop_taking()
        for stream in self._streams:
            stream.cancel()
        await asyncio.gather(*self._streams, return_exceptions=True)


def _train(asked: TakeTrain, told: TrainSent, received: Received, ip_version: int) -> Train:
    return Train(
        tuple(received.arrivals),
        asked.count,
        received.dropped,
        Sent(asked.count, asked.size, told.seconds, told.is_segmented),
        ip_version=ip_version,
        is_kernel_clock=received.is_kernel_clock,
        interface=told.interface,
        others=told.others,
    )
