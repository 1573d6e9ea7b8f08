"""Reminders in the database: each is owed once, sent under a lease, several in one message.

Within a transaction that the caller holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa

from collector.register.incident import Progress
from collector.register.owed import OwedMessages, fresh
from collector.register.tables_response import reminder
from probes.text import Language

MESSAGES = OwedMessages(reminder)


class Stage(StrEnum):
    """Of a clock: started; half over; about to end; ended, and nothing was sent."""

    START = "start"
    HALF = "half"
    SOON = "soon"
    LATE = "late"


class Reached(NamedTuple):
    """`round` counts from 0 how often a clock that may start again has."""

    clock: str
    round: int
    stage: Stage


@dataclass(frozen=True, slots=True)
class Reminder:
    """As Delivery of an operational incident; `clock` is one of reporting.toml, or "confirm"."""

    id: int
    incident: int
    clock: str
    stage: Stage
    channel: str
    language: Language
    state: Progress
    created_at: datetime
    attempts: int
    doubtful: bool
    fault: str


def owe(
    connection: sa.Connection,
    incident: int,
    reached: Reached,
    channel: tuple[str, Language],
    now: datetime,
) -> bool:
    """Unless it was owed before; what waits of an earlier stage has become pointless."""
    of_clock = (
        reminder.c.incident == incident,
        reminder.c.clock == reached.clock,
        reminder.c.channel == channel[0],
    )
    of_stage = (reminder.c.round == reached.round, reminder.c.stage == reached.stage.value)
    there = sa.select(reminder.c.id).where(*of_clock, *of_stage)
    if connection.scalar(there) is not None:
        return False
    withdraw = sa.update(reminder).where(*of_clock, reminder.c.state == Progress.PENDING.value)
    connection.execute(withdraw.values(state=Progress.WITHDRAWN.value, settled_at=now))
    connection.execute(
        sa.insert(reminder).values(
            incident=incident, clock=reached.clock, round=reached.round,
            stage=reached.stage.value, channel=channel[0], language=channel[1].value,
            **fresh(now, now),
        )
    )  # fmt: skip
    return True


def known(connection: sa.Connection, incident: int) -> set[tuple[Reached, str]]:
    """What is or was owed about it, and to which channel."""
    table = reminder.c
    query = sa.select(table.clock, table.round, table.stage, table.channel)
    rows = connection.execute(query.where(table.incident == incident))
    return {(Reached(row.clock, row.round, Stage(row.stage)), row.channel) for row in rows}


def lease(
    connection: sa.Connection, channel: str, now: datetime, until: datetime
) -> list[Reminder]:
    """The oldest that is due to the channel, and all others of its incident; empty if none is."""
    due = (MESSAGES.is_due(now), reminder.c.channel == channel)
    query = sa.select(reminder.c.incident).where(*due).order_by(reminder.c.id).limit(1)
    incident = connection.scalar(query)
    if incident is None:
        return []
    found = sa.select(reminder).where(*due, reminder.c.incident == incident)
    rows = connection.execute(found.order_by(reminder.c.id)).all()
    for row in rows:
        MESSAGES.take(connection, row, until)
    ids = [row.id for row in rows]
    changed = sa.select(reminder).where(reminder.c.id.in_(ids)).order_by(reminder.c.id)
    return [_reminder(row) for row in connection.execute(changed)]


def of_incident(connection: sa.Connection, incident: int) -> list[Reminder]:
    """In order."""
    query = sa.select(reminder).where(reminder.c.incident == incident)
    return [_reminder(row) for row in connection.execute(query.order_by(reminder.c.id))]


def _reminder(row: Any) -> Reminder:
    return Reminder(
        id=row.id,
        incident=row.incident,
        clock=row.clock,
        stage=Stage(row.stage),
        channel=row.channel,
        language=Language(row.language),
        state=Progress(row.state),
        created_at=row.created_at,
        attempts=row.attempts,
        doubtful=row.doubtful,
        fault=row.fault,
    )
