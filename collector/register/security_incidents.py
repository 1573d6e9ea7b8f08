"""Security incidents in the register: entries are added, never changed, each linked to the last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from collector.chain import BEGIN, first_fault, link
from collector.register import audit_trail
from collector.register.database import Database
from collector.register.security_incident import (
    Action,
    Entry,
    SecurityIncident,
    incident_of,
    no_such_security_incident,
)
from collector.register.tables_response import security_entry, security_incident

LOCK = 0x7265706F7274  # any number that no other program on the server uses

Step = tuple[Action, Mapping[str, Any]]
"""What is to be added: the action, and its detail as JSON takes it."""


class SecurityIncidents:
    """Every method is one short transaction and may block."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def now(self) -> datetime:
        return self._clock().astimezone(UTC)

    def begin(self, school: str, actor: str, step: Step) -> SecurityIncident:
        """A new one, whose first entry this is."""
        with self.writing() as connection:
            return self._begin(connection, school, actor, step)

    def begin_once(self, school: str, actor: str, step: Step) -> SecurityIncident | None:
        """As `begin`; None while one of this school and finding is open.

        Nor is there a second one of what was first seen at the same time, whatever became of it.
        """
        finding, seen = step[1]["finding"], step[1]["first_seen"]
        with self.writing() as connection:
            for one in self._load(connection, self._of(school, finding)):
                if one.is_open or one.entries[0].detail["first_seen"] == seen:
                    return None
            return self._begin(connection, school, actor, step)

    def add(
        self, id: int, actor: str, decide: Callable[[SecurityIncident], Step | None]
    ) -> SecurityIncident:
        """One more entry: what `decide` makes of what is there; nothing if it makes none.

        Raises NoSecurityIncidentError, and what `decide` raises; then nothing is added.
        """
        with self.writing() as connection:
            step = decide(self._one(connection, id))
            if step is not None:
                self._append(connection, id, actor, step)
            after = self._one(connection, id)
            connection.execute(
                sa.update(security_incident)
                .where(security_incident.c.id == id)
                .values(is_open=after.is_open)
            )
            return after

    def one(self, id: int) -> SecurityIncident:
        """Raises NoSecurityIncidentError."""
        with self._database.read() as connection:
            return self._one(connection, id)

    def find(self, *, only_open: bool = False, school: str | None = None) -> list[SecurityIncident]:
        """The newest first."""
        query = sa.select(security_incident).order_by(security_incident.c.id.desc())
        if only_open:
            query = query.where(security_incident.c.is_open)
        if school is not None:
            query = query.where(security_incident.c.school == school)
        with self._database.read() as connection:
            return self._load(connection, query)

    def first_fault(self) -> int | None:
        """The first entry, counted from 1, that is not as it was written; None if all are."""
        query = sa.select(security_entry).order_by(security_entry.c.id)
        with self._database.read() as connection:
            rows = [(_record(_entry(row)), row.link) for row in connection.execute(query)]
        place = first_fault(rows)
        return None if place is None else place + 1

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        with self._database.read() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction, one at a time, whichever process it is."""
        with self._database.write_alone(LOCK) as connection:
            yield connection

    def _begin(
        self, connection: sa.Connection, school: str, actor: str, step: Step
    ) -> SecurityIncident:
        values = {"school": school, "finding": step[1].get("finding", ""), "is_open": True}
        made = connection.execute(sa.insert(security_incident).values(**values))
        assert made.inserted_primary_key is not None
        id = int(made.inserted_primary_key[0])
        self._append(connection, id, actor, step)
        return self._one(connection, id)

    def _append(self, connection: sa.Connection, id: int, actor: str, step: Step) -> None:
        action, detail = step
        entry = Entry(id, self.now(), actor[:64], action, dict(detail))
        newest = sa.select(security_entry.c.link).order_by(security_entry.c.id.desc()).limit(1)
        previous = connection.scalar(newest) or BEGIN
        connection.execute(
            sa.insert(security_entry).values(
                incident=id, at=entry.at, actor=entry.actor, action=action.value,
                detail=entry.detail, link=link(previous, _record(entry)),
            )
        )  # fmt: skip
        subject = {"action": action.value}
        audit_trail.add(connection, entry.at, actor, "security.entry", str(id), detail=subject)

    def _one(self, connection: sa.Connection, id: int) -> SecurityIncident:
        found = self._load(
            connection, sa.select(security_incident).where(security_incident.c.id == id)
        )
        if not found:
            raise no_such_security_incident(id)
        return found[0]

    def _of(self, school: str, finding: str) -> sa.Select[Any]:
        table = security_incident.c
        return sa.select(security_incident).where(table.school == school, table.finding == finding)

    def _load(self, connection: sa.Connection, query: sa.Select[Any]) -> list[SecurityIncident]:
        rows: Sequence[Any] = connection.execute(query).all()
        ids = query.with_only_columns(security_incident.c.id).order_by(None)
        entries: dict[int, list[Entry]] = defaultdict(list)
        chosen = sa.select(security_entry).where(security_entry.c.incident.in_(ids))
        for row in connection.execute(chosen.order_by(security_entry.c.id)):
            entries[row.incident].append(_entry(row))
        return [incident_of(row.id, row.school, entries[row.id]) for row in rows]


def _entry(row: Any) -> Entry:
    return Entry(row.incident, row.at, row.actor, Action(row.action), row.detail, row.link)


def _record(entry: Entry) -> dict[str, Any]:
    return {
        "incident": entry.incident,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "action": entry.action.value,
        "detail": entry.detail,
    }
