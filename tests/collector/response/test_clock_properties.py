"""What holds of any clock: knowing less never ends it, knowing worse never delays it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.register.security_incident import Learned, SecurityIncident, Sent
from collector.response.clocks import ClockState, clocks_of
from config.incident_fact import FACTS, FactKind, IncidentClass, Value
from config.reporting import Start
from tests.collector.response.town import EVENING, HOUR, RULES, SCHOOL

HARM: dict[FactKind, list[Value]] = {
    FactKind.ANSWER: ["no", "yes"],
    FactKind.COUNT: [0, 999, 1000, 100_000, 999_999, 1_000_000, 10_000_000, 100_000_000],
    FactKind.YUAN: [0, 4_999_999, 5_000_000, 20_000_000, 100_000_000],
}
"""Values that a fact may take, the least harm first."""
ORDER: dict[str, list[Value]] = {
    **{f.name: list(HARM[f.kind]) for f in FACTS.values() if f.kind in HARM},
    "page": ["other", "home"],
    "class": [each.value for each in IncidentClass],
    "shown_since": [(EVENING - n * HOUR).isoformat() for n in (0, 1, 3, 7, 13, 25)],
}
Facts = dict[str, Value]
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def some_facts(draw: st.DrawFn) -> Facts:
    """Nearly all of them known, or any part; the others not mentioned or said to be unknown."""
    if draw(st.booleans()):
        known = {name: draw(st.sampled_from(ORDER[name])) for name in ORDER}
        without = draw(st.sets(st.sampled_from(sorted(ORDER)), max_size=2))
        return {name: value for name, value in known.items() if name not in without}
    names = draw(st.lists(st.sampled_from(sorted(ORDER)), unique=True))
    return {name: draw(st.sampled_from([None, *ORDER[name]])) for name in names}


kinds = st.sampled_from(sorted(RULES.kinds))
moments = st.timedeltas(timedelta(0), timedelta(days=40))


def incident(kind: str, facts: Facts) -> SecurityIncident:
    return SecurityIncident(
        id=1, school=SCHOOL, kind=kind, opened_at=EVENING, opened_by="test", first_seen=EVENING,
        known_at=EVENING, facts=facts,
        learned=tuple(Learned(EVENING, name, value) for name, value in facts.items()),
    )  # fmt: skip


def told(one: SecurityIncident, name: str, value: Value) -> SecurityIncident:
    """The incident after somebody entered that."""
    later = Learned(EVENING + HOUR, name, value)
    return replace(one, facts={**one.facts, name: value}, learned=(*one.learned, later))


def due(one: SecurityIncident, after: timedelta = timedelta(0)) -> dict[str, object]:
    return {e.clock.id: e.due_at for e in clocks_of(one, RULES, EVENING + after) if e.due_at}


@relaxed
@given(kinds, some_facts(), moments, st.data())
def test_learning_of_more_harm_never_makes_a_report_due_later(
    kind: str, facts: Facts, after: timedelta, data: st.DataObject
) -> None:
    known = [name for name, value in facts.items() if value is not None]
    if not known:
        return
    name = data.draw(st.sampled_from(known))
    place = ORDER[name].index(facts[name])
    whole = incident(kind, facts)
    worse = told(whole, name, data.draw(st.sampled_from(ORDER[name][place:])))
    before, then = due(whole, after), due(worse, after)
    assert before.items() <= then.items()


@relaxed
@given(kinds, some_facts(), moments, st.data())
def test_what_is_not_known_never_ends_a_clock(
    kind: str, facts: Facts, after: timedelta, data: st.DataObject
) -> None:
    # A person's judgement of the class is no fact that can be forgotten, but a decision.
    name = data.draw(st.sampled_from(sorted(ORDER.keys() - {"class"})))
    whole = incident(kind, facts)
    before, then = due(whole, after), due(told(whole, name, None), after)
    assert before.items() <= then.items()


@relaxed
@given(kinds, some_facts(), moments, moments)
def test_a_due_time_stays_as_time_goes_on(
    kind: str, facts: Facts, one: timedelta, two: timedelta
) -> None:
    first, later = sorted([one, two])
    whole = incident(kind, facts)
    assert due(whole, first).items() <= due(whole, later).items()


@relaxed
@given(kinds, some_facts(), moments, st.sampled_from([clock.id for clock in RULES.clocks]))
def test_a_report_ends_its_own_clock_and_no_other(
    kind: str, facts: Facts, after: timedelta, clock: str
) -> None:
    before = replace(incident(kind, facts), ended_at=EVENING)
    sent = replace(before, sent=(Sent(clock, EVENING + after, "x", "y", ""),))
    now = EVENING + timedelta(days=41)
    was = {e.clock.id: e.state for e in clocks_of(before, RULES, now)}
    becomes = {e.clock.id: e.state for e in clocks_of(sent, RULES, now)}
    follows = {c.id for c in RULES.clocks if c.starts is not Start.KNOWN}
    assert all(becomes[id] is state for id, state in was.items() if id not in {clock, *follows})
    if RULES.clock(clock) not in [c for c in RULES.clocks if c.starts is Start.NEW_FACTS]:
        assert becomes[clock] in (ClockState.MET, ClockState.MET_LATE)


@relaxed
@given(kinds, some_facts())
def test_nothing_runs_before_a_person_knows(kind: str, facts: Facts) -> None:
    assert due(replace(incident(kind, facts), known_at=None)) == {}
