from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.sharing.descriptor import (
    ANONYMOUS,
    EVERYONE,
    GUESTS,
    anybody_may_write,
    sid_text,
)

USERS, ADMINISTRATORS = "S-1-5-32-545", "S-1-5-32-544"
READ, CHANGE, FULL = 0x1200A9, 0x1301BF, 0x1F01FF
ALLOW, DENY, INHERIT_ONLY = 0, 1, 0x08


def sid(text: str) -> bytes:
    _, _, authority, *parts = text.split("-")
    head = struct.pack("<BB", 1, len(parts)) + int(authority).to_bytes(6, "big")
    return head + struct.pack(f"<{len(parts)}I", *map(int, parts))


def entry(kind: int, mask: int, who: str, flags: int = 0) -> bytes:
    body = struct.pack("<I", mask) + sid(who)
    return struct.pack("<BBH", kind, flags, len(body) + 4) + body


def descriptor(*entries: bytes, control: int = 0x8004) -> bytes:
    body = b"".join(entries)
    acl = struct.pack("<BBHHH", 2, 0, 8 + len(body), len(entries), 0) + body
    return struct.pack("<BBHIIII", 1, 0, control, 0, 0, 0, 20) + acl


@pytest.mark.parametrize("who", [EVERYONE, ANONYMOUS, GUESTS])
@pytest.mark.parametrize("mask", [CHANGE, FULL, 0x10000000, 0x40000000])
def test_share_that_anybody_may_write_is_open(who: str, mask: int) -> None:
    assert anybody_may_write(descriptor(entry(ALLOW, READ, USERS), entry(ALLOW, mask, who))) is True


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [entry(ALLOW, READ, EVERYONE)],
        [entry(ALLOW, FULL, USERS), entry(ALLOW, FULL, ADMINISTRATORS)],
        [entry(DENY, FULL | 0x50000000, EVERYONE), entry(ALLOW, FULL, EVERYONE)],
        [entry(ALLOW, FULL, EVERYONE, INHERIT_ONLY)],
    ],
)
def test_share_that_only_some_may_write_is_not(entries: list[bytes]) -> None:
    assert anybody_may_write(descriptor(*entries)) is False


def test_denial_behind_a_permission_comes_too_late() -> None:
    late = descriptor(entry(ALLOW, FULL, EVERYONE), entry(DENY, FULL, EVERYONE))
    assert anybody_may_write(late) is True


def test_no_list_of_permissions_is_open_to_all() -> None:
    assert anybody_may_write(struct.pack("<BBHIIII", 1, 0, 0x8000, 0, 0, 0, 0)) is True
    assert anybody_may_write(struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 0)) is True


@pytest.mark.parametrize("text", [EVERYONE, USERS, "S-1-5-21-1-22-333-501"])
def test_sid_is_read_as_it_is_written(text: str) -> None:
    assert sid_text(sid(text)) == text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x02" + bytes(19),
        descriptor(entry(ALLOW, FULL, EVERYONE), control=0x0004),
        descriptor(entry(ALLOW, FULL, EVERYONE))[:-1],
        descriptor(entry(9, FULL, EVERYONE)),
    ],
)
def test_what_is_not_understood_is_an_error_and_not_closed(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"descriptor|permissions|entry|SID"):
        anybody_may_write(data)


@given(st.binary(max_size=120))
def test_any_bytes_give_an_answer_or_the_declared_error(data: bytes) -> None:
    with suppress(ValueError):
        assert anybody_may_write(data) in (True, False)


@given(st.binary(max_size=80))
def test_any_rest_behind_a_descriptor_gives_an_answer_or_the_declared_error(data: bytes) -> None:
    head = struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20)
    with suppress(ValueError):
        assert anybody_may_write(head + data) in (True, False)
