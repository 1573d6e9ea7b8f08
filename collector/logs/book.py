"""Sources, seals and checks in the register's database. Every method is one short transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from collector.chain import BEGIN, link
from collector.logs.seal import Content, Kind, Part, Seal
from collector.logs.source import (
    LogSource,
    address_taken,
    checked_address,
    checked_name,
    no_such_source,
)
from collector.register import audit_trail
from collector.register.database import Database
from collector.register.tables_logs import log_check, log_seal, log_sender, log_source
from probes.text import BanjunError, Text

CHAIN_LOCK = 0x6C6F6773  # any number that no other program on the server uses
GONE = Content(0, 0, "", "", "")
"""What a deletion leaves."""


class LogBookError(BanjunError):
    """A row of seals was changed so that it says nothing any more."""


class Looked(NamedTuple):
    """When a sealed file was last read again, and what was wrong; empty = nothing."""

    at: datetime
    fault: str


class LogBook:
    """Thread-safe; several processes may use one register."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    # Sources

    def sources(self) -> list[LogSource]:
        """Those that are registered now, by name."""
        addresses = defaultdict(list)
        with self._database.read() as connection:
            for row in connection.execute(sa.select(log_sender).order_by(log_sender.c.address)):
                addresses[row.source].append(row.address)
            query = sa.select(log_source).where(log_source.c.removed_at.is_(None))
            return [
                LogSource(
                    name=row.name,
                    school=row.school,
                    addresses=tuple(addresses[row.name]),
                    note=row.note,
                    silent_days=row.silent_days,
                    added_at=row.added_at,
                )
                for row in connection.execute(query.order_by(log_source.c.name))
            ]

    def put_source(
        self,
        name: str,
        school: str,
        addresses: Iterable[str],
        actor: str,
        *,
        note: str = "",
        silent_days: int | None = None,
    ) -> None:
        """Register it, or change what is registered under that name. Raises LogSourceError."""
        name, now = checked_name(name), self._clock()
        senders = sorted({checked_address(address) for address in addresses})
        values = {"school": school, "note": note, "silent_days": silent_days, "removed_at": None}
        with self._database.write() as connection:
            changed = connection.execute(
                sa.update(log_source).where(log_source.c.name == name).values(values)
            )
            if not changed.rowcount:
                new = {"name": name, "added_at": now, **values}
                connection.execute(sa.insert(log_source).values(new))
            connection.execute(sa.delete(log_sender).where(log_sender.c.source == name))
            for address in senders:
                _take(connection, address, name)
            detail = {"school": school, "addresses": senders, "silent_days": silent_days}
            audit_trail.add(connection, now, actor, "log_source_put", name, detail=detail)

    def remove_source(self, name: str, actor: str) -> None:
        """It is not asked for lines any more; what is sealed stays. Raises LogSourceError."""
        now = self._clock()
        with self._database.write() as connection:
            is_it = (log_source.c.name == name) & log_source.c.removed_at.is_(None)
            changed = connection.execute(sa.update(log_source).where(is_it).values(removed_at=now))
            if not changed.rowcount:
                raise no_such_source(name)
            connection.execute(sa.delete(log_sender).where(log_sender.c.source == name))
            audit_trail.add(connection, now, actor, "log_source_removed", name)

    # Seals

    def seals(self, source: str | None = None) -> list[Seal]:
        """In the order of the chain; of all sources unless one is given."""
        query = sa.select(log_seal).order_by(log_seal.c.number)
        if source is not None:
            query = query.where(log_seal.c.source == source)
        with self._database.read() as connection:
            return [_seal(row) for row in connection.execute(query)]

    def newest(self) -> Seal | None:
        """Whose link is to be written down elsewhere; None before the first."""
        with self._database.read() as connection:
            return _newest(connection)

    def sealed_parts(self) -> set[Part]:
        return {seal.part for seal in self.seals() if seal.kind is Kind.SEALED}

    def next_part(self, source: str, day: date) -> Part:
        """The part that lines of that day would now become."""
        query = sa.select(sa.func.max(log_seal.c.part)).where(
            log_seal.c.source == source, log_seal.c.day == day.isoformat()
        )
        with self._database.read() as connection:
            last = connection.scalar(query)
        return Part(source, day, 0 if last is None else int(last) + 1)

    def seal(self, part: Part, content: Content, stored_bytes: int) -> Seal:
        """Add a row. Raises IntegrityError if that part is sealed."""
        return self._add(Kind.SEALED, part, content, stored_bytes)

    def delete(self, part: Part) -> Seal:
        """Add a row that says that the part is deleted."""
        return self._add(Kind.DELETED, part, GONE, 0)

    def _add(self, kind: Kind, part: Part, content: Content, stored_bytes: int) -> Seal:
        at = self._clock().astimezone(UTC).isoformat(timespec="seconds")
        with self._database.write_alone(CHAIN_LOCK) as connection:
            last = _newest(connection)
            number, before = (last.number + 1, last.link) if last else (1, BEGIN)
            seal = Seal(number, kind, part, content, stored_bytes, at, "")
            seal = replace(seal, link=link(before, seal.record()))
            values = {**seal.record(), "link": seal.link}
            connection.execute(sa.insert(log_seal).values(values))
        return seal

    # Checks

    def looked(self) -> Mapping[int, Looked]:
        """By the number of a seal."""
        with self._database.read() as connection:
            return {
                row.seal: Looked(row.at, row.fault)
                for row in connection.execute(sa.select(log_check))
            }

    def put_looked(self, faults: Mapping[int, str]) -> None:
        """What a look at these sealed files found, empty where nothing was wrong."""
        now = self._clock()
        with self._database.write_unnoticed() as connection:
            for number, fault in faults.items():
                values = {"at": now, "fault": fault}
                changed = connection.execute(
                    sa.update(log_check).where(log_check.c.seal == number).values(values)
                )
                if not changed.rowcount:
                    connection.execute(sa.insert(log_check).values(seal=number, **values))


def _take(connection: sa.Connection, address: str, source: str) -> None:
    query = sa.select(log_sender.c.source).where(log_sender.c.address == address)
    holder = connection.scalar(query)
    if holder is not None:
        raise address_taken(address, holder)
    connection.execute(sa.insert(log_sender).values(address=address, source=source))


def _newest(connection: sa.Connection) -> Seal | None:
    query = sa.select(log_seal).order_by(log_seal.c.number.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else _seal(row)


def _seal(row: sa.Row[Any]) -> Seal:
    try:
        return Seal(
            number=row.number,
            kind=Kind(row.kind),
            part=Part(row.source, date.fromisoformat(row.day), row.part),
            content=Content(row.bytes, row.lines, row.first_at, row.last_at, row.sha256),
            stored_bytes=row.stored_bytes,
            at=row.at,
            link=row.link,
        )
    except ValueError as exc:
        raise LogBookError(
            Text(
                f"登记库表 log_seal 第 {row.number} 行读不出：{exc}。它被改过；"
                "请从备份恢复登记库。",
                f"Row {row.number} of log_seal in the register cannot be read: {exc}. It was "
                "changed; restore the register from a backup.",
            )
        ) from exc
