"""States and flips in the database. A state and the flip that led to it are one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from collector.register.model import Change, Flip, Held, State, Watched
from collector.register.tables import flip, state_held

MOST_AT_ONCE = 500
"""Flips that are taken up in one transaction."""


def load(connection: sa.Connection) -> dict[Watched, Held]:
    return {
        _watched(row): Held(State(row.state), State(row.held), row.since, row.at)
        for row in connection.execute(sa.select(state_held))
    }


def holders(connection: sa.Connection, threshold: str) -> set[str]:
    """The schools of which something has a state against that threshold."""
    query = sa.select(state_held.c.school).where(state_held.c.threshold == threshold).distinct()
    return set(connection.execute(query).scalars())


def take(connection: sa.Connection, changes: Sequence[Change]) -> list[Change]:
    """The changes that fit what is stored, and nothing of the others."""
    stored = load(connection)
    fitting = [change for change in changes if stored.get(change.watched) == change.before]
    new = [_values(c.watched, c.after) for c in fitting if c.before is None]
    if new:
        connection.execute(sa.insert(state_held), new)
    for change in fitting:
        if change.before is not None:
            connection.execute(
                sa.update(state_held)
                .where(*_is(change.watched))
                .values(_values(change.watched, change.after))
            )
    flips = [_flip_values(change.flip) for change in fitting if change.flip is not None]
    if flips:
        connection.execute(sa.insert(flip), flips)
    return fitting


def forget(connection: sa.Connection, gone: Iterable[Watched]) -> None:
    for watched in gone:
        connection.execute(sa.delete(state_held).where(*_is(watched)))


def newest(
    connection: sa.Connection, school: str | None, since: datetime | None, limit: int
) -> list[Flip]:
    query = sa.select(flip).order_by(flip.c.at.desc(), flip.c.id.desc()).limit(limit)
    if school is not None:
        query = query.where(flip.c.school == school)
    if since is not None:
        query = query.where(flip.c.at >= since)
    return [_flip(row) for row in connection.execute(query)]


def are_waiting(connection: sa.Connection) -> bool:
    return bool(connection.scalar(sa.select(sa.exists().where(flip.c.waiting))))


def take_waiting(connection: sa.Connection) -> list[Flip]:
    """The oldest flips that were not taken up yet, in order; now they are."""
    query = sa.select(flip).where(flip.c.waiting).order_by(flip.c.id).limit(MOST_AT_ONCE)
    found = connection.execute(query).all()
    if found:
        taken = sa.update(flip).where(flip.c.id.in_([row.id for row in found]))
        connection.execute(taken.values(waiting=False))
    return [_flip(row) for row in found]


def drop(connection: sa.Connection, before: datetime) -> int:
    return connection.execute(sa.delete(flip).where(flip.c.at < before)).rowcount


def _is(watched: Watched) -> list[sa.ColumnElement[bool]]:
    return [state_held.c[name] == value for name, value in watched._asdict().items()]


def _watched(row: Any) -> Watched:
    return Watched(row.school, row.agent, row.target, row.threshold)


def _values(watched: Watched, held: Held) -> dict[str, object]:
    return {
        **watched._asdict(),
        "state": held.state.value,
        "held": held.held.value,
        "since": held.since,
        "at": held.at,
    }


def _flip_values(one: Flip) -> dict[str, object]:
    return {
        **one.watched._asdict(),
        "revision": one.revision,
        "before": one.before.value,
        "after": one.after.value,
        "since": one.since,
        "at": one.at,
        "value": one.value,
        "unit": one.unit,
        "bound": one.bound,
        "n": one.n,
        "reason": one.reason,
        "waiting": True,
    }


def _flip(row: Any) -> Flip:
    return Flip(
        watched=_watched(row),
        revision=row.revision,
        before=State(row.before),
        after=State(row.after),
        since=row.since,
        at=row.at,
        value=row.value,
        unit=row.unit,
        bound=row.bound,
        n=row.n,
        reason=row.reason,
    )
