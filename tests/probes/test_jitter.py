from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.jitter import (
    LARGEST_BYTES,
    SMALLEST_BYTES,
    Key,
    Kind,
    Packet,
    Trip,
    decode,
    is_signed,
    jitter_seconds,
    percentile,
    reordered_ratio,
    week_of,
)

KEY = Key.derive(b"secret", 105_000)
STAMP = st.integers(0, 2**64 - 1)
PACKETS = st.builds(
    Packet,
    kind=st.sampled_from(Kind),
    week=st.integers(0, 2**32 - 1),
    sequence=st.integers(0, 2**32 - 1),
    session=STAMP,
    sent=STAMP,
    received=STAMP,
    replied=STAMP,
)
MS = 1_000_000


@given(PACKETS, st.binary(max_size=LARGEST_BYTES - SMALLEST_BYTES))
def test_packet_survives_the_way(packet: Packet, filling: bytes) -> None:
    data = packet.encode(KEY, filling)
    assert decode(data) == packet
    assert is_signed(data, KEY)
    assert len(data) == SMALLEST_BYTES + len(filling)


@given(PACKETS, st.integers(0, SMALLEST_BYTES * 8 - 1))
def test_packet_with_a_changed_bit_is_not_signed(packet: Packet, bit: int) -> None:
    data = bytearray(packet.encode(KEY, b""))
    data[bit // 8] ^= 1 << bit % 8
    assert decode(bytes(data)) is None or not is_signed(bytes(data), KEY)


def test_key_of_another_week_or_collector_does_not_sign_for_this_one() -> None:
    data = Packet(Kind.REQUEST, KEY.week, 0, 1, 2).encode(KEY, b"")
    assert not is_signed(data, Key.derive(b"secret", KEY.week + 1))
    assert not is_signed(data, Key.derive(b"other", KEY.week))


@given(st.binary(max_size=LARGEST_BYTES + 10))
def test_noise_is_no_packet(data: bytes) -> None:
    assert decode(data) is None


def test_key_as_text_is_read_again() -> None:
    assert Key.parse(str(KEY)) == KEY


@pytest.mark.parametrize("text", ["", "7", "7:", "7:00", ":" + "0" * 32, "-1:" + "0" * 32, "7:zz"])
def test_text_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its words are for a programmer
        Key.parse(text)


def test_week_begins_on_monday_in_utc() -> None:
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    assert week_of(monday) == week_of(monday + timedelta(days=6, hours=23))
    assert week_of(monday - timedelta(seconds=1)) == week_of(monday) - 1
    shanghai = monday.astimezone(timezone(timedelta(hours=8)))
    assert week_of(shanghai) == week_of(monday)


def test_even_pace_has_no_jitter_whatever_the_clocks_say() -> None:
    apart = 10**15
    assert jitter_seconds([(n * 20 * MS, apart + n * 20 * MS) for n in range(50)]) == 0


def test_jitter_is_smoothed_as_rfc_3550_has_it() -> None:
    """Differences of 16 ms and then 0: J = 16/16 = 1 ms, then 1 - 1/16."""
    times = [(0, 0), (20 * MS, 36 * MS), (40 * MS, 56 * MS)]
    assert jitter_seconds(times) == pytest.approx(0.001 * (1 - 1 / 16))


def test_jitter_goes_by_the_order_of_arrival() -> None:
    inorder = [(0, 0), (20 * MS, 50 * MS), (40 * MS, 45 * MS)]
    assert jitter_seconds(inorder) == jitter_seconds(sorted(inorder, key=lambda t: t[1]))
    assert jitter_seconds([(0, 5)]) is None


def test_packet_that_came_after_a_later_one_is_reordered() -> None:
    assert reordered_ratio([0, 1, 2, 3]) == 0
    assert reordered_ratio([0, 2, 1, 3]) == 0.25
    assert reordered_ratio([3, 0, 1, 2]) == 0.75


def test_percentile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(1, 21)]
    assert (percentile(values, 0.5), percentile(values, 0.95)) == (10, 19)
    assert percentile([7.0], 0.95) == 7


def test_time_of_the_reflector_is_not_the_ways() -> None:
    trip = Trip(0, sent=100 * MS, received=7, replied=7 + 30 * MS, arrived=150 * MS)
    assert trip.is_possible
    assert trip.seconds == pytest.approx(0.020)
    assert not replace(trip, replied=7 + 60 * MS).is_possible
    assert not replace(trip, replied=6).is_possible
