"""Sources, gaps and findings as plain JSON values, for the command, the API and pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from collector.logs.evidence import SourceProof
from collector.logs.proof import Cause, Gap, LogState
from collector.logs.verify import TITLES, Finding
from probes.text import Text

Row = Mapping[str, object]

STATES: Mapping[LogState, Text] = {
    LogState.PROVEN: Text("已证明", "proven"),
    LogState.ON_TRACK: Text("积累中", "on track"),
    LogState.GAPS: Text("有缺口", "has gaps"),
    LogState.DAMAGED: Text("被改动", "tampered with"),
    LogState.NEVER: Text("从未收到", "never heard"),
}
CAUSES: Mapping[Cause, Text] = {
    Cause.SILENT: Text("没有日志", "no line came"),
    Cause.DAMAGED: Text("封存的文件被改动或丢失", "what was sealed was altered or is gone"),
    Cause.DELETED: Text("未到期就被删除", "deleted before its time"),
}


def source_row(one: SourceProof, names: Mapping[str, str]) -> Row:
    """`names`: of schools, by code."""
    proof = one.proof
    return {
        "source": one.name,
        "note": both(one.note),
        "school": one.school or None,
        "school_name": names.get(one.school),
        "addresses": list(one.addresses),
        "silent_days": one.silent_days,
        "first_day": _day(proof.first),
        "last_day": _day(proof.last),
        "newest": _instant(one.newest),
        "days": proof.days,
        "days_kept": proof.days_kept,
        "missing_days": proof.missing_days,
        "gaps": [gap_row(gap) for gap in proof.gaps],
        "state": proof.state.value,
        "state_text": both(STATES[proof.state]),
        "forecast": _day(proof.forecast),
    }


def gap_row(gap: Gap) -> Row:
    return {
        "first_day": gap.first.isoformat(),
        "last_day": gap.last.isoformat(),
        "days": gap.days,
        "cause": gap.cause.value,
        "cause_text": both(CAUSES[gap.cause]),
    }


def finding_row(finding: Finding) -> Row:
    return {
        "fault": finding.fault.value,
        "fault_text": both(TITLES[finding.fault]),
        "subject": finding.subject,
        "seal": finding.seal,
    }


def both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _instant(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
