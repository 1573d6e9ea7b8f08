"""Incidents, their parts, the messages that are owed about them, and which flips were taken up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0003"
down_revision = "r0002"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    # Flips of before are history: nobody is told of them any more.
    op.add_column(
        "flip", sa.Column("waiting", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.create_index("ix_flip_waiting", "flip", ["waiting"])
    _incidents()
    _deliveries()


def _incidents() -> None:
    op.create_table(
        "incident",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("school", sa.String(10), nullable=False),
        sa.Column("cause", sa.String(64), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT),
        sa.Column("merged_into", sa.Integer),
        sa.Column("flips", sa.Integer, nullable=False),
        sa.Column("acknowledged_at", INSTANT),
        sa.Column("acknowledged_by", sa.String(64), nullable=False),
        sa.Column("note", sa.String(512), nullable=False),
    )
    op.create_index("ix_incident_closed_at", "incident", ["closed_at"])
    op.create_table(
        "incident_part",
        sa.Column("incident", sa.Integer, sa.ForeignKey("incident.id"), primary_key=True),
        sa.Column("school", sa.String(10), primary_key=True),
        sa.Column("agent", sa.String(32), primary_key=True),
        sa.Column("target", sa.String(256), primary_key=True),
        sa.Column("threshold", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("over_at", INSTANT),
        sa.Column("value", sa.Float),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("bound", sa.Float),
        sa.Column("reason", sa.String(64), nullable=False),
    )


def _deliveries() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("incident", sa.Integer, sa.ForeignKey("incident.id"), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("leased_until", INSTANT),
        sa.Column("doubtful", sa.Boolean, nullable=False),
        sa.Column("settled_at", INSTANT),
        sa.Column("fault", sa.String(64), nullable=False),
        sa.UniqueConstraint("incident", "channel", "number"),
    )
    op.create_index("ix_delivery_state_due_at", "delivery", ["state", "due_at"])
