"""What was judged, and what the register says, as lines. Pure: the same facts give the same lines.

What is not known is left out of a line; a verdict that is undetermined says so by its code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import TypeGuard

from collector.export.line import line
from collector.fleet.heard import LastWord
from collector.judge.duty.words import only_bound
from collector.judge.judge import Judgement
from collector.judge.line import DIRECTION_TITLES
from collector.judge.model import AreaVerdict, Finding, Leg, Plan, SchoolVerdict, Step
from collector.judge.standing import States
from collector.register.incident import Incident
from collector.register.model import Agent, Flip, Link, School
from config import measurement as m
from probes.text import Text

CITY_DIGITS = 4
"""Of an adcode; the city's own ends in 00."""


def county_of(schools: Iterable[School]) -> dict[str, str]:
    return {school.code: school.adcode for school in schools}


def school_lines(
    schools: Sequence[School], agents: Sequence[Agent], areas: Mapping[str, Text], at: datetime
) -> Iterator[str]:
    """`areas`: names of cities and counties by adcode, as far as they are known."""
    at_school: dict[str, int] = {school.code: 0 for school in schools}
    for agent in agents:
        if not agent.revoked and agent.school in at_school:
            at_school[agent.school] += 1
    for school in schools:
        city = school.adcode[:CITY_DIGITS] + "00"
        tags = {
            "city": city,
            "county": school.adcode,
            "school": school.code,
            "city_label": _area_label(areas, city),
            "county_label": _area_label(areas, school.adcode),
            "school_label": _label(school.name, school.code),
            "area": school.policy_area,
        }
        fields = {
            "classes_count": school.own_classes,
            "students_count": sum(school.students.values()) if school.students else None,
            "contract_down_bits_per_second": _contracted(
                link.contract_down_bits_per_second for link in _primary(school)
            ),
            "contract_up_bits_per_second": _contracted(
                link.contract_up_bits_per_second for link in _primary(school)
            ),
            "agents_count": at_school[school.code],
        }
        yield line(m.SCHOOL_FACTS, tags, fields, at)


def _primary(school: School) -> list[Link]:
    return [link for link in school.links if link.role == "primary"]


def _contracted(rates: Iterable[int | None]) -> int | None:
    """Their sum; None as soon as one is not known, or when there is none."""
    listed = list(rates)
    known = [rate for rate in listed if rate is not None]
    return sum(known) if listed and len(known) == len(listed) else None


def agent_lines(
    agents: Sequence[Agent],
    counties: Mapping[str, str],
    words: Mapping[str, LastWord],
    at: datetime,
) -> Iterator[str]:
    """`words`: the last one of each agent that was heard since the start."""
    for agent in agents:
        word = words.get(agent.id)
        if agent.revoked or word is None:
            continue
        tags = {
            **_where(agent.school, counties),
            "agent": agent.id,
            "agent_label": _label(agent.hostname or agent.role.value, agent.id),
            "role": agent.role.value,
        }
        waiting = word.state.get("spool_batches")
        fields = {
            "heard_age_seconds": max(0.0, (at - word.at).total_seconds()),
            "batches_waiting_count": waiting if _is_number(waiting) else None,
        }
        yield line(m.AGENT_FACTS, tags, fields, at)


def verdict_lines(judgement: Judgement) -> Iterator[str]:
    at = judgement.now
    for verdict in judgement.schools:
        where = {"county": verdict.adcode, "school": verdict.school}
        tags = {**where, "target_value": verdict.target.id, "unit": verdict.target.unit.value}
        yield line(m.VERDICT, tags, _verdict_fields(verdict), at)
        for leg in verdict.finding.legs:
            of_leg = {**tags, "leg": leg.name.value, "unit": leg.unit.value}
            yield line(m.LEG, of_leg, {**_code(leg.verdict), **_leg_fields(leg)}, at)
    for area in judgement.areas:
        tags = {"region": area.region, "target_value": area.target.id}
        yield line(m.AREA_VERDICT, tags, _area_fields(area), at)
    for status in judgement.duties:
        duty = status.duty
        value, unit = only_bound(duty)
        tags = {"county": status.adcode, "school": status.school, "duty": duty.id}
        fields = {
            "duty_code": m.DUTIES[status.state].number,
            "advice": float(status.advice),
            **_found(status.finding),
            "required": None if value is None else float(value),
        }
        yield line(m.DUTY, {**tags, "unit": unit.value}, fields, at)


def _verdict_fields(verdict: SchoolVerdict) -> dict[str, float | None]:
    target = verdict.target
    return {
        **_code(verdict.verdict),
        **_found(verdict.finding),
        "required": float(target.value),
    }


def _code(verdict: str) -> dict[str, float | None]:
    return {"verdict_code": m.VERDICTS[verdict].number}


def _found(finding: Finding) -> dict[str, float | None]:
    leg = finding.shown_leg
    return {} if leg is None else _leg_fields(leg)


def _leg_fields(leg: Leg) -> dict[str, float | None]:
    return {
        "value": leg.value,
        "required": leg.required,
        "evidence_count": leg.evidence.n,
        "coverage_ratio": leg.evidence.coverage,
    }


def _area_fields(area: AreaVerdict) -> dict[str, float | None]:
    due = datetime.combine(area.target.due, time(), UTC)
    return {
        **_code(area.verdict),
        "met_count": area.tally.met,
        "not_met_count": area.tally.not_met,
        "undetermined_count": area.tally.undetermined,
        "not_applicable_count": area.tally.not_applicable,
        "missing_schools_count": area.missing_schools,
        "low_ratio": None if area.low is None else float(area.low),
        "high_ratio": None if area.high is None else float(area.high),
        "share_ratio": float(area.target.share),
        "due_seconds": due.timestamp(),
        "contract_gap_bits_per_second": area.contract_gap,
        **_plan_fields(area.plan),
    }


def _plan_fields(plan: Plan | None) -> dict[str, float | None]:
    if plan is None:
        return {}
    return {
        "cheapest_contract_bits_per_second": plan.add,
        **{f"cheapest_{step}_schools_count": len(plan.of(step)) for step in Step},
    }


def line_lines(judgement: Judgement) -> Iterator[str]:
    """What each line brings against its contract."""
    for found in judgement.lines:
        school, link = found.school, found.link
        words = f"{school.name} {link.name} {DIRECTION_TITLES[found.direction].zh}"
        tags = {
            "county": school.adcode,
            "school": school.code,
            "line_label": _label(words, f"{school.code}/{link.name}/{found.direction}"),
            "direction": found.direction,
            "provider": link.isp,
        }
        fields = {
            **_code(found.verdict),
            "contract_bits_per_second": found.contract,
            "median_bits_per_second": found.median,
            "p10_bits_per_second": found.p10,
            "share_ratio": found.share,
            "evidence_count": found.n,
            "days_count": found.days,
            "coverage_ratio": found.coverage,
        }
        yield line(m.LINE, tags, fields, judgement.now)


def figure_lines(judgement: Judgement, counties: Mapping[str, str]) -> Iterator[str]:
    for shown in judgement.figures:
        tags = {**_where(shown.school, counties), "indicator": shown.indicator}
        fields = {
            "value": shown.figure.value,
            "evidence_count": shown.figure.n,
            "coverage_ratio": shown.figure.coverage,
        }
        yield line(m.FIGURE, {**tags, "unit": shown.unit.value}, fields, judgement.now)


def state_lines(states: States, counties: Mapping[str, str]) -> Iterator[str]:
    if states.at is None:
        return
    for standing in states.standings:
        tags = {**standing.watched._asdict(), **_where(standing.watched.school, counties)}
        fields = {"state_code": m.STATES[standing.state].number, "value": standing.value}
        unit = standing.threshold.unit.value
        yield line(m.STATE, {**tags, "unit": unit}, fields, states.at)


def flip_lines(flips: Iterable[Flip], counties: Mapping[str, str]) -> Iterator[str]:
    for flip in flips:
        tags = {
            **flip.watched._asdict(),
            **_where(flip.watched.school, counties),
            "before": flip.before.value,
            "after": flip.after.value,
            "reason": flip.reason,
            "unit": flip.unit,
        }
        fields = {
            "state_code": m.STATES[flip.after].number,
            "value": flip.value,
            "bound": flip.bound,
            "held_seconds": (flip.at - flip.since).total_seconds(),
            "evidence_count": flip.n,
        }
        yield line(m.FLIP, tags, fields, flip.at)


def incident_lines(
    incidents: Iterable[Incident], counties: Mapping[str, str], now: datetime, lately: datetime
) -> Iterator[str]:
    """The newest first; those that became part of another are not among them.

    One that ended since `lately` is told of as of now: while it settled, lines of after its end
    said that it is open, and the newest line of a series is what counts.
    """
    newest: set[tuple[str, ...]] = set()
    for incident in incidents:
        where = _where(incident.school, counties) if incident.school else {}
        tags = {**where, "cause": incident.cause, "severity": incident.severity.value}
        series, ended = tuple(tags.values()), incident.closed_at or now
        fields = {
            "open": float(incident.is_open),
            "acknowledged": float(incident.acknowledged),
            "age_seconds": (ended - incident.since).total_seconds(),
            "flips_count": incident.flips,
        }
        at = now if ended >= lately and series not in newest else ended
        newest.add(series)
        yield line(m.INCIDENT, tags, fields, at)


def platform_line(figures: Mapping[str, object], at: datetime) -> str:
    """Of all that the collector says of itself, what is declared."""
    declared = {field.name for field in m.PLATFORM.fields}
    fields = {
        name: value
        for key, value in figures.items()
        for name in (key, f"{key}_count")
        if name in declared and _is_number(value)
    }
    return line(m.PLATFORM, {}, fields, at)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _where(school: str, counties: Mapping[str, str]) -> dict[str, str]:
    return {"county": counties.get(school, ""), "school": school}


def _area_label(areas: Mapping[str, Text], adcode: str) -> str:
    return _label(areas[adcode].zh if adcode in areas else adcode, adcode)


def _label(words: str, code: str) -> str:
    return f"{words}{m.LABEL_SEPARATOR}{code}"
