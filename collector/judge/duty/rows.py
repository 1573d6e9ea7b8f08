"""Duties as flat, JSON-able rows, for /v1/duties and the command line.

Values are in base units; words for people are {"zh", "en"}. A value that is not known is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from collector.judge.duty.papers import Signed
from collector.judge.duty.score import ORDER, Score, score, score_words
from collector.judge.duty.words import assessed, assessed_part, bound_of, ratio_words
from collector.judge.judge import Judgement
from collector.judge.model import (
    ASSESSED_TITLES,
    FRESHNESS_TITLES,
    MACHINE_TITLES,
    STATE_TITLES,
    Assessed,
    DutyStatus,
    Machine,
    PartStatus,
)
from collector.register.rectification import ITEM_TITLES, Item
from collector.register.waiver import Waiver
from config.duty import DUTY_KINDS, PERIODS, Attest, Duty, FactCheck
from config.policy import VERIFICATIONS, Citation
from config.quantity import show_both
from probes.model import Unit
from probes.text import Text

Row = dict[str, Any]
_ItemKey = tuple[str, str, str]


def duty_answer(judgement: Judgement, items: Sequence[Item], school: str | None = None) -> Row:
    """Of one school or of all: each duty with its parts, machines and what is to be put right."""
    statuses = [s for s in judgement.duties if school in (None, s.school)]
    by_school: dict[str, list[DutyStatus]] = {}
    for status in statuses:
        by_school.setdefault(status.school, []).append(status)
    by_key = {item.key: item for item in items}
    return {
        "as_of": judgement.as_of.isoformat(),
        "judged_at": judgement.now.isoformat(),
        "policy_revision": judgement.policy_revision,
        "score": score_row(score(statuses)),
        "schools": [
            {"school": code, "school_name": own[0].school_name, **score_row(score(own))}
            for code, own in by_school.items()
        ],
        "duties": [duty_row(s, judgement.as_of, judgement.now, by_key) for s in statuses],
    }


def score_row(one: Score) -> Row:
    value = one.value
    return {
        "score": None if value is None else float(value),
        "good": one.good,
        "asked": one.asked,
        "counts": {state.value: one.of(state) for state in ORDER},
        "stale": one.stale,
        "advice": one.advice,
        "score_text": words(score_words(one)),
    }


def duty_row(status: DutyStatus, as_of: date, now: datetime, items: Mapping[_ItemKey, Item]) -> Row:
    duty = status.duty
    return {
        "school": status.school,
        "school_name": status.school_name,
        "duty": duty.id,
        "kind": duty.kind,
        "kind_text": words(DUTY_KINDS[duty.kind]),
        "title": words(duty.title),
        **state_row(status),
        "reason": words(status.finding.reason),
        "advice": status.advice,
        **freshness_row(status, now),
        "role": words(duty.role),
        "cadence": words(duty.cadence),
        "deadline": words(duty.deadline) if duty.deadline else None,
        "why": words(duty.why),
        "remedy": words(duty.remedy),
        "citations": citation_rows(duty, as_of),
        "parts": [_part_row(status, part, as_of, now, items) for part in status.parts],
        "revision": duty.revision,
        "register_revision": status.register_revision,
    }


def state_row(status: DutyStatus) -> Row:
    word, ratio = assessed(status)
    return {
        "state": status.state.value,
        "state_text": words(STATE_TITLES[status.state]),
        "without_waivers": status.beneath.value,
        **_assessed_row(word, ratio),
    }


def freshness_row(one: DutyStatus | PartStatus, now: datetime) -> Row:
    return {
        "freshness": one.freshness.value,
        "freshness_text": words(FRESHNESS_TITLES[one.freshness]),
        "age_seconds": (now - one.newest).total_seconds() if one.newest else None,
    }


def _assessed_row(word: Assessed, ratio: tuple[int, int] | None) -> Row:
    return {
        "assessed": word.value,
        "assessed_text": words(ASSESSED_TITLES[word]),
        "conforming": ratio[0] if ratio else None,
        "of": ratio[1] if ratio else None,
        "ratio_text": words(ratio_words(word, ratio)),
    }


def _part_row(
    status: DutyStatus,
    part: PartStatus,
    as_of: date,
    now: datetime,
    items: Mapping[_ItemKey, Item],
) -> Row:
    word, ratio = assessed_part(part)
    item = items.get((status.school, status.duty.id, part.id))
    return {
        "part": part.id,
        "title": words(part.title),
        "evidence": "attested" if isinstance(part.part, Attest) else "automatic",
        "asks": words(part_asks(part)),
        "state": part.state.value,
        "state_text": words(STATE_TITLES[part.state]),
        "without_waivers": part.beneath.value,
        **_assessed_row(word, ratio),
        "reason": words(part.finding.reason),
        "advice": part.advice,
        **freshness_row(part, now),
        "machines": [machine_row(machine, now) for machine in part.machines],
        "signed": _signed_row(part.signed) if part.signed else None,
        "waived": [_waived_row(one) for one in part.waived],
        "rectification": item_row(item, as_of, part) if item else None,
    }


def part_asks(part: PartStatus) -> Text:
    """What the part asks for, in words."""
    asked = part.part
    if isinstance(asked, Attest):
        period = PERIODS[asked.period]
        return Text(
            f"{asked.asks.zh}（{asked.role.zh}，{period.zh}）",
            f"{asked.asks.en} ({asked.role.en}, {period.en})",
        )
    if isinstance(asked, FactCheck):
        value, share = show_both(asked.value, asked.unit), bound_of(asked)
        sign = _sign(asked)
        where = "".join(f" {name}={value}" for name, value in asked.where)
        return Text(
            f"{asked.fact}{where} {sign} {value.zh}，设备 {share.zh}",
            f"{asked.fact}{where} {sign} {value.en}, of machines {share.en}",
        )
    bound = bound_of(asked)
    return Text(f"{asked.indicator} {bound.zh}", f"{asked.indicator} {bound.en}")


def _sign(check: FactCheck) -> str:
    """Yes or no is equal or not; only a number is at least or at most."""
    if check.unit is Unit.BOOLEAN:
        return "="
    return check.operator.value.replace(">=", "≥").replace("<=", "≤")


def machine_row(machine: Machine, now: datetime) -> Row:
    return {
        "agent": machine.agent,
        "hostname": machine.hostname,
        "role": machine.role,
        "state": machine.state.value,
        "state_text": words(MACHINE_TITLES[machine.state]),
        "value": machine.value,
        "unit": machine.unit.value,
        "value_text": words(show_both(machine.value, machine.unit)),
        "source": machine.source or None,
        "privilege": machine.privilege or None,
        "age_seconds": (now - machine.at).total_seconds() if machine.at else None,
        "stale": machine.stale,
        "reason": words(machine.reason) if machine.reason else None,
        "waiver": machine.waived.id if machine.waived else None,
    }


def item_row(item: Item, today: date, part: PartStatus | None = None) -> Row:
    """`part` tells whether a waiver suspends it."""
    suspended = part is not None and is_suspended(part)
    return {
        "item": item.id,
        "school": item.school,
        "duty": item.duty,
        "part": item.part,
        "state": item.state.value,
        "state_text": words(ITEM_TITLES[item.state]),
        "opened_at": item.opened_at.isoformat(),
        "ended_at": item.ended_at.isoformat() if item.ended_at else None,
        "times": item.times,
        "due": item.due.isoformat(),
        "overdue": item.is_overdue(today) and not suspended,
        "suspended": suspended,
        "owner": item.owner or None,
        "note": item.note,
    }


def is_suspended(part: PartStatus) -> bool:
    """A waiver covers all that is wrong with the part."""
    return part.state is not part.beneath and bool(part.waived)


def _signed_row(signed: Signed) -> Row:
    return {
        "says": signed.says.value,
        "at": signed.at.isoformat(),
        "until": signed.until.isoformat() if signed.until else None,
        "whole": signed.is_whole,
        "by": signed.by,
        "reason": signed.reason,
    }


def _waived_row(one: Waiver) -> Row:
    return {
        "waiver": one.id,
        "part": one.part or None,
        "agent": one.agent or None,
        "reason": one.reason,
        "actor": one.actor,
        "since": one.since.isoformat(),
        "until": one.until.isoformat(),
    }


def citation_rows(duty: Duty, as_of: date) -> list[Row]:
    return [_citation(one) for one in duty.cited(as_of)]


def _citation(citation: Citation) -> Row:
    return {
        "document": citation.document,
        "article": citation.article,
        "quote": citation.quote,
        "in_force_from": citation.in_force_from.isoformat() if citation.in_force_from else None,
        "levels": sorted(citation.levels),
        "verified": citation.verified.value,
        "verified_text": words(VERIFICATIONS[citation.verified]),
        "note": words(citation.note) if citation.note else None,
    }


def value_origins(duty: Duty) -> str:
    return ", ".join(sorted({check.value_origin for check in duty.checks}))


def words(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def roles_of(statuses: Iterable[DutyStatus]) -> list[Text]:
    """Who answers for the duties, each once, in order of first sight."""
    return list(dict.fromkeys(status.duty.role for status in statuses))
