"""Puts the same readings into either store, the embedded one by way of its journal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import count

from collector.store.arrival import Arrival
from collector.store.memory import StoredReading
from collector.store.storehouse import Storehouse
from probes.wire import Record, digest, pack

RECEIVED_LATER_MS = 1000
_numbers = count(1)


def record(reading: StoredReading) -> Record:
    at = round(reading.at.timestamp() * 1000)
    return Record(
        probe=reading.probe,
        at=at,
        up=at,
        target=reading.target,
        labels=reading.labels or {},
        values=reading.values,
        outcome=reading.outcome.value,
        reason=reading.reason,
    )


def arrival(
    readings: Sequence[StoredReading], received: datetime | None = None, **changes: object
) -> Arrival:
    """A batch whose agent's clock is right, unless its readings' instants are not known."""
    first = readings[0]
    body = pack([record(r) for r in readings], {})
    at = received or max(r.at for r in readings)
    fields: dict[str, object] = {
        "agent": first.agent,
        "school": first.school,
        "session": first.session,
        "seq": next(_numbers),
        "sha256": digest(body),
        "body": body,
        "received": round(at.timestamp() * 1000) + RECEIVED_LATER_MS,
        "base": 0 if first.known else None,
    }
    return Arrival(**{**fields, **changes})  # type: ignore[arg-type]


def stock(house: Storehouse, readings: Sequence[StoredReading], each: int = 50) -> None:
    """Journal and fill `readings`, in batches of one agent and at most `each`."""
    groups: dict[tuple[str, str, str, bool], list[StoredReading]] = defaultdict(list)
    for reading in readings:
        groups[reading.school, reading.agent, reading.session, reading.known].append(reading)
    for group in groups.values():
        for start in range(0, len(group), each):
            keep(house, [arrival(group[start : start + each])])


def keep(house: Storehouse, arrivals: list[Arrival]) -> None:
    """What the committer does, at once."""
    joined = house.joiner.join(arrivals)
    house.journal.commit([a for a in arrivals if a.fault is None])
    house.take(arrivals, joined)
    house.fill()
