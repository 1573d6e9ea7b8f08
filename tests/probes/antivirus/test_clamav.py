from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.antivirus.clamav import made_at, signatures_at

MADE = 1_792_000_000


def header(made: object = MADE) -> bytes:
    """As freshclam leaves it: the time of day with a hyphen, so that colons only divide fields."""
    fields = f"ClamAV-VDB:14 Oct 2026 08-26 -0400:28152:2075580:90:{'a' * 32}:c2ln:tester:{made}"
    return fields.encode().ljust(512) + b"\x1f\x8b\x08 the compressed rest:1:2"


def test_time_of_making_is_the_last_field() -> None:
    assert made_at(header()) == MADE


@pytest.mark.parametrize("data", [b"", b"ClamAV-VDB", b"PK\x03\x04", header("soon"), header("-1"),
                                  header("")])  # fmt: skip
def test_what_is_no_header_has_no_time(data: bytes) -> None:
    assert made_at(data) is None


@given(st.binary(max_size=600))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    found = made_at(b"ClamAV-VDB:" + data)
    assert found is None or found >= 0


def test_newest_database_tells(tmp_path: Path) -> None:
    assert signatures_at(tmp_path) is None
    folder = tmp_path / "var/lib/clamav"
    folder.mkdir(parents=True)
    (folder / "main.cvd").write_bytes(header(MADE - 10_000_000))
    (folder / "daily.cld").write_bytes(header())
    (folder / "bytecode.cvd").write_bytes(b"torn")
    (folder / "freshclam.dat").write_bytes(header(MADE + 5))
    assert signatures_at(tmp_path) == MADE
