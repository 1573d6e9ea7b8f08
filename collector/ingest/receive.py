"""From a decoded push to acknowledgements: whose batch is it, is it new, is it what was sealed.

What a batch says inside is checked on its way through the committer, together with all others.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Iterable
from sys import intern
from typing import Protocol

import msgspec

from collector.ingest.believed import BARRED
from collector.register.model import Agent
from collector.store.arrival import Arrival
from collector.store.commit import Parcel
from collector.store.journal import GapRecord
from collector.store.seen import Seen
from probes.catalog import Catalog
from probes.text import Text
from probes.wire import MAX_BATCH_BYTES, Ack, Batch, Gap, Push, WireError, digest, pack

BOOT_DRIFT_MS = 1000
"""A boot's base is written again when it moved by more than this, or is a day old."""
_HOUR_MS = 3600 * 1000
_DAY_MS = 24 * _HOUR_MS

BatchKey = tuple[str, str, int]
BootRow = tuple[str, str, int, int]
"""(agent, boot, base, when it was learned)"""


class Commits(Protocol):
    """Where parcels go; see collector.store.commit.Committer."""

    def put(self, parcel: Parcel) -> None: ...


class Boots:
    """For each boot of an agent: the collector's clock minus that boot's clock, ms.

    Known from the moment at which the boot was first seen alive, so that its readings can be dated
    even when they arrive after the next start. A slow line can only make it too large, so the
    smallest of an hour counts.
    """

    def __init__(self, known: dict[tuple[str, str], int]) -> None:
        self._base = {boot: (base, 0) for boot, base in known.items()}
        self._written: dict[tuple[str, str], tuple[int, int]] = {}

    def see(self, agent: str, push: Push, now: int) -> list[BootRow]:
        """Learn from a push that arrived just now; returns rows that are worth keeping."""
        if push.up is None or not push.boot:
            return []
        boot = (agent, push.boot)
        base = now - push.up
        known, learned = self._base.get(boot, (base, 0))
        if now - learned > _HOUR_MS or base < known:
            self._base[boot] = (base, now)
        else:
            base = known
        written = self._written.get(boot)
        if written and abs(written[0] - base) <= BOOT_DRIFT_MS and now - written[1] < _DAY_MS:
            return []
        return [(*boot, base, now)]

    def written(self, rows: Iterable[BootRow]) -> None:
        """These rows are durable."""
        for agent, boot, base, now in rows:
            self._written[agent, boot] = (base, now)

    def base(self, agent: str, boot: str) -> int | None:
        found = self._base.get((agent, boot))
        return found[0] if found else None


class Ingest:
    """Remembers which batches are stored or on their way. Lives in the event loop's thread."""

    def __init__(
        self,
        catalog: Catalog,
        commits: Commits,
        boots: Boots,
        sealed: dict[tuple[str, str], Seen],
    ) -> None:
        self._metrics = {n: {m.name: m for m in p.measures} for n, p in catalog.items()}
        self._commits = commits
        self._boots = boots
        self._sealed = sealed
        self._journalled: dict[tuple[str, str], dict[int, bytes]] = {}
        self._in_flight: dict[BatchKey, _InFlight] = {}

    def remember(self, key: BatchKey, sha256: bytes) -> None:
        """A batch that the journal holds from before this start."""
        agent, session, seq = key
        self._journalled.setdefault((agent, session), {})[seq] = sha256

    def forget(self, keys: Iterable[BatchKey]) -> None:
        """Batches that were sealed: from now on only their sequence numbers are known."""
        for agent, session, seq in keys:
            self._sealed.setdefault((agent, session), Seen()).add(seq)
            stored = self._journalled.get((agent, session), {})
            stored.pop(seq, None)
            if not stored:
                self._journalled.pop((agent, session), None)

    async def receive(self, push: Push, agent: Agent, now: int) -> list[Ack]:
        """One Ack per batch, after everything that is acknowledged is durable.

        `now` is the collector's clock (ms) when the request began to arrive. Raises
        NotCommittedError when it could not be committed; then nothing was stored.
        """
        parcel = Parcel(
            arrivals=[],
            done=asyncio.get_running_loop().create_future(),
            settle=self._settle,
            boots=self._boots.see(agent.id, push, now),
            gaps=[_gap_record(agent, gap, now) for gap in push.gaps] if push.gaps else [],
        )
        try:
            admitted = [self._admit(batch, push, agent, now, parcel) for batch in push.batches]
        except BaseException:
            for arrival in parcel.arrivals:
                del self._in_flight[arrival.key]
            raise
        if parcel.arrivals or parcel.boots or parcel.gaps:
            self._commits.put(parcel)
            await parcel.done
        acks = []
        for answer in admitted:
            if isinstance(answer, _InFlight):
                if answer.parcel is not parcel:
                    await asyncio.shield(answer.parcel.done)
                acks.append(_answer(answer.arrival))
            else:
                acks.append(answer)
        return acks

    def _admit(
        self, batch: Batch, push: Push, agent: Agent, now: int, parcel: Parcel
    ) -> Ack | _InFlight:
        """An answer that needs no commit, or the arrival whose commit the answer waits for."""
        try:
            body, sha256 = self._sealed_body(batch)
        except WireError as exc:
            return _rejected(batch, exc.text)
        session = intern(batch.session)  # it is kept with every batch
        key = (agent.id, session, batch.seq)
        if (moving := self._in_flight.get(key)) is not None:
            return moving if moving.arrival.sha256 == sha256 else _rejected(batch, _OTHER_CONTENT)
        journalled = self._journalled.get(key[:2])
        if journalled is not None and (stored := journalled.get(batch.seq)) is not None:
            if hmac.compare_digest(stored, sha256):
                return Ack(batch.session, batch.seq, "duplicate")
            return _rejected(batch, _OTHER_CONTENT)
        if (seen := self._sealed.get(key[:2])) is not None and batch.seq in seen:
            return Ack(batch.session, batch.seq, "duplicate")
        arrival = Arrival(
            agent=agent.id,
            school=agent.school,
            session=session,
            seq=batch.seq,
            sha256=sha256,
            body=body,
            received=now,
            base=self._boots.base(agent.id, batch.boot or push.boot),
            barred=BARRED.get(agent.role, frozenset()),
        )
        parcel.arrivals.append(arrival)
        self._in_flight[key] = moving = _InFlight(arrival, parcel)
        return moving

    def _sealed_body(self, batch: Batch) -> tuple[bytes, bytes]:
        """The packed body and its hash; raises WireError when the body is not what was sealed."""
        if batch.readings:
            try:
                body = pack(batch.readings, self._metrics)
            except (ValueError, OverflowError) as exc:
                raise WireError(_UNPACKABLE) from exc
            return body, digest(body)
        if len(batch.body) > MAX_BATCH_BYTES:
            raise WireError(_TOO_BIG)
        sha256 = digest(batch.body)
        if batch.sha256 != sha256:
            raise WireError(_DAMAGED)
        return batch.body, sha256

    def _settle(self, parcel: Parcel, fault: Exception | None) -> None:
        """The commit of `parcel` is through, or failed; called in the event loop in any case."""
        if fault is None:
            self._boots.written(parcel.boots)
        for arrival in parcel.arrivals:
            key = arrival.key
            del self._in_flight[key]
            if fault is None and arrival.fault is None:
                self.remember(key, arrival.sha256)


class _InFlight(msgspec.Struct, eq=False):
    arrival: Arrival
    parcel: Parcel


def _answer(arrival: Arrival) -> Ack:
    """The Ack of a batch whose commit is through."""
    if arrival.fault is not None:
        return Ack(arrival.session, arrival.seq, "rejected", arrival.fault.en, arrival.fault.zh)
    return Ack(arrival.session, arrival.seq, "stored")


def _rejected(batch: Batch, why: Text) -> Ack:
    return Ack(batch.session, batch.seq, "rejected", why.en, why.zh)


def _gap_record(agent: Agent, gap: Gap, now: int) -> GapRecord:
    number = gap.id or f"{gap.since}-{gap.until}"
    return GapRecord(agent.id, number, gap.since, gap.until, gap.count, gap.reason, now)


_OTHER_CONTENT = Text(
    "同一会话同一序号的批次已经收到，但内容不同；两份状态可能来自同一镜像。",
    "A batch with this session and number was received with other content; "
    "two machines may run from one image.",
)
_DAMAGED = Text(
    "批次内容与其 SHA-256 不符，传输中可能损坏。",
    "The batch does not match its SHA-256; it may have been damaged on the way.",
)
_UNPACKABLE = Text(
    "一批读数中的目标、标签或原因太多，请分成几批。",
    "The readings of this batch have too many targets, labels or reasons; split it.",
)
_TOO_BIG = Text(
    f"批次超过 {MAX_BATCH_BYTES} 字节。", f"The batch is larger than {MAX_BATCH_BYTES} bytes."
)
