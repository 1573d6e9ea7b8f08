"""Waivers of duties, and the list of what has to be put right."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0004"
down_revision = "r0003"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "waiver",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("school", sa.String(10), nullable=False),
        sa.Column("duty", sa.String(64), nullable=False),
        sa.Column("part", sa.String(64), nullable=False),
        sa.Column("agent", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(512), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("ended_by", sa.String(64), nullable=False),
        sa.Column("ended_why", sa.String(512), nullable=False),
    )
    op.create_index("ix_waiver_school_duty", "waiver", ["school", "duty"])
    op.create_index("ix_waiver_until", "waiver", ["until"])
    op.create_table(
        "rectification",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("school", sa.String(10), nullable=False),
        sa.Column("duty", sa.String(64), nullable=False),
        sa.Column("part", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("evidence_at", INSTANT),
        sa.Column("ended_at", INSTANT),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("due", sa.Date, nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("note", sa.String(512), nullable=False),
        sa.UniqueConstraint("school", "duty", "part"),
    )
    op.create_index("ix_rectification_state", "rectification", ["state"])
