"""Rooms of schools, what schools declare, where agents stand, and examinations in rooms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0008"
down_revision = "r0007"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("school", sa.Column("seat", sa.String(16), nullable=False, server_default=""))
    op.add_column("agent", sa.Column("room", sa.String(32), nullable=False, server_default=""))
    _declared("school_count", sa.Column("number", sa.Integer, nullable=False))
    _declared("school_claim", sa.Column("holds", sa.Boolean, nullable=False))
    _rooms()
    _exams()


def _declared(table: str, value: sa.Column[int] | sa.Column[bool]) -> None:
    op.create_table(
        table,
        sa.Column("school_id", sa.Integer, sa.ForeignKey("school.id"), primary_key=True),
        sa.Column("name", sa.String(48), primary_key=True),
        value,
    )


def _rooms() -> None:
    op.create_table(
        "school_room",
        sa.Column("school_id", sa.Integer, sa.ForeignKey("school.id"), primary_key=True),
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("seats", sa.Integer),
        sa.Column("main_teaching_place", sa.Boolean, nullable=False),
        sa.Column("set_installed", sa.Boolean),
        sa.Column("wifi", sa.Boolean),
        sa.Column("surveyed_on", sa.Date),
    )


def _exams() -> None:
    op.create_table(
        "exam",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("school", sa.String(10), nullable=False),
        sa.Column("room", sa.String(32), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("title", sa.String(64), nullable=False),
        sa.Column("cancelled_at", INSTANT),
    )
    op.create_index("ix_exam_at", "exam", ["at"])
