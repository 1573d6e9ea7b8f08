"""What a person does with a security incident, and what does not fit. Each becomes an entry.

Times that a person gives may lie before the entry; both are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from collector.register.security_incident import (
    PHASES,
    Action,
    IncidentStepError,
    Phase,
    SecurityIncident,
)
from collector.register.security_incidents import SecurityIncidents, Step
from collector.response.clocks import Ticking, clocks_of
from collector.response.report import Report
from config.incident_fact import Value, read_instant, read_value
from config.reporting import KIND, ReportingRules, Start
from probes.text import Text

MOST_LETTERS = 200
KNOWN_AT = Text("获知时间", "known at")
_SENT_AT = Text("报出时间", "sent at")
_ENDED_AT = Text("处置结束时间", "ended at")


class UnknownKindError(IncidentStepError):
    """reporting.toml has no such kind of incident."""


@dataclass(frozen=True, slots=True)
class Steps:
    """`zone`: where instants without an offset are."""

    incidents: SecurityIncidents
    rules: ReportingRules
    zone: tzinfo
    actor: str

    def open(
        self,
        school: str,
        kind: str,
        *,
        known_at: str = "",
        by: str = "",
        facts: Mapping[str, str] | None = None,
        incidents: Iterable[int] = (),
    ) -> SecurityIncident:
        """A person knows of it: the clocks start at `known_at`, now unless given."""
        known = self._instant(KNOWN_AT, known_at)
        detail = {
            "kind": self._kind(kind),
            "first_seen": known.isoformat(),
            **self._knowledge(known, by),
            "facts": self._facts(facts or {}),
            "incidents": sorted(set(incidents)),
        }
        return self.incidents.begin(school, self.actor, (Action.OPENED, detail))

    def confirm(self, id: int, *, known_at: str = "", by: str = "") -> SecurityIncident:
        """A person takes note of what was detected. It cannot be known before it was seen."""
        known = self._instant(KNOWN_AT, known_at)

        def decide(incident: SecurityIncident) -> Step:
            _must_be(incident, Phase.CANDIDATE)
            self._not_before(KNOWN_AT, known, Text("首次发现", "first seen"), incident.first_seen)
            return Action.CONFIRMED, self._knowledge(known, by)

        return self.incidents.add(id, self.actor, decide)

    def dismiss(self, id: int, why: str) -> SecurityIncident:
        """What was detected is none. Only before anybody confirmed it."""

        def decide(incident: SecurityIncident) -> Step:
            _must_be(incident, Phase.CANDIDATE)
            return Action.DISMISSED, {"why": _some(why, "why")}

        return self.incidents.add(id, self.actor, decide)

    def set(self, id: int, given: Mapping[str, str]) -> SecurityIncident:
        """Facts, and `kind`. What stays as it is makes no entry, but for a judgement."""
        given = dict(given)
        kind = given.pop(KIND, None)
        facts: dict[str, Value] = dict(self._facts(given))
        if kind is not None:
            facts[KIND] = self._kind(kind)

        def decide(incident: SecurityIncident) -> Step | None:
            _must_be(incident, Phase.CANDIDATE, Phase.OPEN, Phase.ENDED)
            held = {**incident.facts, KIND: incident.kind}
            new = {n: v for n, v in facts.items() if n not in held or held[n] != v}
            if "class" in facts:  # to judge it anew, on other facts, is a step of its own
                new["class"] = facts["class"]
            return (Action.SET, {"facts": new}) if new else None

        return self.incidents.add(id, self.actor, decide)

    def known_earlier(self, id: int, known_at: str, by: str = "") -> SecurityIncident:
        """It was known before it was entered. Never later: that would stop clocks."""
        known = self._instant(KNOWN_AT, known_at)

        def decide(incident: SecurityIncident) -> Step:
            _must_be(incident, Phase.OPEN, Phase.ENDED)
            assert incident.known_at is not None
            if known >= incident.known_at:
                held = self._local(incident.known_at)
                raise IncidentStepError(
                    Text(
                        f"获知时间只能改早，不能改晚：现在记的是 {held}。",
                        f"The time at which it was known can only be moved back: it is {held}.",
                    )
                )
            return Action.KNOWN, self._knowledge(known, by or incident.known_by)

        return self.incidents.add(id, self.actor, decide)

    def link(self, id: int, incidents: Iterable[int]) -> SecurityIncident:
        """Operational incidents that belong to it."""
        ids = sorted(set(incidents))

        def decide(incident: SecurityIncident) -> Step:
            _must_be(incident, Phase.CANDIDATE, Phase.OPEN, Phase.ENDED)
            return Action.LINKED, {"incidents": ids}

        return self.incidents.add(id, self.actor, decide)

    def sent(
        self, id: int, clock: str, *, to: str, by: str, at: str = "", way: str = ""
    ) -> SecurityIncident:
        """A person says that a report was made."""
        rule = self.rules.clock(clock)
        if rule is None:
            known = ", ".join(each.id for each in self.rules.clocks)
            raise IncidentStepError(
                Text(
                    f"没有时限“{clock}”；可用的有：{known}。",
                    f"There is no clock {clock!r}; known: {known}.",
                )
            )
        sent_at = self._instant(_SENT_AT, at)

        def decide(incident: SecurityIncident) -> Step:
            _must_be(incident, Phase.OPEN, Phase.ENDED)
            assert incident.known_at is not None
            self._not_before(_SENT_AT, sent_at, KNOWN_AT, incident.known_at)
            if rule.starts is Start.ENDED and incident.ended_at is None:
                raise _not_ended(incident.id)
            detail = {
                "clock": clock,
                "at": max(sent_at, incident.known_at).isoformat(),
                "to": _some(to, "--to"),
                "by": _some(by, "--by"),
                "way": way.strip()[:MOST_LETTERS],
            }
            return Action.SENT, detail

        return self.incidents.add(id, self.actor, decide)

    def report(self, id: int, make: Callable[[SecurityIncident], Report]) -> Report:
        """The report that `make` composes is kept; one whose text was made before stays that."""
        made: list[Report] = []

        def decide(incident: SecurityIncident) -> Step | None:
            _must_be(incident, Phase.OPEN, Phase.ENDED)
            report = make(incident)
            made.append(report)
            if any(each.sha256 == report.sha256 for each in incident.reports):
                return None
            detail = {
                "kind": report.kind.value,
                "version": report.version,
                "sha256": report.sha256,
                "content": report.content(),
            }
            return Action.REPORT, detail

        self.incidents.add(id, self.actor, decide)
        return made[-1]

    def end(self, id: int, ended_at: str = "") -> SecurityIncident:
        """It is dealt with; the clock of the closing report starts."""
        ended = self._instant(_ENDED_AT, ended_at)

        def decide(incident: SecurityIncident) -> Step:
            _must_be(incident, Phase.OPEN)
            assert incident.known_at is not None
            self._not_before(_ENDED_AT, ended, KNOWN_AT, incident.known_at)
            return Action.ENDED, {"ended_at": max(ended, incident.known_at).isoformat()}

        return self.incidents.add(id, self.actor, decide)

    def close(self, id: int) -> SecurityIncident:
        """Refused while a report is owed."""

        def decide(incident: SecurityIncident) -> Step:
            if incident.phase is Phase.OPEN:
                raise _not_ended(id)
            _must_be(incident, Phase.ENDED)
            clocks = clocks_of(incident, self.rules, self.incidents.now())
            if owed := [each for each in clocks if each.is_owed]:
                raise _owed(id, owed)
            return Action.CLOSED, {}

        return self.incidents.add(id, self.actor, decide)

    def _knowledge(self, known: datetime, by: str) -> dict[str, Any]:
        return {"known_at": known.isoformat(), "known_by": by.strip()[:MOST_LETTERS] or self.actor}

    def _kind(self, kind: str) -> str:
        if kind not in self.rules.kinds:
            known = ", ".join(self.rules.kinds)
            raise UnknownKindError(
                Text(
                    f"没有事件种类“{kind}”；可用的有：{known}。",
                    f"There is no kind of incident {kind!r}; known: {known}.",
                )
            )
        return kind

    def _facts(self, given: Mapping[str, str]) -> dict[str, Value]:
        now = self.incidents.now()
        return {name: read_value(name, text, self.zone, now) for name, text in given.items()}

    def _instant(self, what: Text, text: str) -> datetime:
        now = self.incidents.now()
        return read_instant(what, text, self.zone, now) if text else now

    def _local(self, at: datetime) -> str:
        return at.astimezone(self.zone).isoformat(timespec="minutes")

    def _not_before(self, what: Text, at: datetime, other: Text, bound: datetime) -> None:
        if at + timedelta(minutes=1) > bound:  # people write whole minutes
            return
        one, two = self._local(at), self._local(bound)
        raise IncidentStepError(
            Text(
                f"{what.zh} {one} 早于{other.zh} {two}；请核对日期和时区，或先更正{other.zh}。",
                f"{what.en} {one} is before {other.en} {two}; check date and zone, or correct "
                f"{other.en} first.",
            )
        )


def _must_be(incident: SecurityIncident, *phases: Phase) -> None:
    if incident.phase in phases:
        return
    is_now = PHASES[incident.phase]
    zh = "、".join(PHASES[phase].zh for phase in phases)
    en = " or ".join(PHASES[phase].en for phase in phases)
    raise IncidentStepError(
        Text(
            f"事件 {incident.id} 现在是“{is_now.zh}”，这一步要求它是“{zh}”；"
            f"用 incident show {incident.id} 查看。",
            f"Incident {incident.id} is {is_now.en}, and this takes one that is {en}; "
            f"see `incident show {incident.id}`.",
        )
    )


def _some(text: str, option: str) -> str:
    if not text.strip() or len(text) > MOST_LETTERS:
        raise IncidentStepError(
            Text(
                f"{option} 应有 1 至 {MOST_LETTERS} 个字。",
                f"{option} takes 1 to {MOST_LETTERS} letters.",
            )
        )
    return text.strip()


def _not_ended(id: int) -> IncidentStepError:
    return IncidentStepError(
        Text(
            f"事件 {id} 的处置还没有结束；结束后先运行 incident end {id}。",
            f"Incident {id} is still being dealt with; once it is over, run `incident end {id}`.",
        )
    )


def _owed(id: int, owed: list[Ticking]) -> IncidentStepError:
    zh = "；".join(f"{each.clock.id} {each.clock.title.zh}" for each in owed)
    en = "; ".join(f"{each.clock.id} {each.clock.title.en}" for each in owed)
    return IncidentStepError(
        Text(
            f"事件 {id} 还有报告未报，不能结案：{zh}。报出后用 incident sent {id} 编号 记下；"
            f"不该报的，先用 incident set {id} 写明事实或研判的级别（class=…）。",
            f"Incident {id} cannot be closed, since reports are owed: {en}. Note each with "
            f"`incident sent {id} CLOCK`; where none is due, say with `incident set {id}` what is "
            "so, or the class as judged (class=...).",
        )
    )
