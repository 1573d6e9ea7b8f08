"""The access log: days sealed and linked, edits found, old days deleted on the record."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.access.book import AccessBook, Read
from collector.access.detail import Detail
from collector.register.database import Database
from tests.collector.attest.office import put_empty_register

START = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
READ = Read(who="cli:li", address="", detail=Detail.PERSON, door="incidents", rows=3)


class Shelf:
    """A book whose clock stands still until a test moves it."""

    def __init__(self, path: Path) -> None:
        self.now = START
        self.path = path
        put_empty_register(path.parent)
        self.database = Database(path)
        self.book = AccessBook(self.database, lambda: self.now)

    def days(self, number: int, reads: int = 2) -> None:
        """So many days with reads, each sealed on the next."""
        for _ in range(number):
            for _ in range(reads):
                self.book.add(READ)
            self.now += timedelta(days=1)
            self.book.seal_days()

    def sql(self, statement: str) -> None:
        with closing(sqlite3.connect(self.path)) as database, database:
            names = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in names.fetchall():
                database.execute(f"DROP TRIGGER {name}")
            database.execute(statement)

    def faults(self) -> list[str]:
        return [fault.day for fault in self.book.verify().faults]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path / "register.sqlite3")
    yield made
    made.database.close()


def test_entry_says_when_who_what_and_how_much(shelf: Shelf) -> None:
    shelf.book.add(READ)
    [kept] = shelf.book.reads()
    assert kept.at == "2026-03-02T04:00:00.000+00:00"
    assert kept.read == {
        "who": "cli:li", "address": "", "detail": "person", "door": "incidents", "school": "",
        "agent": "", "rows": 3, "outcome": "shown",
    }  # fmt: skip


def test_newest_entries_of_a_school_come_first(shelf: Shelf) -> None:
    for number, school in enumerate(["9934000001", "9934000002", "9934000001"]):
        shelf.book.add(Read(who=f"n{number}", address="", detail=Detail.SECURITY, door="GET /",
                            school=school))  # fmt: skip
    assert [k.read["who"] for k in shelf.book.reads(school="9934000001")] == ["n2", "n0"]
    assert shelf.book.reads(since=START + timedelta(minutes=1)) == []
    assert len(shelf.book.reads(limit=1)) == 1


def test_day_is_sealed_after_midnight_in_shanghai(shelf: Shelf) -> None:
    shelf.book.add(READ)
    shelf.now = datetime(2026, 3, 2, 16, 5, tzinfo=UTC)  # 00:05
    assert shelf.book.seal_days() == 0
    shelf.now += timedelta(minutes=5)
    assert shelf.book.seal_days() == 1
    assert shelf.book.seal_days() == 0
    [seal] = shelf.book.seals()
    assert (seal.day, seal.count, seal.first) == ("2026-03-02", 1, "2026-03-02T04:00:00.000+00:00")


def test_days_count_with_first_last_and_link(shelf: Shelf) -> None:
    shelf.days(2, reads=3)
    shelf.book.add(READ)
    found = shelf.book.days()
    assert [(day, one.records) for day, one in found.items()] == [
        (date(2026, 3, 2), 3), (date(2026, 3, 3), 3), (date(2026, 3, 4), 1),
    ]  # fmt: skip
    assert found[date(2026, 3, 3)].link == shelf.book.seals()[-1].link
    assert found[date(2026, 3, 4)].link == ""
    assert found[date(2026, 3, 2)].first_at == START


def test_days_without_reads_or_without_a_collector_are_sealed_too(shelf: Shelf) -> None:
    shelf.days(1)
    shelf.now += timedelta(days=5)
    assert shelf.book.seal_days() == 5
    assert [seal.count for seal in shelf.book.seals()] == [2, 0, 0, 0, 0, 0]
    assert shelf.faults() == []


def test_clock_that_is_set_back_adds_nothing_to_a_sealed_day(shelf: Shelf) -> None:
    shelf.days(1)
    shelf.now = START
    shelf.book.add(READ)
    assert shelf.faults() == []
    assert shelf.book.reads()[0].day == "2026-03-03"


@pytest.mark.parametrize(
    ("statement", "faults"),
    [
        ("UPDATE access SET who = 'cli:wang' WHERE id = 3", ["2026-03-03"]),
        ("DELETE FROM access WHERE id = 3", ["2026-03-03"]),
        ("DELETE FROM access WHERE day = '2026-03-03'", ["2026-03-03"]),
        (
            "INSERT INTO access SELECT 99, day, at, who, address, detail, door, school, agent, "
            "rows, outcome FROM access WHERE id = 3",
            ["2026-03-03"],
        ),
        ("UPDATE access SET day = '2026-03-01' WHERE id = 3", ["2026-03-01", "2026-03-03"]),
        ("UPDATE access_seal SET count = 1 WHERE number = 2", ["2026-03-03", "2026-03-03"]),
        ("DELETE FROM access_seal WHERE number = 1", ["2026-03-03", "2026-03-02"]),
    ],
)
def test_edit_by_hand_is_named_by_its_day(shelf: Shelf, statement: str, faults: list[str]) -> None:
    shelf.days(3)
    assert shelf.faults() == []
    shelf.sql(statement)
    assert shelf.faults() == faults


def test_database_refuses_changes_and_deletion(shelf: Shelf) -> None:
    shelf.days(1)
    with closing(sqlite3.connect(shelf.path)) as database:
        for statement in (
            "UPDATE access SET who = ''", "DELETE FROM access", "DELETE FROM access_seal",
            "UPDATE access_seal SET count = 0",
        ):  # fmt: skip
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                database.execute(statement)


def test_old_days_are_deleted_on_the_record_and_the_seals_stay(shelf: Shelf) -> None:
    shelf.days(3)
    shelf.now = START + timedelta(days=402)
    shelf.book.seal_days()
    assert shelf.book.drop_days(400) == 2
    assert shelf.book.drop_days(400) == 0
    assert [kept.day for kept in shelf.book.reads()] == ["2026-03-04", "2026-03-04"]
    assert [s.day for s in shelf.book.seals() if s.kind == "deleted"] == [
        "2026-03-02", "2026-03-03",
    ]  # fmt: skip
    assert shelf.faults() == []


def test_day_that_was_deleted_too_early_is_named(shelf: Shelf) -> None:
    shelf.days(20)
    shelf.book.drop_days(10)
    assert shelf.faults()[0] == "2026-03-02"
    assert "after 20 days" in shelf.book.verify().faults[0].words.en


def test_what_a_visitor_sends_is_cut_and_printable(shelf: Shelf) -> None:
    shelf.book.add(
        Read(who="key \x1b[2J" + "x" * 500, address="::1", detail=Detail.PERSON, door="GET /",
             school="9" * 50, agent="a" * 99)
    )  # fmt: skip
    [kept] = shelf.book.reads()
    assert len(kept.read["who"]) == 64
    assert kept.read["who"].isprintable()
    assert (len(kept.read["school"]), len(kept.read["agent"])) == (10, 32)


FIELDS = {"who": "x", "address": "x", "detail": "x", "door": "x", "school": "x", "agent": "x",
          "rows": 77, "outcome": "x", "at": "x"}  # fmt: skip


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(1, 6), st.sampled_from(sorted(FIELDS)))
def test_any_field_of_any_entry_that_is_changed_is_found(
    shelf: Shelf, entry: int, field: str
) -> None:
    if not shelf.book.seals():
        shelf.days(3)
    day = f"2026-03-0{2 + (entry - 1) // 2}"
    with closing(sqlite3.connect(shelf.path)) as database, database:
        database.execute("DROP TRIGGER IF EXISTS access_no_update")
        [old] = database.execute(f"SELECT {field} FROM access WHERE id = {entry}").fetchone()
        change = f"UPDATE access SET {field} = ? WHERE id = {entry}"
        database.execute(change, (FIELDS[field],))
    assert shelf.faults() == [day]
    with closing(sqlite3.connect(shelf.path)) as database, database:
        database.execute(change, (old,))
    assert shelf.faults() == []
