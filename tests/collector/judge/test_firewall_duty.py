from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.judge.duty.score import score
from collector.judge.duty.status import protection_level
from collector.judge.judge import Judge
from collector.judge.model import DutyState, DutyStatus
from collector.register.model import Agent
from collector.store import LastRun
from probes.model import Outcome, Role
from tests.collector.judge.town import TownStore, agent, school

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
"""A Monday noon in China."""
ONE = school("A")


def status(judge: Judge, store: TownStore, agents: list[Agent], now: datetime = NOW) -> DutyStatus:
    found = judge.judge([ONE], store, agents, as_of=now.date(), now=now)
    assert len(found.duties) == 1
    return found.duties[0]


def test_duty_passes_when_every_machine_answers_that_it_is_on(judge: Judge) -> None:
    store = TownStore()
    store.firewall("A", "a1", NOW, 1)
    store.firewall("A", "a2", NOW, 1)
    found = status(judge, store, [agent("a1", "A"), agent("a2", "A", Role.GATEWAY)])
    assert found.state is DutyState.PASS
    assert found.finding.reason.zh == "2 台设备中：2 台符合。"


def test_one_machine_with_its_firewall_off_fails_the_duty(judge: Judge) -> None:
    store = TownStore()
    store.firewall("A", "a1", NOW, 1)
    store.firewall("A", "a2", NOW, 0)
    found = status(judge, store, [agent("a1", "A"), agent("a2", "A"), agent("a3", "A")])
    assert found.state is DutyState.FAIL
    assert "1 台不符合" in found.finding.reason.zh
    assert "1 台尚无结果" in found.finding.reason.zh


def test_machine_that_never_answered_leaves_the_duty_unknown(judge: Judge) -> None:
    store = TownStore()
    store.firewall("A", "a1", NOW, 1)
    found = status(judge, store, [agent("a1", "A"), agent("a2", "A")])
    assert found.state is DutyState.UNKNOWN
    assert found.finding.legs[0].evidence.coverage == 0.5


def test_machine_that_could_not_look_is_unknown_and_says_why(judge: Judge) -> None:
    run = LastRun("A", "a1", "posture_firewall", "local", NOW, Outcome.NOT_RUN, "no_privilege")
    found = status(judge, TownStore(runs=[run]), [agent("a1", "A")])
    assert found.state is DutyState.UNKNOWN
    assert "1 台未能检查（代理程序的权限不足" in found.finding.reason.zh
    assert "1 could not look (The agent lacks the privilege" in found.finding.reason.en


def test_school_without_agents_is_unknown_and_not_exempt(judge: Judge) -> None:
    assert status(judge, TownStore(), []).state is DutyState.UNKNOWN


def test_revoked_agent_plays_no_part(judge: Judge) -> None:
    store = TownStore()
    store.firewall("A", "a1", NOW, 1)
    store.firewall("A", "old", NOW, 0)
    found = status(judge, store, [agent("a1", "A"), agent("old", "A", revoked=True)])
    assert found.state is DutyState.PASS


def test_newest_answer_decides(judge: Judge) -> None:
    store = TownStore()
    store.firewall("A", "a1", NOW, 1)
    store.firewall("A", "a1", NOW - timedelta(hours=1), 0)
    assert status(judge, store, [agent("a1", "A")]).state is DutyState.PASS


def test_answer_of_four_school_days_ago_is_stale_and_counts_as_unknown(judge: Judge) -> None:
    for answered, state in (
        (datetime(2026, 11, 18, 1, tzinfo=UTC), DutyState.PASS),
        (datetime(2026, 11, 17, 1, tzinfo=UTC), DutyState.UNKNOWN),
    ):
        store = TownStore()
        store.firewall("A", "a1", answered, 1)
        found = status(judge, store, [agent("a1", "A")])
        assert (answered, found.state) == (answered, state)


def test_holiday_does_not_age_an_answer(judge: Judge) -> None:
    store = TownStore()
    store.firewall("A", "a1", datetime(2026, 7, 2, 1, tzinfo=UTC), 1)
    august = datetime(2026, 8, 20, 4, tzinfo=UTC)
    assert status(judge, store, [agent("a1", "A")], august).state is DutyState.PASS


def test_other_schools_answers_play_no_part(judge: Judge) -> None:
    store = TownStore()
    store.firewall("B", "a1", NOW, 1)
    assert status(judge, store, [agent("a1", "A")]).state is DutyState.UNKNOWN


def test_level_that_does_not_require_the_duty_makes_it_advice(judge: Judge) -> None:
    four = replace(ONE, tags=frozenset({"protection-level-4"}))
    found = judge.judge([four], TownStore(), [], as_of=date(2026, 11, 23), now=NOW)
    assert protection_level(ONE) == 2
    assert found.duties[0].advice
    assert score(found.duties).value is None


def test_unknown_stays_in_the_denominator_of_the_score(judge: Judge) -> None:
    unknown = status(judge, TownStore(), [])
    passed = replace(unknown, state=DutyState.PASS)
    exempt = replace(unknown, state=DutyState.NOT_APPLICABLE)
    waived = replace(unknown, state=DutyState.WAIVED)
    assert score([passed, unknown, exempt]).value == Fraction(1, 2)
    assert score([passed, unknown, waived]).value == Fraction(1, 3)
    assert score([exempt]).value is None


@settings(deadline=None)
@given(st.lists(st.sampled_from([0.0, 1.0, None]), min_size=1, max_size=6), st.data())
def test_silence_never_raises_the_state_of_a_duty(
    judge: Judge, answers: list[float | None], data: st.DataObject
) -> None:
    order = [DutyState.FAIL, DutyState.UNKNOWN, DutyState.PASS]
    silenced = data.draw(st.integers(0, len(answers) - 1))
    agents = [agent(f"a{n}", "A") for n in range(len(answers))]
    full, quiet = TownStore(), TownStore()
    for n, answer in enumerate(answers):
        if answer is not None:
            full.firewall("A", f"a{n}", NOW, answer)
            if n != silenced:
                quiet.firewall("A", f"a{n}", NOW, answer)
    before, after = (status(judge, store, agents).state for store in (full, quiet))
    if before is not DutyState.PASS:
        assert after is not DutyState.PASS
    if answers[silenced] == 1:
        assert order.index(after) <= order.index(before)
