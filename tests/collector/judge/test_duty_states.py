"""States of duties that do not lie: what machines said, what people signed, what was waived."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from collector.judge.duty.papers import Says
from collector.judge.duty.rows import duty_answer
from collector.judge.duty.score import score, score_words
from collector.judge.duty.words import assessed, assessed_part
from collector.judge.model import Assessed, DutyState, Freshness, MachineState
from config.duty import Period
from config.policy import Operator
from probes.model import Role, Unit
from probes.text import Text
from tests.collector.judge.owed import (
    HOUR,
    NOW,
    ONE,
    Town,
    attest,
    duty,
    fact,
    signed,
    waived,
)
from tests.collector.judge.town import agent

DAY = 24 * HOUR


def town(*machines: str) -> Town:
    """With one check, and machines that have said nothing yet."""
    return Town([duty([fact()])], [agent(id, "A") for id in machines or ("a1",)])


# What machines say


def test_school_with_machines_of_another_kind_is_not_said_to_have_none() -> None:
    county = Town([duty([fact(roles=frozenset({Role.PC}))])], [agent("g1", "A", Role.GATEWAY)])
    assert county.status().parts[0].finding.reason == Text(
        "该校没有接入这一项要查的设备（电脑），无从得知。",
        "The school has no PC with an agent; nothing is known.",
    )


def test_part_lists_each_machine_with_value_source_privilege_and_age() -> None:
    place = town("a1", "a2")
    place.store.say("a1", NOW - HOUR, locked=1)
    place.store.say("a2", NOW - HOUR, locked=0)
    (part,) = place.status().parts
    worst, good = part.machines
    assert (worst.agent, worst.state, worst.value) == ("a2", MachineState.NOT_MET, 0)
    assert (good.agent, good.state) == ("a1", MachineState.MET)
    assert (worst.source, worst.privilege, worst.at) == ("file", "user", NOW - HOUR)


@pytest.mark.parametrize("reason", ["fault", "deadline", "unreadable"])
def test_run_that_went_wrong_is_an_error_and_not_merely_unknown(reason: str) -> None:
    place = town()
    place.store.fail("a1", reason)
    assert place.status().state is DutyState.ERROR


@pytest.mark.parametrize("reason", ["no_privilege", "no_source", "unsupported_system"])
def test_run_that_could_not_look_is_unknown(reason: str) -> None:
    place = town()
    place.store.fail("a1", reason)
    assert place.status().state is DutyState.UNKNOWN


def test_value_before_a_failed_run_satisfies_nothing_any_more() -> None:
    place = town()
    place.store.say("a1", NOW - 2 * HOUR, locked=1)
    assert place.status().state is DutyState.PASS
    place.store.fail("a1", "deadline", NOW - HOUR)
    found = place.status()
    assert found.state is DutyState.ERROR
    assert found.parts[0].machines[0].value == 1


def test_failed_run_does_not_wash_away_what_was_wrong() -> None:
    place = town()
    place.store.say("a1", NOW - 2 * HOUR, locked=0)
    place.store.fail("a1", "no_privilege", NOW - HOUR)
    found = place.status()
    assert found.state is DutyState.FAIL
    assert found.parts[0].machines[0].reason is not None


def test_run_of_the_part_that_no_longer_has_the_value_leaves_it_unknown() -> None:
    place = town()
    place.store.say("a1", NOW - 2 * HOUR, locked=1)
    place.store.say("a1", NOW - HOUR, doors_count=3)
    assert place.status().state is DutyState.UNKNOWN


def test_run_of_another_part_says_nothing_about_this_one() -> None:
    place = town()
    place.store.say("a1", NOW - 2 * HOUR, locked=1)
    place.store.fail("a1", "fault", NOW - HOUR, part="window")
    assert place.status().state is DutyState.PASS


def test_run_that_came_to_no_part_at_all_concerns_every_part() -> None:
    place = town()
    place.store.say("a1", NOW - 2 * HOUR, locked=1)
    place.store.fail("a1", "fault", NOW - HOUR, part="")
    assert place.status().state is DutyState.ERROR


def test_worst_of_several_values_of_one_run_decides() -> None:
    # Two backup jobs on one machine, one of them old: the machine has an old backup.
    place = town()
    place.store.say("a1", NOW - HOUR, job="one", locked=1)
    place.store.say("a1", NOW - HOUR, job="two", locked=0)
    assert place.status().state is DutyState.FAIL


def test_value_of_a_job_that_is_gone_does_not_count_any_more() -> None:
    place = town()
    place.store.say("a1", NOW - 2 * HOUR, job="old", locked=0)
    place.store.say("a1", NOW - HOUR, job="new", locked=1)
    assert place.status().state is DutyState.PASS


def test_stale_answer_counts_as_unknown_and_is_still_shown() -> None:
    place = town()
    place.store.say("a1", datetime(2026, 11, 17, 1, tzinfo=UTC), locked=1)
    found = place.status()
    (machine,) = found.parts[0].machines
    assert (found.state, found.freshness) == (DutyState.UNKNOWN, Freshness.STALE)
    assert (machine.value, machine.stale) == (1, True)
    assert assessed(found)[0] is Assessed.UNCHECKED


def test_machine_whose_system_has_no_such_thing_is_left_out() -> None:
    place = town("a1", "a2")
    place.store.say("a1", locked=1)
    place.store.fail("a2", "not_here")
    assert place.status().state is DutyState.PASS


def test_duty_does_not_apply_when_no_machine_has_such_a_thing() -> None:
    place = town("a1", "a2")
    place.store.fail("a1", "not_here")
    place.store.fail("a2", "not_here")
    found = place.status()
    assert found.state is DutyState.NOT_APPLICABLE
    assert "2 台的系统没有这一项" in found.finding.reason.zh


def test_old_statement_that_there_is_no_such_thing_exempts_nobody() -> None:
    place = town()
    place.store.fail("a1", "not_here", datetime(2026, 11, 17, 1, tzinfo=UTC))
    assert place.status().state is DutyState.UNKNOWN


def test_bound_that_is_an_upper_one_takes_the_greatest_value() -> None:
    least = fact(
        metric="doors_count", operator=Operator.AT_MOST, value=Fraction(2), unit=Unit.COUNT
    )
    place = Town([duty([least])])
    place.store.say("a1", job="one", doors_count=2)
    place.store.say("a1", job="two", doors_count=3)
    assert place.status().state is DutyState.FAIL


def test_share_of_machines_suffices_where_the_check_says_so() -> None:
    place = Town(
        [duty([fact(share=Fraction(1, 2))])], [agent("a1", "A"), agent("a2", "A", Role.GATEWAY)]
    )
    place.store.say("a1", locked=1)
    assert place.status().state is DutyState.PASS


# What people sign


def signing(*attests: object) -> Town:
    return Town([duty([], attests or [attest()])])  # type: ignore[arg-type]


def test_signature_makes_a_duty_attested_and_never_passed() -> None:
    assert signing().status(signed=[signed()]).state is DutyState.ATTESTED


def test_signature_never_satisfies_a_fact_nor_a_fact_a_signature() -> None:
    place = Town([duty([fact()], [attest()])])
    assert place.status(signed=[signed(), signed(attest="locked")]).state is DutyState.UNKNOWN
    place.store.say("a1", locked=1)
    assert place.status().state is DutyState.UNKNOWN
    assert place.status(signed=[signed()]).state is DutyState.PASS


@pytest.mark.parametrize(
    ("paper", "words"),
    [
        ({"until": NOW - HOUR}, "到期"),
        ({"until": NOW}, "到期"),
        ({"is_whole": False}, "尚缺第二人确认或文件"),
        ({"at": NOW + HOUR}, "尚无人签署"),
        ({"school": "B"}, "尚无人签署"),
        ({"says": Says.NOT_APPLICABLE}, "没有写明理由"),
    ],
)
def test_signature_that_does_not_count_leaves_it_unknown_and_says_why(
    paper: dict[str, object], words: str
) -> None:
    found = signing().status(signed=[replace(signed(), **paper)])  # type: ignore[arg-type]
    assert found.state is DutyState.UNKNOWN
    assert words in found.finding.reason.zh


def test_person_may_sign_that_it_was_not_done() -> None:
    found = signing().status(signed=[signed(Says.NOT_FULFILLED, reason="没有经费")])
    assert found.state is DutyState.FAIL
    assert "没有经费" in found.finding.reason.zh


def test_person_may_sign_that_it_does_not_apply_with_the_reason() -> None:
    found = signing().status(signed=[signed(Says.NOT_APPLICABLE, reason="没有网站")])
    assert found.state is DutyState.NOT_APPLICABLE
    assert "没有网站" in found.finding.reason.zh


def test_signed_exemption_exempts_no_machine() -> None:
    place = Town([duty([fact()], [attest()])])
    place.store.say("a1", locked=0)
    exempt = signed(Says.NOT_APPLICABLE, reason="没有门")
    assert place.status(signed=[exempt]).state is DutyState.FAIL


def test_missing_signature_says_since_when_it_is_due() -> None:
    late = signing(attest(due=(11, 1))).status()
    assert "2026-11-01 起已到期限" in late.finding.reason.zh
    early = signing(attest(due=(11, 30))).status()
    assert "2026-11-30 前签署" in early.finding.reason.zh
    never = signing(attest(due=(2, 29))).status(now=datetime(2027, 1, 5, tzinfo=UTC))
    assert "2027-02-28" in never.finding.reason.zh


def test_what_is_signed_upon_an_event_is_not_fulfilled_by_silence() -> None:
    found = signing(attest(period=Period.EVENT)).status()
    assert found.state is DutyState.UNKNOWN
    assert "没有发生也请签明不适用" in found.finding.reason.zh


# Waivers


def test_waiver_shows_who_why_and_until_when_beside_the_truth() -> None:
    place = town()
    place.store.say("a1", locked=0)
    found = place.status(waived=[waived()])
    assert (found.state, found.beneath) == (DutyState.WAIVED, DutyState.FAIL)
    assert "cli:li：门下月更换" in found.finding.reason.zh
    assert "1 台不符合" in found.finding.reason.zh
    assert assessed(found)[0] is Assessed.FAILS


def test_waiver_hides_no_pass_and_makes_none() -> None:
    place = town()
    place.store.say("a1", locked=1)
    assert place.status(waived=[waived()]).state is DutyState.PASS
    assert score([place.status(waived=[waived()])]).value == 1
    assert score([town().status(waived=[waived()])]).value == 0


def test_waiver_that_has_ended_changes_nothing() -> None:
    place = town()
    place.store.say("a1", locked=0)
    assert place.status(waived=[waived(until=NOW)]).state is DutyState.FAIL
    assert place.status(waived=[waived(since=NOW + HOUR)]).state is DutyState.FAIL


def test_waiver_of_one_part_leaves_the_other_parts_as_they_are() -> None:
    place = Town([duty([fact(), fact("other", part="window")])])
    place.store.say("a1", locked=0)
    assert place.status(waived=[waived("locked")]).state is DutyState.UNKNOWN
    place.store.say("a1", part="window", locked=1)
    assert place.status(waived=[waived("locked")]).state is DutyState.WAIVED


def test_waiver_of_one_machine_leaves_the_other_machines_as_they_are() -> None:
    place = town("a1", "a2")
    place.store.say("a1", locked=0)
    place.store.say("a2", locked=1)
    found = place.status(waived=[waived(agent="a1")])
    assert found.state is DutyState.WAIVED
    assert [m.waived is not None for m in found.parts[0].machines] == [True, False]
    place.store.say("a2", NOW, job="more", locked=0)
    assert place.status(waived=[waived(agent="a1")]).state is DutyState.FAIL


def test_waiver_of_a_machine_of_which_all_is_well_is_not_used() -> None:
    place = town("a1", "a2")
    place.store.say("a1", locked=0)
    place.store.say("a2", locked=1)
    assert place.status(waived=[waived(agent="a2")]).state is DutyState.FAIL


# Levels, words and the score


def test_part_that_only_a_higher_level_asks_is_advice_and_makes_no_state() -> None:
    three = frozenset({3})
    place = Town([duty([fact(), fact("more", part="window", levels=three)])])
    place.store.say("a1", locked=1)
    place.store.say("a1", part="window", locked=0)
    found = place.status()
    assert found.state is DutyState.PASS
    assert [part.advice for part in found.parts] == [False, True]
    strict = Town(place.duties, place.agents, place.store)
    strict.school = replace(ONE, tags=frozenset({"protection-level-3"}))
    assert strict.status().state is DutyState.FAIL


def test_assessor_writes_partly_with_the_ratio_of_machines() -> None:
    place = town("a1", "a2", "a3")
    place.store.say("a1", locked=1)
    place.store.say("a2", locked=0)
    place.store.say("a3", locked=1)
    found = place.status()
    assert assessed(found) == (Assessed.PARTLY, (2, 3))
    place.store.say("a1", NOW, job="x", locked=0)
    place.store.say("a3", NOW, job="x", locked=0)
    assert assessed(place.status())[0] is Assessed.FAILS


def test_assessor_writes_partly_when_some_part_of_a_duty_conforms() -> None:
    place = Town([duty([fact()], [attest()])])
    place.store.say("a1", locked=0)
    found = place.status(signed=[signed()])
    assert assessed(found) == (Assessed.PARTLY, (1, 2))
    assert assessed_part(found.parts[0]) == (Assessed.FAILS, (0, 1))


@pytest.mark.parametrize("reason", ["no_privilege", "fault"])
def test_assessor_never_writes_not_applicable_for_what_was_not_seen(reason: str) -> None:
    place = town()
    place.store.fail("a1", reason)
    assert assessed(place.status())[0] is Assessed.UNCHECKED


def test_score_is_never_shown_without_its_counts() -> None:
    place = Town([duty([fact()], id="duty.a"), duty([fact(part="window")], id="duty.b")])
    place.store.say("a1", locked=1)
    assert score_words(score(place.judge().duties)).zh == "1/2（50%）：符合 1，未知 1"


def test_rows_say_all_of_a_part_as_data() -> None:
    place = town()
    place.store.say("a1", NOW - timedelta(minutes=5), locked=0)
    answer = duty_answer(place.judge(waived=[waived()]), [])
    (row,) = answer["duties"]
    (part,) = row["parts"]
    assert (row["state"], row["without_waivers"], row["assessed"]) == ("waived", "fail", "fails")
    assert (part["freshness"], part["age_seconds"]) == ("fresh", 300)
    assert part["machines"][0]["source"] == "file"
    assert part["waived"][0]["actor"] == "cli:li"
    assert answer["score"]["counts"]["waived"] == 1
    assert answer["score"]["asked"] == 1
