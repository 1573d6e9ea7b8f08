"""Schools, tokens, agents, assignments and the audit trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _state_and_audit()
    _schools()
    _agents()


def _state_and_audit() -> None:
    op.create_table(
        "register_state",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("generation", sa.String(32), nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("changes", sa.BigInteger, nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        # Elsewhere the same is a matter of privileges: REVOKE UPDATE, DELETE ON audit.
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
            )


def _schools() -> None:
    op.create_table(
        "school",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String(10), nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("adcode", sa.String(6), nullable=False),
        sa.Column("unit_kind", sa.String(16), nullable=False),
        sa.Column("type_code", sa.String(3), nullable=False),
        sa.Column("urban_code", sa.String(3), nullable=False),
        sa.Column("policy_area", sa.String(32), nullable=False),
        sa.Column("teachers", sa.Integer),
        sa.Column("multigrade_classes", sa.Integer, nullable=False),
        sa.Column("attached_classes", sa.Integer, nullable=False),
        sa.Column("calendar", sa.String(64), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("revision", sa.String(16), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("recorded_by", sa.String(64), nullable=False),
    )
    op.create_index("ix_school_code_valid_from", "school", ["code", "valid_from"])
    op.create_table(
        "school_stage",
        sa.Column("school_id", sa.Integer, sa.ForeignKey("school.id"), primary_key=True),
        sa.Column("stage", sa.String(16), primary_key=True),
        sa.Column("students", sa.Integer),
        sa.Column("classes", sa.Integer),
    )
    op.create_table(
        "school_link",
        sa.Column("school_id", sa.Integer, sa.ForeignKey("school.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("isp", sa.String(64), nullable=False),
        sa.Column("medium", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("contract_down_bits_per_second", sa.BigInteger),
        sa.Column("contract_up_bits_per_second", sa.BigInteger),
        sa.Column("shared_classes", sa.Integer, nullable=False),
    )
    op.create_table(
        "school_tag",
        sa.Column("school_id", sa.Integer, sa.ForeignKey("school.id"), primary_key=True),
        sa.Column("tag", sa.String(64), primary_key=True),
    )


def _agents() -> None:
    op.create_table(
        "token",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("secret_sha256", sa.LargeBinary, nullable=False),
        sa.Column("school", sa.String(10), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("note", sa.String(256), nullable=False),
        sa.Column("max_uses", sa.Integer, nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT),
    )
    op.create_table(
        "agent",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("school", sa.String(10), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("key_sha256", sa.LargeBinary, nullable=False),
        sa.Column("key_generation", sa.Integer, nullable=False),
        sa.Column("hostname", sa.String(128), nullable=False),
        sa.Column("system", sa.String(128), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("token", sa.String(16), sa.ForeignKey("token.id"), nullable=False),
        sa.Column("enrol_nonce", sa.String(64), nullable=False),
        sa.Column("enrolled_at", INSTANT, nullable=False),
        sa.Column("confirmed_at", INSTANT),
        sa.Column("revoked_at", INSTANT),
        sa.UniqueConstraint("token", "enrol_nonce"),
    )
    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("agent", sa.String(32), sa.ForeignKey("agent.id"), nullable=False),
        sa.Column("probe", sa.String(64), nullable=False),
        sa.Column("target", sa.String(256), nullable=False),
        sa.Column("every", sa.Float, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT),
    )
    op.create_index("ix_assignment_agent_until", "assignment", ["agent", "until"])
