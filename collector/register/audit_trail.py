"""The audit trail: entries are added in the transaction of the change that they describe."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from collector.register.model import AuditEntry
from collector.register.tables import audit


def add(
    connection: sa.Connection,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    *,
    source: str = "",
    detail: Mapping[str, object] | None = None,
) -> None:
    connection.execute(
        sa.insert(audit).values(
            at=at,
            actor=actor[:64],
            action=action,
            subject=subject[:64],
            source=source[:64],
            detail=dict(detail or {}),
        )
    )


def newest(connection: sa.Connection, limit: int) -> list[AuditEntry]:
    """The last `limit` entries, newest first."""
    rows = connection.execute(sa.select(audit).order_by(audit.c.id.desc()).limit(limit))
    return [
        AuditEntry(
            id=row.id,
            at=row.at,
            actor=row.actor,
            action=row.action,
            subject=row.subject,
            source=row.source,
            detail=row.detail,
        )
        for row in rows
    ]
