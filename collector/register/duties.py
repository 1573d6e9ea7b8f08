"""Waivers and rectifications in the register. Every change by a person is in the audit trail.

A change that judging depends on is noticed by the running collector; what judging itself writes is
not, or it would wake itself for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from collector.register import audit_trail
from collector.register.database import Database
from collector.register.rectification import (
    Item,
    ItemChange,
    ItemState,
    no_such_item,
    not_open,
)
from collector.register.tables_duties import rectification, waiver
from collector.register.waiver import (
    Waiver,
    already_waived,
    check_until,
    check_words,
    no_such_waiver,
)

RECTIFY_LOCK = 0x72656374  # any number that no other program on the server uses
JUDGE = "judge"
"""The actor of what judging finds."""
Plan = Callable[[Sequence[Item]], Sequence[ItemChange]]


class DutyBook:
    """Short transactions; may block. Thread-safe."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    # Waivers

    def waivers(self, school: str | None = None) -> list[Waiver]:
        """All that were ever made, the newest first."""
        query = sa.select(waiver).order_by(waiver.c.id.desc())
        if school is not None:
            query = query.where(waiver.c.school == school)
        with self._database.read() as connection:
            return [_waiver(row) for row in connection.execute(query)]

    def waivers_at(self, at: datetime) -> list[Waiver]:
        """Those in force at that time."""
        query = sa.select(waiver).where(waiver.c.until > at)
        with self._database.read() as connection:
            found = [_waiver(row) for row in connection.execute(query)]
        return [one for one in found if one.holds(at)]

    def waive(
        self,
        school: str,
        duty: str,
        *,
        reason: str,
        until: datetime,
        actor: str,
        part: str = "",
        agent: str = "",
    ) -> Waiver:
        """Make one. That school, duty, part and machine exist is for the caller to know.

        Raises WaiverError for a reason that says nothing, an end that is over or more than a year
        away, and where one is in force for the same already.
        """
        now, words = self._clock(), check_words(reason)
        check_until(until, now)
        about = {"school": school, "duty": duty, "part": part, "agent": agent}
        with self._database.write() as connection:
            same = sa.select(waiver).where(*(waiver.c[k] == v for k, v in about.items()))
            held = next((w for w in map(_waiver, connection.execute(same)) if w.holds(now)), None)
            if held is not None:
                raise already_waived(held)
            values = {**about, "reason": words, "actor": actor[:64], "since": now, "until": until}
            made = connection.execute(sa.insert(waiver).values(**values, ended_by="", ended_why=""))
            assert made.inserted_primary_key is not None
            id = int(made.inserted_primary_key[0])
            detail = {"id": id, **about, "reason": words, "until": until.isoformat()}
            audit_trail.add(connection, now, actor, "duty.waive", school, detail=detail)
            return _one_waiver(connection, id)

    def end_waiver(self, id: int, reason: str, actor: str) -> Waiver:
        """Take it back. Raises WaiverError if it is not in force."""
        now, words = self._clock(), check_words(reason)
        with self._database.write() as connection:
            held = _one_waiver(connection, id)
            if not held.holds(now):
                raise no_such_waiver(id)
            ended = {"ended_at": now, "ended_by": actor[:64], "ended_why": words}
            connection.execute(sa.update(waiver).where(waiver.c.id == id).values(ended))
            detail = {"id": id, "duty": held.duty, "part": held.part, "reason": words}
            audit_trail.add(connection, now, actor, "duty.waive.end", held.school, detail=detail)
            return _one_waiver(connection, id)

    # Rectifications

    def items(self, school: str | None = None, *, only_open: bool = False) -> list[Item]:
        """By the day they are due."""
        query = sa.select(rectification).order_by(rectification.c.due, rectification.c.id)
        if school is not None:
            query = query.where(rectification.c.school == school)
        if only_open:
            query = query.where(rectification.c.state == ItemState.OPEN)
        with self._database.read() as connection:
            return [_item(row) for row in connection.execute(query)]

    def follow(self, plan: Plan, at: datetime) -> list[ItemChange]:
        """Store what `plan` makes of the items that there are, all or nothing."""
        if not plan(self.items()):
            return []  # most rounds change nothing, and keep nobody from writing
        with self._database.write_alone(RECTIFY_LOCK) as connection:
            held = [_item(row) for row in connection.execute(sa.select(rectification))]
            changes = list(plan(held))
            for change in changes:
                _store(connection, change, at)
            return changes

    def assign(self, id: int, owner: str, actor: str) -> Item:
        """Raises RectificationError for an item that there is not, or that is over."""
        return self._change(id, actor, "duty.rectify.assign", owner=owner.strip()[:64])

    def set_due(self, id: int, due: date, actor: str) -> Item:
        return self._change(id, actor, "duty.rectify.due", due=due)

    def note(self, id: int, note: str, actor: str) -> Item:
        return self._change(id, actor, "duty.rectify.note", note=" ".join(note.split())[:512])

    def _change(self, id: int, actor: str, action: str, **values: object) -> Item:
        now = self._clock()
        with self._database.write_unnoticed() as connection:
            item = _one_item(connection, id)
            if not item.is_open:
                raise not_open(item)
            connection.execute(
                sa.update(rectification).where(rectification.c.id == id).values(**values)
            )
            said = {key: str(value) for key, value in values.items()}
            detail = {"id": id, "duty": item.duty, "part": item.part, **said}
            audit_trail.add(connection, now, actor, action, item.school, detail=detail)
            return _one_item(connection, id)


def _store(connection: sa.Connection, change: ItemChange, at: datetime) -> None:
    about = {"school": change.school, "duty": change.duty, "part": change.part}
    values: dict[str, Any] = {"state": change.state, "evidence_at": change.evidence_at}
    opens = change.due is not None
    if opens:
        values |= {"opened_at": at, "ended_at": None, "due": change.due}
    elif change.state is not ItemState.OPEN:
        values["ended_at"] = at
    if change.id is None:
        row = {**about, **values, "times": 1, "owner": "", "note": ""}
        connection.execute(sa.insert(rectification).values(row))
    else:
        more = {"times": rectification.c.times + 1} if opens else {}
        changed = sa.update(rectification).where(rectification.c.id == change.id)
        connection.execute(changed.values({**values, **more}))
    if opens or change.state is not ItemState.OPEN:
        detail = {**about, "state": change.state.value, "due": str(change.due or "")}
        audit_trail.add(connection, at, JUDGE, "duty.rectify", change.school, detail=detail)


def _one_waiver(connection: sa.Connection, id: int) -> Waiver:
    row = connection.execute(sa.select(waiver).where(waiver.c.id == id)).one_or_none()
    if row is None:
        raise no_such_waiver(id)
    return _waiver(row)


def _one_item(connection: sa.Connection, id: int) -> Item:
    chosen = sa.select(rectification).where(rectification.c.id == id)
    row = connection.execute(chosen).one_or_none()
    if row is None:
        raise no_such_item(id)
    return _item(row)


def _waiver(row: Any) -> Waiver:
    return Waiver(**row._mapping)


def _item(row: Any) -> Item:
    return Item(**{**row._mapping, "state": ItemState(row.state)})
