from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.icmp import EchoReply, checksum, decode_reply, encode_request

versions = st.sampled_from([4, 6])
words = st.integers(0, 0xFFFF)


def answered(version: int, request: bytes) -> bytes:
    """What a host sends back: the same message with the type of a reply."""
    message = bytes([{4: 0, 6: 129}[version]]) + request[1:2] + b"\0\0" + request[4:]
    return message[:2] + struct.pack("!H", checksum(message)) + message[4:]


def with_ipv4_header(message: bytes, options: bytes = b"") -> bytes:
    return bytes([0x45 + len(options) // 4]) + bytes(19) + options + message


def test_request_is_the_bytes_of_rfc_792() -> None:
    request = encode_request(4, 0x1234, 7, b"abc")
    assert request.hex() == "0800" + "2162" + "1234" + "0007" + "616263"
    assert checksum(request) == 0


def test_request_of_version_6_leaves_the_checksum_to_the_kernel() -> None:
    assert encode_request(6, 0x1234, 7, b"abc").hex() == "80000000" + "12340007" + "616263"


@given(versions, words, words, st.binary(max_size=100))
def test_reply_brings_back_what_was_sent(
    version: int, identifier: int, sequence: int, payload: bytes
) -> None:
    reply = answered(version, encode_request(version, identifier, sequence, payload))
    assert decode_reply(version, reply) == EchoReply(identifier, sequence, payload)


@given(words, words, st.binary(max_size=60), st.integers(0, 10))
def test_ipv4_header_before_the_reply_is_skipped(
    identifier: int, sequence: int, payload: bytes, options: int
) -> None:
    reply = answered(4, encode_request(4, identifier, sequence, payload))
    packet = with_ipv4_header(reply, bytes(4 * options))
    assert decode_reply(4, packet) == EchoReply(identifier, sequence, payload)


@given(versions, st.binary(max_size=120))
def test_any_bytes_are_a_reply_or_nothing(version: int, data: bytes) -> None:
    assert decode_reply(version, data) is None or len(data) >= 8


@given(st.data())
def test_changed_byte_is_noticed(data: st.DataObject) -> None:
    reply = bytearray(answered(4, encode_request(4, 1, 2, b"payload!")))
    place = data.draw(st.integers(0, len(reply) - 1))
    reply[place] ^= data.draw(st.integers(1, 255))
    assert decode_reply(4, bytes(reply)) is None


def test_reply_with_a_code_is_no_reply() -> None:
    message = b"\0\1\0\0" + bytes(8)
    sealed = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
    assert checksum(sealed) == 0
    assert decode_reply(4, sealed) is None


@pytest.mark.parametrize("version", [4, 6])
def test_own_request_seen_on_the_loopback_is_no_reply(version: int) -> None:
    assert decode_reply(version, encode_request(version, 1, 2, b"x")) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        bytes(7),
        b"\x45",
        b"\x45" + bytes(18),
        b"\x44" + bytes(40),  # header shorter than a header can be
        b"\x4f" + bytes(40),  # header longer than the packet
        b"\x03\x01" + bytes(30),  # destination unreachable
    ],
    ids=range(8),
)
def test_broken_or_other_messages_are_nothing(data: bytes) -> None:
    assert decode_reply(4, data) is None


@given(st.binary(max_size=64))
def test_checksum_of_odd_and_even_lengths_agrees(data: bytes) -> None:
    assert checksum(data) == checksum(data + bytes(len(data) % 2))
