from __future__ import annotations

import base64
import binascii
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.enrolment import Enrolment, EnrolmentError

ENROLMENT = Enrolment("https://collector.example.edu.cn:8470", "tok1", "s3cret_-X")
WORDS = st.text("0123456789ABCDEFabcdef_-", min_size=1, max_size=64)


def string_of(data: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()
    return f"enr1.{body}.{binascii.crc32(body.encode()):08x}"


PINS = st.binary(min_size=32, max_size=32).map(bytes.hex) | st.just("")


@given(token_id=WORDS, secret=WORDS, pin=PINS)
def test_string_comes_back_as_it_was(token_id: str, secret: str, pin: str) -> None:
    enrolment = Enrolment("https://127.0.0.1:8470", token_id, secret, pin)
    assert Enrolment.parse(enrolment.to_text()) == enrolment


def test_string_is_stable() -> None:
    assert ENROLMENT.to_text() == (
        "enr1.eyJzIjoiczNjcmV0Xy1YIiwidCI6InRvazEiLCJ1IjoiaHR0cHM6Ly9jb2xsZWN0b3IuZXhhbXBsZS5lZHUu"
        "Y246ODQ3MCJ9." + ENROLMENT.to_text()[-8:]
    )


def test_line_breaks_of_a_chat_window_do_not_matter() -> None:
    text = ENROLMENT.to_text()
    assert Enrolment.parse(f"  {text[:30]}\r\n {text[30:]}\n") == ENROLMENT


def test_every_lost_or_changed_character_is_found() -> None:
    text = ENROLMENT.to_text()
    for i, character in enumerate(text):
        other = "z" if character != "z" else "y"
        for damaged in (text[:i] + text[i + 1 :], text[:i] + other + text[i + 1 :]):
            with pytest.raises(EnrolmentError):
                Enrolment.parse(damaged)


@pytest.mark.parametrize(
    "data",
    [
        [],
        {"u": "https://c", "t": "tok"},
        {"u": "https://c", "t": "tok", "s": 3},
        {"u": "https://c", "t": "tok", "s": "s", "x": "from the future"},
        {"u": "ftp://c", "t": "tok", "s": "s"},
        {"u": "https://", "t": "tok", "s": "s"},
        {"u": "https://c:99999", "t": "tok", "s": "s"},
        {"u": "https://me@c", "t": "tok", "s": "s"},
        {"u": "https://c", "t": "a.b", "s": "s"},
        {"u": "https://c", "t": "tok", "s": "with space"},
        {"u": "https://c", "t": "tok", "s": "s", "p": "ab12"},
        {"u": "http://127.0.0.1", "t": "tok", "s": "s", "p": "ab" * 32},
    ],
)
def test_whole_string_with_wrong_content_is_refused(data: object) -> None:
    with pytest.raises(EnrolmentError, match="token create"):
        Enrolment.parse(string_of(data))


def test_secret_is_in_no_representation() -> None:
    assert "s3cret" not in repr(ENROLMENT)
    with pytest.raises(EnrolmentError) as caught:
        Enrolment.parse(ENROLMENT.to_text()[:-1])
    assert ENROLMENT.to_text()[5:20] not in caught.value.text.en + caught.value.text.zh


def test_token_is_what_the_request_carries() -> None:
    assert ENROLMENT.token == "tok1.s3cret_-X"
