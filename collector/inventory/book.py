"""Devices in the register's database. Every method is one short transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from collector.inventory.describe import Measured
from collector.inventory.entry import Card, Entry
from collector.inventory.facts import Facts
from collector.inventory.ledger import Ledger
from collector.inventory.model import Declared, DeviceKind, Standing, Use
from collector.inventory.sighting import Look
from collector.register import audit_trail
from collector.register.database import Database
from collector.register.tables_inventory import device, device_look, device_mac

SAID = ("kind", "use", "room", "name", "asset", "purchase_year", "note", "port")
"""Columns of what a person says; empty or None where they did not."""
_NEW = {
    "standing": Standing.NEW.value,
    **{column: None if column == "purchase_year" else "" for column in SAID},
    "declared_by": "",
    "declared_at": None,
}
_MEASURED = ("school", "agent", "gear", "first_seen", "last_seen", "heard_at", "facts")
LONGEST_NETWORK = 64
_CHUNK = 500
"""Rows of one transaction: others write between."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A network of a school, since when and how lately it was swept; see `Look`."""

    school: str
    network: str
    since: datetime
    last: datetime
    randomised: int | None


class DeviceBook:
    """What is measured and what is declared have columns of their own."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self.looks_stored = 0
        """Grows with every look that is stored here."""

    # Measured

    def entries(self) -> list[Entry]:
        """All devices of all schools, for a ledger."""
        with self._database.read() as connection:
            cards = _cards(connection, sa.true())
            wanted = [device.c[name] for name in ("id", *_MEASURED, "declared_at", "standing")]
            rows = connection.execute(sa.select(*wanted).order_by(device.c.id)).all()
        return [
            Entry(
                id=row.id,
                school=row.school,
                agent=row.agent,
                gear=row.gear,
                first=row.first_seen,
                last=row.last_seen,
                heard=row.heard_at,
                facts=Facts.from_plain(row.facts),
                cards=cards.get(row.id, {}),
                declared=row.declared_at is not None or row.standing != Standing.NEW,
            )
            for row in rows
        ]

    def store(self, ledger: Ledger, looks: Iterable[Look]) -> int:
        """What a ledger changed; how many devices that were."""
        changed = [entry for entry in ledger.entries if entry.changed]
        for start in range(0, len(changed), _CHUNK):
            with self._database.write_unnoticed() as connection:
                _put(connection, changed[start : start + _CHUNK])
        with self._database.write_unnoticed() as connection:
            for entry, gone in ledger.merged:
                self._unite(connection, entry.id, gone)
            _drop(connection, _still_nobodys(connection, ledger.gone))
            _note_looks(connection, looks)
        self.looks_stored += 1
        return len(changed)

    def _unite(self, connection: sa.Connection, kept: int | None, gone: int) -> None:
        """What was said of `gone` is said of `kept`, where nothing else is."""
        rows = {
            row.id: row
            for row in connection.execute(sa.select(device).where(device.c.id.in_([kept, gone])))
        }
        if kept in rows and gone in rows:
            one, other = rows[kept]._mapping, rows[gone]._mapping
            taken = {name: other[name] for name in SAID if other[name] and not one[name]}
            if one["declared_at"] is None:
                taken |= {name: other[name] for name in ("declared_at", "declared_by")}
            if one["standing"] == Standing.NEW:
                taken["standing"] = other["standing"]
            firsts = [row["first_seen"] for row in (one, other) if row["first_seen"]]
            taken["first_seen"] = min(firsts, default=None)
            connection.execute(sa.update(device).where(device.c.id == kept).values(**taken))
            if other["declared_at"] is not None:
                detail = {"device": gone, **{name: other[name] for name in SAID if other[name]}}
                now, subject = self._clock(), str(kept)
                audit_trail.add(
                    connection, now, "collector", "inventory.merge", subject, detail=detail
                )
        _drop(connection, [gone])

    def _take_cards(self, connection: sa.Connection, kept: int, gone: int) -> None:
        here = device_mac.c.device
        held = sa.select(device_mac.c.mac).where(here == kept)
        moving = here == gone, device_mac.c.mac.not_in(held.scalar_subquery())
        connection.execute(sa.update(device_mac).where(*moving).values(device=kept))

    # Read

    def devices(self, school: str | None = None) -> list[tuple[Measured, tuple[str, ...]]]:
        """Of a school or of all, by id, each with those of its cards that others claim too."""
        where = sa.true() if school is None else device.c.school == school
        with self._database.read() as connection:
            cards = _cards(connection, where)
            shared = set(connection.scalars(_SHARED))
            rows = connection.execute(sa.select(device).where(where).order_by(device.c.id)).all()
        return [_measured(row, cards.get(row.id, {}), shared) for row in rows]

    def looks(self, school: str | None = None) -> list[Looked]:
        where = sa.true() if school is None else device_look.c.school == school
        order = (device_look.c.school, device_look.c.network)
        with self._database.read() as connection:
            rows = connection.execute(sa.select(device_look).where(where).order_by(*order)).all()
        return [Looked(r.school, r.network, r.since, r.last, r.randomised) for r in rows]

    # Declared

    def declare(self, wishes: Sequence[Wish], actor: str) -> list[int]:
        """All or nothing; the ids, in their order. What a wish does not say stays."""
        now = self._clock()
        made = []
        with self._database.write() as connection:
            for wish in wishes:
                made.append(_declare(connection, wish, actor, now))
                for same in wish.same:
                    self._take_cards(connection, made[-1], same)
                    self._unite(connection, made[-1], same)
                detail = {
                    "school": wish.school,
                    "macs": list(wish.macs),
                    **{name: value for name, value in wish.said.items() if value is not None},
                }
                subject = str(made[-1])
                audit_trail.add(connection, now, actor, "inventory.declare", subject, detail=detail)
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person says of one device.

    Attributes:
        id: of a device that is there; None makes one.
        macs: cards that it has, beside those that are known.
        said: of SAID and `standing`, what they say; what is not in there stays as it is.
        same: ids of devices that turn out to be this one.
    """

    id: int | None
    school: str
    macs: tuple[str, ...] = ()
    said: Mapping[str, Any]
    same: tuple[int, ...] = ()


_SHARED = (
    sa.select(device_mac.c.mac)
    .join(device, device.c.id == device_mac.c.device)
    .where(device_mac.c.claimed_at.is_not(None), device.c.agent != "")
    .group_by(device_mac.c.mac)
    .having(sa.func.count() > 1)
)


def _cards(connection: sa.Connection, where: sa.ColumnElement[bool]) -> dict[int, dict[str, Card]]:
    query = sa.select(device_mac).join(device, device.c.id == device_mac.c.device).where(where)
    found: dict[int, dict[str, Card]] = defaultdict(dict)
    for row in connection.execute(query):
        found[row.device][row.mac] = Card(row.first_seen, row.last_seen, row.claimed_at, True)
    return found


def _measured(
    row: Any, cards: Mapping[str, Card], shared: Collection[str]
) -> tuple[Measured, tuple[str, ...]]:
    newest = sorted(cards, key=lambda mac: _last_second(cards[mac]), reverse=True)
    said = None
    if row.declared_at is not None:
        said = Declared(
            kind=DeviceKind(row.kind) if row.kind else None,
            use=Use(row.use),
            room=row.room,
            name=row.name,
            asset=row.asset,
            purchase_year=row.purchase_year,
            note=row.note,
            port=row.port,
            by=row.declared_by,
            at=row.declared_at,
        )
    return Measured(
        id=row.id,
        school=row.school,
        agent=row.agent,
        gear=row.gear,
        macs=[mac for mac in newest if mac not in shared],
        facts=Facts.from_plain(row.facts),
        first=row.first_seen,
        last=row.last_seen,
        standing=Standing(row.standing),
        said=said,
    ), tuple(mac for mac in newest if mac in shared)


def _last_second(card: Card) -> float:
    return card.last.timestamp() if card.last else 0.0


def _put(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    new = [entry for entry in entries if entry.id is None]
    old = [entry for entry in entries if entry.id is not None]
    if new:
        insert = sa.insert(device).returning(device.c.id, sort_by_parameter_order=True)
        given = [{**_NEW, **_values(entry)} for entry in new]
        for entry, id in zip(new, connection.scalars(insert, given), strict=True):
            entry.id = id
    if old:
        columns: dict[str, Any] = {name: sa.bindparam(name) for name in _MEASURED}
        update = sa.update(device).where(device.c.id == sa.bindparam("of")).values(**columns)
        connection.execute(update, [{"of": entry.id, **_values(entry)} for entry in old])
    _put_cards(connection, entries)


def _values(entry: Entry) -> dict[str, Any]:
    return {
        "school": entry.school,
        "agent": entry.agent,
        "gear": entry.gear,
        "first_seen": entry.first,
        "last_seen": entry.last,
        "heard_at": entry.heard,
        "facts": entry.facts.plain(),
    }


def _put_cards(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    lost = [{"of": e.id, "card": mac} for e in entries for mac in e.lost if mac not in e.cards]
    at = device_mac.c.device == sa.bindparam("of"), device_mac.c.mac == sa.bindparam("card")
    if lost:
        connection.execute(sa.delete(device_mac).where(*at), lost)
    known = {(e.id, mac) for e in entries for mac, card in e.cards.items() if card.stored}
    known |= _stored_meanwhile(connection, entries)
    rows = [
        {"of": e.id, "card": mac, "f": card.first, "l": card.last, "c": card.claimed}
        for e in entries
        for mac, card in e.cards.items()
    ]
    given: dict[str, Any] = {
        name: sa.bindparam(name[0]) for name in ("first_seen", "last_seen", "claimed_at")
    }
    if old := [row for row in rows if (row["of"], row["card"]) in known]:
        connection.execute(sa.update(device_mac).where(*at).values(**given), old)
    if new := [row for row in rows if (row["of"], row["card"]) not in known]:
        values = {"device": sa.bindparam("of"), "mac": sa.bindparam("card"), **given}
        connection.execute(sa.insert(device_mac).values(**values), new)


def _stored_meanwhile(connection: sa.Connection, entries: Sequence[Entry]) -> set[tuple[Any, str]]:
    """By somebody who declared it while the look was booked."""
    ids = [e.id for e in entries if any(not card.stored for card in e.cards.values())]
    query = sa.select(device_mac.c.device, device_mac.c.mac).where(device_mac.c.device.in_(ids))
    return {(row.device, row.mac) for row in connection.execute(query)}


def _still_nobodys(connection: sa.Connection, ids: Sequence[int]) -> list[int]:
    """Without those that somebody declared while the look was booked."""
    query = sa.select(device.c.id).where(device.c.declared_at.is_not(None))
    declared = set(connection.scalars(query)) if ids else set()
    return [id for id in ids if id not in declared]


def _drop(connection: sa.Connection, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), _CHUNK):
        some = ids[start : start + _CHUNK]
        connection.execute(sa.delete(device_mac).where(device_mac.c.device.in_(some)))
        connection.execute(sa.delete(device).where(device.c.id.in_(some)))


def _note_looks(connection: sa.Connection, looks: Iterable[Look]) -> None:
    held = {(r.school, r.network): r.last for r in connection.execute(sa.select(device_look))}
    for (school, network), look in _newest_looks(looks).items():
        last = held.get((school, network))
        values = {"last": look.at, "randomised": look.randomised}
        if last is None:
            key = {"school": school, "network": network, "since": look.at}
            connection.execute(sa.insert(device_look).values(**key, **values))
        elif last < look.at:
            here = device_look.c.school == school, device_look.c.network == network
            connection.execute(sa.update(device_look).where(*here).values(**values))


def _newest_looks(looks: Iterable[Look]) -> dict[tuple[str, str], Look]:
    """By school and network as they are stored: after a sentinel is replaced two have swept it."""
    found: dict[tuple[str, str], Look] = {}
    for look in looks:
        key = look.school, look.network[:LONGEST_NETWORK]
        if key not in found or found[key].at < look.at:
            found[key] = look
    return found


def _declare(connection: sa.Connection, wish: Wish, actor: str, now: datetime) -> int:
    said = {name: value for name, value in wish.said.items() if name in (*SAID, "standing")}
    signed = {"declared_by": actor[:64], "declared_at": now}
    id = wish.id
    if id is None:
        given = {
            **_NEW, "standing": Standing.KNOWN.value, "school": wish.school, "agent": "",
            "gear": "", "facts": [], **said, **signed,
        }  # fmt: skip
        id = int(connection.scalar(sa.insert(device).values(**given).returning(device.c.id)) or 0)
    else:
        connection.execute(sa.update(device).where(device.c.id == id).values(**said, **signed))
        at_home = device.c.id == id, device.c.agent == ""
        connection.execute(sa.update(device).where(*at_home).values(school=wish.school))
    here = device_mac.c.device == id
    held = set(connection.scalars(sa.select(device_mac.c.mac).where(here)))
    if new := [{"device": id, "mac": mac} for mac in wish.macs if mac not in held]:
        connection.execute(sa.insert(device_mac), new)
    return id
