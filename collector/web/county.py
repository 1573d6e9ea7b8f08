"""The table of schools: what is asked of them in columns, how each stands in rows.

Figures and verdicts are the judge's; nothing is judged here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from collector.judge.bound import bound_of
from collector.judge.duty.score import Score, score
from collector.judge.judge import Judgement
from collector.judge.line import LineFinding
from collector.judge.model import (
    AreaVerdict,
    DutyStatus,
    Finding,
    LegName,
    SchoolVerdict,
    Verdict,
)
from collector.register.model import Agent, School
from collector.web.devices import last_heard
from collector.web.folding import fold
from collector.web.incidents import IncidentLine, open_incidents
from collector.web.marks import MARKS, NOT_JUDGED, OVERALL, STATE_MARKS, Mark, overall
from collector.web.now import NOW_ORDER, Now, now_of
from collector.web.showing import Showing
from config.policy import TargetValue
from probes.text import Text

PER_CLASS = "egress_bits_per_second_per_class"
"""The indicator whose contracted and delivered figures have columns of their own."""

_ColumnKey = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One demand; `group` is the policy it belongs to, `bound` what it asks for."""

    key: _ColumnKey
    group: Text
    bound: Text
    target: TargetValue


@dataclass(frozen=True, slots=True)
class Cell:
    """How one school stands against one demand."""

    mark: Mark
    reason: Text


@dataclass(frozen=True, slots=True)
class Row:
    """One school.

    Attributes:
        cells: in the order of the columns; None where the demand does not reach the school.
        others: how it stands against the demands without a column.
        contracted, delivered: bit/s per class; None = not known.
        duties: how many of its duties are fulfilled; None = it owes none.
        gap: bits a second that the contract lacks for the highest demand; None = cannot be said.
        now: the worst of its states.
    """

    school: School
    overall: Mark
    cells: tuple[Cell | None, ...]
    others: tuple[tuple[Mark, int], ...]
    duties: Score | None
    duty_mark: Mark
    classes: int | None
    contracted: float | None
    delivered: float | None
    gap: int | None
    heard: datetime | None
    now: Now


@dataclass(frozen=True, slots=True)
class Wish:
    """What the visitor wants to see: an area word or all, and whether only what is open."""

    area: str = ""
    only_open: bool = False


@dataclass(frozen=True, slots=True)
class County:
    """All that the page shows. Whatever is wished, counts and areas are of all schools.

    Attributes:
        names: of all schools, by code.
        has_others: whether some demands have no column of their own.
        areas: per policy and area, the verdict about the demand of the latest day.
        other_areas: those of them that are not about the line, where there are many.
        coming_areas: those about demands that are due later, the next first.
        below: lines that bring less than their contract, the furthest below first.
        earlier_areas: those about earlier demands, which still hold; the latest day first.
    """

    columns: tuple[Column, ...]
    groups: tuple[tuple[Text, int], ...]
    rows: tuple[Row, ...]
    total: int
    counts: tuple[tuple[Mark, int], ...]
    now_counts: tuple[tuple[Mark, int], ...]
    incidents: tuple[IncidentLine, ...]
    area_words: Mapping[str, Text]
    has_others: bool
    areas: tuple[AreaVerdict, ...]
    other_areas: tuple[AreaVerdict, ...]
    other_counts: tuple[tuple[Mark, int], ...]
    earlier_areas: tuple[AreaVerdict, ...]
    earlier_counts: tuple[tuple[Mark, int], ...]
    coming_areas: tuple[AreaVerdict, ...]
    below: tuple[LineFinding, ...]
    names: Mapping[str, str]


def county(showing: Showing, judgement: Judgement | None, wish: Wish) -> County:
    """Without a judgement the schools are there, and nothing is said of them."""
    schools = list(showing.schools())
    found = _Found(judgement)
    agents: dict[str, list[Agent]] = defaultdict(list)
    for agent in showing.agents():
        agents[agent.school].append(agent)
    states = showing.states()
    rows = [
        found.row(school, last_heard(showing, agents[school.code]), now_of(states, school.code))
        for school in schools
    ]
    latest, earlier = _areas(judgement.areas if judgement else ())
    areas, others = fold(latest, lambda area: area.target)
    return County(
        columns=tuple(found.columns),
        groups=tuple(
            (group, len(list(members)))
            for group, members in groupby(found.columns, key=lambda column: column.group)
        ),
        rows=tuple(row for row in rows if _is_wished(row, wish)),
        total=len(rows),
        counts=_counted(OVERALL, (row.overall for row in rows)),
        now_counts=_counted(NOW_ORDER, (row.now.mark for row in rows)),
        incidents=tuple(open_incidents(showing)),
        area_words=_area_words(judgement, schools),
        has_others=bool(found.folded),
        areas=areas,
        other_areas=others,
        other_counts=_counted(MARKS.values(), (MARKS[area.verdict] for area in others)),
        earlier_areas=earlier,
        earlier_counts=_counted(MARKS.values(), (MARKS[area.verdict] for area in earlier)),
        coming_areas=judgement.coming if judgement else (),
        below=tuple(_below(judgement)),
        names={school.code: school.name for school in schools},
    )


class _Found:
    """A judgement by school and column."""

    def __init__(self, judgement: Judgement | None) -> None:
        self._verdicts: dict[str, list[SchoolVerdict]] = defaultdict(list)
        self._duties: dict[str, list[DutyStatus]] = defaultdict(list)
        for verdict in judgement.schools if judgement else ():
            self._verdicts[verdict.school].append(verdict)
        for status in judgement.duties if judgement else ():
            self._duties[status.school].append(status)
        self._is_judged = judgement is not None
        self.columns, self.folded = fold(_columns(judgement), lambda column: column.target)
        self._shown = {column.key for column in self.columns}

    def row(self, school: School, heard: datetime | None, now: Now) -> Row:
        verdicts, duties = self._verdicts[school.code], self._duties[school.code]
        cells = {_target_key(v): _target_cell(v) for v in verdicts}
        others = (MARKS[v.verdict] for v in verdicts if _target_key(v) not in self._shown)
        per_class = [v for v in verdicts if v.target.indicator == PER_CLASS]
        hardest = max(per_class, key=lambda v: v.target.value).finding if per_class else None
        return Row(
            school=school,
            overall=overall_of(verdicts, duties) if self._is_judged else NOT_JUDGED,
            cells=tuple(cells.get(column.key) for column in self.columns),
            others=_counted(MARKS.values(), others),
            duties=score(duties) if duties else None,
            duty_mark=overall([STATE_MARKS[s.state] for s in duties if not s.advice]),
            classes=hardest.classes if hardest else school.own_classes,
            contracted=_value(hardest, LegName.CONTRACT),
            delivered=_value(hardest, LegName.DELIVERED),
            gap=hardest.contract_gap if hardest else None,
            heard=heard,
            now=now,
        )


def overall_of(verdicts: Iterable[SchoolVerdict], duties: Iterable[DutyStatus]) -> Mark:
    """The school as a whole; what is only advice at its protection level plays no part."""
    marks = [MARKS[v.verdict] for v in verdicts]
    marks += [STATE_MARKS[s.state] for s in duties if not s.advice]
    return overall(marks)


def _columns(judgement: Judgement | None) -> list[Column]:
    """Target values by policy and value; duties are too many for columns."""
    if judgement is None:
        return []
    targets = {_target_key(v): v.target for v in judgement.schools}
    ordered = sorted(targets.items(), key=lambda item: (item[1].policy, item[1].value))
    return [Column(key, target.title, bound_of(target), target) for key, target in ordered]


def _target_key(verdict: SchoolVerdict) -> _ColumnKey:
    target = verdict.target
    return "target", target.policy, target.indicator, target.operator.value, str(target.value)


def _target_cell(verdict: SchoolVerdict) -> Cell:
    return Cell(MARKS[verdict.verdict], verdict.finding.reason)


def _value(finding: Finding | None, leg: LegName) -> float | None:
    return (
        next((each.value for each in finding.legs if each.name is leg), None) if finding else None
    )


def _is_wished(row: Row, wish: Wish) -> bool:
    in_area = not wish.area or row.school.policy_area == wish.area
    return in_area and not (wish.only_open and row.overall.kind in ("good", "none"))


def _area_words(judgement: Judgement | None, schools: Sequence[School]) -> dict[str, Text]:
    """The areas that schools name -> the words of the policies that know them."""
    titles = {
        word: area.target.area_title
        for area in (judgement.areas if judgement else ())
        for word in area.target.area_words
    }
    used = sorted({school.policy_area for school in schools if school.policy_area})
    return {word: titles.get(word, Text(word, word)) for word in used}


def _counted(order: Iterable[Mark], marks: Iterable[Mark]) -> tuple[tuple[Mark, int], ...]:
    counts = Counter(marks)
    return tuple((mark, counts[mark]) for mark in order if counts[mark])


def _areas(
    areas: Iterable[AreaVerdict],
) -> tuple[tuple[AreaVerdict, ...], tuple[AreaVerdict, ...]]:
    """Per policy and area of a region: the latest demand, and those before it."""
    ordered = sorted(areas, key=lambda a: (a.target.due, a.target.value), reverse=True)
    ordered.sort(key=_place)
    groups = [list(members) for _, members in groupby(ordered, key=_place)]
    latest = tuple(group[0] for group in groups)
    return latest, tuple(area for group in groups for area in group[1:])


def _below(judgement: Judgement | None) -> list[LineFinding]:
    lines = judgement.lines if judgement else ()
    below = [line for line in lines if line.verdict is Verdict.NOT_MET]
    return sorted(below, key=lambda line: (line.share or 0, line.school.code))


def _place(area: AreaVerdict) -> tuple[str, str, str]:
    return area.region, area.target.policy, area.target.area
