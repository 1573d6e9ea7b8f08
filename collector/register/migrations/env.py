"""Alembic runs this to migrate the register; the caller brings the connection and commits."""

from __future__ import annotations

from alembic import context

from collector.register import (
    tables_attest,  # noqa: F401  so that `metadata` knows its tables
    tables_duties,  # noqa: F401  its tables belong to the metadata
    tables_inventory,  # noqa: F401  so that `metadata` knows its tables
    tables_lan,  # noqa: F401  its tables belong to the metadata
    tables_logs,  # noqa: F401  so that `metadata` knows its tables
    tables_response,  # noqa: F401 - its tables are in `metadata`
)
from collector.register.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter most things about a table in place
)
with context.begin_transaction():
    context.run_migrations()
