from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.model import ProbeError
from probes.ping_output import parse_ping

IPUTILS = """PING 10.1.0.9 (10.1.0.9) 56(84) bytes of data.
64 bytes from 10.1.0.9: icmp_seq=1 ttl=63 time=12.4 ms
64 bytes from 10.1.0.9: icmp_seq=3 ttl=63 time=8 ms

--- 10.1.0.9 ping statistics ---
3 packets transmitted, 2 received, 33.3333% packet loss, time 402ms
rtt min/avg/max/mdev = 8.000/10.200/12.400/2.200 ms
"""
BUSYBOX = """PING fd00::9 (fd00::9): 56 data bytes
64 bytes from fd00::9: seq=0 ttl=64 time=0.051 ms
64 bytes from fd00::9: seq=1 ttl=64 time=0.085 ms

--- fd00::9 ping statistics ---
2 packets transmitted, 2 packets received, 0% packet loss
round-trip min/avg/max = 0.051/0.068/0.085 ms
"""
NAMED = """PING gw.test (10.1.0.1) 56(84) bytes of data.
64 bytes from gw.test (10.1.0.1): icmp_seq=1 ttl=64 time=0.2 ms
64 bytes from gw.test (10.1.0.1): icmp_seq=1 ttl=64 time=9.9 ms (DUP!)

--- gw.test ping statistics ---
1 packets transmitted, 1 received, +1 duplicates, 0% packet loss, time 0ms
"""
SILENT = """PING 10.1.0.9 (10.1.0.9) 56(84) bytes of data.
From 10.1.0.1 icmp_seq=1 Destination Host Unreachable

--- 10.1.0.9 ping statistics ---
2 packets transmitted, 0 received, +1 errors, 100% packet loss, time 1001ms
pipe 2
"""


def test_iputils_is_understood() -> None:
    output = parse_ping(IPUTILS, 3)
    assert output.sent == 3
    assert output.times == pytest.approx({1: 0.0124, 3: 0.008})


def test_busybox_is_understood() -> None:
    output = parse_ping(BUSYBOX, 2)
    assert output.sent == 2
    assert output.times == pytest.approx({0: 0.000051, 1: 0.000085})


def test_duplicate_does_not_count_twice() -> None:
    assert parse_ping(NAMED, 1).times == pytest.approx({1: 0.0002})


def test_silence_is_no_time_at_all() -> None:
    output = parse_ping(SILENT, 2)
    assert (output.sent, output.times) == (2, {})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ping: connect: Network is unreachable",
        IPUTILS.replace("3 packets", "0 packets"),
        IPUTILS.replace("3 packets", "2 packets"),  # an answer to an echo that was not sent
        IPUTILS.replace("3 packets", "9 packets"),  # more than we asked for
        IPUTILS.replace("2 received", "1 received"),
        IPUTILS.replace("time=", "Zeit="),
        IPUTILS.replace("icmp_seq=3", "icmp_seq=77"),
        "\n".join(IPUTILS.splitlines()[:3]),
    ],
    ids=range(9),
)
def test_output_that_contradicts_itself_is_unreadable(text: str) -> None:
    with pytest.raises(ProbeError) as caught:
        parse_ping(text, 3)
    assert caught.value.reason == "unreadable"


@given(st.text(), st.integers(1, 20))
def test_any_text_is_understood_or_unreadable(text: str, asked: int) -> None:
    with suppress(ProbeError):
        parse_ping(text, asked)


@given(st.data(), st.sampled_from([IPUTILS, BUSYBOX, NAMED, SILENT]))
def test_damaged_output_never_promises_too_much(data: st.DataObject, text: str) -> None:
    place = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:place] + data.draw(st.text(max_size=3)) + text[place + 1 :]
    with suppress(ProbeError):
        output = parse_ping(damaged, 3)
        assert 0 < output.sent <= 3
        assert len(output.times) <= output.sent
        assert all(0 <= seconds < 10_000 for seconds in output.times.values())
