from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.accounts import usage
from probes.accounts.local import Account, Password, Secret
from probes.model import ProbeError

NOW = 1_800_000_000
DAY = 86_400
TEACHER, PUPIL = (Account(name, uid, True, None) for name, uid in (("张", 1000), ("pupil", 1001)))
SET = Secret(Password.SET, NOW // DAY - 100, None, None)


@pytest.fixture(params=[False, True], ids=["x86", "arm64"])
def wide(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(usage, "has_wide_times", lambda: request.param)
    return bool(request.param)


def lastlog(root: Path, wide: bool, times: dict[int, int]) -> None:
    record = usage._LAST[wide]
    rows = [record.pack(times.get(n, 0), b"", b"") for n in range(max(times) + 1)]
    (root / "var/log").mkdir(parents=True, exist_ok=True)
    (root / usage.LASTLOG).write_bytes(b"".join(rows))


def session(wide: bool, name: str, at: int, kind: int = 7) -> bytes:
    fields = (kind, 1, b":0", b"", name.encode(), b"", 0, 0, 0, at, 0, b"", b"")
    return usage._SESSION[wide].pack(*fields)


def test_records_have_the_size_that_glibc_gives_them() -> None:
    assert [usage._LAST[w].size for w in (False, True)] == [292, 296]
    assert [usage._SESSION[w].size for w in (False, True)] == [384, 400]


def test_latest_use_of_all_records_counts(wide: bool, tmp_path: Path) -> None:
    lastlog(tmp_path, wide, {1000: NOW - 50 * DAY, 1001: NOW - 9 * DAY})
    wtmp = [session(wide, "张", NOW - DAY), session(wide, "pupil", NOW, kind=8)]
    (tmp_path / usage.WTMP).write_bytes(b"".join(wtmp))
    uses = usage.last_uses(tmp_path, [TEACHER, PUPIL])
    assert uses == {"张": NOW - DAY, "pupil": NOW - 9 * DAY}
    assert usage.longest_unused([TEACHER, PUPIL], {}, uses, NOW) == 9 * DAY


def test_newer_systems_keep_it_in_a_database(tmp_path: Path) -> None:
    at = tmp_path / usage.LASTLOG2
    at.parent.mkdir(parents=True)
    with sqlite3.connect(at) as database:
        database.execute("CREATE TABLE Lastlog2 (Name TEXT, Time INTEGER, TTY TEXT)")
        database.execute("INSERT INTO Lastlog2 VALUES ('张', 1700000000, 'tty1'), ('x', 0, '')")
    database.close()
    assert usage.last_uses(tmp_path, [TEACHER]) == {"张": 1_700_000_000}
    at.write_bytes(b"no database")
    with pytest.raises(ProbeError) as caught:
        usage.last_uses(tmp_path, [TEACHER])
    assert caught.value.reason == "unreadable"


def test_account_that_was_never_used_counts_from_its_password() -> None:
    assert usage.longest_unused([TEACHER], {"张": SET}, {}, NOW) == pytest.approx(
        100 * DAY, abs=DAY
    )


@pytest.mark.parametrize("uses", [{}, {"张": float(NOW + 9)}], ids=["never", "in the future"])
def test_account_of_which_nothing_is_known_is_unknown(uses: dict[str, float]) -> None:
    assert usage.longest_unused([TEACHER], {}, uses, NOW) is None


@pytest.mark.parametrize(
    "secret", [Secret(Password.SET, 1, None, NOW // DAY - 1), Secret(Password.LOCKED, 1, 90, None)]
)
def test_account_that_has_expired_or_is_locked_is_not_enabled(secret: Secret) -> None:
    assert usage.enabled([TEACHER, PUPIL], {"张": secret}, NOW) == [PUPIL]


@pytest.mark.parametrize("name", [usage.LASTLOG, usage.WTMP])
def test_file_of_another_form_is_unreadable(name: Path, tmp_path: Path) -> None:
    (tmp_path / "var/log").mkdir(parents=True)
    (tmp_path / name).write_bytes(b"x" * 293)
    with pytest.raises(ProbeError) as caught:
        usage.last_uses(tmp_path, [TEACHER])
    assert caught.value.reason == "unreadable"


def test_machine_without_records_has_no_source(tmp_path: Path) -> None:
    with pytest.raises(ProbeError) as caught:
        usage.last_uses(tmp_path, [TEACHER])
    assert caught.value.reason == "no_source"


@given(st.binary(max_size=1000), st.booleans())
def test_any_bytes_are_sessions_or_refused(data: bytes, wide: bool) -> None:
    try:
        found = list(usage.sessions(data, wide))
    except ProbeError:
        return
    assert all(at > 0 for _, at in found)
