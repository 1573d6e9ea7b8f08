"""States and flips as flat, JSON-able rows, for the API and the command line.

Values are in base units; words for people are {"zh", "en"}. A value that is not known is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from collector.judge.standing import REASONS, STATES, SchoolStanding, Standing, States
from collector.judge.state import WORSE, bound_of
from collector.register.model import Agent, Flip, School
from config.policy import Operator
from config.quantity import show_both
from config.threshold import Threshold
from probes.text import Text

Row = dict[str, Any]
_SIGNS = {Operator.AT_LEAST: "≥", Operator.AT_MOST: "≤"}


def state_rows(states: States, schools: Sequence[School], agents: Sequence[Agent]) -> Row:
    """What /v1/states answers: the schools, and everything that is watched, the worst first."""
    hostnames = {agent.id: agent.hostname for agent in agents}
    return {
        "judged_at": _iso(states.at),
        "thresholds_revision": states.revision,
        "schools": [
            _school_row(school, found)
            for school in schools
            if (found := states.schools.get(school.code)) is not None
        ],
        "states": [
            _state_row(standing, school.name, hostnames)
            for school in schools
            for standing in states.of(school.code)
        ],
    }


def _school_row(school: School, standing: SchoolStanding) -> Row:
    return {
        "school": school.code,
        "school_name": school.name,
        "state": standing.state.value,
        "state_text": _words(STATES[standing.state]),
        "since": _iso(standing.since),
        "reason": _words(standing.reason),
    }


def _state_row(standing: Standing, school_name: str, hostnames: Mapping[str, str]) -> Row:
    watched, threshold = standing.watched, standing.threshold
    return {
        "school": watched.school,
        "school_name": school_name,
        "agent": watched.agent,
        "hostname": hostnames.get(watched.agent, ""),
        "target": watched.target,
        "threshold": threshold.id,
        "title": _words(threshold.title),
        "metric": f"{threshold.probe}.{threshold.metric}",
        "statistic": threshold.statistic,
        "window_seconds": threshold.window.total_seconds(),
        "state": standing.state.value,
        "state_text": _words(STATES[standing.state]),
        "since": _iso(standing.since),
        "value": standing.value,
        "value_text": _words(show_both(standing.value, threshold.unit)),
        "unit": threshold.unit.value,
        "bounds": {
            state.value: float(bound.value)
            for state in WORSE
            if (bound := bound_of(threshold, state)) is not None
        },
        "bounds_text": _words(bounds_words(threshold)),
        "n": standing.n,
        "last": _iso(standing.last),
        "reason": _words(standing.reason) if standing.reason else None,
        "counts": standing.counts,
        "why": _words(threshold.why),
        "origin": threshold.grounds.kind,
        "revision": threshold.revision,
    }


def bounds_words(threshold: Threshold) -> Text:
    """`下降 ≥ 10%，中断 ≥ 90%`."""
    sign = _SIGNS.get(threshold.operator, threshold.operator.value)
    found = [
        (STATES[state], show_both(bound.value, threshold.unit))
        for state in WORSE
        if (bound := bound_of(threshold, state)) is not None
    ]
    return Text(
        "，".join(f"{title.zh} {sign} {shown.zh}" for title, shown in found),
        ", ".join(f"{title.en} {sign} {shown.en}" for title, shown in found),
    )


def flip_row(flip: Flip, names: Mapping[str, str], titles: Mapping[str, Text]) -> Row:
    """`names` of schools by code; `titles` of thresholds, where one has gone its id stands in."""
    watched = flip.watched
    title = titles.get(watched.threshold, Text(watched.threshold, watched.threshold))
    return {
        "at": _iso(flip.at),
        "since": _iso(flip.since),
        "school": watched.school,
        "school_name": names.get(watched.school, ""),
        "agent": watched.agent,
        "target": watched.target,
        "threshold": watched.threshold,
        "title": _words(title),
        "from": flip.before.value,
        "from_text": _words(STATES[flip.before]),
        "to": flip.after.value,
        "to_text": _words(STATES[flip.after]),
        "value": flip.value,
        "value_text": _words(show_both(flip.value, flip.unit)),
        "unit": flip.unit,
        "bound": flip.bound,
        "n": flip.n,
        "reason": _words(REASONS[flip.reason]) if flip.reason in REASONS else None,
        "revision": flip.revision,
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds")


def _words(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
