from __future__ import annotations

import socket
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.model import ProbeError
from probes.neighbours.linux import decode, neighbours
from probes.neighbours.model import Neighbour, State

REACHABLE, STALE, FAILED, NOARP = 2, 4, 32, 64
MAC = bytes.fromhex("02aabbccddee")


def attribute(kind: int, value: bytes) -> bytes:
    whole = struct.pack("=HH", 4 + len(value), kind) + value
    return whole + bytes(-len(whole) % 4)


def message(kind: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 2, 1, 0) + body


def entry(address: str, state: int, mac: bytes = MAC, index: int = 3) -> bytes:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    body = struct.pack("=BxxxiHBB", family, index, state, 0, 1)
    return message(28, body + attribute(1, socket.inet_pton(family, address)) + attribute(2, mac))


DONE = message(3, bytes(4))


def test_states_of_the_kernel_are_told_apart() -> None:
    data = entry("10.0.0.1", REACHABLE) + entry("10.0.0.2", STALE) + entry("fe80::1", FAILED, b"")
    found, done = decode(data + DONE)
    assert done
    assert found == [
        Neighbour(3, "10.0.0.1", "02:aa:bb:cc:dd:ee", State.CONFIRMED),
        Neighbour(3, "10.0.0.2", "02:aa:bb:cc:dd:ee", State.DOUBTED),
        Neighbour(3, "fe80::1", "", State.SILENT),
    ]


def test_interfaces_that_need_no_addresses_have_no_entries() -> None:
    assert decode(entry("127.0.0.1", NOARP, bytes(6))) == ([], False)


def test_address_of_zeros_is_none() -> None:
    ((found,), _) = decode(entry("10.0.0.1", REACHABLE, bytes(6)))
    assert found.mac == ""


def test_refusal_of_the_kernel_is_an_error() -> None:
    with pytest.raises(ProbeError, match="not permitted"):
        decode(message(2, struct.pack("=i", -1)))


def test_packet_that_is_cut_off_is_an_error_and_not_an_empty_table() -> None:
    with pytest.raises(ValueError, match="netlink"):
        decode(entry("10.0.0.1", REACHABLE)[:-4])


@given(st.binary(max_size=200))
def test_any_packet_gives_entries_or_the_declared_error(data: bytes) -> None:
    with suppress(ValueError, ProbeError):
        assert len(decode(data)[0]) >= 0


def test_kernel_of_this_machine_answers() -> None:
    assert all(n.index > 0 for n in neighbours())
