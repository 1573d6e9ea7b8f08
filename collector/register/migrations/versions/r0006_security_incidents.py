"""Security incidents with their history, and reminders about their clocks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0006"
down_revision = "r0003"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "security_incident",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("school", sa.String(10), nullable=False),
        sa.Column("finding", sa.String(64), nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
    )
    op.create_index("ix_security_incident_is_open", "security_incident", ["is_open"])
    _entries()
    _reminders()


def _entries() -> None:
    op.create_table(
        "security_entry",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("incident", sa.Integer, sa.ForeignKey("security_incident.id"), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("link", sa.String(64), nullable=False),
    )
    op.create_index("ix_security_entry_incident", "security_entry", ["incident"])
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER security_entry_no_{change.lower()} "
                f"BEFORE {change} ON security_entry "
                "BEGIN SELECT RAISE(ABORT, 'the history of an incident is append-only'); END"
            )


def _reminders() -> None:
    op.create_table(
        "reminder",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("incident", sa.Integer, sa.ForeignKey("security_incident.id"), nullable=False),
        sa.Column("clock", sa.String(16), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("leased_until", INSTANT),
        sa.Column("doubtful", sa.Boolean, nullable=False),
        sa.Column("settled_at", INSTANT),
        sa.Column("fault", sa.String(64), nullable=False),
        sa.UniqueConstraint("incident", "clock", "round", "stage", "channel"),
    )
    op.create_index("ix_reminder_state_due_at", "reminder", ["state", "due_at"])
