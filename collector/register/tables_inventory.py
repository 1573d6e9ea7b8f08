"""The tables of the inventory: devices on schools' networks, their cards, and where was looked."""

from __future__ import annotations

import sqlalchemy as sa

from collector.register.tables import Instant, metadata

device = sa.Table(
    "device",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("school", sa.String(10), nullable=False),
    sa.Column("agent", sa.String(32), nullable=False),
    sa.Column("gear", sa.String(64), nullable=False),
    sa.Column("first_seen", Instant),
    sa.Column("last_seen", Instant),
    sa.Column("heard_at", Instant),
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
    sa.Column("declared_at", Instant),
    sa.Index(None, "school"),
)
"""From `standing` on it is what a person said, empty where they did not; what comes before was
measured. `agent`: the agent on it; `gear`: its name in the school's network file; empty = none.
`heard_at`: the newest word of its agent. `facts`: a list of [what, value, probe, second].
`port`: where it was plugged in when it was declared."""

device_mac = sa.Table(
    "device_mac",
    metadata,
    sa.Column("device", sa.ForeignKey("device.id"), primary_key=True),
    sa.Column("mac", sa.String(17), primary_key=True),
    sa.Column("first_seen", Instant),
    sa.Column("last_seen", Instant),
    sa.Column("claimed_at", Instant),
    sa.Index(None, "mac"),
)
"""`claimed_at`: when the device's own agent last said that the card is in it. A card may be claimed
by several: then it tells nobody apart."""

device_look = sa.Table(
    "device_look",
    metadata,
    sa.Column("school", sa.String(10), primary_key=True),
    sa.Column("network", sa.String(64), primary_key=True),
    sa.Column("since", Instant, nullable=False),
    sa.Column("last", Instant, nullable=False),
    sa.Column("randomised", sa.Integer),
)
"""Networks that were swept, the first and the last time; `randomised`: how many addresses were made
up on the machine, at the last time."""
