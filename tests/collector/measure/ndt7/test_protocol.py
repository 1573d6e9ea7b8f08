from __future__ import annotations

import json
from statistics import fmean

import pytest

from collector.measure.ndt7.protocol import (
    FIRST_MESSAGE_BYTES,
    LARGEST_SENT_BYTES,
    Direction,
    Ends,
    QueryError,
    Sample,
    measurement,
    next_size,
    parse_query,
    pause_seconds,
)
from probes.measuring.tcp_info import decode


def test_message_grows_when_it_is_a_sixteenth_of_what_was_sent() -> None:
    assert next_size(8192, 16 * 8192 - 1) == 8192
    assert next_size(8192, 16 * 8192) == 16384


def test_sizes_are_powers_of_two_up_to_a_mebibyte() -> None:
    size, sent, seen = FIRST_MESSAGE_BYTES, 0, []
    for _ in range(500):
        seen.append(size)
        sent += size
        size = next_size(size, sent)
    assert seen == sorted(seen)
    assert {*seen} == {1 << power for power in range(13, 21)}
    assert seen[-1] == LARGEST_SENT_BYTES


def test_pauses_are_random_bounded_and_a_quarter_second_on_average() -> None:
    pauses = [pause_seconds() for _ in range(4000)]
    assert min(pauses) >= 0.025
    assert max(pauses) <= 0.625
    assert fmean(pauses) == pytest.approx(0.235, abs=0.015)


def test_metadata_is_kept_but_for_what_only_a_server_may_say() -> None:
    query = parse_query("client_name=a%20b&server_id=1&early_exit=250&empty=")
    assert query.metadata == {"client_name": "a b", "early_exit": "250", "empty": ""}
    assert query.early_exit_bytes == 250_000_000


def test_nothing_said_is_nothing_known() -> None:
    query = parse_query("")
    assert (query.metadata, query.early_exit_bytes) == ({}, None)


@pytest.mark.parametrize(
    "query", ["early_exit=100", "early_exit=", "a=1&a=2", "=1", "a", f"a={'b' * 4095}"]
)
def test_query_against_the_rules_is_refused(query: str) -> None:
    with pytest.raises(QueryError):
        parse_query(query)


ENDS = Ends("192.0.2.1:1", "[2001:db8::1]:2", "name", "2026-11-23T00:00:00Z")


def test_text_message_says_microseconds_and_bytes() -> None:
    said = json.loads(measurement(Direction.UPLOAD, ENDS, Sample(1.5, 77, decode(bytes(136)))))
    assert said["AppInfo"] == {"ElapsedTime": 1_500_000, "NumBytes": 77}
    assert (said["Origin"], said["Test"]) == ("server", "upload")
    assert said["ConnectionInfo"]["Client"] == "192.0.2.1:1"
    assert said["TCPInfo"] == {"ElapsedTime": 1_500_000, "BytesAcked": 0, "BytesReceived": 0}


def test_text_message_without_a_kernel_that_tells_has_no_tcp_info() -> None:
    assert "TCPInfo" not in json.loads(measurement(Direction.UPLOAD, ENDS, Sample(1.5, 77, None)))
