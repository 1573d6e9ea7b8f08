"""The access log in the register: entries of the day, and a linked seal over each day that is over.

An entry costs one small transaction. Links are made once a day, so that looking at a page does not
wait for a chain; until then only the database's triggers keep the day's entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from collector.access.detail import Detail
from collector.chain import BEGIN, link
from collector.logs.own import OwnDay
from collector.register.database import Database
from collector.register.register import HOME
from collector.register.tables_attest import access, access_seal
from probes.text import Text

CHAIN_LOCK = 0x616363657373  # any number that no other program on the server uses
LEAST_DAYS = 180
"""A day that was deleted younger than this was deleted too early."""
SEALED, DELETED = "sealed", "deleted"
_AFTER_MIDNIGHT = timedelta(minutes=10)
"""When the day before is sealed: an entry that began before midnight is written by then."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One read of detail.

    Attributes:
        who: a local user (`cli:li`), `key` for the holder of the admin key, or `open` where pages
            need no login.
        door: the route or the command.
        school, agent: what was asked for; empty = not limited to one.
        rows: how many records it showed; None where that was not counted.
        outcome: shown, not_found, refused or failed.
    """

    who: str
    address: str
    detail: Detail
    door: str
    school: str = ""
    agent: str = ""
    rows: int | None = None
    outcome: str = "shown"


@dataclass(frozen=True, slots=True)
class Kept:
    """A read as it stands in the log; `at` is text, ISO 8601 in UTC."""

    id: int
    day: str
    at: str
    read: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seal:
    """Over one day; of a day without entries `first` and `last` are None."""

    number: int
    kind: str
    day: str
    count: int
    first: str | None
    last: str | None
    digest: str
    at: str
    link: str = ""

    def record(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "link"}


@dataclass(frozen=True, slots=True)
class Fault:
    """`day` is empty for a seal that does not fit the one before it."""

    day: str
    words: Text


@dataclass(frozen=True, slots=True)
class Checked:
    days: int
    entries: int
    faults: tuple[Fault, ...]
    newest: Seal | None


class AccessBook:
    """Thread-safe; several processes may use one register. It is a log of its own, as
    collector.logs counts them."""

    name = "_access"
    title = Text("班均自身的访问记录", "Banjun's own access log")
    silent_days = 36_500
    """Nobody has to look: a day without entries is no gap."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def add(self, read: Read) -> None:
        """Once this returns it is on disk."""
        now = self._clock()
        with self._database.write_unnoticed() as connection:
            # A clock that was set back must not put it into a day that is sealed.
            sealed = _last_sealed(connection)
            day = max(_day_of(now), sealed + _DAY) if sealed else _day_of(now)
            values = {**_short(read), "at": _text(now), "day": day.isoformat()}
            connection.execute(sa.insert(access).values(values))

    def reads(
        self, since: datetime | None = None, school: str | None = None, limit: int = 1000
    ) -> list[Kept]:
        """The newest first."""
        query = sa.select(access).order_by(access.c.id.desc()).limit(limit)
        if since is not None:
            query = query.where(access.c.at >= _text(since))
        if school is not None:
            query = query.where(access.c.school == school)
        with self._database.read() as connection:
            return [_kept(row) for row in connection.execute(query)]

    def days(self) -> Mapping[date, OwnDay]:
        """Of each day that has entries, deleted ones left out."""
        counts = sa.func.count(), sa.func.min(access.c.at), sa.func.max(access.c.at)
        query = sa.select(access.c.day, *counts).group_by(access.c.day).order_by(access.c.day)
        with self._database.read() as connection:
            links = {seal.day: seal.link for seal in _seals(connection) if seal.kind == SEALED}
            rows = connection.execute(query).all()
        return {
            date.fromisoformat(day): OwnDay(
                count, datetime.fromisoformat(first), datetime.fromisoformat(last),
                links.get(day, ""),
            )
            for day, count, first, last in rows
        }  # fmt: skip

    def seals(self) -> list[Seal]:
        with self._database.read() as connection:
            return _seals(connection)

    def seal_days(self) -> int:
        """Seal the days that are over and are not yet sealed; returns how many."""
        now = self._clock()
        last = _day_of(now - _AFTER_MIDNIGHT) - _DAY
        with self._database.write_alone(CHAIN_LOCK) as connection:
            day = _first_unsealed(connection)
            number = 0
            while day is not None and day <= last:
                _seal_day(connection, day, now)
                day += _DAY
                number += 1
        return number

    def drop_days(self, keep_days: int) -> int:
        """Delete entries of sealed days that are older; that they were is sealed. How many days."""
        now = self._clock()
        oldest = (_day_of(now) - timedelta(days=keep_days)).isoformat()
        with self._database.write_alone(CHAIN_LOCK) as connection:
            seals = _seals(connection)
            gone = {seal.day for seal in seals if seal.kind == DELETED}
            due = [s for s in seals if s.kind == SEALED and s.day < oldest and s.day not in gone]
            for sealed in due:
                _append(connection, replace(sealed, kind=DELETED, at=_text(now)))
                connection.execute(sa.delete(access).where(access.c.day == sealed.day))
        return len(due)

    def verify(self) -> Checked:
        """Every seal, and every entry of the sealed days; reads all of it."""
        with self._database.read() as connection:
            seals = _seals(connection)
            deleted = {seal.day for seal in seals if seal.kind == DELETED}
            sealed = {seal.day: seal for seal in seals if seal.kind == SEALED}
            days = connection.execute(sa.select(access.c.day).distinct()).scalars().all()
            faults = [*_chain_faults(seals), *_too_early(seals)]
            faults += [_stray(day) for day in days if _is_stray(day, sealed, deleted)]
            entries = 0
            for day, seal in sealed.items():
                if day in deleted:
                    continue
                found = _digest(connection, day)
                entries += found.records
                if found != _Digest(seal.count, seal.first, seal.last, seal.digest):
                    faults.append(_changed(seal, found.records))
        return Checked(len(sealed), entries, tuple(faults), seals[-1] if seals else None)


class _Digest(NamedTuple):
    records: int
    first: str | None
    last: str | None
    digest: str


def _digest(connection: sa.Connection, day: str) -> _Digest:
    """Over all entries of the day in order."""
    count, first, last, digest = 0, None, None, BEGIN
    query = sa.select(access).where(access.c.day == day).order_by(access.c.id)
    for row in connection.execute(query).mappings():
        digest = link(digest, dict(row))
        first, last = first or row["at"], row["at"]
        count += 1
    return _Digest(count, first, last, digest)


def _seal_day(connection: sa.Connection, day: date, now: datetime) -> None:
    found = _digest(connection, day.isoformat())
    _append(connection, Seal(0, SEALED, day.isoformat(), *found, _text(now)))


def _append(connection: sa.Connection, seal: Seal) -> None:
    query = sa.select(access_seal.c.number, access_seal.c.link)
    last = connection.execute(query.order_by(access_seal.c.number.desc()).limit(1)).one_or_none()
    number, before = (last.number, last.link) if last else (0, BEGIN)
    numbered = replace(seal, number=number + 1)
    values = {**numbered.record(), "link": link(before, numbered.record())}
    connection.execute(sa.insert(access_seal).values(values))


def _first_unsealed(connection: sa.Connection) -> date | None:
    """The day after the last seal, else that of the first entry."""
    last = _last_sealed(connection)
    if last is not None:
        return last + _DAY
    first = connection.scalar(sa.select(sa.func.min(access.c.day)))
    return None if first is None else date.fromisoformat(first)


def _last_sealed(connection: sa.Connection) -> date | None:
    query = sa.select(sa.func.max(access_seal.c.day)).where(access_seal.c.kind == SEALED)
    last = connection.scalar(query)
    return None if last is None else date.fromisoformat(last)


def _seals(connection: sa.Connection) -> list[Seal]:
    rows = connection.execute(sa.select(access_seal).order_by(access_seal.c.number))
    return [Seal(*(getattr(row, name) for name in _SEAL_FIELDS)) for row in rows]


_SEAL_FIELDS = tuple(field.name for field in fields(Seal))
_READ_FIELDS = tuple(field.name for field in fields(Read))


def _kept(row: Any) -> Kept:
    return Kept(row.id, row.day, row.at, {name: getattr(row, name) for name in _READ_FIELDS})


def _short(read: Read) -> dict[str, object]:
    """No longer than the columns; what a visitor sends is printable."""
    widths = {column.name: getattr(column.type, "length", None) for column in access.columns}
    return {
        name: _plain(value)[: widths[name]] if isinstance(value, str) else value
        for name, value in asdict(read).items()
    }


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _chain_faults(seals: Sequence[Seal]) -> Iterable[Fault]:
    before, number = BEGIN, 0
    for seal in seals:
        if link(before, seal.record()) != seal.link or seal.number != number + 1:
            text = Text(
                f"第 {seal.number} 号封条（{seal.day}）与前一条接不上："
                "它或它之前的封条被改动或删除。",
                f"Seal {seal.number} ({seal.day}) does not follow from the one before: it was "
                "changed, or one before it was removed.",
            )
            return [Fault(seal.day, text)]
        before, number = seal.link, seal.number
    return []


def _too_early(seals: Sequence[Seal]) -> Iterable[Fault]:
    for seal in seals:
        age = _day_of(datetime.fromisoformat(seal.at)) - date.fromisoformat(seal.day)
        if seal.kind == DELETED and age < timedelta(days=LEAST_DAYS):
            yield Fault(
                seal.day,
                Text(
                    f"{seal.day} 的记录只保存了 {age.days} 天就被删除，应不少于 {LEAST_DAYS} 天。",
                    f"The entries of {seal.day} were deleted after {age.days} days; "
                    f"{LEAST_DAYS} are the least.",
                ),
            )


def _is_stray(day: str, sealed: Mapping[str, Seal], deleted: Iterable[str]) -> bool:
    """Whether a day has entries that its seals do not know."""
    return day in deleted or (day not in sealed and bool(sealed) and day < max(sealed))


def _stray(day: str) -> Fault:
    return Fault(
        day,
        Text(
            f"{day} 有封条之外的记录：封存或删除之后被添加。",
            f"{day} has entries that no seal knows: they were added after it was sealed or "
            "deleted.",
        ),
    )


def _changed(seal: Seal, count: int) -> Fault:
    return Fault(
        seal.day,
        Text(
            f"{seal.day} 的记录与封条不符：封存时 {seal.count} 条，现有 {count} 条，或内容被改。",
            f"The entries of {seal.day} are not what was sealed: {seal.count} then, {count} now, "
            "or one was changed.",
        ),
    )


def _day_of(at: datetime) -> date:
    return at.astimezone(HOME).date()


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
