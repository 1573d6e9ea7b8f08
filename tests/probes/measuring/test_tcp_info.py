from __future__ import annotations

import socket
import struct
import sys
import time
from dataclasses import astuple

import pytest

from probes.measuring.tcp_info import TcpInfo, decode, read

WHOLE = bytearray(232)
for _layout, _at, _value in (
    ("=I", 68, 1500), ("=I", 72, 200), ("=I", 148, 900), ("=Q", 120, 1 << 40), ("=Q", 128, 77),
    ("=I", 16, 1448), ("=I", 24, 40), ("=I", 28, 5), ("=I", 32, 3), ("=I", 36, 1),
    ("=I", 136, 400), ("=I", 152, 90),
    ("=Q", 168, 10_000), ("=Q", 176, 20), ("=Q", 184, 30), ("=Q", 200, 5_000), ("=Q", 208, 60),
):  # fmt: skip
    struct.pack_into(_layout, WHOLE, _at, _value)


def test_every_figure_is_where_linux_puts_it() -> None:
    assert decode(bytes(WHOLE)) == TcpInfo(
        sending_mss=1448,
        in_flight=40 - 5 - 3 + 1,
        rtt=1500,
        rtt_variance=200,
        min_rtt=900,
        bytes_acked=1 << 40,
        bytes_received=77,
        segments_sent=400,
        data_segments_received=90,
        bytes_sent=5_000,
        bytes_retransmitted=60,
        busy=10_000,
        limited_by_receiver=20,
        limited_by_buffer=30,
    )


def test_what_an_older_kernel_does_not_tell_is_not_zero() -> None:
    before_4_6 = decode(bytes(WHOLE[:136]))
    assert (before_4_6.bytes_received, before_4_6.min_rtt, before_4_6.bytes_sent) == (
        77,
        None,
        None,
    )
    assert set(astuple(decode(b""))) == {None}


def test_round_trip_that_was_not_measured_yet_is_unknown() -> None:
    fresh = bytearray(WHOLE)
    struct.pack_into("=II", fresh, 68, 0, 250_000)
    struct.pack_into("=I", fresh, 148, 0xFFFFFFFF)
    found = decode(bytes(fresh))
    assert (found.rtt, found.rtt_variance, found.min_rtt) == (None, None, None)


@pytest.mark.skipif(sys.platform != "linux", reason="TCP_INFO of Linux")
def test_kernel_counts_what_passed() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as sender,
    ):
        receiver, _ = listening.accept()
        sender.sendall(bytes(5000))
        time.sleep(0.05)
        sent, received = read(sender), read(receiver)
        receiver.close()
    assert sent is not None
    assert received is not None
    # The last one is the SYN on kernels that count it.
    assert sent.bytes_acked in {5000, 5001}
    assert received.bytes_received == 5000
    assert read(receiver) is None
