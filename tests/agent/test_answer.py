from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.answer import MAX_HEAD_BYTES, Answer, AnswerReader, BadAnswerError, CutOffError

MOST = 1000
FIELDS = st.dictionaries(st.sampled_from(["A", "Retry-After", "ETag", "X-Y"]), st.just("7"))
BODIES = st.binary(max_size=MOST)


def read(data: bytes, cuts: list[int]) -> tuple[Answer | None, AnswerReader]:
    """The answer in `data`, fed in pieces; bytes after it stay unread."""
    reader = AnswerReader(MOST)
    at = 0
    for cut in [*sorted({c for c in cuts if 0 < c < len(data)}), len(data)]:
        answer = reader.feed(data[at:cut])
        if answer is not None:
            return answer, reader
        at = cut
    return None, reader


def chunks(body: bytes, sizes: list[int]) -> bytes:
    out, at = b"", 0
    for size in [*sizes, len(body)]:
        if piece := body[at : at + size]:
            out += f"{len(piece):X}\r\n".encode() + piece + b"\r\n"
        at += size
    return out + b"0\r\n\r\n"


def feed_for_ever(reader: AnswerReader, data: bytes) -> None:
    for _ in range(MAX_HEAD_BYTES + 2):
        assert reader.feed(data) is None


@given(body=BODIES, fields=FIELDS, cuts=st.lists(st.integers(0, 1500)), interim=st.booleans())
def test_answer_is_the_same_however_it_arrives(
    body: bytes, fields: dict[str, str], cuts: list[int], interim: bool
) -> None:
    head = "HTTP/1.1 200 OK\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items())
    data = head.encode() + f"content-LENGTH: {len(body)}\r\n\r\n".encode() + body
    if interim:
        data = b"HTTP/1.1 103 Early\r\nA: b\r\n\r\n" + data
    answer, reader = read(data, cuts)
    assert answer == Answer(200, body, fields.get("Retry-After", ""))
    assert reader.keep


@given(
    body=BODIES,
    sizes=st.lists(st.integers(1, 200), max_size=20),
    cuts=st.lists(st.integers(0, 1500)),
)
def test_chunks_are_joined_however_they_arrive(
    body: bytes, sizes: list[int], cuts: list[int]
) -> None:
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(body, sizes)
    answer, reader = read(data, cuts)
    assert answer == Answer(200, body)
    assert reader.keep


@given(st.binary(max_size=300), st.lists(st.integers(0, 300)))
def test_noise_is_never_an_answer_and_never_a_fault(data: bytes, cuts: list[int]) -> None:
    with suppress(BadAnswerError):
        assert read(data, cuts)[0] is None


def test_answer_to_the_end_needs_the_end() -> None:
    answer, reader = read(b"HTTP/1.1 200 OK\r\n\r\nall", [])
    assert answer is None
    assert reader.end() == Answer(200, b"all")
    assert not reader.keep


@pytest.mark.parametrize(
    "data", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc"]
)
def test_answer_that_is_cut_off_is_none(data: bytes) -> None:
    _, reader = read(data, [])
    with pytest.raises(CutOffError):
        reader.end()


@pytest.mark.parametrize(
    "fields",
    [
        b"Connection: close\r\nContent-Length: 0",
        b"Connection: Keep-Alive, CLOSE\r\nContent-Length: 0",
        b"Transfer-Encoding: chunked\r\nContent-Length: 3",
    ],
)
def test_connection_in_doubt_is_not_used_again(fields: bytes) -> None:
    answer, reader = read(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n\r\n0\r\n\r\n", [])
    assert answer is not None
    assert not reader.keep


def test_bytes_after_the_answer_end_the_connection() -> None:
    answer, reader = read(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc", [])
    assert answer == Answer(200, b"a")
    assert not reader.keep


@pytest.mark.parametrize(
    "endless", [b"x", b"A: b\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"], ids=["line", "fields", "1xx"]
)
def test_head_without_end_is_given_up(endless: bytes) -> None:
    reader = AnswerReader(MOST)
    if endless.startswith(b"A"):
        reader.feed(b"HTTP/1.1 200 OK\r\n")
    with pytest.raises(BadAnswerError):
        feed_for_ever(reader, endless)


def test_tiny_chunks_without_end_are_given_up() -> None:
    reader = AnswerReader(10**9)
    reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    with pytest.raises(BadAnswerError):
        feed_for_ever(reader, b"1\r\nx\r\n")
