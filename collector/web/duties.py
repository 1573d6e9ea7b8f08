"""Duties for the eye: a county's by school and by duty, and those of one school.

With sixty duties a column for each says nothing, so schools are shown by score and kind, and duties
by how many schools fulfil them. The worst come first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from collector.judge.duty.rows import is_suspended, roles_of
from collector.judge.duty.score import ORDER, Score, score
from collector.judge.duty.words import assessed, ratio_words
from collector.judge.judge import Judgement
from collector.judge.model import DutyState, DutyStatus
from collector.register.rectification import Item
from collector.web.marks import STATE_MARKS, Mark
from collector.web.showing import Showing
from config.duty import DUTY_KINDS, Duty, DutyKind
from probes.text import Text

DONE = (DutyState.PASS, DutyState.ATTESTED, DutyState.NOT_APPLICABLE)
_PRESSING = (
    DutyState.FAIL,
    DutyState.ERROR,
    DutyState.UNKNOWN,
    DutyState.WAIVED,
    DutyState.PASS,
    DutyState.ATTESTED,
    DutyState.NOT_APPLICABLE,
)
"""The order of the lines of a school."""


@dataclass(frozen=True, slots=True)
class DutyLine:
    """One duty of one school. `overdue`: something of it should have been put right by now."""

    status: DutyStatus
    mark: Mark
    word: Text
    overdue: bool

    @property
    def is_open(self) -> bool:
        return self.status.state not in DONE and not self.status.advice


@dataclass(frozen=True, slots=True)
class KindOfDuties:
    """The duties of one kind, the most pressing first."""

    kind: DutyKind
    title: Text
    score: Score
    lines: tuple[DutyLine, ...]

    @property
    def open_lines(self) -> list[DutyLine]:
        return [line for line in self.lines if line.is_open]

    @property
    def other_lines(self) -> list[DutyLine]:
        return [line for line in self.lines if not line.is_open]

    @property
    def pressing(self) -> bool:
        """Whether something is wrong, and not merely unknown."""
        return any(line.overdue or line.status.state is DutyState.FAIL for line in self.open_lines)


@dataclass(frozen=True, slots=True)
class SchoolDuties:
    """All duties of one school."""

    score: Score
    kinds: tuple[KindOfDuties, ...]
    overdue: int


@dataclass(frozen=True, slots=True)
class SchoolRow:
    """One school of the county's table. `kinds`: None where it owes none of that kind."""

    code: str
    name: str
    score: Score
    kinds: tuple[Score | None, ...]
    overdue: int


@dataclass(frozen=True, slots=True)
class DutyRow:
    """One duty over the schools that owe it; `open_lines` are those that do not fulfil it yet."""

    duty: Duty
    score: Score
    open_lines: tuple[DutyLine, ...]


@dataclass(frozen=True, slots=True)
class DutyWish:
    """What the visitor wants to see; empty = all. `role` is the Chinese word of a role."""

    kind: str = ""
    role: str = ""
    only_open: bool = False


@dataclass(frozen=True, slots=True)
class CountyDuties:
    """All that the county's page of duties shows.

    Attributes:
        kinds: the columns.
        duties: by kind.
        roles: who answers for any duty, whatever is wished.
        overdue: items that are overdue in all of the county.
    """

    score: Score
    kinds: tuple[Text, ...]
    schools: tuple[SchoolRow, ...]
    duties: tuple[tuple[Text, tuple[DutyRow, ...]], ...]
    roles: tuple[Text, ...]
    overdue: int
    total_schools: int


def school_duties(showing: Showing, judgement: Judgement, code: str) -> SchoolDuties:
    own = [status for status in judgement.duties if status.school == code]
    items = showing.rectifications(code)
    lines = _lines(own, items, judgement.as_of)
    kinds = tuple(
        KindOfDuties(kind, title, score(line.status for line in group), tuple(group))
        for kind, title in DUTY_KINDS.items()
        if (group := [line for line in lines if line.status.duty.kind == kind])
    )
    return SchoolDuties(score(own), kinds, sum(line.overdue for line in lines))


def county_duties(showing: Showing, judgement: Judgement, wish: DutyWish) -> CountyDuties:
    wished = [status for status in judgement.duties if _is_wished(status, wish)]
    lines = _lines(wished, showing.rectifications(None), judgement.as_of)
    shown = [line for line in lines if line.is_open] if wish.only_open else lines
    by_school: dict[str, list[DutyLine]] = defaultdict(list)
    for line in lines:
        by_school[line.status.school].append(line)
    kinds = [kind for kind in DUTY_KINDS if any(s.duty.kind == kind for s in wished)]
    open_schools = {line.status.school for line in shown}
    rows = [_school_row(own, kinds) for code, own in by_school.items() if code in open_schools]
    return CountyDuties(
        score=score(wished),
        kinds=tuple(DUTY_KINDS[kind] for kind in kinds),
        schools=tuple(sorted(rows, key=_worst_school)),
        duties=tuple((DUTY_KINDS[kind], _duty_rows(shown, lines, kind)) for kind in kinds),
        roles=tuple(roles_of(judgement.duties)),
        overdue=sum(line.overdue for line in lines),
        total_schools=len(by_school),
    )


def _lines(statuses: Iterable[DutyStatus], items: Sequence[Item], today: date) -> list[DutyLine]:
    """The most pressing first."""
    late = {item.key for item in items if item.is_overdue(today)}
    found = [duty_line(status, late) for status in statuses]
    return sorted(found, key=_most_pressing)


def duty_line(status: DutyStatus, late: Iterable[tuple[str, str, str]]) -> DutyLine:
    keys = set(late)
    overdue = any(
        (status.school, status.duty.id, part.id) in keys and not is_suspended(part)
        for part in status.parts
    )
    word = ratio_words(*assessed(status))
    return DutyLine(status, mark_of(status.state, word), word, overdue)


def mark_of(state: DutyState, word: Text) -> Mark:
    """Of what fails, in the assessor's words: partly, with the ratio, is not the same as not."""
    mark = STATE_MARKS[state]
    return replace(mark, title=word) if state is DutyState.FAIL else mark


def _most_pressing(line: DutyLine) -> tuple[object, ...]:
    status = line.status
    return status.advice, not line.overdue, _PRESSING.index(status.state), status.duty.id


def _is_wished(status: DutyStatus, wish: DutyWish) -> bool:
    kind = wish.kind in ("", status.duty.kind)
    return kind and wish.role in ("", status.duty.role.zh)


def _school_row(own: Sequence[DutyLine], kinds: Sequence[DutyKind]) -> SchoolRow:
    by_kind: Mapping[DutyKind, list[DutyStatus]] = {
        kind: [line.status for line in own if line.status.duty.kind == kind] for kind in kinds
    }
    first = own[0].status
    return SchoolRow(
        code=first.school,
        name=first.school_name,
        score=score(line.status for line in own),
        kinds=tuple(score(by_kind[kind]) if by_kind[kind] else None for kind in kinds),
        overdue=sum(line.overdue for line in own),
    )


def _worst_school(row: SchoolRow) -> tuple[object, ...]:
    value = row.score.value
    return (
        1 if value is None else value,
        -row.overdue,
        -row.score.of(DutyState.FAIL),
        row.code,
    )


def _duty_rows(
    shown: Sequence[DutyLine], lines: Sequence[DutyLine], kind: DutyKind
) -> tuple[DutyRow, ...]:
    wanted = {line.status.duty.id for line in shown if line.status.duty.kind == kind}
    by_duty: dict[str, list[DutyLine]] = defaultdict(list)
    for line in lines:
        if line.status.duty.id in wanted:
            by_duty[line.status.duty.id].append(line)
    rows = [
        DutyRow(
            own[0].status.duty,
            score(line.status for line in own),
            tuple(line for line in own if line.is_open),
        )
        for own in by_duty.values()
    ]
    return tuple(sorted(rows, key=_worst_duty))


def _worst_duty(row: DutyRow) -> tuple[object, ...]:
    value = row.score.value
    return (1 if value is None else value, -row.score.of(DutyState.FAIL), row.duty.id)


def counted(one: Score) -> list[tuple[Mark, int]]:
    """Each state that is there, as a mark with its number."""
    return [(STATE_MARKS[state], one.of(state)) for state in ORDER if one.of(state)]


def segments(one: Score, width: float) -> list[tuple[str, float, float]]:
    """(colour, from, how wide) of a bar over all that is asked."""
    unknown = one.of(DutyState.UNKNOWN) + one.of(DutyState.ERROR)
    sizes = (
        ("good", one.good),
        ("waived", one.of(DutyState.WAIVED)),
        ("unknown", unknown),
        ("bad", one.of(DutyState.FAIL)),
    )
    found, at = [], 0.0
    for kind, number in sizes:
        if number and one.asked:
            wide = width * number / one.asked
            found.append((kind, round(at, 2), round(wide, 2)))
            at += wide
    return found
