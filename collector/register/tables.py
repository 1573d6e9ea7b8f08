"""The tables of the register. Their history lives in `migrations`; a test holds both together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

HEAD = "r0010"
"""The newest migration: a register at this revision opens without loading Alembic."""


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; SQLite itself knows no time zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

state = sa.Table(
    "register_state",
    metadata,
    sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1", name="one_row"), primary_key=True),
    sa.Column("generation", sa.String(32), nullable=False),
    sa.Column("salt", sa.LargeBinary, nullable=False),
    sa.Column("changes", sa.BigInteger, nullable=False),
)
"""One row. `changes` grows with every committed change, whichever process made it."""

school = sa.Table(
    "school",
    metadata,
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
    sa.Column("seat", sa.String(16), nullable=False, server_default=""),
    sa.Column("teachers", sa.Integer),
    sa.Column("multigrade_classes", sa.Integer, nullable=False),
    sa.Column("attached_classes", sa.Integer, nullable=False),
    sa.Column("calendar", sa.String(64), nullable=False),
    sa.Column("time_zone", sa.String(64), nullable=False),
    sa.Column("revision", sa.String(16), nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("recorded_by", sa.String(64), nullable=False),
    sa.Index(None, "code", "valid_from"),
)
"""Facts that hold from a date on. Rows are only added: of several with one code and date, the one
with the greatest id corrects the others."""

school_stage = sa.Table(
    "school_stage",
    metadata,
    sa.Column("school_id", sa.ForeignKey("school.id"), primary_key=True),
    sa.Column("stage", sa.String(16), primary_key=True),
    sa.Column("students", sa.Integer),
    sa.Column("classes", sa.Integer),
)

school_link = sa.Table(
    "school_link",
    metadata,
    sa.Column("school_id", sa.ForeignKey("school.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("isp", sa.String(64), nullable=False),
    sa.Column("medium", sa.String(64), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("contract_down_bits_per_second", sa.BigInteger),
    sa.Column("contract_up_bits_per_second", sa.BigInteger),
    sa.Column("shared_classes", sa.Integer, nullable=False),
)

school_tag = sa.Table(
    "school_tag",
    metadata,
    sa.Column("school_id", sa.ForeignKey("school.id"), primary_key=True),
    sa.Column("tag", sa.String(64), primary_key=True),
)

school_count = sa.Table(
    "school_count",
    metadata,
    sa.Column("school_id", sa.ForeignKey("school.id"), primary_key=True),
    sa.Column("name", sa.String(48), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
)

school_claim = sa.Table(
    "school_claim",
    metadata,
    sa.Column("school_id", sa.ForeignKey("school.id"), primary_key=True),
    sa.Column("name", sa.String(48), primary_key=True),
    sa.Column("holds", sa.Boolean, nullable=False),
)

school_room = sa.Table(
    "school_room",
    metadata,
    sa.Column("school_id", sa.ForeignKey("school.id"), primary_key=True),
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("seats", sa.Integer),
    sa.Column("main_teaching_place", sa.Boolean, nullable=False),
    sa.Column("set_installed", sa.Boolean),
    sa.Column("wifi", sa.Boolean),
    sa.Column("surveyed_on", sa.Date),
)

token = sa.Table(
    "token",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("secret_sha256", sa.LargeBinary, nullable=False),
    sa.Column("school", sa.String(10), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("note", sa.String(256), nullable=False),
    sa.Column("max_uses", sa.Integer, nullable=False),
    sa.Column("uses", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("created_by", sa.String(64), nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("revoked_at", Instant),
)

agent = sa.Table(
    "agent",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("school", sa.String(10), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("site", sa.String(64), nullable=False),
    sa.Column("room", sa.String(32), nullable=False, server_default=""),
    sa.Column("key_sha256", sa.LargeBinary, nullable=False),
    sa.Column("key_generation", sa.Integer, nullable=False),
    sa.Column("hostname", sa.String(128), nullable=False),
    sa.Column("system", sa.String(128), nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("token", sa.ForeignKey("token.id"), nullable=False),
    sa.Column("enrol_nonce", sa.String(64), nullable=False),
    sa.Column("enrolled_at", Instant, nullable=False),
    sa.Column("confirmed_at", Instant),
    sa.Column("revoked_at", Instant),
    sa.UniqueConstraint("token", "enrol_nonce"),
)
"""`confirmed_at`: when the agent first used its key; from then on no enrolment is repeated."""

assignment = sa.Table(
    "assignment",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("agent", sa.ForeignKey("agent.id"), nullable=False),
    sa.Column("probe", sa.String(64), nullable=False),
    sa.Column("target", sa.String(256), nullable=False),
    sa.Column("every", sa.Float, nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("until", Instant),
    sa.Index(None, "agent", "until"),
)
"""What an agent was asked to run, and in which stretch of time; `until` is empty for what it is
asked now."""

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("subject", sa.String(64), nullable=False),
    sa.Column("source", sa.String(64), nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
)
"""Who did what, in order. On SQLite, triggers of the first migration refuse changes to it."""

exam = sa.Table(
    "exam",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("school", sa.String(10), nullable=False),
    sa.Column("room", sa.String(32), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("title", sa.String(64), nullable=False),
    sa.Column("cancelled_at", Instant),
    sa.Index(None, "at"),
)
"""Examinations that need a computer room."""

state_held = sa.Table(
    "state_held",
    metadata,
    sa.Column("school", sa.String(10), primary_key=True),
    sa.Column("agent", sa.String(32), primary_key=True),
    sa.Column("target", sa.String(256), primary_key=True),
    sa.Column("threshold", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("held", sa.String(16), nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("at", Instant, nullable=False),
)
"""The state of everything that is watched; a row changes only when a flip is stored."""

flip = sa.Table(
    "flip",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("school", sa.String(10), nullable=False),
    sa.Column("agent", sa.String(32), nullable=False),
    sa.Column("target", sa.String(256), nullable=False),
    sa.Column("threshold", sa.String(64), nullable=False),
    sa.Column("revision", sa.String(16), nullable=False),
    sa.Column("before", sa.String(16), nullable=False),
    sa.Column("after", sa.String(16), nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("value", sa.Float),
    sa.Column("unit", sa.String(32), nullable=False),
    sa.Column("bound", sa.Float),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("reason", sa.String(64), nullable=False),
    sa.Column("waiting", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("school", "agent", "target", "threshold", "at"),
    sa.Index(None, "at"),
    sa.Index(None, "waiting"),
)
"""Changes of state, in order. Rows are only added, and removed when they are old. `waiting`:
alerting has not taken it up yet."""

incident = sa.Table(
    "incident",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("school", sa.String(10), nullable=False),
    sa.Column("cause", sa.String(64), nullable=False),
    sa.Column("severity", sa.String(16), nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    sa.Column("merged_into", sa.Integer),
    sa.Column("flips", sa.Integer, nullable=False),
    sa.Column("acknowledged_at", Instant),
    sa.Column("acknowledged_by", sa.String(64), nullable=False),
    sa.Column("note", sa.String(512), nullable=False),
    sa.Index(None, "closed_at"),
)
"""`school` is empty for the collector's own. `merged_into`: the incident of which it turned out to
be a part before anybody was told."""

incident_part = sa.Table(
    "incident_part",
    metadata,
    sa.Column("incident", sa.ForeignKey("incident.id"), primary_key=True),
    sa.Column("school", sa.String(10), primary_key=True),
    sa.Column("agent", sa.String(32), primary_key=True),
    sa.Column("target", sa.String(256), primary_key=True),
    sa.Column("threshold", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("over_at", Instant),
    sa.Column("value", sa.Float),
    sa.Column("unit", sa.String(32), nullable=False),
    sa.Column("bound", sa.Float),
    sa.Column("reason", sa.String(64), nullable=False),
)
"""What is or was bad in an incident, with the evidence of its newest bad flip."""


def message_columns() -> list[sa.Column[Any]]:
    """Of a message that is owed: its state, when it is due, and the lease it is sent under."""
    return [
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("leased_until", Instant),
        sa.Column("doubtful", sa.Boolean, nullable=False),
        sa.Column("settled_at", Instant),
        sa.Column("fault", sa.String(64), nullable=False),
    ]


delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("incident", sa.ForeignKey("incident.id"), nullable=False),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("language", sa.String(2), nullable=False),
    *message_columns(),
    sa.UniqueConstraint("incident", "channel", "number"),
    sa.Index(None, "state", "due_at"),
)
"""The outbox: a message owed to a channel. `doubtful`: a process died while it was being sent, so
it may have arrived."""
