"""What was found on schools' networks, and what was learned of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0010"
down_revision = "r0009"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "lan_finding",
        sa.Column("school", sa.String(10), primary_key=True),
        sa.Column("kind", sa.String(64), primary_key=True),
        sa.Column("subject", sa.String(256), primary_key=True),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("mac", sa.String(17), nullable=False),
        sa.Column("vendor", sa.String(128), nullable=False),
        sa.Column("port", sa.String(128), nullable=False),
        sa.Column("port_at", INSTANT),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("ground", sa.JSON, nullable=False),
        sa.Column("seers", sa.JSON, nullable=False),
        sa.Column("first_seen", INSTANT, nullable=False),
        sa.Column("last_seen", INSTANT, nullable=False),
        sa.Column("over_at", INSTANT),
        sa.Column("state", sa.String(16), nullable=False),
    )
    op.create_table(
        "lan_known",
        sa.Column("school", sa.String(10), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("subject", sa.String(64), primary_key=True),
        sa.Column("value", sa.String(128), primary_key=True),
        sa.Column("agent", sa.String(32), primary_key=True),
        sa.Column("first_seen", INSTANT, nullable=False),
        sa.Column("trusted_from", INSTANT, nullable=False),
    )
