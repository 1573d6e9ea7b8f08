"""States of what is watched, and the flips that led to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "state_held",
        *_watched(primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("held", sa.String(16), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
    )
    op.create_table(
        "flip",
        sa.Column("id", sa.Integer, primary_key=True),
        *_watched(primary_key=False),
        sa.Column("revision", sa.String(16), nullable=False),
        sa.Column("before", sa.String(16), nullable=False),
        sa.Column("after", sa.String(16), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("bound", sa.Float),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.UniqueConstraint("school", "agent", "target", "threshold", "at"),
    )
    op.create_index("ix_flip_at", "flip", ["at"])


def _watched(*, primary_key: bool) -> list[sa.Column[str]]:
    """The columns that name what is watched."""
    lengths = {"school": 10, "agent": 32, "target": 256, "threshold": 64}
    return [
        sa.Column(name, sa.String(length), primary_key=primary_key, nullable=False)
        for name, length in lengths.items()
    ]
