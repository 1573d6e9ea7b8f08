"""The clocks of an incident: pure functions of its history, the policy and the time.

A clock starts when its condition is met or may be; only a condition that is refuted keeps it still,
and then says by what. Nothing here is stored, so a restart changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from collector.register.security_incident import SecurityIncident, Sent
from collector.response.weigh import Scale, Weighed, joined
from config.answer import Answer, all_of
from config.reporting import SENT, ReportingClock, ReportingRules, Start
from probes.text import Text


class ClockState(StrEnum):
    NOT_APPLICABLE = "not_applicable"
    NOT_STARTED = "not_started"
    RUNNING = "running"
    MISSED = "missed"
    MET = "met"
    MET_LATE = "met_late"


CLOCK_STATES: Mapping[ClockState, Text] = {
    ClockState.NOT_APPLICABLE: Text("不适用", "not applicable"),
    ClockState.NOT_STARTED: Text("未开始", "not started"),
    ClockState.RUNNING: Text("计时中", "running"),
    ClockState.MISSED: Text("已超时，未报", "overdue"),
    ClockState.MET: Text("按时报出", "met"),
    ClockState.MET_LATE: Text("迟报", "sent late"),
}
OWED = (ClockState.RUNNING, ClockState.MISSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticking:
    """A clock at one moment.

    Attributes:
        applies: YES, NO, or UNKNOWN: then it runs because it may.
        because: the predicate that decided, with what is known of each part.
        started_at, due_at: None while it does not run.
        left: until `due_at`, negative once that has passed; None unless a report is owed.
        late: by how much the report is, or was, too late.
    """

    clock: ReportingClock
    state: ClockState
    applies: Answer
    because: Text
    started_at: datetime | None = None
    due_at: datetime | None = None
    left: timedelta | None = None
    late: timedelta | None = None
    met_at: datetime | None = None

    @property
    def is_owed(self) -> bool:
        return self.state in OWED


def clocks_of(
    incident: SecurityIncident, rules: ReportingRules, now: datetime
) -> tuple[Ticking, ...]:
    """Every clock of the policy, in its order."""
    scale = Scale(incident, rules, now)
    return tuple(_tick(clock, incident, scale, now) for clock in rules.clocks)


def _tick(
    clock: ReportingClock, incident: SecurityIncident, scale: Scale, now: datetime
) -> Ticking:
    applies, because = _applies(clock, scale)
    started, why = _started(clock, incident)
    sent = _sent(clock, incident, started)
    if applies is Answer.NO and sent is None:
        state = ClockState.NOT_APPLICABLE
        return Ticking(clock=clock, state=state, applies=applies, because=because)
    if started is None:
        return Ticking(clock=clock, state=ClockState.NOT_STARTED, applies=applies, because=why)
    due = started + clock.limit
    state, late = _state(due, sent, now)
    return Ticking(
        clock=clock,
        state=state,
        applies=applies,
        because=because,
        started_at=started,
        due_at=due,
        left=due - now if state in OWED else None,
        late=late,
        met_at=sent.at if sent else None,
    )


def _state(due: datetime, sent: Sent | None, now: datetime) -> tuple[ClockState, timedelta | None]:
    if sent is not None:
        is_late = sent.at > due
        return (ClockState.MET_LATE, sent.at - due) if is_late else (ClockState.MET, None)
    return (ClockState.MISSED, now - due) if now > due else (ClockState.RUNNING, None)


def _applies(clock: ReportingClock, scale: Scale) -> tuple[Answer, Text]:
    """Of its conditions the one that goes furthest, with its words; of refuted ones all of them."""
    found: list[tuple[Answer, list[Weighed]]] = []
    for condition in clock.when:
        weighed = scale.weigh(condition)
        found.append((all_of(w.answer for w in weighed), weighed))
    for wanted in (Answer.YES, Answer.UNKNOWN):
        parts = [w for answer, weighed in found if answer is wanted for w in weighed]
        if any(answer is wanted for answer, _ in found):
            return _as_certain(clock, wanted), _because(clock, wanted, parts)
    refuted = [w for _, weighed in found for w in weighed if w.answer is Answer.NO]
    return Answer.NO, joined(w.words for w in refuted)


def _as_certain(clock: ReportingClock, found: Answer) -> Answer:
    return Answer.YES if clock.may_be else found


def _because(clock: ReportingClock, found: Answer, parts: list[Weighed]) -> Text:
    if not parts:
        return Text("任何网络安全事件", "any security incident")
    words = joined(w.words for w in parts if w.answer is found or found is Answer.YES)
    if found is Answer.YES:
        return words
    if clock.may_be:
        return Text(
            f"可能发生的也要报（{words.zh}）", f"what may have happened counts ({words.en})"
        )
    return Text(f"不能排除（{words.zh}）", f"cannot be ruled out ({words.en})")


def _started(clock: ReportingClock, incident: SecurityIncident) -> tuple[datetime | None, Text]:
    """When, or why not yet."""
    if incident.known_at is None:
        return None, Text(
            "还没有人确认（获知由人确认）", "nobody has confirmed it; a person takes note"
        )
    match clock.starts:
        case Start.KNOWN:
            return incident.known_at, Text("", "")
        case Start.ENDED:
            return incident.ended_at, Text("处置还没有结束", "it is still being dealt with")
        case Start.NEW_FACTS:
            return _new_facts(clock, incident)


def _new_facts(clock: ReportingClock, incident: SecurityIncident) -> tuple[datetime | None, Text]:
    """When the first fact came to light that no report has: they start the clock together."""
    first = [sent.at for sent in incident.sent if sent.clock in _told_by(clock)]
    if not first:
        return None, Text("还没有报出首次报告", "no first report was sent yet")
    supplements = sorted(sent.at for sent in incident.sent if sent.clock == clock.id)
    learned = sorted(at for at in _changes(incident) if at > min(first))
    open_since = [at for at in learned if not any(told >= at for told in supplements)]
    if open_since:
        return open_since[0], Text("", "")
    if supplements and (told := [at for at in learned if at <= supplements[-1]]):
        before = supplements[-2] if len(supplements) > 1 else min(first)
        return next((at for at in told if at > before), told[-1]), Text("", "")
    return None, Text("首次报告之后没有新的事实", "nothing new since the first report")


def _changes(incident: SecurityIncident) -> Iterator[datetime]:
    """When a fact became another than it was."""
    held: dict[str, object] = {}
    for each in incident.learned:
        if each.fact not in held or held[each.fact] != each.value:
            yield each.at
        held[each.fact] = each.value


def _told_by(clock: ReportingClock) -> frozenset[str]:
    return frozenset(
        word
        for condition in clock.when
        for test in condition
        if test.what == SENT
        for word in test.wanted
    )


def _sent(
    clock: ReportingClock, incident: SecurityIncident, started: datetime | None
) -> Sent | None:
    """The report that met it: the first since it started."""
    if started is None:
        return None
    found = [s for s in incident.sent if s.clock == clock.id and s.at >= started]
    return min(found, key=lambda sent: sent.at, default=None)
