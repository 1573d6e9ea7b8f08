"""Open incidents for the eye: on the page of the county, and on that of their school."""

from __future__ import annotations

from dataclasses import dataclass

from collector.alert.message import leading, severity_words
from collector.judge.standing import REASONS
from collector.lan.kept import sentence
from collector.register.incident import COLLECTOR, Incident, Part
from collector.web.marks import Mark
from collector.web.showing import Showing
from config.quantity import show_both
from probes.text import Text

MOST = 50
"""On a page; the API has the others."""
_KINDS = {"degraded": ("▼", "worse"), "down": ("✗", "bad"), "unknown": ("?", "bad")}
_NO_WORDS = Text("", "")


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """One incident. `school` is empty for the collector's own; `runbook` names its page."""

    incident: Incident
    school: str
    title: Text
    mark: Mark
    evidence: Text
    runbook: str


def open_incidents(showing: Showing, school: str | None = None) -> list[IncidentLine]:
    """The newest first, of one school or of all."""
    names = {one.code: one.name for one in showing.schools()}
    found = showing.incidents(only_open=True, school=school, limit=MOST)
    return [_line(one, showing, names.get(one.school, one.school)) for one in found]


def _line(incident: Incident, showing: Showing, name: str) -> IncidentLine:
    symbol, kind = _KINDS[incident.severity.value]
    part = leading(incident.parts)
    own = incident.cause == COLLECTOR
    return IncidentLine(
        incident=incident,
        school=name,
        title=showing.alert_policy.title(incident.cause),
        mark=Mark(symbol, kind, severity_words(incident.severity)),
        evidence=_NO_WORDS if own or part is None else _evidence(part, showing),
        runbook=COLLECTOR if own or part is None else part.watched.threshold,
    )


def _evidence(part: Part, showing: Showing) -> Text:
    if part.watched.threshold in showing.alert_policy.attacks:
        kept = showing.findings(part.watched.school).get(part.watched)
        target = part.watched.target
        return sentence(kept) if kept is not None else Text(target, target)
    if part.reason in REASONS:
        return REASONS[part.reason]
    title = showing.alert_policy.threshold_title(part.watched.threshold)
    value, bound = show_both(part.value, part.unit), show_both(part.bound, part.unit)
    return Text(
        f"{title.zh} {value.zh}，界限 {bound.zh}。", f"{title.en} {value.en}, bound {bound.en}."
    )
