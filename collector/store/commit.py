"""Group commit: what arrives within a few milliseconds is checked, journalled and filled together.

A batch is acknowledged only after the commit that made it durable. A sequence number in flight
waits for the same commit; it is never acknowledged early.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec

from collector.store.arrival import Arrival
from collector.store.columns import Columns, Joiner
from collector.store.commit_tally import CommitTally, is_disk_full
from collector.store.journal import GapRecord, Journal

log = logging.getLogger(__name__)

FULL_COMMIT = 128
"""This many parcels make a commit as cheap per parcel as it gets; waiting gains nothing."""


class NotCommittedError(Exception):
    """Nothing of the parcel was stored; `cause` says why."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause

    @property
    def is_disk_full(self) -> bool:
        return is_disk_full(self.cause)


class Parcel(msgspec.Struct, eq=False):
    """What one push asks to be stored, and the future that its answer waits for.

    `settle` is called once, in the event loop, even if nobody waits any more.
    `boots`: (agent, boot, base, now) facts worth keeping.
    """

    arrivals: list[Arrival]
    done: asyncio.Future[None]
    settle: Callable[[Parcel, Exception | None], None]
    boots: list[tuple[str, str, int, int]]
    gaps: list[GapRecord]


class Committer:
    """Collects parcels and commits them each `interval` seconds, in its one writer thread.

    `after` gets the stored arrivals and their columns, in that thread, once they are durable.
    """

    def __init__(
        self,
        journal: Journal,
        joiner: Joiner,
        after: Callable[[list[Arrival], list[Columns]], None],
        writer: ThreadPoolExecutor,
        interval: float = 0.1,
    ) -> None:
        self._journal = journal
        self._joiner = joiner
        self._after = after
        self._writer = writer
        self._interval = interval
        self._waiting: list[Parcel] = []
        self._wake = asyncio.Event()
        self._full = asyncio.Event()
        self._closing = False
        self._refusal: Exception | None = None
        self.tally = CommitTally()

    @property
    def depth(self) -> int:
        """Parcels that wait for the next commit."""
        return len(self._waiting)

    def put(self, parcel: Parcel) -> None:
        if self._refusal is not None:
            _settle([parcel], self._refusal)
            return
        self._waiting.append(parcel)
        self._wake.set()
        if len(self._waiting) >= FULL_COMMIT:
            self._full.set()

    async def try_out(self) -> None:
        """Commit nothing, durably, with whatever else waits; raises NotCommittedError."""
        done = asyncio.get_running_loop().create_future()
        self.put(Parcel(arrivals=[], done=done, settle=_no_one_to_tell, boots=[], gaps=[]))
        await done

    async def run(self) -> None:
        """Commit until `close`; raises OSError when the disk can no longer be trusted."""
        fault: Exception | None = None
        try:
            while not self._closing or self._waiting:
                await self._wake.wait()
                if not self._closing:
                    await self._gather()
                self._wake.clear()
                fault = await self._commit_waiting()
                if getattr(fault, "sqlite_errorname", "").startswith("SQLITE_IOERR"):
                    raise OSError(f"the journal cannot be written: {fault}") from fault
        finally:
            self._refusal = fault or RuntimeError("the collector is stopping")
            _settle(self._waiting, self._refusal)
            self._waiting = []

    async def _commit_waiting(self) -> Exception | None:
        parcels, self._waiting = self._waiting, []
        if not parcels:
            return None
        loop = asyncio.get_running_loop()
        fault = await loop.run_in_executor(self._writer, self._commit, parcels)
        _settle(parcels, fault)
        return fault

    async def _gather(self) -> None:
        """Wait for company: until the interval is over, or enough is there for a full commit."""
        if len(self._waiting) < FULL_COMMIT:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._full.wait()
        self._full.clear()

    def close(self) -> None:
        """Let `run` commit what waits, and end."""
        self._closing = True
        self._wake.set()

    def _commit(self, parcels: list[Parcel]) -> Exception | None:
        started = time.perf_counter()
        arrivals = [a for parcel in parcels for a in parcel.arrivals]
        try:
            joined = self._joiner.join(arrivals)
            sound = [a for a in arrivals if a.fault is None]
            self._journal.commit(
                sound,
                [boot for parcel in parcels for boot in parcel.boots],
                [gap for parcel in parcels for gap in parcel.gaps],
            )
        except Exception as exc:
            log.exception("commit failed; %d batches stay unacknowledged", len(arrivals))
            self.tally.fail(exc)
            return exc
        self.tally.succeed(sum(a.rows for a in sound), time.perf_counter() - started)
        for arrival in sound:
            arrival.body = b""  # the journal has it; kept until the window is filled, it adds up
        self._after(arrivals, joined)
        return None


def _no_one_to_tell(parcel: Parcel, fault: Exception | None) -> None:
    """Of a parcel with nothing in it."""


def _settle(parcels: list[Parcel], fault: Exception | None) -> None:
    for parcel in parcels:
        parcel.settle(parcel, fault)
        if parcel.done.done():  # the client went away while it waited
            continue
        if fault is None:
            parcel.done.set_result(None)
        else:
            parcel.done.set_exception(NotCommittedError(fault))
