"""From a decoded push to acknowledgements: whose batch is it, is it new, is it what was sealed.

What a batch says inside is checked on its way through the committer, together with all others.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

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
_DAY_MS = 24 * 3600 * 1000

BatchKey = tuple[str, str, int]


class Commits(Protocol):
    """Where parcels go; see collector.store.commit.Committer."""

    def put(self, parcel: Parcel) -> None: ...


class Boots:
    """For each boot of an agent: the collector's clock minus that boot's clock, ms.

    Known from the moment at which the boot was first seen alive, so that its readings can be dated
    even when they arrive after the next start.
    """

    def __init__(self, known: dict[tuple[str, str], int]) -> None:
        self._base = dict(known)
        self._written: dict[tuple[str, str], tuple[int, int]] = {}

    def see(self, agent: str, push: Push, now: int) -> list[tuple[str, str, int, int]]:
        """Learn from a push that was sent just now; returns rows that are worth keeping."""
        if push.up is None or not push.boot:
            return []
        boot = (agent, push.boot)
        base = now - push.up
        self._base[boot] = base
        written = self._written.get(boot)
        if written and abs(written[0] - base) <= BOOT_DRIFT_MS and now - written[1] < _DAY_MS:
            return []
        self._written[boot] = (base, now)
        return [(*boot, base, now)]

    def base(self, agent: str, boot: str) -> int | None:
        return self._base.get((agent, boot))


class Ingest:
    """Remembers which batches are stored or on their way. Lives in the event loop's thread."""

    def __init__(
        self,
        catalog: Catalog,
        commits: Commits,
        boots: Boots,
        sealed: dict[tuple[str, str], Seen],
        now: Callable[[], int],
    ) -> None:
        self._metrics = {n: {m.name: m for m in p.measures} for n, p in catalog.items()}
        self._commits = commits
        self._boots = boots
        self._sealed = sealed
        self._now = now
        self._journalled: dict[BatchKey, bytes] = {}
        self._in_flight: dict[BatchKey, _InFlight] = {}

    def remember(self, key: BatchKey, sha256: bytes) -> None:
        """A batch that the journal holds from before this start."""
        self._journalled[key] = sha256

    def forget(self, keys: Iterable[BatchKey]) -> None:
        """Batches that were sealed: from now on only their sequence numbers are known."""
        for agent, session, seq in keys:
            self._sealed.setdefault((agent, session), Seen()).add(seq)
            self._journalled.pop((agent, session, seq), None)

    async def receive(self, push: Push, agent: Agent) -> list[Ack]:
        """One Ack per batch, after everything that is acknowledged is durable.

        Raises sqlite3.Error when it could not be committed; then nothing was stored.
        """
        now = self._now()
        parcel = Parcel(
            arrivals=[],
            done=asyncio.get_running_loop().create_future(),
            settle=self._settle,
            boots=self._boots.see(agent.id, push, now),
            gaps=[_gap_record(agent, gap, now) for gap in push.gaps],
        )
        admitted = [self._admit(batch, push, agent, now, parcel) for batch in push.batches]
        if parcel.arrivals or parcel.boots or parcel.gaps:
            self._commits.put(parcel)
            await parcel.done
        return [a if isinstance(a, Ack) else await _answer(a, parcel) for a in admitted]

    def _admit(
        self, batch: Batch, push: Push, agent: Agent, now: int, parcel: Parcel
    ) -> Ack | _InFlight:
        """An answer that needs no commit, or the arrival whose commit the answer waits for."""
        try:
            body, sha256 = self._sealed_body(batch)
        except WireError as exc:
            return _rejected(batch, exc.text)
        key = (agent.id, batch.session, batch.seq)
        if (moving := self._in_flight.get(key)) is not None:
            return moving if moving.arrival.sha256 == sha256 else _rejected(batch, _OTHER_CONTENT)
        if (stored := self._journalled.get(key)) is not None:
            if hmac.compare_digest(stored, sha256):
                return Ack(batch.session, batch.seq, "duplicate")
            return _rejected(batch, _OTHER_CONTENT)
        if (seen := self._sealed.get(key[:2])) is not None and batch.seq in seen:
            return Ack(batch.session, batch.seq, "duplicate")
        arrival = Arrival(
            agent=agent.id,
            school=agent.school,
            session=batch.session,
            seq=batch.seq,
            sha256=sha256,
            body=body,
            received=now,
            base=self._boots.base(agent.id, batch.boot or push.boot),
        )
        parcel.arrivals.append(arrival)
        self._in_flight[key] = moving = _InFlight(arrival, parcel)
        return moving

    def _sealed_body(self, batch: Batch) -> tuple[bytes, bytes]:
        """The packed body and its hash; raises WireError when the body is not what was sealed."""
        if batch.readings:
            body = pack(batch.readings, self._metrics)
            return body, digest(body)
        if len(batch.body) > MAX_BATCH_BYTES:
            raise WireError(_TOO_BIG)
        sha256 = digest(batch.body)
        if batch.sha256 != sha256:
            raise WireError(_DAMAGED)
        return batch.body, sha256

    def _settle(self, parcel: Parcel, fault: Exception | None) -> None:
        """The commit of `parcel` is through, or failed; called in the event loop in any case."""
        for arrival in parcel.arrivals:
            del self._in_flight[arrival.key]
            if fault is None and arrival.fault is None:
                self._journalled[arrival.key] = arrival.sha256


@dataclass(slots=True, eq=False)
class _InFlight:
    arrival: Arrival
    parcel: Parcel


async def _answer(moving: _InFlight, own: Parcel) -> Ack:
    """The Ack of a batch that this push, or another one at the same time, has brought."""
    arrival = moving.arrival
    if moving.parcel is not own:
        await asyncio.shield(moving.parcel.done)
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
_TOO_BIG = Text(
    f"批次超过 {MAX_BATCH_BYTES} 字节。", f"The batch is larger than {MAX_BATCH_BYTES} bytes."
)
