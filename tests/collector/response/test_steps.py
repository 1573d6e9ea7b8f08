"""What a person does with a security incident, what is refused, and that history only grows."""

from __future__ import annotations

from contextlib import closing

import pytest
import sqlalchemy as sa

from collector.register.security_incident import (
    Action,
    IncidentStepError,
    NoSecurityIncidentError,
    Phase,
)
from collector.response.detected import Finding, suspect
from collector.response.steps import UnknownKindError
from config.incident_fact import FactError
from tests.collector.response.town import EVENING, HOUR, MINUTE, SCHOOL, Town


def suspected(town: Town, id: str = "page_altered") -> None:
    finding = Finding(id=id, school=SCHOOL, first_seen=EVENING - HOUR, system="www")
    assert suspect(town.register.security, town.rules, finding) is not None


def test_every_step_is_an_entry_with_who_and_when(town: Town) -> None:
    town.open("minors_data")
    town.now += MINUTE
    town.steps.set(1, {"persons": "12"})
    town.send("C4")
    town.steps.end(1)
    entries = town.register.security.one(1).entries
    assert [e.action for e in entries] == [Action.OPENED, Action.SET, Action.SENT, Action.ENDED]
    assert [e.at for e in entries] == [EVENING, *[EVENING + MINUTE] * 3]
    assert {e.actor for e in entries} == {"cli:test"}


def test_steps_stand_in_the_audit_trail_too(town: Town) -> None:
    town.open("malware")
    (newest, *_) = town.register.audit_entries()
    assert (newest.action, newest.subject) == ("security.entry", "1")
    assert newest.detail == {"action": "opened"}


def test_setting_what_is_so_already_makes_no_entry(town: Town) -> None:
    town.open("malware", persons="3")
    town.steps.set(1, {"persons": "3", "kind": "malware"})
    assert len(town.register.security.one(1).entries) == 1


def test_kind_can_be_corrected(town: Town) -> None:
    town.open("intrusion")
    assert town.steps.set(1, {"kind": "minors_data"}).kind == "minors_data"


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("personz", "3", "There is no fact 'personz'"),
        ("persons", "many", "persons.*'many' should be a whole number"),
        ("persons", "-1", "'-1' should be a whole number"),
        ("persons", "nan", "'nan' should be a whole number"),
        ("minors", "maybe", "'maybe' is not one of yes, no, unknown"),
        ("page", "first", "'first' is not one of home, other, unknown"),
        ("shown_since", "noon", "'noon' is no instant"),
        ("shown_since", "2026-11-23", "'2026-11-23' is no instant"),
        ("shown_since", "2026-11-23T23:59", "is still to come"),
        ("harm", " ", "takes 1 to 2000 letters"),
    ],
)
def test_fact_that_cannot_be_read_is_named_and_nothing_is_kept(
    town: Town, name: str, value: str, complaint: str
) -> None:
    town.open("malware")
    with pytest.raises(FactError, match=complaint):
        town.steps.set(1, {"hosts": "4", name: value})
    assert len(town.register.security.one(1).entries) == 1


def test_unknown_kind_names_those_that_there_are(town: Town) -> None:
    with pytest.raises(UnknownKindError, match="no kind of incident 'fire'; known: defacement,"):
        town.open("fire")


def test_unknown_number_is_refused(town: Town) -> None:
    with pytest.raises(NoSecurityIncidentError, match="no security incident 7"):
        town.steps.end(7)


def test_nothing_is_known_before_it_was_seen(town: Town) -> None:
    suspected(town)
    with pytest.raises(IncidentStepError, match="is before first seen"):
        town.steps.confirm(1, known_at="2026-11-23T21:00")


def test_report_before_anybody_knew_is_refused(town: Town) -> None:
    town.open("minors_data")
    with pytest.raises(
        IncidentStepError, match=r"T22:00\+08:00 is before known at 2026-11-23T22:30\+08:00"
    ):
        town.send("C4", at="2026-11-23T22:00")


def test_report_in_the_minute_in_which_it_was_known_counts(town: Town) -> None:
    town.now += MINUTE / 2
    town.open("minors_data")
    town.now += MINUTE / 4
    town.send("C4", at="2026-11-23T22:30")
    assert "C4" not in town.running()


def test_time_at_which_it_was_known_cannot_be_moved_forward(town: Town) -> None:
    town.open("minors_data")
    town.now += HOUR
    with pytest.raises(IncidentStepError, match="can only be moved back"):
        town.steps.known_earlier(1, "2026-11-23T23:00")


def test_candidate_must_be_confirmed_before_it_is_reported(town: Town) -> None:
    suspected(town)
    with pytest.raises(IncidentStepError, match="is to be confirmed, and this takes"):
        town.send("C4")


def test_candidate_can_be_dismissed_and_a_known_incident_not(town: Town) -> None:
    suspected(town)
    assert town.steps.dismiss(1, "计划内的改版").phase is Phase.DISMISSED
    town.open("malware")
    with pytest.raises(IncidentStepError):
        town.steps.dismiss(2, "没有时间")


def test_clock_that_is_not_there_is_named(town: Town) -> None:
    town.open("malware")
    with pytest.raises(IncidentStepError, match="no clock 'C99'; known: C4, C4b, C1"):
        town.send("C99")


def test_closing_is_refused_while_a_report_is_owed(town: Town) -> None:
    town.open("personal_data", persons="1000000", minors="no", case="no", illegal_content="no")
    with pytest.raises(IncidentStepError, match="run `incident end 1`"):
        town.steps.close(1)
    for clock in ("C1", "C2a", "C2b", "C5", "C5b", "C6", "C6b"):
        town.send(clock)
    with pytest.raises(IncidentStepError, match="still being dealt with"):
        town.send("C8")
    town.steps.end(1)
    with pytest.raises(IncidentStepError, match="reports are owed: C8 closing report"):
        town.steps.close(1)
    town.send("C8")
    assert town.steps.close(1).phase is Phase.CLOSED
    assert town.register.security.find(only_open=True) == []


def test_nothing_is_added_to_a_closed_incident(town: Town) -> None:
    town.open("site_outage", minors="no", case="no", **{"class": "general"})
    for clock in ("C2a", "C2b"):
        town.send(clock)
    town.steps.end(1)
    town.steps.close(1)
    with pytest.raises(IncidentStepError):
        town.steps.set(1, {"note": "还有"})


def test_entries_cannot_be_changed_or_removed_in_the_database(town: Town) -> None:
    town.open("malware")
    for change in ("UPDATE security_entry SET actor = 'x'", "DELETE FROM security_entry"):
        engine = sa.create_engine(f"sqlite:///{town.path}")
        with (
            closing(engine.raw_connection()) as connection,
            pytest.raises(Exception, match="append-only"),
        ):
            connection.cursor().execute(change)
        engine.dispose()


def test_history_that_was_changed_all_the_same_is_found(town: Town) -> None:
    town.open("malware")
    town.steps.set(1, {"hosts": "2"})
    town.steps.set(1, {"hosts": "9"})
    assert town.register.security.first_fault() is None
    engine = sa.create_engine(f"sqlite:///{town.path}")
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER security_entry_no_update")
        connection.exec_driver_sql("UPDATE security_entry SET actor = 'x' WHERE id = 2")
    engine.dispose()
    assert town.register.security.first_fault() == 2


def test_finding_opens_one_candidate_however_often_it_is_seen(town: Town) -> None:
    finding = Finding(id="page_altered", school=SCHOOL, first_seen=EVENING, incident=12)
    made = [suspect(town.register.security, town.rules, finding) for _ in range(3)]
    assert [each is not None for each in made] == [True, False, False]
    town.restart()
    assert suspect(town.register.security, town.rules, finding) is None


def test_finding_that_was_dismissed_does_not_come_back_and_a_new_one_does(town: Town) -> None:
    finding = Finding(id="page_altered", school=SCHOOL, first_seen=EVENING)
    assert suspect(town.register.security, town.rules, finding) is not None
    town.steps.dismiss(1, "计划内")
    assert suspect(town.register.security, town.rules, finding) is None
    later = Finding(id="page_altered", school=SCHOOL, first_seen=EVENING + MINUTE)
    assert suspect(town.register.security, town.rules, later) is not None


def test_finding_without_a_kind_opens_nothing(town: Town) -> None:
    finding = Finding(id="disk_free", school=SCHOOL, first_seen=EVENING)
    assert suspect(town.register.security, town.rules, finding) is None
    assert town.register.security.find() == []
