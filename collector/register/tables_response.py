"""The tables of security incidents: their history, and the reminders owed about their clocks."""

from __future__ import annotations

import sqlalchemy as sa

from collector.register.tables import Instant, message_columns, metadata

security_incident = sa.Table(
    "security_incident",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("school", sa.String(10), nullable=False),
    sa.Column("finding", sa.String(64), nullable=False),
    sa.Column("is_open", sa.Boolean, nullable=False),
    sa.Index(None, "is_open"),
)
"""One row each, to find them by; all else is in the entries."""

security_entry = sa.Table(
    "security_entry",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("incident", sa.ForeignKey("security_incident.id"), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Column("link", sa.String(64), nullable=False),
    sa.Index(None, "incident"),
)
"""What was done and learned, in order, each linked to the one before it, whichever incident that
belongs to. On SQLite, triggers of the migration refuse changes to it."""

reminder = sa.Table(
    "reminder",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("incident", sa.ForeignKey("security_incident.id"), nullable=False),
    sa.Column("clock", sa.String(16), nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("stage", sa.String(16), nullable=False),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("language", sa.String(2), nullable=False),
    *message_columns(),
    sa.UniqueConstraint("incident", "clock", "round", "stage", "channel"),
    sa.Index(None, "state", "due_at"),
)
"""Messages owed about the clocks of a security incident, as `delivery` is about an operational one.
`round` counts from 0 how often a clock that may start again has. The constraint is what makes each
of them one."""
