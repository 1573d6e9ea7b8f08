"""Devices on schools' networks, their cards, and which networks were swept since when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0009"
down_revision = "r0008"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "device",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("school", sa.String(10), nullable=False),
        sa.Column("agent", sa.String(32), nullable=False),
        sa.Column("gear", sa.String(64), nullable=False),
        sa.Column("first_seen", INSTANT),
        sa.Column("last_seen", INSTANT),
        sa.Column("heard_at", INSTANT),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("standing", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("use", sa.String(16), nullable=False),
        sa.Column("room", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("asset", sa.String(64), nullable=False),
        sa.Column("purchase_year", sa.Integer),
        sa.Column("note", sa.String(256), nullable=False),
        sa.Column("port", sa.String(128), nullable=False),
        sa.Column("declared_by", sa.String(64), nullable=False),
        sa.Column("declared_at", INSTANT),
    )
    op.create_index("ix_device_school", "device", ["school"])
    op.create_table(
        "device_mac",
        sa.Column("device", sa.Integer, sa.ForeignKey("device.id"), primary_key=True),
        sa.Column("mac", sa.String(17), primary_key=True),
        sa.Column("first_seen", INSTANT),
        sa.Column("last_seen", INSTANT),
        sa.Column("claimed_at", INSTANT),
    )
    op.create_index("ix_device_mac_mac", "device_mac", ["mac"])
    op.create_table(
        "device_look",
        sa.Column("school", sa.String(10), primary_key=True),
        sa.Column("network", sa.String(64), primary_key=True),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("last", INSTANT, nullable=False),
        sa.Column("randomised", sa.Integer),
    )
