"""Which clocks start, when they are due, and what ends them; time goes on only as a test says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.register.security_incident import Phase
from collector.response.clocks import ClockState
from collector.response.weigh import Scale
from config.answer import Answer
from config.incident_fact import IncidentClass
from tests.collector.response.town import EVENING, HOUR, MINUTE, SHANGHAI, URUMQI, Town

NOT_APPLICABLE, NOT_STARTED = ClockState.NOT_APPLICABLE, ClockState.NOT_STARTED
RUNNING, MISSED = ClockState.RUNNING, ClockState.MISSED
MET, MET_LATE = ClockState.MET, ClockState.MET_LATE


def test_leak_of_minors_data_starts_every_clock_of_a_school_at_the_right_times(town: Town) -> None:
    town.open("minors_data", case="yes", persons="unknown")
    due = {name: each.due_at for name, each in town.clocks().items() if each.is_owed}
    assert due == {
        "C4": EVENING + 4 * HOUR,
        "C4b": EVENING + 4 * HOUR,
        "C1": EVENING + 4 * HOUR,
        "C2a": EVENING + HOUR / 2,
        "C2b": EVENING + 2 * HOUR,
        "C3": EVENING + 24 * HOUR,
        "C5": EVENING + 4 * HOUR,
        "C5b": EVENING + 24 * HOUR,
        "C6": EVENING + 4 * HOUR,
        "C6b": EVENING + 24 * HOUR,
    }


def test_minors_come_first(town: Town) -> None:
    town.open("minors_data")
    assert next(iter(town.clocks())) == "C4"


def test_leak_of_a_single_pupil_has_no_size_floor(town: Town) -> None:
    town.open("minors_data", persons="1", loss="0", important_data="no", core_data="no")
    states = town.states()
    assert states["C4"] is states["C4b"] is RUNNING
    assert states["C1"] is NOT_APPLICABLE


@pytest.mark.parametrize("kind", ["intrusion", "malware", "ransomware", "defacement", "other"])
def test_what_may_have_happened_to_minors_data_counts(town: Town, kind: str) -> None:
    town.open(kind)
    c4 = town.clocks()["C4"]
    assert (c4.state, c4.applies) == (RUNNING, Answer.YES)
    assert c4.because.zh.startswith("可能发生的也要报")


def test_clock_that_does_not_apply_says_by_what(town: Town) -> None:
    town.open("personal_data", minors="no")
    c4 = town.clocks()["C4"]
    assert c4.state is NOT_APPLICABLE
    assert c4.because.zh == "涉及未成年人：否"
    assert (c4.due_at, c4.left) == (None, None)


def test_unknown_number_of_persons_runs_the_clock_of_the_highest_class(town: Town) -> None:
    town.open("personal_data")
    c1 = town.clocks()["C1"]
    assert (c1.state, c1.applies) == (RUNNING, Answer.UNKNOWN)
    assert "未定（一般至特别重大）" in c1.because.zh


KNOWN = {"loss": "0", "important_data": "no", "core_data": "no"}
SHOWN = {**KNOWN, "personal_data": "no", "views": "0", "forwards": "0"}


@pytest.mark.parametrize(
    ("persons", "klass"),
    [
        (999_999, IncidentClass.GENERAL),
        (1_000_000, IncidentClass.LARGE),
        (9_999_999, IncidentClass.LARGE),
        (10_000_000, IncidentClass.MAJOR),
        (100_000_000, IncidentClass.EXTRAORDINARY),
    ],
)
def test_number_of_persons_decides_and_includes_the_bound(
    town: Town, persons: int, klass: IncidentClass
) -> None:
    incident = town.open("personal_data", persons=str(persons), **KNOWN)
    graded = Scale(incident, town.rules, town.now).graded
    assert graded.certain is graded.possible is klass
    large = klass is not IncidentClass.GENERAL
    assert town.states()["C1"] is (RUNNING if large else NOT_APPLICABLE)


def test_home_page_that_is_still_altered_grows_into_a_class(town: Town) -> None:
    facts = {**SHOWN, "illegal_content": "yes", "page": "home"}
    town.open("defacement", shown_since="2026-11-23T22:20", **facts)
    assert town.clocks()["C1"].applies is Answer.UNKNOWN
    town.now += 20 * MINUTE
    c1 = town.clocks()["C1"]
    assert (c1.applies, c1.due_at) == (Answer.YES, EVENING + 4 * HOUR)


def test_home_page_restored_in_time_is_no_class(town: Town) -> None:
    facts = {**SHOWN, "illegal_content": "yes", "page": "home"}
    town.open("defacement", shown_since="2026-11-23T22:10", **facts)
    town.steps.set(1, {"shown_until": "2026-11-23T22:29"})
    c1 = town.clocks()["C1"]
    assert c1.state is NOT_APPLICABLE
    assert c1.because.zh == "级别：一般"


def test_page_restored_before_it_was_altered_refutes_nothing(town: Town) -> None:
    facts = {**SHOWN, "illegal_content": "yes", "page": "home"}
    town.open("defacement", shown_since="2026-11-23T20:10", **facts)
    assert town.clocks()["C1"].applies is Answer.YES
    town.steps.set(1, {"shown_until": "2026-11-22T22:29"})
    c1 = town.clocks()["C1"]
    assert (c1.applies, c1.state) == (Answer.UNKNOWN, RUNNING)


def test_class_that_a_person_judged_settles_what_is_unknown(town: Town) -> None:
    town.open("ransomware")
    assert "C1" in town.running()
    town.steps.set(1, {"class": "general"})
    assert town.states()["C1"] is NOT_APPLICABLE
    town.steps.set(1, {"class": "major"})
    assert town.clocks()["C1"].applies is Answer.YES


def test_judgement_holds_for_the_facts_on_which_it_was_made(town: Town) -> None:
    town.open("personal_data", persons="2000000", **{"class": "general"})
    town.now += MINUTE
    town.steps.set(1, {"persons": "unknown"})
    assert town.clocks()["C1"].applies is Answer.UNKNOWN
    town.now += MINUTE
    town.steps.set(1, {"class": "general"})
    assert town.states()["C1"] is NOT_APPLICABLE
    town.now += MINUTE
    town.steps.set(1, {"kind": "minors_data"})
    assert town.states()["C1"] is RUNNING


def test_judgement_of_a_higher_class_stays_when_facts_change(town: Town) -> None:
    town.open("personal_data", persons="5", **KNOWN, **{"class": "large"})
    town.now += MINUTE
    town.steps.set(1, {"persons": "3"})
    assert town.clocks()["C1"].applies is Answer.YES


def test_judgement_of_a_person_never_goes_below_what_is_certain(town: Town) -> None:
    town.open("personal_data", persons="2000000")
    town.steps.set(1, {"class": "general"})
    assert town.clocks()["C1"].applies is Answer.YES


def test_police_within_24_hours_for_a_case_and_for_illegal_content(town: Town) -> None:
    town.open("intrusion", case="no", illegal_content="yes")
    c3 = town.clocks()["C3"]
    assert (c3.due_at, c3.clock.limit_is_law) == (EVENING + 24 * HOUR, True)
    town.steps.set(1, {"illegal_content": "no"})
    c3 = town.clocks()["C3"]
    assert c3.state is NOT_APPLICABLE
    assert c3.because.zh == "属于案件（涉嫌违法犯罪）：否；出现违法有害信息：否"


def test_critical_infrastructure_is_reported_within_an_hour(town: Town) -> None:
    town.open("ransomware")
    c1c = town.clocks()["C1c"]
    assert (c1c.state, c1c.because.zh) == (NOT_APPLICABLE, "涉及关键信息基础设施：否")
    town.steps.set(1, {"cii": "yes"})
    assert town.clocks()["C1c"].due_at == EVENING + HOUR


def test_saying_that_nobody_knows_takes_the_assumption_back(town: Town) -> None:
    town.open("ransomware")
    town.steps.set(1, {"cii": "unknown"})
    assert town.states()["C1c"] is RUNNING


def test_vulnerability_of_an_own_product_runs_while_nobody_knows_what_it_endangers(
    town: Town,
) -> None:
    town.open("vulnerability")
    assert town.clocks()["C7"].due_at == EVENING + 24 * HOUR
    town.steps.set(1, {"endangers": "no"})
    assert town.states()["C7"] is NOT_APPLICABLE


def test_clocks_that_are_no_law_say_so(town: Town) -> None:
    town.open("minors_data")
    law = {name for name, each in town.clocks().items() if each.clock.limit_is_law}
    assert law == {"C1", "C1c", "C3", "C7", "C8"}


def test_time_left_crosses_midnight(town: Town) -> None:
    town.open("minors_data")
    town.now = datetime(2026, 11, 24, 0, 30, tzinfo=SHANGHAI)
    assert town.clocks()["C4"].left == 2 * HOUR
    town.now = datetime(2026, 11, 24, 2, 30, tzinfo=SHANGHAI)
    assert town.clocks()["C4"].left == timedelta(0)
    assert town.states()["C4"] is RUNNING
    town.now += timedelta(microseconds=1)
    assert town.states()["C4"] is MISSED


def test_time_without_an_offset_is_that_of_the_school(tmp_path: Path) -> None:
    town = Town(tmp_path, URUMQI)  # two hours behind Shanghai
    town.steps.open(town.school.code, "malware", known_at="2026-11-23T20:00")
    assert town.clocks()["C2b"].started_at == datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    town.steps.open(town.school.code, "malware", known_at="2026-11-23T20:00+08:00")
    assert town.clocks(2)["C2b"].started_at == datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    town.register.close()


def test_report_in_time_is_met_and_a_late_one_says_by_how_much(town: Town) -> None:
    town.open("minors_data")
    town.now += HOUR
    town.send("C4")
    town.now += 4 * HOUR
    town.send("C1")
    clocks = town.clocks()
    assert (clocks["C4"].state, clocks["C4"].met_at) == (MET, EVENING + HOUR)
    assert (clocks["C1"].state, clocks["C1"].late) == (MET_LATE, HOUR)


def test_report_that_was_entered_later_counts_from_when_it_was_made(town: Town) -> None:
    town.open("minors_data")
    town.now += 6 * HOUR
    assert town.states()["C4"] is MISSED
    town.send("C4", at="2026-11-24T00:10")
    assert town.states()["C4"] is MET


def test_known_late_is_late_at_once(town: Town) -> None:
    town.steps.open(town.school.code, "minors_data", known_at="2026-11-23T17:00")
    c4 = town.clocks()["C4"]
    assert (c4.state, c4.late) == (MISSED, 1.5 * HOUR)


def test_correcting_when_it_was_known_moves_clocks_back_and_never_forth(town: Town) -> None:
    town.open("minors_data")
    town.steps.known_earlier(1, "2026-11-23T21:30")
    assert town.clocks()["C1"].due_at == EVENING + 3 * HOUR


def test_harm_that_is_learned_later_counts_from_when_the_incident_was_known(town: Town) -> None:
    town.open("personal_data", persons="30", **KNOWN)
    assert town.states()["C1"] is NOT_APPLICABLE
    town.now += 5 * HOUR
    town.steps.set(1, {"persons": "2000000"})
    c1 = town.clocks()["C1"]
    assert (c1.state, c1.due_at) == (MISSED, EVENING + 4 * HOUR)


def test_restart_changes_no_clock(town: Town) -> None:
    town.open("minors_data", persons="12")
    town.now += HOUR
    town.send("C2b")
    before = town.clocks()
    town.restart()
    assert town.clocks() == before


def test_closing_report_is_due_thirty_days_after_the_end(town: Town) -> None:
    town.open("personal_data", persons="1000000")
    assert town.states()["C8"] is NOT_STARTED
    town.now += 48 * HOUR
    town.steps.end(1)
    assert town.clocks()["C8"].due_at == town.now + timedelta(days=30)


def test_incident_that_was_reported_owes_a_closing_report_whatever_its_class(town: Town) -> None:
    town.open("personal_data")
    town.send("C1")
    town.steps.set(1, {"class": "general"})
    town.steps.end(1)
    assert town.states()["C8"] is RUNNING


def test_new_facts_after_a_report_start_a_supplement(town: Town) -> None:
    town.open("minors_data")
    assert town.states()["C9"] is NOT_APPLICABLE
    town.send("C4")
    assert town.states()["C9"] is NOT_STARTED
    town.now += HOUR
    town.steps.set(1, {"persons": "12"})
    town.now += HOUR
    town.steps.set(1, {"persons": "15"})
    assert town.clocks()["C9"].due_at == EVENING + HOUR + 24 * HOUR
    town.send("C9")
    assert town.states()["C9"] is MET
    town.now += HOUR
    town.steps.set(1, {"persons": "18"})
    assert town.clocks()["C9"].started_at == town.now


def test_detection_alone_starts_no_clock(town: Town) -> None:
    from collector.response.detected import Finding, suspect

    seen = EVENING - 3 * HOUR
    finding = Finding(id="page_altered", school=town.school.code, first_seen=seen)
    made = suspect(town.register.security, town.rules, finding)
    assert made is not None
    assert made.phase is Phase.CANDIDATE
    assert {each.state for each in town.clocks().values()} <= {NOT_STARTED, NOT_APPLICABLE}
    town.now += HOUR
    confirmed = town.steps.confirm(1, by="张老师")
    assert (confirmed.first_seen, confirmed.known_at) == (seen, EVENING + HOUR)
    assert town.clocks()["C2b"].due_at == EVENING + 3 * HOUR
