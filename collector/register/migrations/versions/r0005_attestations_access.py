"""What people signed, reminders about it, and who read details; none of it can be changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0005"
down_revision = "r0004"

INSTANT = sa.DateTime(timezone=True)
_NEVER_DELETED = {
    "attestation": "what was signed is append-only",
    "access_seal": "seals of the access log are append-only",
}


def upgrade() -> None:
    _attestations()
    _notices()
    _access()
    if op.get_bind().dialect.name == "sqlite":
        # Elsewhere the same is a matter of privileges, as with the audit trail.
        _triggers()


def _attestations() -> None:
    op.create_table(
        "attestation",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("of", sa.Integer, sa.ForeignKey("attestation.number")),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("school", sa.String(10), nullable=False),
        sa.Column("duty", sa.String(64), nullable=False),
        sa.Column("attest", sa.String(64), nullable=False),
        sa.Column("revision", sa.String(16), nullable=False),
        sa.Column("period", sa.String(16), nullable=False),
        sa.Column("says", sa.String(16), nullable=False),
        sa.Column("role", sa.String(128), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("note", sa.String(512), nullable=False),
        sa.Column("valid_until", sa.String(40)),
        sa.Column("file_sha256", sa.String(64)),
        sa.Column("file_bytes", sa.BigInteger),
        sa.Column("file_type", sa.String(8)),
        sa.Column("file_name", sa.String(128)),
        sa.Column("link", sa.String(64), nullable=False),
        sa.UniqueConstraint("kind", "of"),
    )
    op.create_index(
        "ix_attestation_school_duty_attest", "attestation", ["school", "duty", "attest"]
    )


def _notices() -> None:
    op.create_table(
        "attest_notice",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("leased_until", INSTANT),
        sa.Column("doubtful", sa.Boolean, nullable=False),
        sa.Column("settled_at", INSTANT),
        sa.Column("fault", sa.String(64), nullable=False),
        sa.UniqueConstraint("channel", "day"),
    )
    op.create_table(
        "attest_notice_item",
        sa.Column("notice", sa.Integer, sa.ForeignKey("attest_notice.id"), primary_key=True),
        sa.Column("school", sa.String(10), primary_key=True),
        sa.Column("duty", sa.String(64), primary_key=True),
        sa.Column("attest", sa.String(64), primary_key=True),
        sa.Column("due_on", sa.String(10), primary_key=True),
        sa.Column("stage", sa.Integer, primary_key=True, autoincrement=False),
    )


def _access() -> None:
    op.create_table(
        "access",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("detail", sa.String(16), nullable=False),
        sa.Column("door", sa.String(64), nullable=False),
        sa.Column("school", sa.String(10), nullable=False),
        sa.Column("agent", sa.String(32), nullable=False),
        sa.Column("rows", sa.Integer),
        sa.Column("outcome", sa.String(16), nullable=False),
        sqlite_autoincrement=True,  # or the numbers of deleted days would come again
    )
    op.create_index("ix_access_day", "access", ["day"])
    op.create_table(
        "access_seal",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("first", sa.String(40)),
        sa.Column("last", sa.String(40)),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("link", sa.String(64), nullable=False),
        sa.UniqueConstraint("day", "kind"),
    )


def _triggers() -> None:
    for table, why in _NEVER_DELETED.items():
        for verb in ("UPDATE", "DELETE"):
            _refuse(table, verb, why)
    _refuse("access", "UPDATE", "the access log is append-only")
    _refuse(
        "access",
        "DELETE",
        "the access log is append-only",
        "WHEN NOT EXISTS (SELECT 1 FROM access_seal AS seal "
        "WHERE seal.day = OLD.day AND seal.kind = 'deleted') ",
    )


def _refuse(table: str, verb: str, why: str, when: str = "") -> None:
    op.execute(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} {when}"
        f"BEGIN SELECT RAISE(ABORT, '{why}'); END"
    )
