"""Signatures and what is owed as plain data, for the command line."""

from __future__ import annotations

from datetime import date
from typing import Any

from collector.attest.entry import SAYS, Attestation, Entry
from collector.attest.owed import STANDINGS, Owed
from probes.text import Text

Row = dict[str, Any]


def owed_row(one: Owed, today: date) -> Row:
    """Without names: who signed is asked for by number."""
    return {
        "school": one.school.code,
        "school_name": one.school.name,
        "duty": one.duty.id,
        "duty_title": _words(one.duty.title),
        "attest": one.attest.id,
        "title": _words(one.attest.title),
        "standing": one.standing.value,
        "standing_text": _words(STANDINGS[one.standing]),
        "by": one.by.isoformat() if one.by else None,
        "days_left": one.days_left(today),
        "role": _words(one.attest.role),
        "needs_file": one.attest.needs_file,
        "two_persons": one.attest.two_persons,
        "advice": one.advice,
        "signature": one.newest.number if one.newest else None,
    }


def attestation_row(one: Attestation) -> Row:
    """With the names of who signed, confirmed and took back."""
    entry, evidence = one.entry, one.evidence
    return {
        "signature": entry.number,
        "school": entry.school,
        "duty": entry.duty,
        "attest": entry.attest,
        "period": entry.period,
        "says": entry.says,
        "says_text": _words(SAYS[one.says]),
        "role": entry.role,
        "person": entry.person,
        "signed_at": entry.at,
        "valid_until": entry.valid_until,
        "note": entry.note,
        "file": None
        if evidence is None
        else {
            "name": evidence.name,
            "type": evidence.type,
            "bytes": evidence.size,
            "sha256": evidence.sha256,
        },
        "confirmed": _about(one.confirmed),
        "revoked": _about(one.revoked),
        "duty_revision": entry.revision,
        "entered_by": entry.actor,
        "link": entry.link,
    }


def _about(entry: Entry | None) -> Row | None:
    if entry is None:
        return None
    return {"at": entry.at, "person": entry.person, "note": entry.note, "entered_by": entry.actor}


def _words(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
