"""Findings and what was learned, in the register's database. Every method is one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from collector.lan.kept import Kept
from collector.lan.known import Fact, Learned, Since
from collector.register.database import Database
from collector.register.model import State, Watched
from collector.register.tables_lan import lan_finding, lan_known
from probes.text import Text

LONGEST = 128
"""Of what machines call themselves; PostgreSQL refuses more than a column holds."""
_FACT = ("school", "kind", "subject", "value", "agent")


class LanBook:
    """Thread-safe; several processes may use one register."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def findings(self, school: str | None = None) -> dict[Watched, Kept]:
        """Those that are not over, of one school or of all."""
        query = sa.select(lan_finding).where(lan_finding.c.over_at.is_(None))
        if school is not None:
            query = query.where(lan_finding.c.school == school)
        return self._read(query)

    def findings_of(self, watched: Iterable[Watched]) -> dict[Watched, Kept]:
        """Of these, also when they are over."""
        schools = sorted({one.school for one in watched})
        found = self._read(sa.select(lan_finding).where(lan_finding.c.school.in_(schools)))
        return {one: found[one] for one in watched if one in found}

    def _read(self, query: sa.Select[Any]) -> dict[Watched, Kept]:
        with self._database.read() as connection:
            found = [_kept(row) for row in connection.execute(query)]
        return {kept.watched: kept for kept in found}

    def put(self, findings: Sequence[Kept]) -> None:
        if not findings:
            return
        with self._database.write_unnoticed() as connection:
            for kept in findings:
                values = _values(kept)
                change = sa.update(lan_finding).where(*_is(kept.watched)).values(values)
                if not connection.execute(change).rowcount:
                    key = _key(kept.watched)
                    connection.execute(sa.insert(lan_finding).values({**key, **values}))

    def drop(self, before: datetime) -> None:
        """Findings that were over before that."""
        with self._database.write_unnoticed() as connection:
            connection.execute(sa.delete(lan_finding).where(lan_finding.c.over_at < before))

    def known(self) -> dict[str, dict[Fact, Since]]:
        """By school."""
        found: dict[str, dict[Fact, Since]] = defaultdict(dict)
        with self._database.read() as connection:
            for row in connection.execute(sa.select(lan_known)):
                fact = Fact(Learned(row.kind), row.subject, row.value, row.agent)
                found[row.school][fact] = Since(row.first_seen, row.trusted_from)
        return dict(found)

    def learn(
        self,
        new: Mapping[str, Mapping[Fact, Since]],
        forgotten: Mapping[str, Iterable[Fact]],
    ) -> None:
        """By school: what is new, and what must not be trusted after all."""
        rows = [_known_values(code, f, s) for code, of in new.items() for f, s in of.items()]
        gone = [(code, fact) for code, facts in forgotten.items() for fact in facts]
        if not rows and not gone:
            return
        with self._database.write_unnoticed() as connection:
            for code, fact in gone:
                connection.execute(sa.delete(lan_known).where(*_is_fact(code, fact)))
            for row in rows:
                # Another process on the same register may have learned it a moment ago.
                key = [lan_known.c[name] == row[name] for name in _FACT]
                if connection.scalar(sa.select(sa.func.count()).where(*key)) == 0:
                    connection.execute(sa.insert(lan_known).values(row))


def _key(watched: Watched) -> dict[str, str]:
    return {"school": watched.school, "kind": watched.threshold, "subject": watched.target}


def _is(watched: Watched) -> list[sa.ColumnElement[bool]]:
    return [lan_finding.c[name] == value for name, value in _key(watched).items()]


def _is_fact(school: str, fact: Fact) -> list[sa.ColumnElement[bool]]:
    values = _fact_values(school, fact)
    return [lan_known.c[name] == value for name, value in values.items()]


def _fact_values(school: str, fact: Fact) -> dict[str, str]:
    return {
        "school": school,
        "kind": fact.kind.value,
        "subject": fact.subject,
        "value": fact.value,
        "agent": fact.agent,
    }


def _known_values(school: str, fact: Fact, since: Since) -> dict[str, object]:
    times = {"first_seen": since.first, "trusted_from": since.trusted}
    return {**_fact_values(school, fact), **times}


def _values(kept: Kept) -> dict[str, object]:
    return {
        "address": kept.address,
        "mac": kept.mac,
        "vendor": kept.vendor[:LONGEST],
        "port": kept.port[:LONGEST],
        "port_at": kept.port_at,
        "owner": kept.owner[:LONGEST],
        "ground": {"zh": kept.ground.zh, "en": kept.ground.en},
        "seers": sorted(list(seer) for seer in kept.seers),
        "first_seen": kept.first_seen,
        "last_seen": kept.last_seen,
        "over_at": kept.over_at,
        "state": kept.state.value,
    }


def _kept(row: Any) -> Kept:
    return Kept(
        watched=Watched(row.school, "", row.subject, row.kind),
        address=row.address,
        mac=row.mac,
        vendor=row.vendor,
        port=row.port,
        port_at=row.port_at,
        owner=row.owner,
        ground=Text(row.ground["zh"], row.ground["en"]),
        seers=frozenset((probe, agent) for probe, agent in row.seers),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        over_at=row.over_at,
        state=State(row.state),
    )
