"""Enrolled agents in the database, and what each was asked to measure over time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from collector.register.model import Agent, Assignment
from collector.register.tables import agent, assignment
from probes.model import Role
from probes.text import BanjunError, Text

Asked = tuple[str, str, float]
"""(probe, target, seconds between runs)."""


class UnknownAgentError(BanjunError):
    """No agent has this id."""


def load(connection: sa.Connection) -> list[Agent]:
    """All agents, also revoked ones, by school and time of enrolment."""
    order = (agent.c.school, agent.c.enrolled_at, agent.c.id)
    return [_agent(row) for row in connection.execute(sa.select(agent).order_by(*order))]


def load_one(connection: sa.Connection, agent_id: str) -> Agent | None:
    row = connection.execute(sa.select(agent).where(agent.c.id == agent_id)).one_or_none()
    return None if row is None else _agent(row)


def revoke(connection: sa.Connection, agent_id: str, now: datetime) -> None:
    """Also ends what it was asked to run. A second revocation changes nothing."""
    if load_one(connection, agent_id) is None:
        raise UnknownAgentError(
            Text(
                f"没有代理程序“{agent_id}”；用 agents 查看。",
                f"There is no agent {agent_id!r}; `agents` shows them.",
            )
        )
    connection.execute(
        sa.update(agent)
        .where(agent.c.id == agent_id, agent.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    assign(connection, agent_id, [], now)


def place(connection: sa.Connection, agent_ids: Iterable[str], room: str) -> None:
    """They stand in that room from now on; empty = not known."""
    connection.execute(sa.update(agent).where(agent.c.id.in_(list(agent_ids))).values(room=room))


def confirm(connection: sa.Connection, agent_ids: Iterable[str], now: datetime) -> None:
    """Note that these agents used their keys; the first time counts."""
    connection.execute(
        sa.update(agent)
        .where(agent.c.id.in_(list(agent_ids)), agent.c.confirmed_at.is_(None))
        .values(confirmed_at=now)
    )


def assign(connection: sa.Connection, agent_id: str, asked: Iterable[Asked], now: datetime) -> bool:
    """From `now` on the agent runs exactly `asked`; returns whether that changes anything."""
    wanted = set(asked)
    current = assignment.c.agent == agent_id, assignment.c.until.is_(None)
    rows = connection.execute(sa.select(assignment).where(*current)).all()
    held = {(row.probe, row.target, row.every): row.id for row in rows}
    ended = [row_id for key, row_id in held.items() if key not in wanted]
    begun = sorted(wanted - held.keys())
    if ended:
        connection.execute(
            sa.update(assignment).where(assignment.c.id.in_(ended)).values(until=now)
        )
    if begun:
        rows_in = [
            {"agent": agent_id, "probe": p, "target": t, "every": e, "since": now}
            for p, t, e in begun
        ]
        connection.execute(sa.insert(assignment), rows_in)
    return bool(ended or begun)


def assignments(connection: sa.Connection) -> list[Assignment]:
    """All that was ever asked, in order of time."""
    query = (
        sa.select(assignment, agent.c.school, agent.c.role)
        .join(agent, agent.c.id == assignment.c.agent)
        .order_by(assignment.c.since, assignment.c.id)
    )
    return [
        Assignment(
            agent=row.agent,
            school=row.school,
            role=Role(row.role),
            probe=row.probe,
            target=row.target,
            every=row.every,
            since=row.since,
            until=row.until,
        )
        for row in connection.execute(query)
    ]


def _agent(row: Any) -> Agent:
    return Agent(
        id=row.id,
        school=row.school,
        role=Role(row.role),
        key_sha256=row.key_sha256,
        enrolled_at=row.enrolled_at,
        hostname=row.hostname,
        system=row.system,
        version=row.version,
        confirmed=row.confirmed_at is not None,
        revoked=row.revoked_at is not None,
        site=row.site,
        room=row.room,
    )
