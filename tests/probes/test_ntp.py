from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.ntp import (
    PACKET_BYTES,
    NtpReply,
    decode_reply,
    delay_seconds,
    encode_request,
    offset_seconds,
)

COOKIE = b"8 bytes."
ERA = 2_208_988_800
DAY_2026 = 1_795_392_000


def stamp(unix: float) -> int:
    return int((unix + ERA) * 2**32) % 2**64


def packet(
    first: int = 0x24,
    stratum: int = 2,
    reference: bytes = b"\x7f\0\0\1",
    received: float = DAY_2026,
    sent: float = DAY_2026,
) -> bytes:
    head = struct.pack("!BBbbII4s", first, stratum, 6, -20, 0, 65_536 // 4, reference)
    return head + bytes(8) + COOKIE + struct.pack("!QQ", stamp(received), stamp(sent))


def reply(**fields: float | int | bytes) -> NtpReply:
    found = decode_reply(packet(**fields))  # type: ignore[arg-type]
    assert found is not None
    return found


def test_request_is_a_clients_and_bears_the_cookie_in_place_of_our_time() -> None:
    request = encode_request(COOKIE)
    assert len(request) == PACKET_BYTES == 48
    assert request[0] == 0x23  # leap 0, version 4, mode 3: as RFC 4330 section 5 has it
    assert request[-8:] == COOKIE
    assert not any(request[1:-8])


def test_reply_is_read() -> None:
    found = reply()
    assert (found.stratum, found.origin, found.kiss) == (2, COOKIE, "")
    assert found.root_dispersion == 0.25
    assert found.is_synchronised


@pytest.mark.parametrize("server_is_ahead", [0.0, 2.5, -1234.5, 1_700_000_000.0])
def test_offset_is_what_the_server_is_ahead_when_both_ways_take_as_long(
    server_is_ahead: float,
) -> None:
    there, back, work = 0.010, 0.010, 0.003
    asked = DAY_2026 - server_is_ahead
    found = reply(received=DAY_2026 + there, sent=DAY_2026 + there + work)
    arrived = asked + there + work + back
    offset = offset_seconds(int(asked * 1e9), found, int(arrived * 1e9))
    assert offset == pytest.approx(server_is_ahead, abs=1e-6)
    assert delay_seconds(arrived - asked, found) == pytest.approx(there + back, abs=1e-6)


def test_offset_is_right_across_the_end_of_the_era_in_2036() -> None:
    end = 2**32 - ERA
    found = reply(received=end + 1, sent=end + 1)
    assert offset_seconds((end - 1) * 10**9, found, (end - 1) * 10**9) == pytest.approx(2)


@pytest.mark.parametrize(
    ("first", "stratum"), [(0xE4, 2), (0x24, 0), (0x24, 16)], ids=["leap 3", "0", "16"]
)
def test_server_without_time_is_not_synchronised(first: int, stratum: int) -> None:
    assert not reply(first=first, stratum=stratum, reference=bytes(4)).is_synchronised


def test_kiss_is_read_only_at_stratum_0() -> None:
    assert reply(stratum=0, reference=b"RATE").kiss == "RATE"
    assert reply(stratum=1, reference=b"PPS\0").kiss == ""


@pytest.mark.parametrize("first", [0x23, 0x25, 0x0C, 0x3C])
def test_what_no_server_of_version_3_or_4_sent_is_no_reply(first: int) -> None:
    assert decode_reply(packet(first=first)) is None


@given(st.binary(max_size=80))
def test_any_bytes_are_a_reply_or_none(data: bytes) -> None:
    found = decode_reply(data)
    assert found is None or len(data) >= PACKET_BYTES
