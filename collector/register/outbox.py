"""The outbox in the database: messages that are owed, each sent under a lease."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from collector.register.incident import Delivery, Kind, Progress
from collector.register.owed import OwedMessages, fresh
from collector.register.tables import delivery
from probes.text import Language

MESSAGES = OwedMessages(delivery)


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
        **fresh(*times),
    }
    connection.execute(sa.insert(delivery).values(**values))


def of_incident(connection: sa.Connection, incident: int) -> list[Delivery]:
    """In order."""
    query = sa.select(delivery).where(delivery.c.incident == incident)
    return [_delivery(row) for row in connection.execute(query.order_by(delivery.c.id))]


def lease(
    connection: sa.Connection, channel: str, now: datetime, until: datetime
) -> Delivery | None:
    """The oldest message that is due to the channel; until then it is the caller's to send.

    Messages of an incident to a channel go in order: while one is not settled, no later one is due.
    """
    before = delivery.alias()
    earlier = sa.select(before.c.id).where(
        before.c.incident == delivery.c.incident,
        before.c.channel == delivery.c.channel,
        before.c.number < delivery.c.number,
        MESSAGES.unsettled(before),
    )
    query = sa.select(delivery).where(MESSAGES.is_due(now) & ~sa.exists(earlier))
    query = query.where(delivery.c.channel == channel).order_by(delivery.c.id).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    MESSAGES.take(connection, row, until)
    changed = sa.select(delivery).where(delivery.c.id == row.id)
    return _delivery(connection.execute(changed).one())


def rename(connection: sa.Connection, id: int, kind: Kind) -> None:
    MESSAGES.change(connection, [id], kind=kind.value)


def counts(connection: sa.Connection) -> Mapping[str, int]:
    """Messages by state."""
    query = sa.select(delivery.c.state, sa.func.count()).group_by(delivery.c.state)
    found = {row[0]: int(row[1]) for row in connection.execute(query)}
    return {state.value: found.get(state.value, 0) for state in Progress}


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
