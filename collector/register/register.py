"""The register: schools, tokens, agents and the audit trail, on SQLite or PostgreSQL.

Every method is one short transaction and may block; call it in a thread. Command-line programs
change the same register while the collector runs: `change_count` tells that something did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from collector.register import (
    agents,
    audit_trail,
    enrolment,
    incidents,
    outbox,
    school_rows,
    states,
)
from collector.register.agents import Asked
from collector.register.database import Database
from collector.register.duties import DutyBook
from collector.register.enrolment import EnrolLimitedError, EnrolRefusedError
from collector.register.exams import ExamBook
from collector.register.incident import Delivery, Incident, already_acknowledged
from collector.register.limits import FailureLimit
from collector.register.model import (
    Agent,
    Assignment,
    AuditEntry,
    Change,
    Flip,
    Held,
    NewToken,
    School,
    Token,
    Watched,
)
from collector.register.school_facts import differences, revision_of
from collector.register.school_rows import Recorded
from collector.register.security_incidents import SecurityIncidents
from collector.register.tables import state
from probes.model import Role
from probes.text import BanjunError, Text
from probes.wire import VERSION, EnrolReply, EnrolRequest

ALWAYS = date(2000, 1, 1)
"""Since when facts hold whose beginning nobody wrote down."""
ALERT_LOCK = 0x616C657274  # any number that no other program on the server uses
HOME = ZoneInfo("Asia/Shanghai")
"""Where a day begins when no school says otherwise."""


class UnknownSchoolError(BanjunError):
    """No school has this code on that date."""

    def __init__(self, code: str) -> None:
        super().__init__(
            Text(
                f"登记库中没有学校“{code}”；用 schools list 查看，用 schools import 登记。",
                f"The register has no school {code!r}; `schools list` shows them, "
                f"`schools import` adds them.",
            )
        )


def utc_now() -> datetime:
    return datetime.now(UTC)


class Register:
    """Open it once a process, with `Register.open`. Thread-safe."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self.duties = DutyBook(database, clock)
        self.exams = ExamBook(database, clock)
        self._by_source = FailureLimit(10, timedelta(minutes=1))
        self._by_token = FailureLimit(100, timedelta(days=1))

    @classmethod
    def open(cls, where: str | Path, clock: Callable[[], datetime] = utc_now) -> Self:
        """A path for SQLite, or an SQLAlchemy URL. Creates and migrates what is not up to date.

        Raises RegisterUnreadableError.
        """
        return cls(Database(where), clock)

    @property
    def database(self) -> Database:
        """For those who keep tables of their own in the register."""
        return self._database

    def close(self) -> None:
        self._database.close()

    def faults(self) -> list[str]:
        """What is wrong with the database file; empty when all is well."""
        return self._database.faults()

    def today(self) -> date:
        """The date where the schools are."""
        return self._clock().astimezone(HOME).date()

    def change_count(self) -> int:
        """Grows with every change that anyone commits; cheap enough to ask each second."""
        with self._database.read() as connection:
            return int(connection.scalar(sa.select(state.c.changes)) or 0)

    def generation(self) -> str:
        """Names this life of the register; another one after a restore from a backup."""
        with self._database.read() as connection:
            return str(connection.scalar(sa.select(state.c.generation)))

    def salt(self) -> bytes:
        """Random bytes of this register, for hashing what must not be kept in the clear."""
        with self._database.read() as connection:
            return bytes(connection.scalar(sa.select(state.c.salt)) or b"")

    # Schools

    def schools(self, as_of: date) -> list[School]:
        """Schools that exist on `as_of`, as they stood then, by code."""
        with self._database.read() as connection:
            return school_rows.load(connection, as_of)

    def school(self, code: str, as_of: date) -> School | None:
        with self._database.read() as connection:
            found = school_rows.load(connection, as_of, [code])
        return found[0] if found else None

    def revision(self, as_of: date) -> str:
        """A hash over all facts that hold on `as_of`: equal facts, equal revision."""
        lines = "".join(f"{s.code} {s.revision}\n" for s in self.schools(as_of))
        return hashlib.sha256(lines.encode()).hexdigest()[:16]

    def put_schools(
        self, schools: Iterable[School], actor: str, valid_from: date | None = None
    ) -> list[str]:
        """Record facts that hold from `valid_from` on, else from each school's own date.

        All or nothing. Returns the codes of the schools that this changed. Nothing is overwritten:
        what was known before stays in the register.
        """
        given = [replace(s, valid_from=valid_from or s.valid_from) for s in schools]
        changed = []
        with self._database.write() as connection:
            held = {
                (day, school.code): school
                for day in {s.valid_from for s in given}
                for school in school_rows.load(connection, day)
            }
            for facts in given:
                before = held.get((facts.valid_from, facts.code))
                if before is None or before.revision != revision_of(facts):
                    self._add(connection, before, facts, actor)
                    changed.append(facts.code)
        return changed

    def _add(
        self, connection: sa.Connection, before: School | None, facts: School, actor: str
    ) -> None:
        if facts.classes is not None and not facts.classes:
            raise ValueError(f"school {facts.code}: no stage in classes; None means unknown")
        now = self._clock()
        school_rows.add(connection, facts, Recorded(now, actor))
        detail = {
            "valid_from": facts.valid_from.isoformat(),
            "changes": {key: list(pair) for key, pair in differences(before, facts).items()},
        }
        audit_trail.add(connection, now, actor, "school.put", facts.code, detail=detail)

    def close_school(self, code: str, actor: str, valid_from: date) -> None:
        """From `valid_from` on there is no such school; its history stays.

        Raises UnknownSchoolError.
        """
        now = self._clock()
        with self._database.write() as connection:
            found = school_rows.load(connection, valid_from, [code])
            if not found:
                raise UnknownSchoolError(code)
            last = replace(found[0], valid_from=valid_from)
            school_rows.add(connection, last, Recorded(now, actor), closed=True)
            detail = {"valid_from": valid_from.isoformat()}
            audit_trail.add(connection, now, actor, "school.close", code, detail=detail)

    # Tokens and enrolment

    def create_token(
        self,
        school: str,
        role: Role,
        *,
        actor: str,
        expires_in: timedelta = timedelta(hours=24),
        max_uses: int = 1,
        note: str = "",
    ) -> NewToken:
        """Its secret is returned here and nowhere else. Raises UnknownSchoolError, TokenError."""
        if self.school(school, self.today()) is None:
            raise UnknownSchoolError(school)
        now = self._clock()
        with self._database.write() as connection:
            made = enrolment.create_token(
                connection,
                school=school,
                role=role,
                expires_in=expires_in,
                max_uses=max_uses,
                note=note,
                actor=actor,
                now=now,
            )
            detail = {"school": school, "role": role.value, "max_uses": max_uses, "note": note}
            audit_trail.add(connection, now, actor, "token.create", made.id, detail=detail)
        return made

    def tokens(self) -> list[Token]:
        """All tokens, newest first."""
        with self._database.read() as connection:
            return enrolment.tokens(connection)

    def revoke_token(self, token_id: str, actor: str) -> None:
        """Agents that it already admitted stay. Raises TokenError for an unknown one."""
        now = self._clock()
        with self._database.write() as connection:
            enrolment.revoke_token(connection, token_id, now)
            audit_trail.add(connection, now, actor, "token.revoke", token_id)

    def enrol(self, request: EnrolRequest, source: str) -> EnrolReply:
        """Admit an agent.

        Raises EnrolRefusedError, which reads the same for every cause, and EnrolLimitedError in its
        place after 10 failures a minute from `source` or 100 a day for the token. A request that is
        in order is never limited.
        """
        try:
            return self._enrol(request, source)
        except EnrolRefusedError as exc:
            self._note_refusal(request, source, exc.reason)
            raise

    def _enrol(self, request: EnrolRequest, source: str) -> EnrolReply:
        now = self._clock()
        with self._database.write() as connection:
            agent_id, key, school = enrolment.admit(connection, request, now)
            found = school_rows.load(connection, self.today(), [school])
            if not found:
                raise EnrolRefusedError("school_closed")
            made = agents.load_one(connection, agent_id)
            assert made is not None
            detail = {"token": request.token.partition(".")[0], "hostname": made.hostname}
            audit_trail.add(
                connection, now, "agent", "enrol", agent_id, source=source, detail=detail
            )
        return EnrolReply(
            v=VERSION,
            agent=agent_id,
            key=key,
            school=school,
            school_name=found[0].name,
            role=made.role.value,
        )

    def _note_refusal(self, request: EnrolRequest, source: str, reason: str) -> None:
        """Raises EnrolLimitedError instead of writing when there were too many."""
        now = self._clock()
        token_id = request.token.partition(".")[0][:16]
        waits = [self._by_source.wait(source, now), self._by_token.wait(token_id, now)]
        if any(waits):
            raise EnrolLimitedError(max(wait for wait in waits if wait))
        with self._database.write_unnoticed() as connection:
            detail = {"reason": reason}
            audit_trail.add(
                connection, now, "agent", "enrol.refused", token_id, source=source, detail=detail
            )

    # Agents

    def agents(self) -> list[Agent]:
        """All agents, also revoked ones, by school and time of enrolment."""
        with self._database.read() as connection:
            return agents.load(connection)

    def agent(self, agent_id: str) -> Agent | None:
        with self._database.read() as connection:
            return agents.load_one(connection, agent_id)

    def revoke(self, agent_id: str, actor: str) -> None:
        """Ends the agent's access and what it was asked to run. Raises UnknownAgentError."""
        now = self._clock()
        with self._database.write() as connection:
            agents.revoke(connection, agent_id, now)
            audit_trail.add(connection, now, actor, "agent.revoke", agent_id)

    def place(self, agent_ids: Sequence[str], room: str, actor: str) -> None:
        """These agents stand in that room; empty = it is not known where."""
        now = self._clock()
        with self._database.write() as connection:
            agents.place(connection, agent_ids, room)
            for each in agent_ids:
                audit_trail.add(connection, now, actor, "agent.place", each, detail={"room": room})

    def confirm(self, agent_ids: Sequence[str]) -> None:
        """These agents used their keys, so their enrolments cannot be repeated any more."""
        if not agent_ids:
            return
        with self._database.write() as connection:
            agents.confirm(connection, agent_ids, self._clock())

    def assign(self, agent_id: str, asked: Iterable[Asked]) -> bool:
        """From now on the agent is asked to run exactly this; returns whether it changed."""
        with self._database.write_unnoticed() as connection:
            return agents.assign(connection, agent_id, asked, self._clock())

    def assignments(self) -> list[Assignment]:
        """All that was ever asked of any agent, in order of time."""
        with self._database.read() as connection:
            return agents.assignments(connection)

    # States

    def states(self) -> dict[Watched, Held]:
        """The state of everything that is watched."""
        with self._database.read() as connection:
            return states.load(connection)

    def take_states(self, changes: Sequence[Change]) -> list[Change]:
        """Store what a round of judging changed, all or nothing; returns what was stored.

        A change whose `before` is not what the register holds was made already, or by another
        process: it is left out, and so is its flip.
        """
        if not changes:
            return []
        with self._database.write_unnoticed() as connection:
            return states.take(connection, changes)

    def forget_states(self, gone: Iterable[Watched]) -> None:
        """These are watched no more; their flips stay."""
        with self._database.write_unnoticed() as connection:
            states.forget(connection, gone)

    def flips(
        self, school: str | None = None, since: datetime | None = None, limit: int = 100
    ) -> list[Flip]:
        """The newest first."""
        with self._database.read() as connection:
            return states.newest(connection, school, since, limit)

    def drop_flips(self, before: datetime) -> int:
        """Remove flips older than that; returns how many."""
        with self._database.write_unnoticed() as connection:
            return states.drop(connection, before)

    # Incidents

    @contextmanager
    def alerting(self) -> Iterator[sa.Connection]:
        """One transaction: the flips taken up, incidents and messages together, or nothing."""
        with self._database.write_alone(ALERT_LOCK) as connection:
            yield connection

    def owed_channels(self) -> list[str]:
        """The channels to which a message is owed."""
        with self._database.read() as connection:
            return outbox.MESSAGES.channels(connection)

    def has_alert_work(self) -> bool:
        """Whether a flip waits to be taken up, or an incident is open and may be over."""
        with self._database.read() as connection:
            return states.are_waiting(connection) or incidents.are_open(connection)

    def drop_incidents(self, before: datetime) -> int:
        """Remove what closed before that, with its messages; returns how many."""
        with self._database.write_unnoticed() as connection:
            return incidents.drop(connection, before)

    def incidents(
        self,
        *,
        only_open: bool = False,
        school: str | None = None,
        since: datetime | None = None,
        limit: int = 1000,
    ) -> list[Incident]:
        """The newest first. `school` "" are the collector's own, None are all.

        `since`: only those that are open, or closed at that time or later.
        """
        with self._database.read() as connection:
            return incidents.find(
                connection, only_open=only_open, school=school, since=since, limit=limit
            )

    def acknowledge(self, incident: int, actor: str, note: str) -> Incident:
        """Somebody has taken it up. Raises NoIncidentError, also when somebody had before."""
        now = self._clock()
        with self._database.write_unnoticed() as connection:
            found = incidents.one(connection, incident)
            if found.acknowledged:
                raise already_acknowledged(found)
            incidents.change(
                connection,
                incident,
                acknowledged_at=now,
                acknowledged_by=actor[:64],
                note=note[:512],
            )
            detail = {"school": found.school, "cause": found.cause, "note": note[:512]}
            subject = str(incident)
            audit_trail.add(connection, now, actor, "incident.ack", subject, detail=detail)
            return incidents.one(connection, incident)

    def deliveries(self, incident: int) -> list[Delivery]:
        """Messages that are or were owed about an incident, in order."""
        with self._database.read() as connection:
            return outbox.of_incident(connection, incident)

    def alert_counts(self) -> Mapping[str, int]:
        """Open incidents, those nobody acknowledged, and messages by what became of them."""
        with self._database.read() as connection:
            opened, acknowledged = incidents.count_open(connection)
            return {
                "incidents_open": opened,
                "incidents_unacknowledged": opened - acknowledged,
                **{f"deliveries_{k}": n for k, n in outbox.counts(connection).items()},
            }

    @property
    def security(self) -> SecurityIncidents:
        """Security incidents: those that the law asks to report."""
        return SecurityIncidents(self._database, self._clock)

    # Audit

    def audit(
        self,
        actor: str,
        action: str,
        subject: str,
        *,
        source: str = "",
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """For what others do beside the register, such as an export or a changed policy."""
        with self._database.write_unnoticed() as connection:
            audit_trail.add(
                connection, self._clock(), actor, action, subject, source=source, detail=detail
            )

    def audit_entries(self, limit: int = 100) -> list[AuditEntry]:
        """The newest first."""
        with self._database.read() as connection:
            return audit_trail.newest(connection, limit)
