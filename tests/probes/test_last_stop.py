from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.last_stop import RECORD_BYTES, from_boots, from_wtmp, last_stop_clean


def record(kind: int, user: str, process: int = 0) -> bytes:
    """One utmp record of glibc, as `last` reads it."""
    head = struct.pack("=hxxi32s4s32s", kind, process, b"~", b"~~", user.encode())
    return head.ljust(RECORD_BYTES, b"\0")


BOOT = record(2, "reboot")
SHUTDOWN = record(1, "shutdown")
RUN_LEVEL_5 = record(1, "runlevel", ord("5"))
LOGIN = record(7, "teacher", 812)
LOGOUT = record(8, "", 812)


@pytest.mark.parametrize(
    ("diary", "clean"),
    [
        ([], None),
        ([BOOT], None),
        ([LOGIN, BOOT], None),
        ([BOOT, SHUTDOWN, BOOT], True),
        ([BOOT, BOOT], False),
        ([BOOT, LOGIN, LOGOUT, BOOT, LOGIN], False),
        ([BOOT, RUN_LEVEL_5, LOGIN, SHUTDOWN, BOOT, RUN_LEVEL_5, LOGIN], True),
        ([BOOT, SHUTDOWN, BOOT, BOOT], False),
        ([BOOT, BOOT, SHUTDOWN, BOOT], True),
        ([BOOT, RUN_LEVEL_5, BOOT], False),
        ([SHUTDOWN, BOOT], True),  # the earlier boot has been rotated away
        ([BOOT, SHUTDOWN, BOOT, SHUTDOWN], True),  # shutting down just now
        ([BOOT, record(1, "runlevel", ord("6")), BOOT], True),
        ([BOOT, record(1, "runlevel", ord("0") | ord("2") << 8), BOOT], True),
    ],
    ids=range(14),
)
def test_diary_tells_how_the_machine_stopped(diary: list[bytes], clean: bool | None) -> None:
    assert from_wtmp(b"".join(diary)) is clean


def test_torn_record_at_the_end_is_passed_over() -> None:
    assert from_wtmp(BOOT + SHUTDOWN + BOOT + LOGIN[:100]) is True


@given(st.binary(max_size=3 * RECORD_BYTES))
def test_any_bytes_are_read_without_a_fault(data: bytes) -> None:
    assert from_wtmp(data) in (True, False, None)


def test_diary_that_was_rotated_between_the_boots_is_read_on(tmp_path: Path) -> None:
    wtmp = tmp_path / "wtmp"
    wtmp.write_bytes(BOOT + LOGIN)
    assert last_stop_clean(wtmp, tmp_path / "none.db") is None
    (tmp_path / "wtmp.1").write_bytes(BOOT + LOGIN)
    assert last_stop_clean(wtmp, tmp_path / "none.db") is False


def test_torn_rotated_diary_does_not_shift_the_next(tmp_path: Path) -> None:
    (tmp_path / "wtmp.1").write_bytes(BOOT + SHUTDOWN + b"torn")
    (tmp_path / "wtmp").write_bytes(BOOT)
    assert last_stop_clean(tmp_path / "wtmp", tmp_path / "none.db") is True


def test_long_diary_is_read_from_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.last_stop._MAX_BYTES", 3 * RECORD_BYTES)
    (tmp_path / "wtmp").write_bytes(LOGIN * 50 + BOOT + SHUTDOWN + BOOT + b"torn")
    assert last_stop_clean(tmp_path / "wtmp", tmp_path / "none.db") is True


def test_machine_without_a_diary_tells_nothing(tmp_path: Path) -> None:
    assert last_stop_clean(tmp_path / "wtmp", tmp_path / "wtmp.db") is None


@pytest.mark.parametrize(
    ("logouts", "clean"),
    [([], None), ([None], None), ([None, 5], True), ([None, None], False), ([7, None, 3], False)],
)
def test_boots_of_wtmpdb_tell_how_the_machine_stopped(
    logouts: list[int | None], clean: bool | None
) -> None:
    assert from_boots(logouts) is clean


def database(path: Path, *rows: tuple[int, str, int, int | None]) -> Path:
    """(type, user, login, logout) in the schema of wtmpdb 0.73, oldest first."""
    with closing(sqlite3.connect(path)) as opened, opened:
        opened.execute(
            "CREATE TABLE wtmp(ID INTEGER PRIMARY KEY, Type INTEGER, User TEXT NOT NULL, "
            "Login INTEGER, Logout INTEGER, TTY TEXT, RemoteHost TEXT, Service TEXT)"
        )
        opened.executemany("INSERT INTO wtmp(Type, User, Login, Logout) VALUES(?, ?, ?, ?)", rows)
    return path


@pytest.mark.parametrize(("logout", "clean"), [(1500, True), (None, False)])
def test_wtmpdb_is_read_where_wtmp_is_gone(logout: int | None, clean: bool, tmp_path: Path) -> None:
    rows = ((1, "reboot", 1000, logout), (3, "teacher", 1100, None), (1, "reboot", 900, None))
    path = database(tmp_path / "wtmp.db", *rows)  # the clock went back between the boots
    assert last_stop_clean(tmp_path / "wtmp", path) is clean


def test_wtmp_that_tells_nothing_gives_way_to_wtmpdb(tmp_path: Path) -> None:
    (tmp_path / "wtmp").write_bytes(b"")
    path = database(tmp_path / "wtmp.db", (1, "reboot", 1, None), (1, "reboot", 2, None))
    assert last_stop_clean(tmp_path / "wtmp", path) is False


def test_damaged_wtmpdb_tells_nothing(tmp_path: Path) -> None:
    path = tmp_path / "wtmp.db"
    path.write_bytes(b"not a database" * 100)
    assert last_stop_clean(tmp_path / "wtmp", path) is None


def test_reading_wtmpdb_leaves_nothing_behind(tmp_path: Path) -> None:
    path = database(tmp_path / "wtmp.db", (1, "reboot", 1, None))
    last_stop_clean(tmp_path / "wtmp", path)
    assert [p.name for p in tmp_path.iterdir()] == ["wtmp.db"]
