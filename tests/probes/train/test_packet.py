from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.train.packet import (
    LARGEST_BYTES,
    MOST_PACKETS,
    SMALLEST_BYTES,
    Head,
    decode,
    encode_train,
    stamp,
)

STAMP = st.integers(0, 2**64 - 1)


@st.composite
def heads(draw: st.DrawFn) -> Head:
    count = draw(st.integers(1, MOST_PACKETS))
    sequence = draw(st.integers(0, count - 1))
    return Head(draw(STAMP), draw(st.integers(0, 2**16 - 1)), sequence, count, draw(STAMP))


@given(heads(), st.integers(SMALLEST_BYTES, LARGEST_BYTES))
def test_packet_survives_the_way(head: Head, size: int) -> None:
    data = head.encode(size)
    assert decode(data) == head
    assert len(data) == size


@given(st.binary(max_size=LARGEST_BYTES + 1))
def test_anything_else_is_no_packet(data: bytes) -> None:
    assert decode(data) is None


@pytest.mark.parametrize("at", range(5))
def test_other_magic_or_version_is_no_packet(at: int) -> None:
    data = bytearray(Head(1, 2, 3, 4, 5).encode(100))
    data[at] ^= 1
    assert decode(bytes(data)) is None


def test_sequence_beyond_the_count_is_no_packet() -> None:
    data = bytearray(Head(1, 2, 3, 4, 5).encode(100))
    data[8:10] = (4).to_bytes(2, "big")
    assert decode(bytes(data)) is None
    with pytest.raises(ValueError, match="packet 4 of 4"):
        Head(1, 2, 4, 4, 5)


@pytest.mark.parametrize("size", [SMALLEST_BYTES - 1, LARGEST_BYTES + 1])
def test_packet_of_another_size_is_not_made(size: int) -> None:
    with pytest.raises(ValueError, match=f"{size} bytes"):
        Head(1, 2, 3, 4, 5).encode(size)


def test_train_is_stamped_batch_by_batch() -> None:
    whole = encode_train(7, 1, 5, 100)
    stamp(whole, 0, 300, 100, 11)
    stamp(whole, 300, 500, 100, 22)
    found = [decode(bytes(whole[at : at + 100])) for at in range(0, 500, 100)]
    assert [head and (head.sequence, head.sent) for head in found] == [
        (0, 11), (1, 11), (2, 11), (3, 22), (4, 22),
    ]  # fmt: skip


def test_filling_never_repeats() -> None:
    # A line that compresses would else be measured at more than its rate.
    whole = encode_train(7, 1, 50, 1400)
    fillings = {bytes(whole[at + SMALLEST_BYTES : at + 1400]) for at in range(0, len(whole), 1400)}
    assert len(fillings) == 50
