"""Incidents in the database, within a transaction that the caller holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from collector.register.incident import Incident, Part, no_such_incident
from collector.register.model import Flip, State, Watched
from collector.register.tables import delivery, incident, incident_part, state_held


def find(
    connection: sa.Connection,
    *,
    only_open: bool = False,
    school: str | None = None,
    since: datetime | None = None,
    limit: int | None = None,
) -> list[Incident]:
    """The newest first, without those that became part of another.

    `since`: those that are open, or were at that time or later.
    """
    query = sa.select(incident).where(incident.c.merged_into.is_(None))
    query = query.order_by(incident.c.opened_at.desc(), incident.c.id.desc()).limit(limit)
    if only_open:
        query = query.where(incident.c.closed_at.is_(None))
    if school is not None:
        query = query.where(incident.c.school == school)
    if since is not None:
        query = query.where(incident.c.closed_at.is_(None) | (incident.c.closed_at >= since))
    return _with_parts(connection, query)


def one(connection: sa.Connection, id: int) -> Incident:
    """Raises NoIncidentError."""
    found = _with_parts(connection, sa.select(incident).where(incident.c.id == id))
    if not found:
        raise no_such_incident(id)
    return found[0]


def _with_parts(connection: sa.Connection, chosen: sa.Select[Any]) -> list[Incident]:
    """The incidents that `chosen` selects, in its order; a database takes only so many ids."""
    rows = connection.execute(chosen).all()
    parts: dict[int, list[Part]] = defaultdict(list)
    query = sa.select(incident_part).order_by(incident_part.c.since, incident_part.c.at)
    ids = chosen.with_only_columns(incident.c.id)
    for row in connection.execute(query.where(incident_part.c.incident.in_(ids))):
        parts[row.incident].append(_part(row))
    return [_incident(row, parts[row.id]) for row in rows]


def without_state(connection: sa.Connection) -> set[Watched]:
    """What is bad in an open incident and is watched no more."""
    parts = incident_part.c
    held = sa.exists().where(*(state_held.c[name] == parts[name] for name in Watched._fields))
    query = sa.select(*(parts[name] for name in Watched._fields)).join(incident)
    query = query.where(incident.c.closed_at.is_(None), parts.over_at.is_(None), ~held)
    return {Watched(*row) for row in connection.execute(query)}


def are_open(connection: sa.Connection) -> bool:
    return bool(connection.scalar(sa.select(sa.exists().where(incident.c.closed_at.is_(None)))))


def count_open(connection: sa.Connection) -> tuple[int, int]:
    """How many are open, and how many of these somebody has taken up."""
    counts = (sa.func.count(), sa.func.count(incident.c.acknowledged_at))
    query = sa.select(*counts).select_from(incident).where(incident.c.closed_at.is_(None))
    row = connection.execute(query).one()
    return int(row[0]), int(row[1])


def open_one(
    connection: sa.Connection, school: str, cause: str, severity: State, times: Sequence[datetime]
) -> int:
    """`times`: since when, and now. Returns its id."""
    values = {
        "school": school,
        "cause": cause,
        "severity": severity.value,
        "since": times[0],
        "opened_at": times[1],
        "flips": 0,
        "acknowledged_by": "",
        "note": "",
    }
    made = connection.execute(sa.insert(incident).values(**values))
    assert made.inserted_primary_key is not None
    return int(made.inserted_primary_key[0])


def put_bad(connection: sa.Connection, id: int, flip: Flip) -> None:
    """The flip's thing is bad, and part of this incident."""
    values = {
        "state": flip.after.value,
        "since": flip.since,
        "at": flip.at,
        "over_at": None,
        "value": flip.value,
        "unit": flip.unit,
        "bound": flip.bound,
        "reason": flip.reason,
    }
    changed = connection.execute(
        sa.update(incident_part).where(*_is(id, flip.watched)).values(values)
    )
    if not changed.rowcount:
        key = {"incident": id, **flip.watched._asdict()}
        connection.execute(sa.insert(incident_part).values({**key, **values}))


def put_over(connection: sa.Connection, id: int, watched: Watched, at: datetime) -> None:
    over = sa.update(incident_part).where(*_is(id, watched))
    connection.execute(over.values(over_at=at, at=at))


def move(connection: sa.Connection, id: int, watched: Watched, to: int) -> None:
    """The part belongs to another incident."""
    connection.execute(sa.delete(incident_part).where(*_is(to, watched)))
    connection.execute(sa.update(incident_part).where(*_is(id, watched)).values(incident=to))


def change(connection: sa.Connection, id: int, **values: object) -> None:
    connection.execute(sa.update(incident).where(incident.c.id == id).values(**values))


def count_flip(connection: sa.Connection, id: int, number: int = 1) -> None:
    change(connection, id, flips=incident.c.flips + number)


def drop(connection: sa.Connection, before: datetime) -> int:
    """Remove what closed before that, with its messages; returns how many."""
    old = sa.select(incident.c.id).where(incident.c.closed_at < before)
    for table in (incident_part, delivery):
        connection.execute(sa.delete(table).where(table.c.incident.in_(old)))
    return connection.execute(sa.delete(incident).where(incident.c.closed_at < before)).rowcount


def _is(id: int, watched: Watched) -> Iterable[sa.ColumnElement[bool]]:
    key = {"incident": id, **watched._asdict()}
    return [incident_part.c[name] == value for name, value in key.items()]


def _part(row: Any) -> Part:
    return Part(
        watched=Watched(row.school, row.agent, row.target, row.threshold),
        state=State(row.state),
        since=row.since,
        at=row.at,
        over_at=row.over_at,
        value=row.value,
        unit=row.unit,
        bound=row.bound,
        reason=row.reason,
    )


def _incident(row: Any, parts: Iterable[Part]) -> Incident:
    return Incident(
        id=row.id,
        school=row.school,
        cause=row.cause,
        severity=State(row.severity),
        since=row.since,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        merged_into=row.merged_into,
        flips=row.flips,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        note=row.note,
        parts=tuple(parts),
    )
