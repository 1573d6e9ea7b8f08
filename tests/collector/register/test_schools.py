from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from collector.register.model import School
from collector.register.register import Register, UnknownSchoolError
from collector.register.school_facts import facts_of, school_from

TODAY = date(2026, 3, 2)


def facts(school: School | None) -> School:
    assert school is not None
    return replace(school, revision="")


def test_school_comes_back_as_it_was_put(register: Register, school: School) -> None:
    register.put_schools([school], "me")
    assert facts(register.school(school.code, TODAY)) == school


def test_unknown_facts_come_back_unknown(register: Register) -> None:
    bare = School(code="9934000002", name="示例", adcode="340199")
    register.put_schools([bare], "me")
    found = facts(register.school(bare.code, TODAY))
    assert found == bare
    assert found.own_classes is None


def test_school_with_no_classes_is_not_one_with_unknown_classes(register: Register) -> None:
    new = School(code="9934000002", name="新", adcode="340199", classes={"primary": 0})
    register.put_schools([new], "me")
    found = register.school(new.code, TODAY)
    assert found is not None
    assert found.own_classes == 0


def test_facts_hold_from_their_date_on(register: Register, school: School) -> None:
    register.put_schools([school], "me", date(2025, 9, 1))
    register.put_schools([replace(school, teachers=140)], "me", date(2026, 9, 1))

    def teachers(year: int, month: int, day: int) -> int | None:
        found = register.school(school.code, date(year, month, day))
        return found.teachers if found else None

    assert teachers(2025, 8, 31) is None
    assert teachers(2026, 8, 31) == 128
    assert teachers(2026, 9, 1) == 140


def test_correction_replaces_what_was_said_for_the_same_date(
    register: Register, school: School
) -> None:
    register.put_schools([school], "me")
    register.put_schools([replace(school, teachers=1)], "me")
    assert [s.teachers for s in register.schools(TODAY)] == [1]


def test_putting_what_is_known_changes_nothing(register: Register, school: School) -> None:
    assert register.put_schools([school], "me") == [school.code]
    entries = len(register.audit_entries())
    assert register.put_schools([school], "me", TODAY) == []
    assert len(register.audit_entries()) == entries


def test_put_is_all_or_nothing(register: Register, school: School) -> None:
    broken = School(code="9934000009", name="坏", adcode="340199", classes={})
    with pytest.raises(ValueError, match="9934000009"):
        register.put_schools([school, broken], "me")
    assert register.schools(TODAY) == []
    assert register.audit_entries() == []


def test_revision_changes_with_a_fact_and_not_with_a_date(
    register: Register, school: School
) -> None:
    register.put_schools([school], "me", date(2026, 1, 1))
    before = register.revision(TODAY)
    assert register.revision(TODAY) == before
    link = replace(school.links[0], shared_classes=4)
    register.put_schools([replace(school, links=(link,))], "me", date(2026, 2, 1))
    assert register.revision(TODAY) != before
    assert register.revision(date(2026, 1, 15)) == before


def test_closed_school_is_gone_from_that_day_on_only(register: Register, school: School) -> None:
    register.put_schools([school], "me")
    register.close_school(school.code, "me", date(2026, 8, 1))
    assert register.school(school.code, date(2026, 7, 31)) is not None
    assert register.school(school.code, date(2026, 8, 1)) is None
    with pytest.raises(UnknownSchoolError, match="9934000001"):
        register.close_school(school.code, "me", date(2026, 8, 2))


def test_closed_school_can_be_opened_again(register: Register, school: School) -> None:
    register.put_schools([school], "me")
    register.close_school(school.code, "me", date(2026, 1, 1))
    register.put_schools([school], "me", date(2026, 2, 1))
    assert register.school(school.code, TODAY) is not None


def test_audit_names_old_and_new_of_what_changed(register: Register, school: School) -> None:
    register.put_schools([school], "me")
    register.put_schools([replace(school, teachers=None)], "you", TODAY)
    entry = register.audit_entries(1)[0]
    assert (entry.actor, entry.action, entry.subject) == ("you", "school.put", school.code)
    assert entry.detail == {"valid_from": "2026-03-02", "changes": {"teachers": [128, None]}}


def test_facts_of_a_school_make_the_same_school(school: School) -> None:
    assert school_from(facts_of(school)) == school


def test_more_schools_than_one_query_names_load_in_order(
    register: Register, school: School
) -> None:
    many = [replace(school, code=f"99340{n:05}") for n in range(600)]
    register.put_schools(reversed(many), "me")
    assert [s.code for s in register.schools(TODAY)] == [s.code for s in many]
