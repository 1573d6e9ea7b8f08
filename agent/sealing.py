"""Turns kept records into the bodies of batches. Pure: it reads and writes nothing.

A batch holds records of one boot, because the collector corrects times per boot, and of one kind,
because a full spool drops bulk readings before rare ones.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from probes.wire import MAX_BATCH_BYTES, Record, digest

log = logging.getLogger(__name__)

MAX_READINGS = 2000

Pack = Callable[[Sequence[Record]], bytes]


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as the spool keeps it until it is sealed."""

    boot: str
    bulk: bool
    at: int
    record: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """A batch that never changes again; (session, seq) names it."""

    session: str
    seq: int
    boot: str
    bulk: bool
    n: int
    since: int
    until: int
    sha256: bytes
    body: bytes

    @property
    def key(self) -> tuple[str, int]:
        return (self.session, self.seq)


@dataclass(frozen=True, slots=True)
class Loss:
    """Readings that are gone; `count` 0 means that their number is not known."""

    since: int
    until: int
    count: int
    reason: str


def keep(record: Record, boot: str, *, bulk: bool) -> Kept:
    return Kept(boot, bulk, record.at, msgspec.msgpack.encode(record))


def seal(
    rows: Iterable[Kept], pack: Pack, session: str, next_seq: Callable[[], int]
) -> tuple[list[Sealed], list[Loss]]:
    """Every row ends in exactly one batch or one loss, in order of first sight."""
    groups: dict[tuple[bool, str], list[Kept]] = {}
    for row in rows:
        groups.setdefault((row.bulk, row.boot), []).append(row)
    batches: list[Sealed] = []
    losses: list[Loss] = []
    for (bulk, boot), group in groups.items():
        for start in range(0, len(group), MAX_READINGS):
            for body, part in _bodies(group[start : start + MAX_READINGS], pack, losses):
                since, until = _span(part)
                batches.append(
                    Sealed(
                        session=session,
                        seq=next_seq(),
                        boot=boot,
                        bulk=bulk,
                        n=len(part),
                        since=since,
                        until=until,
                        sha256=digest(body),
                        body=body,
                    )
                )
    return batches, losses


def _bodies(
    rows: Sequence[Kept], pack: Pack, losses: list[Loss]
) -> list[tuple[bytes, Sequence[Kept]]]:
    """`rows` packed; halved as long as they do not fit, down to the one record that is at fault."""
    try:
        body = pack([msgspec.msgpack.decode(row.record, type=Record) for row in rows])
        if len(body) <= MAX_BATCH_BYTES:
            return [(body, rows)]
        fault = "too big for a batch"
    except Exception as exc:
        # Whatever one record holds, the others go on; a fault here must not block the queue.
        fault = repr(exc)
    if len(rows) == 1:
        log.error("record cannot be sealed at=%d fault=%s", rows[0].at, fault)
        losses.append(Loss(rows[0].at, rows[0].at, 1, "unpackable"))
        return []
    half = len(rows) // 2
    return _bodies(rows[:half], pack, losses) + _bodies(rows[half:], pack, losses)


def _span(rows: Sequence[Kept]) -> tuple[int, int]:
    instants = [row.at for row in rows]
    return min(instants), max(instants)
