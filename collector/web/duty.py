"""One duty of one school with all its evidence, for its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from collector.judge.duty.rows import is_suspended, part_asks
from collector.judge.duty.words import assessed_part, ratio_words
from collector.judge.judge import Judgement
from collector.judge.model import MACHINE_TITLES, Machine, MachineState, PartStatus
from collector.register.model import School
from collector.register.rectification import Item
from collector.web.duties import DutyLine, duty_line, mark_of
from collector.web.marks import Mark
from collector.web.showing import Showing
from config.duty import DUTY_KINDS, Attest
from config.policy import Citation
from probes.text import Text

MACHINE_MARKS: dict[MachineState, Mark] = {
    MachineState.MET: Mark("✓", "good", MACHINE_TITLES[MachineState.MET]),
    MachineState.NOT_MET: Mark("✗", "bad", MACHINE_TITLES[MachineState.NOT_MET]),
    MachineState.UNKNOWN: Mark("?", "unknown", MACHINE_TITLES[MachineState.UNKNOWN]),
    MachineState.ERROR: Mark("!", "unknown", MACHINE_TITLES[MachineState.ERROR]),
    MachineState.NOT_HERE: Mark("–", "none", MACHINE_TITLES[MachineState.NOT_HERE]),
}


@dataclass(frozen=True, slots=True)
class MachineLine:
    machine: Machine
    mark: Mark


@dataclass(frozen=True, slots=True)
class ItemLine:
    """What is to be put right; `suspended` by a waiver."""

    item: Item
    overdue: bool
    suspended: bool


@dataclass(frozen=True, slots=True)
class PartView:
    """One check or attest; `is_attest`: a person signs for it."""

    part: PartStatus
    mark: Mark
    word: Text
    asks: Text
    is_attest: bool
    machines: tuple[MachineLine, ...]
    item: ItemLine | None


@dataclass(frozen=True, slots=True)
class DutyView:
    """All that the page shows."""

    school: School
    line: DutyLine
    kind: Text
    parts: tuple[PartView, ...]
    citations: tuple[Citation, ...]
    walk_to: tuple[str, ...]
    """Names of the machines that are not as they should be, and not waived."""


def duty_view(
    showing: Showing, judgement: Judgement | None, school: School, duty: str
) -> DutyView | None:
    """None for a duty that the school does not owe, or before the first judgement."""
    found = judgement.duties if judgement else ()
    status = next((s for s in found if (s.school, s.duty.id) == (school.code, duty)), None)
    if judgement is None or status is None:
        return None
    items = [item for item in showing.rectifications(school.code) if item.duty == duty]
    late = [item.key for item in items if item.is_overdue(judgement.as_of)]
    walk_to = {
        machine.name
        for part in status.parts
        for machine in part.machines
        if machine.state is MachineState.NOT_MET and machine.waived is None
    }
    return DutyView(
        school=school,
        line=duty_line(status, late),
        kind=DUTY_KINDS[status.duty.kind],
        parts=tuple(_part(part, items, judgement.as_of) for part in status.parts),
        citations=status.duty.cited(judgement.as_of),
        walk_to=tuple(sorted(walk_to)),
    )


def _part(part: PartStatus, items: Sequence[Item], today: date) -> PartView:
    item = next((each for each in items if each.part == part.id), None)
    word = ratio_words(*assessed_part(part))
    return PartView(
        part=part,
        mark=mark_of(part.state, word),
        word=word,
        asks=part_asks(part),
        is_attest=isinstance(part.part, Attest),
        machines=tuple(MachineLine(m, MACHINE_MARKS[m.state]) for m in part.machines),
        item=_item(item, part, today) if item else None,
    )


def _item(item: Item, part: PartStatus, today: date) -> ItemLine:
    suspended = is_suspended(part)
    return ItemLine(item, item.is_overdue(today) and not suspended, suspended)
