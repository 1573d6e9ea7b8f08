"""Who is owed which message about an incident; written in the transaction of its change.

What a message says is decided when it is sent, so one that waits is never out of date. Somebody who
was told of the beginning is told of the end; who was not yet, gets one message about both.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from collector.alert.scene import Scene
from collector.register import incidents, outbox
from collector.register.incident import Delivery, Incident, Kind, Progress
from config.route_file import channels_for

_KNOWS = (Progress.SENT, Progress.SENDING)


def tell_bad(
    connection: sa.Connection, incident: Incident, scene: Scene, now: datetime, wait: timedelta
) -> None:
    """It has opened, or got worse. Where a message still waits, nothing more is owed."""
    school = scene.schools.get(incident.school)
    adcode = school.adcode if school else ""
    routes = scene.policy.routes
    owed = outbox.of_incident(connection, incident.id)
    found = channels_for(routes, incident.severity.value, incident.cause, incident.school, adcode)
    for channel, language in found.items():
        states = {d.state for d in owed if d.channel == channel}
        if Progress.PENDING in states:
            continue
        kind = Kind.WORSE if states.intersection(_KNOWS) else Kind.OPENED
        outbox.add(connection, incident.id, kind, channel, language, (now, now + wait))


def tell_closed(connection: sa.Connection, incident: Incident, now: datetime) -> None:
    owed = outbox.of_incident(connection, incident.id)
    for one in {d.channel: d for d in owed if d.state in _KNOWS}.values():
        outbox.add(connection, incident.id, Kind.CLOSED, one.channel, one.language, (now, now))


def is_told(connection: sa.Connection, incident: Incident) -> bool:
    """Whether anybody may know of it."""
    owed = outbox.of_incident(connection, incident.id)
    return incident.acknowledged or any(d.attempts for d in owed)


def withdraw(connection: sa.Connection, incident: Incident, now: datetime) -> None:
    for one in outbox.of_incident(connection, incident.id):
        if one.state is Progress.PENDING:
            outbox.MESSAGES.settle(connection, [one.id], Progress.WITHDRAWN, now)


def next_message(
    connection: sa.Connection, channel: str, now: datetime, until: datetime
) -> tuple[Delivery, Incident] | None:
    """The next message to send to it, leased until then; what has become pointless is withdrawn."""
    while (one := outbox.lease(connection, channel, now, until)) is not None:
        incident = incidents.one(connection, one.incident)
        kind = _kind_now(one, incident, outbox.of_incident(connection, incident.id))
        if kind is not None:
            outbox.rename(connection, one.id, kind)
            return replace(one, kind=kind), incident
        outbox.MESSAGES.settle(connection, [one.id], Progress.WITHDRAWN, now)
    return None


def _kind_now(one: Delivery, incident: Incident, owed: list[Delivery]) -> Kind | None:
    """What it should say by now; None = nothing."""
    before = [d.kind for d in owed if d.channel == one.channel and d.number < one.number
              and d.state is Progress.SENT]  # fmt: skip
    if incident.merged_into is not None:
        return None
    if one.kind is Kind.CLOSED:
        return None if not before or Kind.WHOLE in before else Kind.CLOSED
    if incident.is_open:
        return Kind.WORSE if before else Kind.OPENED
    return None if before else Kind.WHOLE
