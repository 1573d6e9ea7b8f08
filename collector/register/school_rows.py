"""Schools in the database: versions that hold from a date on. Rows are only ever added."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, cast

import sqlalchemy as sa

from collector.register.model import Link, LinkRole, School, Seat, UnitKind
from collector.register.room import Room, RoomKind
from collector.register.school_facts import revision_of
from collector.register.tables import (
    school,
    school_claim,
    school_count,
    school_link,
    school_room,
    school_stage,
    school_tag,
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """By whom and when a version was written down."""

    at: datetime
    by: str


def load(
    connection: sa.Connection, as_of: date, codes: Iterable[str] | None = None
) -> list[School]:
    """Schools that exist on `as_of`, by code; `codes` limits the answer to those."""
    newest = (
        sa.func.row_number()
        .over(partition_by=school.c.code, order_by=(school.c.valid_from.desc(), school.c.id.desc()))
        .label("age")
    )
    query = sa.select(school, newest).where(school.c.valid_from <= as_of)
    if codes is not None:
        query = query.where(school.c.code.in_(list(codes)))
    versions = query.subquery()
    rows = connection.execute(
        sa.select(versions).where(versions.c.age == 1, versions.c.closed.is_(False))
    ).all()
    parts = _Parts(connection, [row.id for row in rows])
    return sorted((_school(row, parts) for row in rows), key=lambda s: s.code)


def add(connection: sa.Connection, facts: School, recorded: Recorded, closed: bool = False) -> None:
    """Write a version of a school that holds from `facts.valid_from` on."""
    result = connection.execute(
        sa.insert(school).values(
            code=facts.code,
            valid_from=facts.valid_from,
            closed=closed,
            name=facts.name,
            adcode=facts.adcode,
            unit_kind=facts.unit_kind,
            type_code=facts.type_code,
            urban_code=facts.urban_code,
            policy_area=facts.policy_area,
            seat=facts.seat,
            teachers=facts.teachers,
            multigrade_classes=facts.multigrade_classes,
            attached_classes=facts.attached_classes,
            calendar=facts.calendar,
            time_zone=facts.time_zone,
            revision=revision_of(facts),
            recorded_at=recorded.at,
            recorded_by=recorded.by,
        )
    )
    assert result.inserted_primary_key is not None
    _add_parts(connection, result.inserted_primary_key[0], facts)


def _add_parts(connection: sa.Connection, school_id: int, facts: School) -> None:
    classes = facts.classes or {}
    stages = [
        {"stage": stage, "students": facts.students.get(stage), "classes": classes.get(stage)}
        for stage in sorted({*facts.students, *classes})
    ]
    links = [
        {
            "position": position,
            "name": link.name,
            "isp": link.isp,
            "medium": link.medium,
            "role": link.role,
            "contract_down_bits_per_second": link.contract_down_bits_per_second,
            "contract_up_bits_per_second": link.contract_up_bits_per_second,
            "shared_classes": link.shared_classes,
        }
        for position, link in enumerate(facts.links)
    ]
    tags = [{"tag": tag} for tag in sorted(facts.tags)]
    parts: list[tuple[sa.Table, list[Any]]] = [
        (school_stage, stages),
        (school_link, links),
        (school_tag, tags),
        (school_count, [{"name": k, "number": n} for k, n in sorted(facts.counts.items())]),
        (school_claim, [{"name": k, "holds": h} for k, h in sorted(facts.claims.items())]),
        (school_room, [_room_row(room) for room in facts.rooms]),
    ]
    for table, rows in parts:
        if rows:
            connection.execute(sa.insert(table), [{"school_id": school_id, **row} for row in rows])


def _room_row(room: Room) -> dict[str, Any]:
    return {
        "id": room.id,
        "kind": room.kind.value,
        "name": room.name,
        "seats": room.seats,
        "main_teaching_place": room.main_teaching_place,
        "set_installed": room.set_installed,
        "wifi": room.wifi,
        "surveyed_on": room.surveyed_on,
    }


class _Parts:
    """The child rows of some school versions, by version."""

    def __init__(self, connection: sa.Connection, ids: list[int]) -> None:
        self.stages = _children(connection, school_stage, ids)
        self.links = _children(connection, school_link, ids)
        self.tags = _children(connection, school_tag, ids)
        self.counts = _children(connection, school_count, ids)
        self.claims = _children(connection, school_claim, ids)
        self.rooms = _children(connection, school_room, ids)


def _children(
    connection: sa.Connection, table: sa.Table, ids: list[int]
) -> Mapping[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for start in range(0, len(ids), 500):  # SQLite bounds the number of parameters
        some = ids[start : start + 500]
        query = sa.select(table).where(table.c.school_id.in_(some)).order_by(*table.primary_key)
        for row in connection.execute(query):
            found[row.school_id].append(row)
    return found


def _school(row: Any, parts: _Parts) -> School:
    stages = parts.stages.get(row.id, [])
    classes = {s.stage: s.classes for s in stages if s.classes is not None}
    found = School(
        code=row.code,
        name=row.name,
        adcode=row.adcode,
        unit_kind=cast(UnitKind, row.unit_kind),
        type_code=row.type_code,
        urban_code=row.urban_code,
        policy_area=row.policy_area,
        seat=cast(Seat, row.seat),
        students={s.stage: s.students for s in stages if s.students is not None},
        teachers=row.teachers,
        classes=classes or None,
        multigrade_classes=row.multigrade_classes,
        attached_classes=row.attached_classes,
        counts={c.name: c.number for c in parts.counts.get(row.id, [])},
        claims={c.name: c.holds for c in parts.claims.get(row.id, [])},
        rooms=tuple(_room(room) for room in parts.rooms.get(row.id, [])),
        links=tuple(_link(link) for link in parts.links.get(row.id, [])),
        calendar=row.calendar,
        time_zone=row.time_zone,
        tags=frozenset(t.tag for t in parts.tags.get(row.id, [])),
        valid_from=row.valid_from,
    )
    return replace(found, revision=row.revision)


def _link(row: Any) -> Link:
    return Link(
        name=row.name,
        isp=row.isp,
        medium=row.medium,
        role=cast(LinkRole, row.role),
        contract_down_bits_per_second=row.contract_down_bits_per_second,
        contract_up_bits_per_second=row.contract_up_bits_per_second,
        shared_classes=row.shared_classes,
    )


def _room(row: Any) -> Room:
    return Room(
        id=row.id,
        kind=RoomKind(row.kind),
        name=row.name,
        seats=row.seats,
        main_teaching_place=row.main_teaching_place,
        set_installed=row.set_installed,
        wifi=row.wifi,
        surveyed_on=row.surveyed_on,
    )
