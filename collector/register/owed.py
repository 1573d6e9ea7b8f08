"""What tables of owed messages have in common: each is due at some instant, is sent under a lease,
and is settled once.

Within a transaction that the caller holds.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from collector.register.incident import Progress

_UNSETTLED = (Progress.PENDING.value, Progress.SENDING.value)


def fresh(now: datetime, due_at: datetime) -> dict[str, object]:
    """The common values of a message that is owed from now on."""
    return {
        "state": Progress.PENDING.value,
        "created_at": now,
        "due_at": due_at,
        "attempts": 0,
        "doubtful": False,
        "fault": "",
    }


class OwedMessages:
    """Those of one table, with the columns of `collector.register.tables.message_columns`."""

    def __init__(self, table: sa.Table) -> None:
        self._table = table

    def is_due(self, now: datetime) -> sa.ColumnElement[bool]:
        """It waits and its time has come, or its lease ran out: a process died that began it."""
        columns = self._table.c
        waits = (columns.state == Progress.PENDING.value) & (columns.due_at <= now)
        left = (columns.state == Progress.SENDING.value) & (columns.leased_until <= now)
        return waits | left

    def take(self, connection: sa.Connection, row: Any, until: datetime) -> None:
        """A row that is due is the caller's to send until then."""
        doubtful = row.doubtful or row.state == Progress.SENDING.value
        self.change(
            connection, [row.id], state=Progress.SENDING.value, attempts=row.attempts + 1,
            leased_until=until, doubtful=doubtful,
        )  # fmt: skip

    def settle(
        self,
        connection: sa.Connection,
        ids: Collection[int],
        state: Progress,
        now: datetime,
        fault: str = "",
    ) -> None:
        """They are sent, failed or withdrawn, and stay so."""
        self.change(
            connection, ids, state=state.value, settled_at=now, leased_until=None, fault=fault
        )

    def put_off(
        self, connection: sa.Connection, ids: Collection[int], due_at: datetime, fault: str
    ) -> None:
        """The attempt failed; they are due again then."""
        state = Progress.PENDING.value
        self.change(connection, ids, state=state, due_at=due_at, leased_until=None, fault=fault)

    def give_up(
        self, connection: sa.Connection, channel: str, before: datetime, now: datetime, fault: str
    ) -> int:
        """What waits for the channel since before that has failed; returns how many."""
        columns = self._table.c
        query = sa.update(self._table).where(
            columns.channel == channel,
            columns.state.in_(_UNSETTLED),
            columns.created_at < before,
        )
        values = {"state": Progress.FAILED.value, "settled_at": now, "fault": fault}
        return connection.execute(query.values(values)).rowcount

    def channels(self, connection: sa.Connection) -> list[str]:
        """Those to which something is owed."""
        columns = self._table.c
        query = sa.select(columns.channel).where(columns.state.in_(_UNSETTLED)).distinct()
        return sorted(connection.execute(query).scalars())

    def unsettled(self, table: sa.FromClause) -> sa.ColumnElement[bool]:
        """Of the table, or of an alias of it."""
        return table.c.state.in_(_UNSETTLED)

    def change(self, connection: sa.Connection, ids: Collection[int], **values: object) -> None:
        changed = sa.update(self._table).where(self._table.c.id.in_(ids))
        connection.execute(changed.values(**values))
