"""Keeps every reading until the collector has it, or until a gap says that it is lost.

A reading is committed when it is taken, which survives `kill -9`. Sealing turns readings into
batches in one durable transaction, which survives a power cut; a sealed batch never changes and is
resent byte for byte. A damaged file is set aside and a full disk is bridged in memory: whatever the
disk does, work goes on, and what it costs is recorded as a gap.

Methods block on the disk; call them from one worker thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.sealing import Loss, Pack, Sealed, keep, seal
from agent.shelf import Depth, Key, Shelf
from agent.spool_file import SpoolFile
from config.agent_settings import SpoolSettings
from probes.wire import Gap, Record, digest

log = logging.getLogger(__name__)

MEBIBYTE = 1024 * 1024
MEMORY_BYTES = MEBIBYTE
"""What is bridged in memory while the disk cannot be written."""
KEEP_BYTES = MEBIBYTE
"""What the spool may keep even where the disk has less free space than it should."""
SEAL_AT_ONCE = 20_000
MILLISECONDS_A_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class Known:
    """What was last reported of a spool; tells how much a damaged file held."""

    readings: int
    oldest_at: int


class Spool:
    """The readings and batches of one agent.

    Args:
        agent: the identity to which the readings belong.
        session: random and new for each process; batches sealed by this process bear it.
        boot: the boot under which this process takes readings.
        wall: the wall clock, ms. It dates gaps, and decides nothing: a classroom PC that starts in
            the year 2000 and is set right a minute later must not find all its readings too old.
        up: the boot clock, ms. It ages batches, over the hours that the agent runs.
        free_bytes: free space of the disk that holds `directory`.
        new_id: a random id for each gap.

    Attributes:
        lost: readings that this process had to give up.
    """

    def __init__(
        self,
        directory: Path,
        *,
        agent: str,
        session: str,
        boot: str,
        pack: Pack,
        wall: Callable[[], int],
        up: Callable[[], int],
        free_bytes: Callable[[], int],
        new_id: Callable[[], str],
        limits: SpoolSettings,
        known: Known | None = None,
    ) -> None:
        self._agent = agent
        self._session = session
        self._boot = boot
        self._pack = pack
        self._wall = wall
        self._up = up
        self._free_bytes = free_bytes
        self._new_id = new_id
        self._limits = limits
        self._max_age = int(limits.max_days * MILLISECONDS_A_DAY)
        self._age_at_start = -up()
        self._known = known
        self._seq = 0
        self._gone: set[Key] = set()
        self.lost = 0
        self._memory = Shelf(None)
        self._disk = SpoolFile(directory / "spool.sqlite3", wall=wall, begin=self._begin_anew)
        self._disown_strangers()
        age = self.note("age") or ""
        self._age_at_start = (int(age) if age.isdecimal() else 0) - up()

    @property
    def trouble(self) -> str:
        """Why readings cannot be written to disk now; empty when they can."""
        return self._disk.trouble

    def close(self) -> None:
        self._disk.close()
        self._memory.close()

    # Readings

    def add(self, records: Sequence[Record], *, bulk: bool) -> None:
        """Commit readings as they are taken; `bulk` ones are the first to go when room is short."""
        rows = [keep(record, self._boot, bulk=bulk) for record in records]

        def insert(shelf: Shelf) -> bool:
            with shelf.change():
                shelf.add(rows)
            return True

        if self._disk.use(insert, False):
            self._disk.written()
        else:
            insert(self._memory)
            self._trim_memory()

    def seal(self) -> int:
        """Turn every reading into batches, and keep to the limits. Returns the readings sealed."""
        self._disk.reopen()
        self._return_to_disk()
        sealed = self._disk.use(lambda shelf: self._seal_on(shelf, durable=True), 0)
        sealed += self._seal_on(self._memory, durable=False)
        self._count(self._disk.use(self._enforce_limits, list[Loss]()))
        self._trim_memory()
        return sealed

    # Batches

    def oldest(
        self,
        limit: int,
        max_bytes: int,
        skip: Collection[Key] = frozenset(),
        *,
        bulk: bool = True,
    ) -> list[Sealed]:
        """The oldest batches as they were sealed; at least one if there is any.

        Without `bulk`, only those with rare readings.
        """
        skip = self._gone.union(skip)
        nothing: list[Sealed] = []
        found = self._disk.use(
            lambda shelf: shelf.oldest(limit, max_bytes, skip, bulk=bulk), nothing
        )
        damaged = [batch for batch in found if digest(batch.body) != batch.sha256]
        for batch in damaged:
            self.bury(batch, "spool_corrupt")
        if damaged:
            return self.oldest(limit, max_bytes, skip, bulk=bulk)
        return found or self._memory.oldest(limit, max_bytes, skip, bulk=bulk)

    def find(self, key: Key) -> Sealed | None:
        """The batch of that name, if it still waits."""
        return self._disk.use(lambda shelf: shelf.find(key), None) or self._memory.find(key)

    def drop(self, keys: Iterable[Key]) -> None:
        """Forget batches that the collector has."""
        keys = list(keys)

        def delete(shelf: Shelf) -> bool:
            with shelf.change():
                shelf.drop(keys)
            return True

        delete(self._memory)
        if not self._disk.use(delete, False):
            self._gone.update(keys)

    def bury(self, batch: Sealed, why: str) -> None:
        """Set aside a batch that can never be delivered, and record the gap."""
        loss = Loss(batch.since, batch.until, batch.n, why)

        def move(shelf: Shelf) -> bool:
            with shelf.change():
                shelf.bury(batch, why)
                self._record(shelf, [loss])
            return True

        log.error("batch set aside seq=%d readings=%d why=%s", batch.seq, batch.n, why)
        self._memory.drop([batch.key])
        if not self._disk.use(move, False):
            self._gone.add(batch.key)
            self._record(self._memory, [loss])
        self._count([loss])

    # Gaps and notes

    def gaps(self, limit: int) -> list[Gap]:
        """The losses to tell the collector; from now on these records never change."""

        def take(shelf: Shelf) -> list[Gap]:
            gaps = shelf.gaps(limit)
            if gaps:
                with shelf.change():
                    shelf.mark_sent(gap.id for gap in gaps)
            return gaps

        return self._disk.use(take, list[Gap]()) + take(self._memory)

    def drop_gaps(self, ids: Sequence[str]) -> None:
        """Forget gap records that the collector has."""

        def delete(shelf: Shelf) -> None:
            with shelf.change():
                shelf.drop_gaps(ids)

        delete(self._memory)
        self._disk.use(delete, None)

    def note(self, key: str) -> str | None:
        """A small fact that outlives the process; None if it was never set or cannot be read."""
        return self._disk.use(lambda shelf: shelf.note(key), None)

    def set_note(self, key: str, value: str) -> None:
        def write(shelf: Shelf) -> None:
            with shelf.change():
                shelf.set_note(key, value)

        self._disk.use(write, None)

    def depth(self) -> Depth:
        depth = self._disk.use(Shelf.depth, Depth()) + self._memory.depth()
        if depth.oldest_at is not None:
            self._known = Known(depth.readings + depth.unsealed, depth.oldest_at)
        elif self._disk.is_open:
            self._known = None
        return depth

    # Inside

    def _seal_on(self, shelf: Shelf, *, durable: bool) -> int:
        sealed = 0
        while True:
            rows, through = shelf.records(SEAL_AT_ONCE)
            if not rows:
                return sealed
            batches, losses = seal(rows, self._pack, self._session, self._next_seq)
            with shelf.change(durable=durable):
                shelf.put(batches, self._age())
                shelf.drop_records(through)
                self._record(shelf, losses)
            self._count(losses)
            sealed += sum(batch.n for batch in batches)

    def _next_seq(self) -> int:
        # Never given twice, also when the transaction that would have used it fails: what of a
        # failed commit reached the disk is not known.
        self._seq += 1
        return self._seq

    def _age(self) -> int:
        """How long agents have run on this spool, ms."""
        return self._age_at_start + self._up()

    def _enforce_limits(self, shelf: Shelf) -> list[Loss]:
        limit = self._limits.max_mebibytes * MEBIBYTE
        with shelf.change():
            shelf.drop(list(self._gone))
            shelf.set_note("age", str(self._age()))
            losses = shelf.drop_kept_before(self._age() - self._max_age)
            used = shelf.used_bytes()
            spare = used + self._free_bytes() - self._limits.min_free_mebibytes * MEBIBYTE
            allowed = max(KEEP_BYTES, min(limit, spare))
            reason = "spool_full" if allowed == limit else "disk_full"
            losses += shelf.drop_oldest(used - allowed, reason)
            self._record(shelf, losses)
        self._gone.clear()
        shelf.give_back_pages()
        return losses

    def _trim_memory(self) -> None:
        excess = self._memory.used_bytes() - MEMORY_BYTES
        if excess > 0:
            with self._memory.change():
                losses = self._memory.drop_oldest(excess, "disk_full")
                self._record(self._memory, losses)
            self._count(losses)

    def _return_to_disk(self) -> None:
        """Move what was bridged in memory to the disk, as soon as the disk takes it."""
        rows, through = self._memory.records(SEAL_AT_ONCE)
        batches = self._memory.oldest(SEAL_AT_ONCE, 2 * MEMORY_BYTES, ())
        gaps = self._memory.gaps(SEAL_AT_ONCE)
        if not (rows or batches or gaps):
            return

        def take(shelf: Shelf) -> bool:
            with shelf.change(durable=True):
                shelf.add(rows)
                shelf.put(batches, self._age())
                shelf.put_gaps(gaps, sent=True)
            return True

        if self._disk.use(take, False):
            self._disk.written()
            with self._memory.change():
                self._memory.drop_records(through)
                self._memory.drop(batch.key for batch in batches)
                self._memory.drop_gaps(gap.id for gap in gaps)

    def _disown_strangers(self) -> None:
        """Readings of another identity must never be delivered as this one's."""
        owner = self.note("agent")
        if owner not in (None, self._agent):
            depth = self._disk.use(Shelf.depth, Depth())
            self._disk.replace("replaced")
            self._disk.reopen()
            if depth.oldest_at is not None:
                count = depth.readings + depth.unsealed
                loss = Loss(depth.oldest_at, self._wall(), count, "identity_replaced")
                self._record(self._memory, [loss])
                self._count([loss])
        self.set_note("agent", self._agent)

    def _begin_anew(self, shelf: Shelf, saved: Sequence[Sealed]) -> None:
        """Start the file that takes the place of a damaged one."""
        now = self._wall()
        if self._known is None:
            loss = Loss(max(0, now - self._max_age), now, 0, "spool_corrupt")
        else:
            count = max(0, self._known.readings - sum(batch.n for batch in saved))
            loss = Loss(min(self._known.oldest_at, now), now, count, "spool_corrupt")
        with shelf.change(durable=True):
            shelf.set_note("agent", self._agent)
            shelf.put(saved, self._age())
            self._record(shelf, [loss])
        self._count([loss])

    def _record(self, shelf: Shelf, losses: Iterable[Loss]) -> None:
        for loss in losses:
            shelf.add_gap(loss, self._new_id())

    def _count(self, losses: Iterable[Loss]) -> None:
        for loss in losses:
            self.lost += loss.count
            log.warning("readings lost count=%d reason=%s", loss.count, loss.reason)
