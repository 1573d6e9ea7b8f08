"""reporting.toml and contacts.toml: what ships is in order, and mistakes are named."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from config.contact_file import OFFICER, Contact, contact_for, load_contacts
from config.incident_fact import CLASSES, IncidentClass
from config.policy import Verification
from config.policy_folder import POLICY_FOLDER
from config.reporting import Part, Start
from config.reporting_file import load_reporting
from config.strict import PolicyError

RULES = load_reporting()
CLOCKS = {clock.id: clock for clock in RULES.clocks}
CONTACT = '[[contact]]\nis = "officer"\nphone = "000"\n'


def changed(folder: Path, name: str, old: str, new: str) -> Path:
    shutil.copy(POLICY_FOLDER / name, folder)
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("clock", "limit", "is_law", "starts"),
    [
        ("C1", timedelta(hours=4), True, Start.KNOWN),
        ("C1c", timedelta(hours=1), True, Start.KNOWN),
        ("C2a", timedelta(minutes=30), False, Start.KNOWN),
        ("C2b", timedelta(hours=2), False, Start.KNOWN),
        ("C3", timedelta(hours=24), True, Start.KNOWN),
        ("C4", timedelta(hours=4), False, Start.KNOWN),
        ("C5", timedelta(hours=4), False, Start.KNOWN),
        ("C6", timedelta(hours=4), False, Start.KNOWN),
        ("C7", timedelta(hours=24), True, Start.KNOWN),
        ("C8", timedelta(days=30), True, Start.ENDED),
        ("C9", timedelta(hours=24), False, Start.NEW_FACTS),
    ],
)
def test_clock_has_the_limit_of_its_source(
    clock: str, limit: timedelta, is_law: bool, starts: Start
) -> None:
    found = CLOCKS[clock]
    assert (found.limit, found.limit_is_law, found.starts) == (limit, is_law, starts)


def test_every_clock_says_where_it_comes_from_and_whom_to_tell() -> None:
    assert all(clock.sources and clock.to for clock in RULES.clocks)


def test_limit_that_is_no_law_says_so_in_words() -> None:
    own = [clock for clock in RULES.clocks if not clock.limit_is_law]
    silent = [c.id for c in own if c.note is None or not ("目标" in c.note.zh or "建议" in c.note.zh
                                                          or "同上" in c.note.zh)]  # fmt: skip
    assert silent == []


def test_what_was_not_read_in_full_must_be_read_before_use() -> None:
    sources = [s for clock in RULES.clocks for s in clock.sources]
    sources += [criterion.source for criterion in RULES.criteria]
    loose = [s for s in sources if s.verified is not Verification.PRIMARY and not s.must_read]
    assert loose == []


def test_numbers_of_the_draft_are_marked_as_such() -> None:
    memory = [c for c in RULES.criteria if c.source.verified is Verification.MEMORY]
    assert all(c.source.note and "征求意见稿" in c.source.note.zh for c in memory)
    assert {c.klass for c in memory} == {IncidentClass.MAJOR, IncidentClass.LARGE}


def test_classes_stand_in_their_order() -> None:
    assert [each.rank for each in IncidentClass] == [0, 1, 2, 3]
    assert set(CLASSES) == set(IncidentClass)


def test_first_report_needs_three_facts_and_closing_has_six_headings() -> None:
    first = [n for item in RULES.items if item.part is Part.FIRST for n in item.needs]
    assert len(first) == 3
    assert sum(item.part is Part.CLOSING for item in RULES.items) == 6


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('limit = "4 h"', 'limit = "soon"', r"clock\[1\].limit: 'soon' is not like"),
        ('warn = "30 min"', 'warn = "5 h"', r"clock\[1\].warn: should be shorter"),
        ('to = ["families"]', 'to = ["parents"]', "to: 'parents' is not one of"),
        ('to = ["families"]', "to = []", "to: at least one is wanted"),
        ('starts = "known_at"', 'starts = "first_seen"', "starts: 'first_seen' is not one of"),
        ('when = [{ personal_data = "yes", minors = "yes" }]',
         'when = [{ personal_data = "no" }]', "personal_data: 'no' is not one of yes"),
        ('when = [{ personal_data = "yes", minors = "yes" }]',
         'when = [{ pupils = "yes" }]', "pupils: is no condition"),
        ('when = [{ class = "large" }]', 'when = [{ class = "big" }]', "class: 'big' is not one"),
        ('{ sent = "C1" }', '{ sent = "C99" }', "sent: 'C99' is not one of"),
        ('id = "C4b"', 'id = "C4"', "the clock C4 is there twice"),
        ('id = "malware"', 'id = "intrusion"', "the kind intrusion is there twice"),
        ('presumes = { case = "yes" }', 'presumes = { persons = "yes" }', "persons: 'persons'"),
        ('verified = "secondary", must_read = true', 'verified = "secondary"', "must_read: a so"),
        ('needs = ["system"]', 'needs = ["sytem"]', "needs: 'sytem' is not one of"),
        ('findings = ["worm_traffic"]', 'findings = ["page_altered"]', "belongs to two kinds"),
        ("\nmay_be = true", "\nmaybe = true", "maybe: there is no such key"),
    ],
)  # fmt: skip
def test_mistake_in_the_rules_is_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(PolicyError, match=complaint):
        load_reporting(changed(tmp_path, "reporting.toml", old, new))


def test_no_person_and_no_number_of_one_ships() -> None:
    assert load_contacts(RULES.authorities) == ()


def test_sample_in_the_contacts_can_be_read(tmp_path: Path) -> None:
    text = (POLICY_FOLDER / "contacts.toml").read_text("utf-8")
    sample = [line[4:] for line in text.splitlines() if line.startswith("#   ")]
    (tmp_path / "contacts.toml").write_text("\n".join(sample), "utf-8")
    (contact,) = load_contacts(RULES.authorities, tmp_path)
    assert (contact.who, contact.schools) == (OFFICER, frozenset({"9934000001"}))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (CONTACT.replace("officer", "doctor"), "is: 'doctor' is not one of"),
        (CONTACT.replace('phone = "000"', 'role = "x"'), "phone: a phone or an address is wanted"),
        (f'{CONTACT}areas = ["x"]\n', "areas: 'x' is not like 3401"),
        (f'{CONTACT}schools = ["1"]\n', "schools: '1' is not like 9934000001"),
        (f"{CONTACT}mail = 1\n", "mail: there is no such key"),
    ],
)
def test_mistake_in_the_contacts_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "contacts.toml").write_text(text, "utf-8")
    with pytest.raises(PolicyError, match=complaint):
        load_contacts(RULES.authorities, tmp_path)


def test_nearest_contact_is_called() -> None:
    everywhere = Contact(who=OFFICER, phone="1")
    city = Contact(who=OFFICER, areas=("3401",), phone="2")
    county = Contact(who=OFFICER, areas=("34", "340199"), phone="3")
    school = Contact(who=OFFICER, schools=frozenset({"9934000001"}), phone="4")
    all_of_them = (everywhere, city, county, school)

    def phone(code: str, adcode: str) -> str | None:
        found = contact_for(all_of_them, OFFICER, code, adcode)
        return found.phone if found else None

    assert phone("9934000001", "340199") == "4"
    assert phone("9934000002", "340199") == "3"
    assert phone("9934000002", "340102") == "2"
    assert phone("9934000002", "110101") == "1"
    assert contact_for((school,), OFFICER, "9934000002", "340199") is None
