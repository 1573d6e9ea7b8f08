"""The outbox in the database: messages that are owed, each sent under a lease."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from collector.register.incident import Delivery, Kind, Progress
from collector.register.tables import delivery
from probes.text import Language

_UNSETTLED = (Progress.PENDING.value, Progress.SENDING.value)


def add(
    connection: sa.Connection,
    incident: int,
    kind: Kind,
    channel: str,
    language: Language,
    times: tuple[datetime, datetime],
) -> None:
    """`times`: now, and when it is due."""
    same = (delivery.c.incident == incident, delivery.c.channel == channel)
    count = sa.select(sa.func.count()).select_from(delivery).where(*same)
    values = {
        "incident": incident,
        "channel": channel,
        "number": (connection.scalar(count) or 0) + 1,
        "kind": kind.value,
        "language": language.value,
        "state": Progress.PENDING.value,
        "created_at": times[0],
        "due_at": times[1],
        "attempts": 0,
        "doubtful": False,
        "fault": "",
    }
    connection.execute(sa.insert(delivery).values(**values))


def of_incident(connection: sa.Connection, incident: int) -> list[Delivery]:
    """In order."""
    query = sa.select(delivery).where(delivery.c.incident == incident)
    return [_delivery(row) for row in connection.execute(query.order_by(delivery.c.id))]


def settle(
    connection: sa.Connection, id: int, state: Progress, now: datetime, fault: str = ""
) -> None:
    """It is sent, failed or withdrawn, and stays so."""
    _change(connection, id, state=state.value, settled_at=now, leased_until=None, fault=fault)


def put_off(connection: sa.Connection, id: int, due_at: datetime, fault: str) -> None:
    """The attempt failed; it is due again then."""
    state = Progress.PENDING.value
    _change(connection, id, state=state, due_at=due_at, leased_until=None, fault=fault)


def lease(
    connection: sa.Connection, channel: str, now: datetime, until: datetime
) -> Delivery | None:
    """The oldest message that is due to the channel; until then it is the caller's to send.

    Messages of an incident to a channel go in order: while one is not settled, no later one is due.
    One whose lease ran out was begun by a process that died.
    """
    before = delivery.alias()
    earlier = sa.select(before.c.id).where(
        before.c.incident == delivery.c.incident,
        before.c.channel == delivery.c.channel,
        before.c.number < delivery.c.number,
        before.c.state.in_(_UNSETTLED),
    )
    waits = (delivery.c.state == Progress.PENDING.value) & (delivery.c.due_at <= now)
    left = (delivery.c.state == Progress.SENDING.value) & (delivery.c.leased_until <= now)
    query = sa.select(delivery).where((waits | left) & ~sa.exists(earlier))
    query = query.where(delivery.c.channel == channel).order_by(delivery.c.id).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    doubtful = row.doubtful or row.state == Progress.SENDING.value
    _change(
        connection, row.id, state=Progress.SENDING.value, attempts=row.attempts + 1,
        leased_until=until, doubtful=doubtful,
    )  # fmt: skip
    changed = sa.select(delivery).where(delivery.c.id == row.id)
    return _delivery(connection.execute(changed).one())


def give_up(
    connection: sa.Connection, channel: str, before: datetime, now: datetime, fault: str
) -> int:
    """What waits for the channel since before that has failed; returns how many."""
    query = sa.update(delivery).where(
        delivery.c.channel == channel,
        delivery.c.state.in_(_UNSETTLED),
        delivery.c.created_at < before,
    )
    values = {"state": Progress.FAILED.value, "settled_at": now, "fault": fault}
    return connection.execute(query.values(values)).rowcount


def rename(connection: sa.Connection, id: int, kind: Kind) -> None:
    _change(connection, id, kind=kind.value)


def counts(connection: sa.Connection) -> Mapping[str, int]:
    """Messages by state."""
    query = sa.select(delivery.c.state, sa.func.count()).group_by(delivery.c.state)
    found = {row[0]: int(row[1]) for row in connection.execute(query)}
    return {state.value: found.get(state.value, 0) for state in Progress}


def unsettled_channels(connection: sa.Connection) -> list[str]:
    """The channels to which something is owed."""
    query = sa.select(delivery.c.channel).where(delivery.c.state.in_(_UNSETTLED)).distinct()
    return sorted(connection.execute(query).scalars())


def _change(connection: sa.Connection, id: int, **values: object) -> None:
    connection.execute(sa.update(delivery).where(delivery.c.id == id).values(**values))


def _delivery(row: Any) -> Delivery:
    return Delivery(
        id=row.id,
        incident=row.incident,
        channel=row.channel,
        number=row.number,
        kind=Kind(row.kind),
        language=Language(row.language),
        state=Progress(row.state),
        created_at=row.created_at,
        due_at=row.due_at,
        attempts=row.attempts,
        doubtful=row.doubtful,
        settled_at=row.settled_at,
        fault=row.fault,
    )
