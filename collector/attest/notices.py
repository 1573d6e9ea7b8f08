"""The outbox of reminders: one message a day to a channel, and what each reminds of.

As `collector.register.outbox` does for incidents: what is owed is stored first, and sent under a
lease, so that a process that dies sends it later.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import sqlalchemy as sa

from collector.register.incident import Progress
from collector.register.owed import OwedMessages, fresh
from collector.register.tables_attest import attest_notice, attest_notice_item
from probes.text import Language

MESSAGES = OwedMessages(attest_notice)


class Item(NamedTuple):
    """One reminder of one thing. `due_on` is empty where no day is known; `stage`: so many days
    before it."""

    school: str
    duty: str
    attest: str
    due_on: str
    stage: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """`doubtful`: an attempt was cut off by the end of a process, so it may have arrived."""

    id: int
    channel: str
    language: Language
    items: tuple[Item, ...]
    created_at: datetime
    attempts: int
    doubtful: bool


def told(connection: sa.Connection, channel: str) -> set[Item]:
    """What the channel was reminded of, or will be; not what could not be delivered."""
    query = (
        sa.select(*(attest_notice_item.c[name] for name in Item._fields))
        .join(attest_notice, attest_notice.c.id == attest_notice_item.c.notice)
        .where(attest_notice.c.channel == channel, attest_notice.c.state != Progress.FAILED.value)
    )
    return {Item(*row) for row in connection.execute(query)}


def has_day(connection: sa.Connection, channel: str, day: date) -> bool:
    """Whether the channel has its message of that day."""
    query = sa.select(attest_notice.c.id).where(
        attest_notice.c.channel == channel, attest_notice.c.day == day.isoformat()
    )
    return connection.execute(query).first() is not None


def add(
    connection: sa.Connection,
    channel: str,
    language: Language,
    day: date,
    items: Collection[Item],
    now: datetime,
) -> None:
    values = {
        "channel": channel,
        "day": day.isoformat(),
        "language": language.value,
        **fresh(now, now),
    }
    made = connection.execute(sa.insert(attest_notice).values(**values))
    [id] = made.inserted_primary_key or [None]
    rows = [{"notice": id, **item._asdict()} for item in items]
    connection.execute(sa.insert(attest_notice_item), rows)


def lease(connection: sa.Connection, channel: str, now: datetime, until: datetime) -> Notice | None:
    """The oldest that is due; until then it is the caller's to send."""
    table = attest_notice.c
    query = sa.select(attest_notice).where(table.channel == channel, MESSAGES.is_due(now))
    row = connection.execute(query.order_by(table.id).limit(1)).one_or_none()
    if row is None:
        return None
    MESSAGES.take(connection, row, until)
    row = connection.execute(sa.select(attest_notice).where(table.id == row.id)).one()
    return Notice(
        id=row.id,
        channel=channel,
        language=Language(row.language),
        items=_items(connection, row.id),
        created_at=row.created_at,
        attempts=row.attempts,
        doubtful=row.doubtful,
    )


def drop(connection: sa.Connection, before: datetime) -> int:
    """Remove what was settled before that; returns how many."""
    old = sa.select(attest_notice.c.id).where(attest_notice.c.settled_at < before)
    connection.execute(sa.delete(attest_notice_item).where(attest_notice_item.c.notice.in_(old)))
    query = sa.delete(attest_notice).where(attest_notice.c.settled_at < before)
    return connection.execute(query).rowcount


def _items(connection: sa.Connection, id: int) -> tuple[Item, ...]:
    columns = [attest_notice_item.c[name] for name in Item._fields]
    query = sa.select(*columns).where(attest_notice_item.c.notice == id).order_by(*columns)
    return tuple(Item(*row) for row in connection.execute(query))
