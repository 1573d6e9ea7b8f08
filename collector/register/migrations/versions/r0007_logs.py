"""Sources of logs, seals over each of their days, and what checks of these found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0007"
down_revision = "r0003"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _sources()
    _seals()
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER log_seal_no_{verb.lower()} BEFORE {verb} ON log_seal "
                "BEGIN SELECT RAISE(ABORT, 'seals are append-only'); END"
            )


def _sources() -> None:
    op.create_table(
        "log_source",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("school", sa.String(10), nullable=False),
        sa.Column("note", sa.String(256), nullable=False),
        sa.Column("silent_days", sa.Integer),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("removed_at", INSTANT),
    )
    op.create_table(
        "log_sender",
        sa.Column("address", sa.String(45), primary_key=True),
        sa.Column("source", sa.String(64), sa.ForeignKey("log_source.name"), nullable=False),
    )


def _seals() -> None:
    op.create_table(
        "log_seal",
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
    op.create_table(
        "log_check",
        sa.Column(
            "seal",
            sa.Integer,
            sa.ForeignKey("log_seal.number"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("fault", sa.String(16), nullable=False),
    )
