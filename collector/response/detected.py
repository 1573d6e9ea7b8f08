"""From what was measured to a candidate that a person confirms or dismisses.

Detection starts no clock: knowing (获知) is something that a person does. What was seen first, and
when, is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from collector.register.incident import Incident
from collector.register.security_incident import Action, SecurityIncident
from collector.register.security_incidents import SecurityIncidents
from config.incident_fact import Value
from config.reporting import ReportingRules

ACTOR = "collector"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that was found at a school.

    Attributes:
        id: of a threshold, a cause, a duty or an indicator.
        system: the machine, page or system concerned, as a person would name it.
        incident: the operational incident, where there is one.
    """

    id: str
    school: str
    first_seen: datetime
    system: str = ""
    incident: int | None = None
    facts: Mapping[str, Value] = field(default_factory=dict)


def suspect(
    incidents: SecurityIncidents, rules: ReportingRules, finding: Finding
) -> SecurityIncident | None:
    """A candidate; None if policy has no kind for it, or there is one already."""
    kind = rules.detected.get(finding.id)
    if kind is None or not finding.school:
        return None
    facts: dict[str, Value] = dict(finding.facts)
    if finding.system:
        facts["system"] = finding.system
    detail = {
        "kind": kind,
        "finding": finding.id,
        "first_seen": finding.first_seen.isoformat(),
        "facts": facts,
        "incidents": [] if finding.incident is None else [finding.incident],
    }
    return incidents.begin_once(finding.school, ACTOR, (Action.SUSPECTED, detail))


def findings_of(
    operational: Iterable[Incident], rules: ReportingRules, machines: Mapping[str, str]
) -> list[Finding]:
    """Of operational incidents: by their cause, else by the threshold of a part.

    `machines`: the name of each, by the id of its agent.
    """
    found = []
    for one in operational:
        if (id := finding_id(one, rules)) is not None:
            system = "、".join(dict.fromkeys(_names(one, id, machines)))
            found.append(
                Finding(
                    id=id, school=one.school, first_seen=one.since, system=system, incident=one.id
                )
            )
    return found


def finding_id(one: Incident, rules: ReportingRules) -> str | None:
    """What of it policy has a kind of security incident for."""
    ids = (one.cause, *(part.watched.threshold for part in one.parts))
    return next((id for id in ids if id in rules.detected), None)


def _names(one: Incident, id: str, machines: Mapping[str, str]) -> Iterable[str]:
    for part in one.parts:
        if id in (one.cause, part.watched.threshold):
            machine = machines.get(part.watched.agent, "")
            target = part.watched.target
            if named := machine if target in ("", "local") else target:
                yield named
