"""Delivers batches to the collector: one request in flight, oldest first, nothing deleted before
the collector has acknowledged it.

What an answer means is a table here; when to try again is `backoff.py`, which batch is to blame is
`triage.py`. It never deletes the identity and never gives up: a collector that refuses this agent
is asked again later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from agent.answer import Answer
from agent.backoff import Backoff, retry_after_or_none
from agent.clock import Clock
from agent.link import UnreachableError
from agent.offload import Offload
from agent.sealing import Sealed
from agent.shelf import Depth
from agent.spool import Spool
from agent.thrift import Ration, Thrift
from agent.triage import Kind, Triage
from probes import wire
from probes.text import Text

log = logging.getLogger(__name__)

PUSH = "/v1/push"
THRIFT_NOTE = "thrift"
"""Under which the spool keeps what the link has carried."""
MAX_BODY_BYTES = 2 * 1024 * 1024
"""Of the batches in one push, before compression; a quarter of what a collector inflates."""
MAX_GAPS = 50

Post = Callable[[str, bytes], Awaitable[Answer]]
State = Mapping[str, str | float | int | bool | None]

_BUSY = (429, 503, 507)
_CONTENT = {400: Kind.CONTENT, 413: Kind.TOO_BIG, 415: Kind.CONTENT, 422: Kind.CONTENT}
_LATER = {
    401: (900.0, 3600.0),
    403: (900.0, 1080.0),
    410: (21_600.0, 25_200.0),
    426: (900.0, 3600.0),
}
"""Status -> between how many seconds and how many to ask again: a person must act first."""
_MEANING = {
    401: Text("采集器不认识本代理的密钥", "the collector does not know this agent's key"),
    403: Text("采集器已停用本代理", "the collector has revoked this agent"),
    410: Text("本代理已在采集器上删除", "this agent was deleted on the collector"),
    426: Text("协议版本过旧，请升级代理", "the protocol is too old; upgrade the agent"),
    429: Text("采集器要求放慢", "the collector asks to slow down"),
    503: Text("采集器正忙", "the collector is busy"),
    507: Text("采集器磁盘已满", "the collector's disk is full"),
}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who pushes: constant for the life of the process."""

    school: str
    session: str
    boot: str


@dataclass(slots=True)
class Deliveries:
    """What became of the pushes of this process; times are wall clock, ms."""

    pushes: int = 0
    last_push_at: int | None = None
    failed_since: int | None = None
    error: Text | None = None
    clock_ahead_ms: int | None = None


class Shipper:
    """Owns the conversation with the collector.

    Args:
        state: the agent's figures, given the depth of the spool.
        revision: of the configuration in force.
        thrift: what a push may carry.
        on_trial: whether a configuration waits for a push to prove it.
        on_reply: told each reply, with the push that it answers.
    """

    def __init__(
        self,
        *,
        sender: Sender,
        spool: Spool,
        post: Post,
        offload: Offload,
        clock: Clock,
        rng: Random,
        state: Callable[[Depth], State],
        revision: Callable[[], str],
        thrift: Thrift,
        on_trial: Callable[[], bool],
        on_reply: Callable[[wire.PushReply, wire.Push], None],
    ) -> None:
        self._sender = sender
        self._spool = spool
        self._post = post
        self._offload = offload
        self._clock = clock
        self._state = state
        self._revision = revision
        self._thrift = thrift
        self._on_trial = on_trial
        self._on_reply = on_reply
        self._hurry = asyncio.Event()
        self._backoff = Backoff(rng)
        self._triage = Triage()
        self._credit = wire.MAX_BATCHES
        self._nonce = ""
        self.deliveries = Deliveries()

    async def run(self, due: asyncio.Event) -> None:
        """Push whenever `due` is set, again after a failure, and on until nothing is left."""
        wait = await self._wait_from_before()
        while True:
            if wait is None:
                await due.wait()
            else:
                await self._rest(wait)
            due.clear()
            try:
                wait = await self.push_once()
            except Exception:
                log.exception("push failed by a fault of the agent")
                wait = self._backoff.failed()

    def hurry(self) -> None:
        """End a wait after a failure: the machine woke up, and the network is perhaps another."""
        self._hurry.set()

    async def _rest(self, seconds: float) -> None:
        self._hurry.clear()
        waits = [
            asyncio.ensure_future(self._clock.sleep(seconds)),
            asyncio.ensure_future(self._hurry.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiting in waits:
                waiting.cancel()

    async def push_once(self) -> float | None:
        """Send one push. Returns the seconds to wait before the next; None = when it is due."""
        ration = self._thrift.ration(urgent=self._on_trial())
        if ration is Ration.NOTHING:
            return None
        depth = await self._offload(self._spool.depth)
        sent = await self._next_batches(ration)
        gaps = await self._offload(self._spool.gaps, MAX_GAPS)
        push = self._message(depth, sent, gaps)
        failures = self._backoff.failures
        try:
            answer = await self._post(PUSH, wire.encode(push))
        except UnreachableError as exc:
            wait: float | None = self._unanswered(exc, sent)
        else:
            reply = _reply_or_none(answer)
            if reply is None:
                wait = self._refused(answer, sent)
            else:
                wait = await self._taken(reply, sent, depth)
                self._on_reply(reply, push)
                if ration is not Ration.ALL and not sent:
                    wait = None  # What waits is held back.
        if self._backoff.failures != failures:
            await self._offload(self._spool.set_note, "failures", str(self._backoff.failures))
        await self._offload(self._spool.set_note, THRIFT_NOTE, self._thrift.note())
        return wait

    async def _wait_from_before(self) -> float | None:
        """A process that died while the collector was away does not begin by knocking at once."""
        note = await self._offload(self._spool.note, "failures")
        failures = int(note) if note and note.isdecimal() else 0
        if failures == 0:
            return None
        self._backoff.failures = failures
        return self._backoff.wait(failures - 1)

    async def _next_batches(self, ration: Ration) -> list[Sealed]:
        limit = self._triage.limit(self._credit)
        if limit == 0 or ration is Ration.STATE:
            return []
        return await self._offload(
            self._spool.oldest,
            limit,
            MAX_BODY_BYTES,
            self._triage.skip(),
            bulk=ration is Ration.ALL,
        )

    def _message(self, depth: Depth, sent: Sequence[Sealed], gaps: list[wire.Gap]) -> wire.Push:
        return wire.Push(
            v=wire.VERSION,
            school=self._sender.school,
            session=self._sender.session,
            boot=self._sender.boot,
            wall=self._clock.wall(),
            up=self._clock.up(),
            echo=self._nonce,
            state=dict(self._state(depth)),
            gaps=gaps,
            config=self._revision(),
            batches=[_on_the_wire(batch) for batch in sent],
        )

    # What the answer means

    async def _taken(
        self, reply: wire.PushReply, sent: Sequence[Sealed], depth: Depth
    ) -> float | None:
        acks = {(ack.session, ack.seq): ack for ack in reply.acks}
        dealt = [batch for batch in sent if batch.key in acks]
        for batch in dealt:
            if acks[batch.key].result == "rejected":
                log.warning("batch rejected seq=%d why=%s", batch.seq, acks[batch.key].why)
                await self._offload(self._spool.bury, batch, "rejected")
        await self._offload(self._spool.drop, [batch.key for batch in dealt])
        if reply.gaps:
            await self._offload(self._spool.drop_gaps, reply.gaps)
        self._note_success(reply)
        self._thrift.pushed(bulk=any(batch.bulk for batch in dealt))
        if len(dealt) < len(sent):
            self._triage.failed([b for b in sent if b.key not in acks], Kind.BREAKDOWN)
            return self._backoff.failed()
        self._backoff.succeeded()
        convicted = self._triage.went_through(sent)
        if convicted is not None:
            await self._give_up(convicted)
        return self._pause(depth.batches - len(dealt))

    async def _give_up(self, key: tuple[str, int]) -> None:
        batch = await self._offload(self._spool.find, key)
        if batch is not None:
            await self._offload(self._spool.bury, batch, "undeliverable")

    def _pause(self, left: int) -> float | None:
        """Before the next of a backlog; a collector that is coming back is not to be drowned."""
        if left <= 0 or self._credit == 0:
            return None
        if self._triage.strikes:
            return self._backoff.wait(self._triage.strikes)
        return self._backoff.between(0.5, 1.5)

    def _unanswered(self, error: UnreachableError, sent: Sequence[Sealed]) -> float:
        self._note_failure(error.text)
        if error.reached:
            self._triage.failed(sent, Kind.BREAKDOWN)
        else:
            self._triage.unreached()
        return self._backoff.failed()

    def _refused(self, answer: Answer, sent: Sequence[Sealed]) -> float:
        self._note_failure(_problem(answer))
        if answer.status in _LATER:
            return self._backoff.between(*_LATER[answer.status])
        if answer.status in _CONTENT:
            self._triage.failed(sent, _CONTENT[answer.status])
        elif answer.status in (200, 408) or (answer.status >= 500 and answer.status not in _BUSY):
            self._triage.failed(sent, Kind.BREAKDOWN)
        elif answer.status not in _BUSY:
            self._triage.unreached()
        asked = retry_after_or_none(answer.retry_after, self._clock.wall() / 1000)
        return self._backoff.at_least(self._backoff.failed(), asked)

    def _note_success(self, reply: wire.PushReply) -> None:
        done = self.deliveries
        if done.error is not None:
            log.info("collector takes pushes again")
        done.pushes += 1
        done.last_push_at = self._clock.wall()
        done.error = done.failed_since = None
        done.clock_ahead_ms = self._clock.wall() - reply.now
        self._nonce = reply.nonce
        self._credit = max(0, min(reply.credit, wire.MAX_BATCHES))

    def _note_failure(self, error: Text) -> None:
        done = self.deliveries
        if done.error is None:
            done.failed_since = self._clock.wall()
            log.warning("push failed why=%s", error.en)
        else:
            log.debug("push failed again why=%s", error.en)
        done.error = error


def _on_the_wire(batch: Sealed) -> wire.Batch:
    return wire.Batch(
        session=batch.session,
        seq=batch.seq,
        boot=batch.boot,
        sha256=batch.sha256,
        body=batch.body,
    )


def _reply_or_none(answer: Answer) -> wire.PushReply | None:
    """None for anything but a collector's success: a captive portal also answers 200."""
    if answer.status != 200:
        return None
    try:
        reply = wire.decode(answer.body, wire.PushReply)
    except wire.WireError:
        return None
    return reply if reply.v == wire.VERSION else None


def _problem(answer: Answer) -> Text:
    """The refusal in words: the collector's own, else what the status means."""
    try:
        problem = wire.decode(answer.body[:65_536], wire.Problem)
    except wire.WireError:
        meaning = _MEANING.get(answer.status)
        if meaning is None:
            meaning = Text("应答的不像是采集器", "what answered is perhaps not a collector")
        return Text(f"{meaning.zh}（HTTP {answer.status}）", f"{meaning.en} (HTTP {answer.status})")
    return Text(
        f"{problem.error_zh}（HTTP {answer.status}）", f"{problem.error} (HTTP {answer.status})"
    )
