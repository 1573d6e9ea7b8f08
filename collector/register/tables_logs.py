"""The register's tables about logs: who sends them, the seals over each day, and what was found."""

from __future__ import annotations

import sqlalchemy as sa

from collector.register.tables import Instant, metadata

log_source = sa.Table(
    "log_source",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("school", sa.String(10), nullable=False),
    sa.Column("note", sa.String(256), nullable=False),
    sa.Column("silent_days", sa.Integer),
    sa.Column("added_at", Instant, nullable=False),
    sa.Column("removed_at", Instant),
)
"""`school` is empty for gear of the county itself; `silent_days` where policy's does not hold."""

log_sender = sa.Table(
    "log_sender",
    metadata,
    sa.Column("address", sa.String(45), primary_key=True),
    sa.Column("source", sa.ForeignKey("log_source.name"), nullable=False),
)
"""From which addresses the lines of a source come."""

log_seal = sa.Table(
    "log_seal",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("source", sa.String(64), nullable=False),
    sa.Column("day", sa.String(10), nullable=False),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("lines", sa.BigInteger, nullable=False),
    sa.Column("first_at", sa.String(40), nullable=False),
    sa.Column("last_at", sa.String(40), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("stored_bytes", sa.BigInteger, nullable=False),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("link", sa.String(64), nullable=False),
    sa.UniqueConstraint("source", "day", "part", "kind"),
)
"""Rows are only added, numbered from 1 without a hole; each `link` is made of its row and the link
before (collector.chain). Days and instants are text, as they went into the link. `part` 0 is the
day's file, from 1 on late lines."""

log_check = sa.Table(
    "log_check",
    metadata,
    sa.Column("seal", sa.ForeignKey("log_seal.number"), primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("fault", sa.String(16), nullable=False),
)
"""What the newest look at a sealed file found; `fault` is empty when it is as it was sealed."""
