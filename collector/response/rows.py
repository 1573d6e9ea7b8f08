"""Security incidents as flat, JSON-able rows, for the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from collector.register.security_incident import ACTIONS, PHASES, Entry, SecurityIncident
from collector.response.clocks import CLOCK_STATES, Ticking, clocks_of
from collector.response.message import left_words
from collector.response.weigh import Met, Scale
from config.answer import Answer
from config.contact_file import Contact
from config.incident_fact import CLASSES
from config.policy import VERIFICATIONS
from config.quantity import show_both
from config.reporting import Authority, ReportingClock, ReportingRules, Source
from probes.model import Unit
from probes.text import Text

Row = dict[str, Any]
_MET = {
    Answer.YES: Text("成立", "met"),
    Answer.UNKNOWN: Text("不能排除", "cannot be ruled out"),
}


def security_row(
    incident: SecurityIncident, rules: ReportingRules, now: datetime, names: Mapping[str, str]
) -> Row:
    """`names` of schools, by code. Clocks in the order of the policy."""
    kind = rules.kinds.get(incident.kind)
    graded = Scale(incident, rules, now).graded
    return {
        "incident": incident.id,
        "school": incident.school,
        "school_name": names.get(incident.school, ""),
        "kind": incident.kind,
        "title": _words(kind.title if kind else Text(incident.kind, incident.kind)),
        "phase": incident.phase.value,
        "phase_text": _words(PHASES[incident.phase]),
        "class_certain": graded.certain.value,
        "class_possible": graded.possible.value,
        "class_text": _words(graded.words),
        "class_said": graded.said,
        "criteria": [_criterion_row(each) for each in graded.met],
        "first_seen": _iso(incident.first_seen),
        "known_at": _iso(incident.known_at),
        "known_by": incident.known_by,
        "ended_at": _iso(incident.ended_at),
        "closed_at": _iso(incident.closed_at),
        "finding": incident.finding,
        "incidents": list(incident.incidents),
        "facts": dict(incident.facts),
        "clocks": [clock_row(each, rules) for each in clocks_of(incident, rules, now)],
        "policy_revision": rules.revision,
    }


def _criterion_row(met: Met) -> Row:
    return {
        "class": met.criterion.klass.value,
        "class_text": _words(CLASSES[met.criterion.klass]),
        "met": met.answer.value,
        "met_text": _words(_MET[met.answer]),
        "because": _words(met.because),
        "source": _words(source_words(met.criterion.source)),
    }


def clock_row(each: Ticking, rules: ReportingRules) -> Row:
    to = [rules.authorities[id] for id in each.clock.to]
    return {
        "clock": each.clock.id,
        "title": _words(each.clock.title),
        "state": each.state.value,
        "state_text": _words(CLOCK_STATES[each.state]),
        "applies": each.applies.value,
        "because": _words(each.because),
        "started_at": _iso(each.started_at),
        "due_at": _iso(each.due_at),
        "limit_seconds": each.clock.limit.total_seconds(),
        "limit_is_law": each.clock.limit_is_law,
        "left_seconds": _seconds(each.left),
        "left_text": None if each.left is None else _words(left_words(each.left)),
        "late_seconds": _seconds(each.late),
        "met_at": _iso(each.met_at),
        "to": [_words(one.title) for one in to],
        "ways": [_words(way) for one in to for way in one.ways],
        "note": _words(each.clock.note) if each.clock.note else None,
        "sources": [_words(source_words(source)) for source in each.clock.sources],
    }


def history_row(entry: Entry) -> Row:
    """What a report holds is left out; it is printed with `incident report`."""
    detail = {key: value for key, value in entry.detail.items() if key != "content"}
    return {
        "at": _iso(entry.at),
        "actor": entry.actor,
        "action": entry.action.value,
        "action_text": _words(ACTIONS[entry.action]),
        "detail": detail,
    }


def rule_rows(rules: ReportingRules, contacts: Sequence[Contact]) -> Row:
    """The policy, with the county's own numbers."""
    kinds = [{"kind": one.id, "title": _words(one.title)} for one in rules.kinds.values()]
    clocks = [
        {
            "clock": one.id,
            "title": _words(one.title),
            "limit_seconds": one.limit.total_seconds(),
            "limit_is_law": one.limit_is_law,
            "limit_text": _words(_limit_words(one)),
            "to": [_words(_whom(rules.authorities[id], contacts)) for id in one.to],
            "sources": [_words(source_words(source)) for source in one.sources],
        }
        for one in rules.clocks
    ]
    return {"policy_revision": rules.revision, "kinds": kinds, "clocks": clocks}


def _limit_words(clock: ReportingClock) -> Text:
    both = show_both(clock.limit.total_seconds(), Unit.SECONDS)
    aim = Text("（内部目标，非法定）", " (own aim, not law)")
    own = Text("", "") if clock.limit_is_law else aim
    return Text(f"{both.zh}{own.zh}", f"{both.en}{own.en}")


def _whom(authority: Authority, contacts: Sequence[Contact]) -> Text:
    numbers = [one.words for one in contacts if one.who == authority.id]
    zh = "、".join([*(way.zh for way in authority.ways), *numbers])
    en = ", ".join([*(way.en for way in authority.ways), *numbers])
    return Text(
        f"{authority.title.zh}：{zh}" if zh else authority.title.zh,
        f"{authority.title.en}: {en}" if en else authority.title.en,
    )


def source_words(source: Source) -> Text:
    """Document, article, how it was checked, and whether it has to be read first."""
    checked = VERIFICATIONS[source.verified]
    read = Text("，使用前须读官方原文", "; read the official text before use")
    tail = read if source.must_read else Text("", "")
    return Text(
        f"{source.document}{source.article}（{checked.zh}{tail.zh}）",
        f"{source.document}{source.article} ({checked.en}{tail.en})",
    )


def _words(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
