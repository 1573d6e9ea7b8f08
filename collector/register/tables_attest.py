"""The register's tables of what people signed, of reminders about it, and of who read details."""

from __future__ import annotations

import sqlalchemy as sa

from collector.register.tables import message_columns, metadata

attestation = sa.Table(
    "attestation",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("of", sa.ForeignKey("attestation.number")),
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
    sa.Index(None, "school", "duty", "attest"),
    sa.UniqueConstraint("kind", "of"),
)
"""Rows are only added, numbered from 1 without a hole; each `link` is made of its row and the link
before (collector.chain). Instants are text, as they went into the link. A confirmation or a
revocation is a row of its own that names, in `of`, the signature it is about: at most one each.
`school` is empty for the bureau."""

attest_notice = sa.Table(
    "attest_notice",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("day", sa.String(10), nullable=False),
    sa.Column("language", sa.String(2), nullable=False),
    *message_columns(),
    sa.UniqueConstraint("channel", "day"),
)
"""The day's one message to a channel about what is to be signed; states as those of `delivery`."""

attest_notice_item = sa.Table(
    "attest_notice_item",
    metadata,
    sa.Column("notice", sa.ForeignKey("attest_notice.id"), primary_key=True),
    sa.Column("school", sa.String(10), primary_key=True),
    sa.Column("duty", sa.String(64), primary_key=True),
    sa.Column("attest", sa.String(64), primary_key=True),
    sa.Column("due_on", sa.String(10), primary_key=True),
    sa.Column("stage", sa.Integer, primary_key=True),
)
"""What it reminds of. `stage`: which of the reminders about that day; each is given once."""

access = sa.Table(
    "access",
    metadata,
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
    sa.Index(None, "day"),
    sqlite_autoincrement=True,
)
"""Who read which detail about persons or security. On SQLite, triggers of the migration refuse
changes, and deletion of days that no row of `access_seal` says are deleted."""

access_seal = sa.Table(
    "access_seal",
    metadata,
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
"""A row for each day that is over, and one for each that was deleted when it was old enough;
numbered from 1 without a hole and linked each to the one before."""
