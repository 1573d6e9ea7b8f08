"""The register's tables about schools' networks: what was found there, and what was learned."""

from __future__ import annotations

import sqlalchemy as sa

from collector.register.tables import Instant, metadata

lan_finding = sa.Table(
    "lan_finding",
    metadata,
    sa.Column("school", sa.String(10), primary_key=True),
    sa.Column("kind", sa.String(64), primary_key=True),
    sa.Column("subject", sa.String(256), primary_key=True),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("mac", sa.String(17), nullable=False),
    sa.Column("vendor", sa.String(128), nullable=False),
    sa.Column("port", sa.String(128), nullable=False),
    sa.Column("port_at", Instant),
    sa.Column("owner", sa.String(128), nullable=False),
    sa.Column("ground", sa.JSON, nullable=False),
    sa.Column("seers", sa.JSON, nullable=False),
    sa.Column("first_seen", Instant, nullable=False),
    sa.Column("last_seen", Instant, nullable=False),
    sa.Column("over_at", Instant),
    sa.Column("state", sa.String(16), nullable=False),
)
"""What a finding rests on, kept while its incident may be shown. `seers`: (probe, agent) pairs;
`ground`: zh and en; `owner`: an agent's machine to which the MAC belongs."""

lan_known = sa.Table(
    "lan_known",
    metadata,
    sa.Column("school", sa.String(10), primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("subject", sa.String(64), primary_key=True),
    sa.Column("value", sa.String(128), primary_key=True),
    sa.Column("agent", sa.String(32), primary_key=True),
    sa.Column("first_seen", Instant, nullable=False),
    sa.Column("trusted_from", Instant, nullable=False),
)
"""What was there before, to which a newcomer is compared where the county lists nothing."""
