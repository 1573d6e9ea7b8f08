"""Which of several signatures for one thing counts, and what judging is told of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from collector.attest.entry import Attestation
from collector.judge.duty.papers import Papers, Says, Signed
from config.duty import Attest, Duty

Key = tuple[str, str, str]
"""School, duty and attest."""
Sizes = Mapping[str, int]
"""Documents that are there now, by hash."""


def by_key(attestations: Iterable[Attestation]) -> Mapping[Key, Sequence[Attestation]]:
    found: dict[Key, list[Attestation]] = defaultdict(list)
    for one in attestations:
        found[one.key].append(one)
    return found


def is_whole(one: Attestation, attest: Attest, sizes: Sizes) -> bool:
    """Whether the second person and the document that are asked for are there."""
    if attest.two_persons and one.confirmed is None:
        return False
    evidence = one.evidence
    if evidence is not None and sizes.get(evidence.sha256) != evidence.size:
        return False
    return evidence is not None or not attest.needs_file or one.says is not Says.FULFILLED


def holds(one: Attestation, attest: Attest, now: datetime, sizes: Sizes) -> bool:
    """Whether it fulfils what is asked, now."""
    return (
        one.revoked is None
        and one.says is not Says.NOT_FULFILLED
        and (one.until is None or one.until > now)
        and is_whole(one, attest, sizes)
    )


def counting(
    signed: Sequence[Attestation], attest: Attest, now: datetime, sizes: Sizes
) -> Attestation | None:
    """The newest that was not taken back.

    A renewal that still waits for the second person does not end the one before it; but the word
    that something is not fulfilled always does.
    """
    first = None
    for one in reversed(signed):
        if one.revoked is not None:
            continue
        if holds(one, attest, now, sizes):
            return one
        if first is None:
            first = one
        if one.says is Says.NOT_FULFILLED or is_whole(one, attest, sizes):
            break
    return first


def papers(
    attestations: Iterable[Attestation], duties: Sequence[Duty], now: datetime, sizes: Sizes
) -> Papers:
    """What was signed, as judging sees it; nothing of who signed but the role."""
    attests = {(duty.id, attest.id): attest for duty in duties for attest in duty.attests}
    signed = []
    for (school, duty, id), all_of_it in by_key(attestations).items():
        attest = attests.get((duty, id))
        one = None if attest is None else counting(all_of_it, attest, now, sizes)
        if attest is None or one is None:
            continue
        signed.append(
            Signed(
                school=school,
                duty=duty,
                attest=id,
                says=one.says,
                at=one.at,
                until=one.until,
                is_whole=is_whole(one, attest, sizes),
                by=one.entry.role,
                reason=one.entry.note,
            )
        )
    return Papers(signed=tuple(signed))
