"""The tables about duties: what was waived, and what has to be put right."""

from __future__ import annotations

import sqlalchemy as sa

from collector.register.tables import Instant, metadata

waiver = sa.Table(
    "waiver",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("school", sa.String(10), nullable=False),
    sa.Column("duty", sa.String(64), nullable=False),
    sa.Column("part", sa.String(64), nullable=False),
    sa.Column("agent", sa.String(32), nullable=False),
    sa.Column("reason", sa.String(512), nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("until", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Column("ended_by", sa.String(64), nullable=False),
    sa.Column("ended_why", sa.String(512), nullable=False),
    sa.Index(None, "school", "duty"),
    sa.Index(None, "until"),
)
"""`part` is empty for a duty as a whole, `agent` for all machines. Rows stay; a waiver that was
taken back has an end."""

rectification = sa.Table(
    "rectification",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("school", sa.String(10), nullable=False),
    sa.Column("duty", sa.String(64), nullable=False),
    sa.Column("part", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("evidence_at", Instant),
    sa.Column("ended_at", Instant),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("due", sa.Date, nullable=False),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("note", sa.String(512), nullable=False),
    sa.UniqueConstraint("school", "duty", "part"),
    sa.Index(None, "state"),
)
"""One row for each part of a duty that ever failed at a school. `evidence_at`: when the newest
evidence of its failing was taken; only what is newer can close it. `times`: how often it opened."""
