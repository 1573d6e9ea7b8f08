from __future__ import annotations

import gzip
import os
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.auditlog import oldest

NOW = 1_800_000_000
DAY = 86_400
JOURNAL = Path("var/log/journal/0123456789abcdef0123456789abcdef")


def write(root: Path, name: str | Path, data: bytes, at: float = NOW) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (at, at))


def journal(at: float) -> bytes:
    return b"LPKSHHRH" + b"\0" * 176 + struct.pack("<Q", int(at * 1e6)) + b"\0" * 64


def bsd(at: float) -> bytes:
    words = time.localtime(at)
    month = oldest._MONTHS[words.tm_mon - 1]
    clock = time.strftime("%H:%M:%S", words)
    return f"{month} {words.tm_mday:2} {clock} 学校 sshd[1]: 会话\n".encode()


def iso(at: float) -> bytes:
    return time.strftime("%Y-%m-%dT%H:%M:%S.123456+00:00 pc login: x\n", time.gmtime(at)).encode()


def test_oldest_of_all_records_counts(tmp_path: Path) -> None:
    write(tmp_path, "var/log/auth.log", bsd(NOW - DAY) + bsd(NOW))
    write(tmp_path, "var/log/auth.log.2.gz", gzip.compress(iso(NOW - 20 * DAY)), NOW - 13 * DAY)
    write(tmp_path, JOURNAL / "system.journal", journal(NOW - 30 * DAY))
    write(tmp_path, JOURNAL / "user-1000.journal", journal(1))
    write(tmp_path, "var/log/dpkg.log", iso(NOW - 999 * DAY))
    assert oldest.record(tmp_path) == pytest.approx(NOW - 30 * DAY, abs=1)


@pytest.mark.parametrize("days", [0, 100, 300])
def test_year_that_is_not_written_is_that_before_the_file(days: int) -> None:
    at = NOW - days * DAY
    assert oldest.first_time(bsd(at).decode(), NOW) == at


def test_file_that_is_broken_hides_no_other(tmp_path: Path) -> None:
    write(tmp_path, "var/log/secure-20260101.gz", b"no gzip")
    write(tmp_path, "var/log/secure.1.gz", gzip.compress(iso(1))[:-9])
    write(tmp_path, "var/log/secure", iso(NOW - DAY))
    assert oldest.record(tmp_path) == pytest.approx(NOW - DAY, abs=1)


def test_no_record_at_all_is_no_age(tmp_path: Path) -> None:
    write(tmp_path, "var/log/auth.log", b"")
    assert oldest.record(tmp_path) is None


def test_records_that_are_kept_back_are_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path) -> float:
        raise PermissionError(13, "denied", str(path))

    write(tmp_path, "var/log/auth.log", iso(NOW))
    monkeypatch.setattr(oldest, "_of_text", denied)
    with pytest.raises(PermissionError):
        oldest.record(tmp_path)
    write(tmp_path, JOURNAL / "system.journal", journal(NOW))
    assert oldest.record(tmp_path) == NOW


@pytest.mark.parametrize("data", [b"", b"LPKSHHRH", journal(0), b"X" * 300])
def test_what_is_no_journal_tells_no_time(data: bytes) -> None:
    assert oldest.journal_head(data) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_a_journal_or_not(data: bytes) -> None:
    assert oldest.journal_head(data) is None or data.startswith(b"LPKSHHRH")


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d", fullmatch=True)
       | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", fullmatch=True))  # fmt: skip
def test_any_line_is_told_without_a_fault(text: str) -> None:
    found = oldest.first_time(text, NOW)
    assert found is None or text[:1].isascii()
