"""A judgement as flat, JSON-able rows, for /v1/verdicts, the command line, pages and files.

Values are in base units; words for people are {"zh", "en"}. A value that is not known is None.
"""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from typing import Any

from collector.judge.bound import bound_of
from collector.judge.cheapest import STEP_TITLES, plan_words
from collector.judge.duty.rows import (
    citation_rows,
    freshness_row,
    state_row,
    value_origins,
)
from collector.judge.duty.words import asked, only_bound
from collector.judge.judge import Judgement
from collector.judge.line import LINE_TITLES, LineFinding
from collector.judge.model import (
    LEG_TITLES,
    STATE_TITLES,
    VERDICT_TITLES,
    AreaVerdict,
    DutyStatus,
    Finding,
    Leg,
    Plan,
    SchoolFigure,
    SchoolVerdict,
    Tally,
    Verdict,
)
from config.policy import TargetValue
from config.quantity import show_both
from probes.model import Unit
from probes.text import Text

Row = dict[str, Any]
_SAID = ("contract", "declared")
"""Layers of evidence in which nothing was measured."""
Words = dict[str, str]


def school_rows(judgement: Judgement) -> list[Row]:
    """One row per school and target value, then one per school and duty, with the same keys."""
    rows = [_school_row(v, judgement.now) for v in judgement.schools]
    rows += [_duty_row(s, judgement.as_of, judgement.now) for s in judgement.duties]
    return sorted(rows, key=lambda row: row["school"])


def area_rows(judgement: Judgement) -> list[Row]:
    """One row per region and target row in force."""
    return [_area_row(verdict) for verdict in judgement.areas]


def rows(judgement: Judgement) -> Row:
    """The whole judgement, as /v1/verdicts answers it."""
    return {
        "as_of": judgement.as_of.isoformat(),
        "judged_at": judgement.now.isoformat(),
        "window": [judgement.window.first.isoformat(), judgement.window.last.isoformat()],
        "policy_revision": judgement.policy_revision,
        "calendar_revision": judgement.calendar_revision,
        "schools": school_rows(judgement),
        "areas": area_rows(judgement),
        "coming": [_area_row(verdict) for verdict in judgement.coming],
        "lines": [_without_days(found) for found in judgement.lines],
        "figures": figure_rows(judgement),
    }


def figure_rows(judgement: Judgement) -> list[Row]:
    """One row per school and observed indicator; no verdict, since nothing is asked."""
    return [_figure_row(figure) for figure in judgement.figures]


def _figure_row(shown: SchoolFigure) -> Row:
    figure = shown.figure
    return {
        "kind": "figure",
        "school": shown.school,
        "indicator": shown.indicator,
        "title": _words(shown.title),
        "value": figure.value,
        "value_text": _words(show_both(figure.value, shown.unit)),
        "unit": shown.unit.value,
        "reason": _words(figure.reason),
        "n": figure.n,
        "coverage": figure.coverage,
        "lower_bound": figure.lower_bound,
        "since": figure.since.isoformat() if figure.since else None,
        "until": figure.until.isoformat() if figure.until else None,
    }


def _school_row(verdict: SchoolVerdict, now: datetime) -> Row:
    target = verdict.target
    return {
        "kind": "target",
        "school": verdict.school,
        "school_name": verdict.school_name,
        "adcode": verdict.adcode,
        "area": verdict.area,
        "target_value": target.id,
        "title": _words(target.title),
        "required": float(target.value),
        "required_text": _words(bound_of(target)),
        "verdict": verdict.verdict.value,
        "verdict_text": _words(VERDICT_TITLES[verdict.verdict]),
        "due": target.due.isoformat(),
        **_found(verdict.finding, target.unit, now),
        **_source(target),
        "revision": target.revision,
        "register_revision": verdict.register_revision,
    }


def _duty_row(status: DutyStatus, as_of: date, now: datetime) -> Row:
    """Without the machines of its parts, which /v1/duties has."""
    duty = status.duty
    cited = citation_rows(duty, as_of)
    first = cited[0] if cited else {}
    value, unit = only_bound(duty)
    return {
        "kind": "duty",
        "school": status.school,
        "school_name": status.school_name,
        "adcode": status.adcode,
        "area": status.area,
        "target_value": duty.id,
        "title": _words(duty.title),
        "required": None if value is None else float(value),
        "required_text": _words(asked(duty)),
        "verdict": status.state.value,
        "verdict_text": _words(STATE_TITLES[status.state]),
        **state_row(status),
        **freshness_row(status, now),
        "due": None,
        **_found(status.finding, unit, now),
        "clause": first.get("article", ""),
        "document": first.get("document", ""),
        "quote": first.get("quote", ""),
        "origin": value_origins(duty),
        "citations": cited,
        "advice": status.advice,
        "role": _words(duty.role),
        "why": _words(duty.why),
        "remedy": _words(duty.remedy),
        "revision": duty.revision,
        "register_revision": status.register_revision,
    }


def _found(finding: Finding, unit: Unit, now: datetime) -> Row:
    shown = finding.shown_leg
    newest = [leg.evidence.newest for leg in finding.legs if leg.decides and leg.evidence.newest]
    measured = [leg for leg in finding.legs if leg.decides and leg.evidence.layer not in _SAID]
    return {
        "value": shown.value if shown else None,
        "value_leg": shown.name.value if shown else None,
        "value_text": _value_text(shown),
        "unit": unit.value,
        "reason": _words(finding.reason),
        "legs": [_leg(leg, now) for leg in finding.legs],
        "evidence_n": sum(leg.evidence.n for leg in measured),
        "coverage": next((leg.evidence.coverage for leg in measured), None),
        "age_seconds": (now - max(newest)).total_seconds() if newest else None,
        "classes": finding.classes,
        "contract_needed": finding.contract_needed,
        "contract_gap": finding.contract_gap,
    }


def _value_text(leg: Leg | None) -> Words | None:
    if leg is None:
        return None
    title, value = LEG_TITLES[leg.name], show_both(leg.value, leg.unit)
    return {"zh": f"{title.zh} {value.zh}", "en": f"{title.en} {value.en}"}


def _leg(leg: Leg, now: datetime) -> Row:
    evidence = leg.evidence
    return {
        "name": leg.name.value,
        "title": _words(LEG_TITLES[leg.name]),
        "verdict": leg.verdict.value,
        "verdict_text": _words(VERDICT_TITLES[leg.verdict]),
        "decides": leg.decides,
        "value": leg.value,
        "required": leg.required,
        "unit": leg.unit.value,
        "value_text": _words(show_both(leg.value, leg.unit)),
        "required_text": _words(show_both(leg.required, leg.unit)),
        "reason": _words(leg.reason),
        "layer": evidence.layer,
        "method": evidence.method,
        "vantage": None if evidence.vantage is None else _words(evidence.vantage),
        "n": evidence.n,
        "days": evidence.days,
        "since": evidence.since.isoformat() if evidence.since else None,
        "until": evidence.until.isoformat() if evidence.until else None,
        "coverage": evidence.coverage,
        "age_seconds": (now - evidence.newest).total_seconds() if evidence.newest else None,
    }


def _area_row(verdict: AreaVerdict) -> Row:
    target = verdict.target
    return {
        "kind": "area",
        "region": verdict.region,
        "area": target.area,
        "area_title": _words(target.area_title),
        "target_value": target.id,
        "title": _words(target.title),
        "due": target.due.isoformat(),
        "required": float(target.value),
        "required_text": _words(bound_of(target)),
        "unit": target.unit.value,
        "share": str(target.share),
        "share_operator": target.share_operator.value,
        "verdict": verdict.verdict.value,
        "verdict_text": _words(VERDICT_TITLES[verdict.verdict]),
        "low": _fraction(verdict.low),
        "high": _fraction(verdict.high),
        **_tally(verdict.tally),
        "missing_schools": verdict.missing_schools,
        "contract_gap": verdict.contract_gap,
        "plan": None if verdict.plan is None else _plan(verdict.plan),
        "reason": _words(verdict.reason),
        "population": _words(verdict.population),
        "split": [{"title": _words(title), **_tally(tally)} for title, tally in verdict.split],
        **_source(target),
        "revision": target.revision,
        "register_revision": verdict.register_revision,
    }


def _plan(plan: Plan) -> Row:
    return {
        "short": plan.short,
        "suffices": plan.suffices,
        "add_bits_per_second": plan.add,
        "schools": [
            {
                "school": candidate.school,
                "step": candidate.step.value,
                "step_text": _words(STEP_TITLES[candidate.step]),
                "add_bits_per_second": candidate.add,
                "contract_bits_per_second": candidate.total,
            }
            for candidate in plan.chosen
        ],
        "unknown": list(plan.unknown),
        "text": _words(plan_words(plan)),
    }


def _without_days(found: LineFinding) -> Row:
    """/v1/lines has them."""
    return {key: value for key, value in line_row(found).items() if key != "by_day"}


def line_row(found: LineFinding) -> Row:
    """A line against its contract with all its evidence; rates in bits a second."""
    link, school = found.link, found.school
    return {
        "kind": "line",
        "school": school.code,
        "school_name": school.name,
        "adcode": school.adcode,
        "line": link.name,
        "provider": link.isp,
        "role": link.role,
        "direction": found.direction,
        "verdict": found.verdict.value,
        "verdict_text": _words(LINE_TITLES[found.verdict]),
        "contract": found.contract,
        "required": found.required,
        "median": found.median,
        "p10": found.p10,
        "share_of_contract": found.share,
        "n": found.n,
        "days": found.days,
        "lower_bounds": found.bounds,
        "coverage": found.coverage,
        "window": [found.window.first.isoformat(), found.window.last.isoformat()],
        "since": found.since.isoformat() if found.since else None,
        "until": found.until.isoformat() if found.until else None,
        "newest": found.newest.isoformat() if found.newest else None,
        "reason": _words(found.reason),
        "layer": "ip",
        "method": found.method,
        "vantage": None if found.vantage is None else _words(found.vantage),
        "tolerance": float(found.delivery.tolerance),
        "minimum_readings": found.delivery.minimum_readings,
        "minimum_days": found.delivery.minimum_days,
        "tolerance_origin": found.delivery.origin,
        "register_revision": school.revision,
        "by_day": [
            {"day": d.day.isoformat(), "n": d.n, "median": d.median, "least": d.least}
            for d in found.by_day
        ],
    }


def _source(target: TargetValue) -> Row:
    return {
        "clause": target.clause,
        "document": target.origin.document,
        "quote": target.quote,
        "origin": target.origin.kind,
        "value_origin": target.origin.value_origin,
        "verified": target.origin.verified.value if target.origin.verified else None,
        "tolerance": float(target.delivery.tolerance),
        "tolerance_origin": target.delivery.origin,
    }


def _tally(tally: Tally) -> Row:
    return {
        "n": tally.total,
        **{verdict.value: getattr(tally, verdict.value) for verdict in Verdict},
    }


def _fraction(value: Fraction | None) -> str | None:
    return None if value is None else str(value)


def _words(text: Text) -> Words:
    return {"zh": text.zh, "en": text.en}
