"""The record of signatures in the register: an append-only, linked list of entries.

Every method is one short transaction and may block; several processes may use one register.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from collector.attest.entry import (
    Attestation,
    AttestError,
    Entry,
    Kind,
    no_such_attestation,
)
from collector.attest.person import checked_person, is_same_person
from collector.attest.signing import Signing
from collector.chain import BEGIN, link
from collector.register import audit_trail
from collector.register.database import Database
from collector.register.tables import state
from collector.register.tables_attest import attestation
from probes.text import Text

CHAIN_LOCK = 0x617474657374  # any number that no other program on the server uses
LONGEST_NOTE = 512


class Newest(NamedTuple):
    """Whoever writes it down elsewhere can later show that nothing up to it was made anew."""

    number: int
    link: str


class AttestBook:
    """Thread-safe."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def sign(self, signing: Signing, actor: str) -> Attestation:
        """Add a signature that was checked."""
        now = self._clock()
        with self._database.write_alone(CHAIN_LOCK) as connection:
            entry = _append(connection, signing.entry(now, actor))
            _audit(connection, now, entry, "attest.sign")
        return Attestation(entry)

    def confirm(self, number: int, person: str, actor: str) -> Attestation:
        """A second person has seen it. Raises AttestError, also when it is the same person."""
        name = checked_person(person)
        return self._add_about(number, Kind.CONFIRMED, name, "", actor, _may_be_confirmed)

    def revoke(self, number: int, why: str, person: str, actor: str) -> Attestation:
        """It holds no longer. Raises AttestError."""
        reason = why.strip()[:LONGEST_NOTE]
        if not reason:
            raise AttestError(
                Text("撤回必须说明原因（--why）。", "Taking back needs a reason (--why).")
            )
        name = checked_person(person) if person else ""
        return self._add_about(number, Kind.REVOKED, name, reason, actor, _may_be_revoked)

    def _add_about(
        self,
        number: int,
        kind: Kind,
        person: str,
        note: str,
        actor: str,
        check: Callable[[Attestation, str], None],
    ) -> Attestation:
        now = self._clock()
        with self._database.write_alone(CHAIN_LOCK) as connection:
            found = _one(connection, number)
            check(found, person)
            signed = found.entry
            entry = _append(
                connection,
                Entry(
                    number=0,
                    kind=kind,
                    of=number,
                    at=instant(now),
                    actor=actor[:64],
                    school=signed.school,
                    duty=signed.duty,
                    attest=signed.attest,
                    person=person,
                    note=note,
                ),
            )
            _audit(connection, now, entry, f"attest.{kind.value}")
            return _one(connection, number)

    def one(self, number: int) -> Attestation:
        """Raises AttestError."""
        with self._database.read() as connection:
            return _one(connection, number)

    def attestations(self, school: str | None = None) -> list[Attestation]:
        """In the order in which they were signed, of one school or of all."""
        query = sa.select(attestation).order_by(attestation.c.number)
        if school is not None:
            query = query.where(attestation.c.school == school)
        with self._database.read() as connection:
            return _assembled(_entry(row) for row in connection.execute(query))

    def entries(self) -> Iterator[Entry]:
        """All, in order. What was written by hand may be anything."""
        with self._database.read() as connection:
            query = sa.select(attestation).order_by(attestation.c.number)
            yield from (_entry(row) for row in connection.execute(query))

    def newest(self) -> Newest | None:
        """None before the first entry."""
        with self._database.read() as connection:
            return _newest(connection)


def instant(at: datetime) -> str:
    """As entries hold it."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _append(connection: sa.Connection, entry: Entry) -> Entry:
    last = _newest(connection) or Newest(0, BEGIN)
    numbered = replace(entry, number=last.number + 1)
    linked = replace(numbered, link=link(last.link, numbered.record()))
    connection.execute(sa.insert(attestation).values(**linked.record(), link=linked.link))
    # A running collector sees that, and judges anew.
    connection.execute(sa.update(state).values(changes=state.c.changes + 1))
    return linked


def _newest(connection: sa.Connection) -> Newest | None:
    query = sa.select(attestation.c.number, attestation.c.link)
    row = connection.execute(query.order_by(attestation.c.number.desc()).limit(1)).one_or_none()
    return None if row is None else Newest(row.number, row.link)


def _one(connection: sa.Connection, number: int) -> Attestation:
    is_it = (attestation.c.number == number) | (attestation.c.of == number)
    query = sa.select(attestation).where(is_it).order_by(attestation.c.number)
    found = _assembled(_entry(row) for row in connection.execute(query))
    if not found or found[0].number != number:
        raise no_such_attestation(number)
    return found[0]


def _assembled(entries: Iterable[Entry]) -> list[Attestation]:
    """What was written by hand and says nothing counts for nothing; `verify` names it."""
    found: dict[int, Attestation] = {}
    for entry in entries:
        if entry.kind == Kind.SIGNED:
            if (one := Attestation(entry)).is_readable:
                found[entry.number] = one
        elif entry.of in found:
            part = "confirmed" if entry.kind == Kind.CONFIRMED else "revoked"
            found[entry.of] = replace(found[entry.of], **{part: entry})
    return list(found.values())


def _may_be_confirmed(found: Attestation, person: str) -> None:
    number = found.number
    if found.revoked is not None:
        raise AttestError(
            Text(
                f"{number} 号签署已撤回，不能再确认；请重新签署。",
                f"Signature {number} was taken back; it cannot be confirmed. Sign anew.",
            )
        )
    if found.confirmed is not None:
        raise AttestError(
            Text(
                f"{number} 号签署已经由第二人确认，不必再确认。",
                f"A second person has confirmed signature {number} already; nothing is left to do.",
            )
        )
    if is_same_person(person, found.entry.person):
        raise AttestError(
            Text(
                f"{number} 号签署须由另一个人确认：“{person}”就是签署人。",
                f"Signature {number} needs another person: {person!r} has signed it.",
            )
        )


def _may_be_revoked(found: Attestation, person: str) -> None:
    if found.revoked is not None:
        raise AttestError(
            Text(
                f"{found.number} 号签署已经撤回过（{found.revoked.note}）。",
                f"Signature {found.number} was taken back before ({found.revoked.note}).",
            )
        )


def _audit(connection: sa.Connection, now: datetime, entry: Entry, action: str) -> None:
    """Without the person, whose name stands in the record alone."""
    detail = {"school": entry.school, "duty": entry.duty, "attest": entry.attest}
    subject = str(entry.of or entry.number)
    audit_trail.add(connection, now, entry.actor, action, subject, detail=detail)


_COLUMNS = tuple(field.name for field in fields(Entry))


def _entry(row: Any) -> Entry:
    values = {name: getattr(row, name) for name in _COLUMNS}
    # A kind that somebody wrote by hand stays as it is: the chain will name it.
    kind = Kind(row.kind) if row.kind in set(Kind) else row.kind
    return Entry(**{**values, "kind": kind})
