"""Incidents as flat, JSON-able rows, for the API and the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from collector.alert.fault import fault_words
from collector.alert.message import severity_words
from collector.alert.scene import AlertPolicy
from collector.judge.standing import REASONS
from collector.register.incident import Delivery, Incident, Part
from config.quantity import show_both
from probes.text import Text

Row = dict[str, Any]


def incident_row(incident: Incident, policy: AlertPolicy, names: Mapping[str, str]) -> Row:
    """`names` of schools, by code. The collector's own incident has an empty school."""
    return {
        "incident": incident.id,
        "school": incident.school,
        "school_name": names.get(incident.school, ""),
        "cause": incident.cause,
        "title": _words(policy.title(incident.cause)),
        "severity": incident.severity.value,
        "severity_text": _words(severity_words(incident.severity)),
        "since": _iso(incident.since),
        "opened_at": _iso(incident.opened_at),
        "closed_at": _iso(incident.closed_at),
        "open": incident.is_open,
        "acknowledged_at": _iso(incident.acknowledged_at),
        "acknowledged_by": incident.acknowledged_by,
        "note": incident.note,
        "flips": incident.flips,
        "parts": [_part_row(part, policy) for part in incident.parts],
    }


def _part_row(part: Part, policy: AlertPolicy) -> Row:
    reason = REASONS.get(part.reason)
    return {
        "school": part.watched.school,
        "agent": part.watched.agent,
        "target": part.watched.target,
        "threshold": part.watched.threshold,
        "title": _words(policy.threshold_title(part.watched.threshold)),
        "state": part.state.value,
        "since": _iso(part.since),
        "over_at": _iso(part.over_at),
        "value": part.value,
        "value_text": _words(show_both(part.value, part.unit)),
        "unit": part.unit,
        "bound": part.bound,
        "reason": _words(reason) if reason else None,
    }


def delivery_rows(deliveries: Sequence[Delivery]) -> list[Row]:
    """Channels by their names; what leads to them is not here."""
    return [
        {
            "number": one.number,
            "kind": one.kind.value,
            "channel": one.channel,
            "state": one.state.value,
            "attempts": one.attempts,
            "created_at": _iso(one.created_at),
            "settled_at": _iso(one.settled_at),
            "fault": _words(fault_words(one.fault)) if one.fault else None,
        }
        for one in deliveries
    ]


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds")


def _words(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
