"""One school with everything that is known of it, for its page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from collector.judge.bound import bound_of
from collector.judge.judge import Judgement
from collector.judge.line import LineFinding
from collector.judge.model import Finding, SchoolFigure, SchoolVerdict, Verdict
from collector.register.model import School
from collector.web import devices, readings, traffic
from collector.web.county import overall_of
from collector.web.devices import Device
from collector.web.duties import SchoolDuties, school_duties
from collector.web.findings import FindingLine, finding_lines
from collector.web.folding import fold, worst_first
from collector.web.incidents import IncidentLine, open_incidents
from collector.web.line import lines_of
from collector.web.marks import MARKS, NOT_JUDGED, Mark
from collector.web.now import MOST_FLIPS, FlipLine, Now, StateLine, flip_lines, now_of, state_lines
from collector.web.premises import RoomLine, declared, room_lines
from collector.web.presence import DAY, presences
from collector.web.reader import Reader
from collector.web.readings import ProbeTable
from collector.web.showing import Showing
from collector.web.traffic import MOST_CHARTS, Figure
from config.policy import TargetValue, Verification
from probes.catalog import AnyProbe
from probes.text import Text


@dataclass(frozen=True, slots=True)
class Source:
    """A clause on which a demand rests; `verified` says how sure its text is, if that is known."""

    document: str
    clause: str
    quote: str
    verified: Verification | None = None
    note: Text | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """One target value and how the school stands."""

    title: Text
    bound: Text
    mark: Mark
    finding: Finding
    due: date | None
    sources: tuple[Source, ...]
    revision: str
    register_revision: str
    target: TargetValue


@dataclass(frozen=True, slots=True)
class SchoolView:
    """All that the page shows.

    Attributes:
        targets: verdicts that are shown at once.
        other_targets: those about rooms, devices and their use that are not met.
        settled_targets: the rest of these, folded.
        findings: what was found on its network and is not over.
        lines: what each line brings against its contract.
        declared: numbers and claims of the register.
        observed: figures that nothing is asked of.
        figures: charts of the busiest interfaces.
        charts_left_out: names of the other interfaces.
        silent: probes that never ran here.
    """

    school: School
    overall: Mark
    now: Now
    incidents: tuple[IncidentLine, ...]
    findings: tuple[FindingLine, ...]
    states: tuple[StateLine, ...]
    flips: tuple[FlipLine, ...]
    targets: tuple[Judged, ...]
    other_targets: tuple[Judged, ...]
    settled_targets: tuple[Judged, ...]
    settled_counts: tuple[tuple[Mark, int], ...]
    duties: SchoolDuties | None
    lines: tuple[LineFinding, ...]
    declared: tuple[tuple[Text, Text], ...]
    rooms: tuple[RoomLine, ...]
    observed: tuple[SchoolFigure, ...]
    devices: tuple[Device, ...]
    heard: datetime | None
    figures: tuple[Figure, ...]
    charts_left_out: tuple[str, ...]
    tables: tuple[ProbeTable, ...]
    silent: tuple[AnyProbe, ...]


def find(showing: Showing, code: str) -> School | None:
    return next((school for school in showing.schools() if school.code == code), None)


def view(
    showing: Showing, judgement: Judgement | None, school: School, reader: Reader
) -> SchoolView:
    """Asks the store; blocks."""
    agents = [agent for agent in showing.agents() if agent.school == school.code]
    runs = showing.last_runs(school.code)
    verdicts = [v for v in judgement.schools if v.school == school.code] if judgement else []
    shown, folded = fold(verdicts, lambda verdict: verdict.target)
    settled = worst_first(v for v in folded if v.verdict is not Verdict.NOT_MET)
    duties = [s for s in judgement.duties if s.school == school.code] if judgement else []
    flows = traffic.flows(showing, school, agents, reader.now)
    bands = traffic.lessons(showing, school, flows[0].since, flows[0].until) if flows else []
    lessons = traffic.lessons(showing, school, reader.now - DAY, reader.now)
    present = presences(showing, school, agents, lessons, reader)
    states, by_id = showing.states(), {agent.id: agent for agent in agents}
    flips = list(showing.flips(school.code, None, MOST_FLIPS))
    tables, silent = readings.tables(showing, school, agents, runs)
    return SchoolView(
        school=school,
        overall=overall_of(verdicts, duties) if judgement else NOT_JUDGED,
        now=now_of(states, school.code),
        incidents=tuple(open_incidents(showing, school.code)),
        findings=tuple(finding_lines(showing, school.code)),
        states=tuple(state_lines(states, school.code, by_id)),
        flips=tuple(flip_lines(flips, showing.alert_policy.threshold_title, by_id)),
        targets=tuple(_target(v) for v in shown),
        other_targets=tuple(_target(v) for v in folded if v.verdict is Verdict.NOT_MET),
        settled_targets=tuple(_target(v) for v in settled),
        settled_counts=_counted(v.verdict for v in settled),
        duties=school_duties(showing, judgement, school.code) if judgement and duties else None,
        lines=lines_of(judgement, school.code),
        declared=declared(school),
        rooms=tuple(room_lines(school, agents)),
        observed=tuple(_observed(judgement, verdicts, school)) if judgement else (),
        devices=tuple(devices.devices(showing, agents, runs, present)),
        heard=devices.last_heard(showing, agents),
        figures=tuple(
            traffic.figure(flow, number, bands, school, reader)
            for number, flow in enumerate(flows[:MOST_CHARTS])
        ),
        charts_left_out=tuple(flow.interface for flow in flows[MOST_CHARTS:]),
        tables=tuple(tables),
        silent=tuple(silent),
    )


def _counted(verdicts: Iterable[Verdict]) -> tuple[tuple[Mark, int], ...]:
    counts = Counter(verdicts)
    return tuple((mark, counts[verdict]) for verdict, mark in MARKS.items() if counts[verdict])


def _observed(
    judgement: Judgement, verdicts: Sequence[SchoolVerdict], school: School
) -> list[SchoolFigure]:
    """Figures that no plan asks of this school; the others stand among the verdicts."""
    asked = {verdict.target.indicator for verdict in verdicts}
    of_school = (figure for figure in judgement.figures if figure.school == school.code)
    return [figure for figure in of_school if figure.indicator not in asked]


def _target(verdict: SchoolVerdict) -> Judged:
    target = verdict.target
    return Judged(
        title=target.title,
        bound=bound_of(target),
        mark=MARKS[verdict.verdict],
        finding=verdict.finding,
        due=target.due,
        sources=(
            Source(
                target.origin.document,
                target.clause,
                target.quote,
                target.origin.verified,
                target.origin.note,
            ),
        ),
        revision=target.revision,
        register_revision=verdict.register_revision,
        target=target,
    )
