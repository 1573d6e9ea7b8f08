"""What has to be put right: which items a judgement opens, and which it closes.

Nobody closes one by hand. An item is over when a later judgement finds its part fulfilled on
evidence that is newer than that of its failing, or when the part is not asked of the school any
more: by policy, or because its machines have no such thing. That somebody signs that it does not
apply closes nothing. A waiver suspends it, and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from collector.judge.judge import Judgement
from collector.judge.model import DutyState, DutyStatus, PartStatus
from collector.register.rectification import Item, ItemChange, ItemState
from config.duty import Attest

_FULFILLED = (DutyState.PASS, DutyState.ATTESTED)
_Key = tuple[str, str, str]


def plan(judgement: Judgement, held: Sequence[Item], within: timedelta) -> list[ItemChange]:
    """Pure. What the register says already needs no change: a second time changes nothing."""
    asked = {_key(status, part): part for status, part in _asked(judgement)}
    due = judgement.as_of + within
    items = {item.key: item for item in held}
    changes = [_opened(key, part, items.get(key), due) for key, part in asked.items()]
    changes += [_ended(item, asked.get(item.key), judgement.now) for item in held if item.is_open]
    return [change for change in changes if change is not None]


def _asked(judgement: Judgement) -> Iterator[tuple[DutyStatus, PartStatus]]:
    for status in judgement.duties:
        if not status.advice:
            yield from ((status, part) for part in status.required)


def _key(status: DutyStatus, part: PartStatus) -> _Key:
    return status.school, status.duty.id, part.id


def _opened(key: _Key, part: PartStatus, held: Item | None, due: date) -> ItemChange | None:
    """An item that opens, opens again, or fails on newer evidence."""
    if part.beneath is not DutyState.FAIL:
        return None
    school, duty, id = key
    if held is None or not held.is_open:
        return ItemChange(
            id=held.id if held else None,
            school=school,
            duty=duty,
            part=id,
            state=ItemState.OPEN,
            evidence_at=part.newest,
            due=due,
        )
    if not _is_newer(part.newest, held.evidence_at):
        return None
    return ItemChange(
        id=held.id,
        school=school,
        duty=duty,
        part=id,
        state=ItemState.OPEN,
        evidence_at=part.newest,
    )


def _ended(item: Item, part: PartStatus | None, now: datetime) -> ItemChange | None:
    if part is None or _has_nothing_to_fulfil(part):
        state = ItemState.LAPSED
    elif part.beneath in _FULFILLED and _is_newer(part.newest or now, item.evidence_at):
        state = ItemState.CLOSED
    else:
        return None
    return ItemChange(
        id=item.id,
        school=item.school,
        duty=item.duty,
        part=item.part,
        state=state,
        evidence_at=part.newest if part else item.evidence_at,
    )


def _has_nothing_to_fulfil(part: PartStatus) -> bool:
    by_machines = not isinstance(part.part, Attest)
    return by_machines and part.beneath is DutyState.NOT_APPLICABLE


def _is_newer(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and (other is None or one > other)
