"""Examinations that need a computer room, as people announce them. Nothing is ever erased."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from collector.register import audit_trail
from collector.register.database import Database
from collector.register.tables import exam
from probes.text import BanjunError, Text


class UnknownExamError(BanjunError):
    """There is no such examination, or it was cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """`room`: the id of a room in the register. `at`: when it begins, aware."""

    id: int
    school: str
    room: str
    at: datetime
    title: str


class ExamBook:
    """Every method is one short transaction and may block."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def announce(self, school: str, room: str, at: datetime, title: str, actor: str) -> int:
        """Returns its number."""
        now = self._clock()
        with self._database.write() as connection:
            added = connection.execute(
                sa.insert(exam).values(school=school, room=room, at=at, title=title)
            )
            assert added.inserted_primary_key is not None
            detail = {"room": room, "at": at.isoformat(), "title": title}
            audit_trail.add(connection, now, actor, "exam.add", school, detail=detail)
            return int(added.inserted_primary_key[0])

    def cancel(self, id: int, actor: str) -> Exam:
        """Raises UnknownExamError."""
        now = self._clock()
        with self._database.write() as connection:
            standing = exam.c.id == id, exam.c.cancelled_at.is_(None)
            row = connection.execute(sa.select(exam).where(*standing)).one_or_none()
            if row is None:
                raise UnknownExamError(
                    Text(
                        f"没有编号为 {id} 的考试；用 exam list 查看。",
                        f"There is no examination {id}; `exam list` shows them.",
                    )
                )
            connection.execute(sa.update(exam).where(exam.c.id == id).values(cancelled_at=now))
            audit_trail.add(connection, now, actor, "exam.cancel", row.school, detail={"id": id})
            return _exam(row)

    def since(self, at: datetime) -> list[Exam]:
        """Those that begin then or later and were not cancelled, in order of time."""
        query = (
            sa.select(exam)
            .where(exam.c.at >= at, exam.c.cancelled_at.is_(None))
            .order_by(exam.c.at, exam.c.id)
        )
        with self._database.read() as connection:
            return [_exam(row) for row in connection.execute(query)]


def _exam(row: Any) -> Exam:
    return Exam(id=row.id, school=row.school, room=row.room, at=row.at, title=row.title)
