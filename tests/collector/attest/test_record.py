"""The record of signatures: who may sign what, and that nobody can change it unseen."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.attest.entry import AttestError, Entry, Kind
from collector.attest.span import SpanError
from collector.chain import BEGIN, first_fault, link
from collector.judge.duty.papers import Says
from collector.register.register import UnknownSchoolError

from .office import LI, NOW, PDF, WANG, A, B, Office


def test_signature_says_who_for_which_period_and_until_when(office: Office) -> None:
    made = office.sign("held", document=PDF)
    entry = made.entry
    assert (entry.school, entry.duty, entry.attest) == (A, "test.drill", "held")
    assert (entry.person, entry.role, entry.period) == (LI, "校长", "2026")
    assert (entry.at, entry.valid_until) == (
        "2026-11-23T02:00:00+00:00", "2027-11-24T02:00:00+00:00",
    )  # fmt: skip
    assert (entry.file_name, entry.file_type, entry.file_bytes) == ("演练.pdf", "pdf", len(PDF))


def test_what_is_signed_late_for_a_past_period_holds_no_longer_for_that(office: Office) -> None:
    late = office.sign("plan", period="2026-Q1")
    # Q1 ended on 31 March in Shanghai; a quarter's signature lasts 92 days.
    assert late.entry.valid_until == "2026-07-01T16:00:00+00:00"
    assert office.owed("plan").standing == "lapsed"


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"person": "  "}, "name or staff number"),
        ({"person": "\u202e"}, "name or staff number"),
        ({"says": "yes"}, "'yes' is not one of fulfilled"),
        ({"says": "not_fulfilled"}, "--note"),
        ({"says": "not_applicable", "note": "  "}, "--note"),
        ({"period": "2027-Q1"}, "has not begun"),
        ({"period": "2026"}, "write it like 2026-Q4"),
    ],
)
def test_wrong_wish_is_refused_and_leaves_no_trace(
    office: Office, wish: dict[str, str], said: str
) -> None:
    with pytest.raises((AttestError, SpanError), match=said):
        office.sign("plan", **wish)  # type: ignore[arg-type]
    assert list(office.clerk.book.entries()) == []


def test_document_that_is_asked_for_is_needed_to_say_fulfilled(office: Office) -> None:
    with pytest.raises(AttestError, match="a document has to be handed in"):
        office.sign("held")
    assert office.sign("held", says="not_fulfilled", note="延期").says is Says.NOT_FULFILLED


def test_unknown_school_duty_and_attest_are_named(office: Office) -> None:
    with pytest.raises(UnknownSchoolError, match="1234567890"):
        office.sign("plan", "1234567890")
    with pytest.raises(AttestError, match=r"no duty 'nothing'.*test\.drill"):
        office.clerk.find("nothing", "")
    with pytest.raises(AttestError, match="held, plan, named, leak"):
        office.clerk.find("test.drill", "")


def test_bureau_signs_for_itself(office: Office) -> None:
    assert office.sign("plan", "bureau").entry.school == ""


@pytest.mark.parametrize("other", [LI, " 李 四 ", "李四\u3000"])
def test_second_person_is_another_one(office: Office, other: str) -> None:
    made = office.sign("held", document=PDF)
    with pytest.raises(AttestError, match="needs another person"):
        office.clerk.book.confirm(made.number, other, "test")
    assert office.owed("held").standing == "waits"


@pytest.mark.parametrize(("one", "other"), [("T0012", "t0012"), ("Ｔ０012", "T-0012")])
def test_staff_number_is_the_same_however_it_is_typed(office: Office, one: str, other: str) -> None:
    made = office.sign("plan", person=one)
    with pytest.raises(AttestError, match="needs another person"):
        office.clerk.book.confirm(made.number, other, "test")


def test_signature_counts_once_the_second_person_has_confirmed(office: Office) -> None:
    made = office.sign("held", document=PDF)
    [waiting] = office.clerk.papers(NOW).signed
    assert not waiting.is_whole
    confirmed = office.clerk.book.confirm(made.number, WANG, "test").confirmed
    assert confirmed is not None
    assert confirmed.person == WANG
    [whole] = office.clerk.papers(NOW).signed
    assert whole.is_whole
    assert (whole.says, whole.by, whole.until) == (Says.FULFILLED, "校长", made.until)


def test_only_one_of_many_confirmations_at_once_is_taken(office: Office) -> None:
    made = office.sign("held", document=PDF)

    def confirm(number: int) -> str:
        try:
            office.clerk.book.confirm(made.number, f"T{number}", "test")
        except AttestError as exc:
            return str(exc)
        return "taken"

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(confirm, range(6)))
    assert said.count("taken") == 1
    assert sum("already" in words for words in said) == 5


def test_revoked_signature_counts_no_longer_and_stays_on_record(office: Office) -> None:
    made = office.sign("plan")
    office.clerk.book.revoke(made.number, "签错了", "", "test")
    assert office.clerk.papers(NOW).signed == ()
    assert [entry.kind for entry in office.clerk.book.entries()] == [Kind.SIGNED, Kind.REVOKED]
    book = office.clerk.book
    with pytest.raises(AttestError, match="taken back before"):
        book.revoke(made.number, "再撤", "", "test")
    with pytest.raises(AttestError, match="was taken back; it cannot be confirmed"):
        book.confirm(made.number, WANG, "test")


def test_nobody_takes_back_what_is_not_there_or_without_a_reason(office: Office) -> None:
    office.sign("plan")
    with pytest.raises(AttestError, match="needs a reason"):
        office.clerk.book.revoke(1, " ", "", "test")
    with pytest.raises(AttestError, match="no signature 7"):
        office.clerk.book.revoke(7, "错", "", "test")


def test_renewal_that_waits_does_not_end_the_one_before(office: Office) -> None:
    first = office.sign("held", document=PDF)
    office.clerk.book.confirm(first.number, WANG, "test")
    office.days(10)
    office.sign("held", document=PDF)
    [signed] = office.clerk.papers(office.now).signed
    assert (signed.at, signed.is_whole) == (first.at, True)


def test_word_that_it_is_not_fulfilled_ends_the_one_before(office: Office) -> None:
    first = office.sign("held", document=PDF)
    office.clerk.book.confirm(first.number, WANG, "test")
    office.sign("held", says="not_fulfilled", note="作废")
    [signed] = office.clerk.papers(NOW).signed
    assert (signed.says, signed.reason) == (Says.NOT_FULFILLED, "作废")
    assert office.owed("held").standing == "not_fulfilled"


def test_signature_whose_document_is_gone_is_not_whole(office: Office) -> None:
    made = office.sign("held", document=PDF)
    office.clerk.book.confirm(made.number, WANG, "test")
    [file] = (office.folder / "evidence").iterdir()
    file.write_bytes(PDF[:-1])
    [signed] = office.clerk.papers(NOW).signed
    assert not signed.is_whole
    assert office.owed("held").standing == "no_file"


def test_database_refuses_to_change_or_delete_what_was_signed(office: Office) -> None:
    office.sign("plan")
    with closing(sqlite3.connect(office.folder / "register.sqlite3")) as database:
        for statement in ("UPDATE attestation SET person = '张三'", "DELETE FROM attestation"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                database.execute(statement)


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE attestation SET person = '张三' WHERE number = 2", 2),
        ("UPDATE attestation SET says = 'fulfilled' WHERE number = 3", 3),
        ("UPDATE attestation SET valid_until = '2099-01-01T00:00:00+00:00' WHERE number = 1", 1),
        ("UPDATE attestation SET file_sha256 = '' WHERE number = 4", 4),
        ("DELETE FROM attestation WHERE number = 2", 3),
        ("DELETE FROM attestation WHERE number = 1", 2),
        ("UPDATE attestation SET link = 'x' WHERE number = 5", 5),
        (
            "INSERT INTO attestation SELECT 6, kind, 4, at, actor, school, duty, attest, "
            "revision, period, says, role, person, note, valid_until, file_sha256, file_bytes, "
            "file_type, file_name, link FROM attestation WHERE number = 2",
            6,
        ),
    ],
)
def test_edit_by_hand_is_found_at_the_first_entry_that_does_not_fit(
    office: Office, statement: str, broken: int
) -> None:
    office.sign("plan")
    office.clerk.book.confirm(1, WANG, "test")
    office.sign("plan", B, says="not_fulfilled", note="未修订")
    office.sign("held", document=PDF)
    office.sign("plan", B)
    assert office.clerk.verify().is_whole
    office.sql(statement)
    assert office.clerk.verify().first_broken == broken


def test_record_made_anew_as_a_whole_has_another_newest_link(office: Office) -> None:
    """What only a link that was written down elsewhere shows."""
    office.sign("plan")
    before = office.clerk.book.newest()
    [entry] = office.clerk.book.entries()
    forged = replace(entry, person="张三")
    new = link(BEGIN, forged.record())
    office.sql(f"UPDATE attestation SET person = '张三', link = '{new}'")
    assert office.clerk.verify().is_whole
    assert office.clerk.book.newest() != before


def test_words_written_by_hand_count_for_nothing(office: Office) -> None:
    office.sign("plan")
    office.sql("UPDATE attestation SET says = 'splendid'")
    assert office.clerk.papers(NOW).signed == ()
    assert office.clerk.verify().first_broken == 1


def test_missing_and_changed_documents_are_each_named(office: Office) -> None:
    office.sign("held", document=PDF)
    office.sign("held", B, document=PDF + b"2")
    office.sign("plan", document=b"text")
    files = {path.read_bytes(): path for path in (office.folder / "evidence").iterdir()}
    files[PDF].unlink()
    files[b"text"].write_bytes(b"TEXT")
    found = office.clerk.verify()
    assert found.first_broken is None
    assert [(f.number, f.fault) for f in found.file_faults] == [(1, "missing"), (3, "changed")]


def test_record_goes_on_after_a_restart(office: Office, tmp_path: Path) -> None:
    office.sign("plan")
    office.register.close()
    again = Office(tmp_path)
    again.sign("plan", B)
    assert [entry.number for entry in again.clerk.book.entries()] == [1, 2]
    assert again.clerk.verify().is_whole
    again.register.close()


def test_many_sign_at_once_and_the_chain_is_whole(office: Office) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: office.sign("plan", person=f"T{n}"), range(24)))
    found = office.clerk.verify()
    assert (found.entries, found.is_whole) == (24, True)


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ENTRIES = st.builds(
    Entry, number=st.integers(1, 10**6), kind=st.sampled_from(Kind), at=WORDS, actor=WORDS,
    school=WORDS, duty=WORDS, attest=WORDS, person=WORDS, note=WORDS,
    valid_until=st.none() | WORDS, file_bytes=st.none() | st.integers(0, 10**9),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(ENTRIES, min_size=1, max_size=6), st.data())
def test_any_change_of_any_field_breaks_the_chain_there(
    entries: list[Entry], data: st.DataObject
) -> None:
    rows, before = [], BEGIN
    for entry in entries:
        before = link(before, entry.record())
        rows.append((entry.record(), before))
    assert first_fault(rows) is None
    place = data.draw(st.integers(0, len(rows) - 1))
    field = data.draw(st.sampled_from(sorted(rows[place][0])))
    old = rows[place][0][field]
    new = data.draw((WORDS | st.none() | st.integers(0, 10**9)).filter(lambda v: v != old))
    rows[place] = ({**rows[place][0], field: new}, rows[place][1])
    assert first_fault(rows) == place
