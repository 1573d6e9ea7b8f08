from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.pjlink import message
from probes.pjlink.message import (
    BadAnswerError,
    Condition,
    Lamp,
    Power,
    Refused,
    WrongPasswordError,
    decode_answer,
    decode_greeting,
    digest,
    encode_question,
    read_conditions,
    read_lamps,
    read_words,
)


def test_password_and_salt_make_the_digest_that_makers_print_in_their_manuals() -> None:
    """From the manual of the Hitachi CP-X4030WN."""
    assert digest(b"a572f60c", "password") == b"e3d97429adffa11bce1f7275813d4bde"


def test_greeting_says_whether_a_password_is_wanted() -> None:
    assert decode_greeting(b"PJLINK 0") is None
    assert decode_greeting(b"PJLINK 1 498e4a67") == b"498e4a67"


@pytest.mark.parametrize("line", [b"", b"PJLINK", b"PJLINK 1", b"PJLINK 1 xyz", b"HTTP/1.1 400"])
def test_greeting_of_something_else_is_refused(line: bytes) -> None:
    with pytest.raises(BadAnswerError):
        decode_greeting(line)


def test_question_has_its_class_and_an_end() -> None:
    assert encode_question("POWR") == b"%1POWR ?\r"
    assert encode_question("FILT", 2) == b"%2FILT ?\r"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"%1POWR=1", "1"),
        (b"%1powr=1", "1"),
        (b"%1POWR=ERR1", Refused.UNKNOWN),
        (b"%1POWR=ERR2", Refused.PARAMETER),
        (b"%1POWR=ERR3", Refused.UNAVAILABLE),
        (b"%1POWR=ERR4", Refused.FAULT),
    ],
)
def test_answer_or_why_not(line: bytes, answer: object) -> None:
    assert decode_answer(line, "POWR") == answer


@pytest.mark.parametrize("line", [b"", b"%1LAMP=1", b"%2POWR=1", b"POWR=1", b"%1POWR 1"])
def test_answer_to_another_question_is_none(line: bytes) -> None:
    with pytest.raises(BadAnswerError):
        decode_answer(line, "POWR")


def test_wrong_password_is_told_apart() -> None:
    with pytest.raises(WrongPasswordError):
        decode_answer(b"PJLINK ERRA", "POWR")


def test_lamps_come_in_pairs() -> None:
    assert read_lamps("123 1") == [Lamp(123, lit=True)]
    assert read_lamps("123 1 4567 0") == [Lamp(123, lit=True), Lamp(4567, lit=False)]


@pytest.mark.parametrize("text", ["", "123", "1 2", "-1 1", "123 1 5", "123456 1", "١٢٣ 1", "a 1"])
def test_lamps_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(BadAnswerError):
        read_lamps(text)


def test_each_digit_is_a_part() -> None:
    found = read_conditions("012000")
    assert (found["fan"], found["lamp"], found["temperature"]) == (
        Condition.OK, Condition.WARNING, Condition.ERROR,
    )  # fmt: skip
    assert len(found) == 6


@pytest.mark.parametrize("text", ["", "00000", "0000000", "00300x", "000003", "٠٠٠٠٠٠"])
def test_conditions_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(BadAnswerError):
        read_conditions(text)


def test_names_are_one_printable_line() -> None:
    assert read_words("  EPSON\x00\x01  CB-X51\n") == "EPSON CB-X51"
    assert read_words("一楼 101") == "一楼 101"
    assert len(read_words("x" * 500)) == 64


@given(st.binary(max_size=80))
def test_any_line_gives_an_answer_or_a_declared_error(line: bytes) -> None:
    with suppress(BadAnswerError, WrongPasswordError):
        decode_greeting(line)
    with suppress(BadAnswerError, WrongPasswordError):
        decode_answer(b"%1POWR=" + line, "POWR")
    for read in (message.read_power, message.read_conditions, message.read_lamps):
        with suppress(BadAnswerError):
            assert read(line.decode("latin-1"))
    with suppress(BadAnswerError):
        assert message.read_hours(line.decode("latin-1")) >= 0
    assert Power.ON.value == "1"
