from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.certificate import issuer_of, pin_of
from collector.tls import authority as ca
from tests.fakes.papers import FILTER, NOW, der, foreign_authority, our_authority

OURS = our_authority()
DER = der(OURS.certificate)


def test_pin_is_what_the_collector_says_it_is() -> None:
    assert pin_of(DER) == ca.pin_of(OURS.certificate)


def test_pin_stays_when_the_certificate_is_made_anew() -> None:
    again = der(ca.extended(OURS, ["new.example.edu.cn"], NOW).certificate)
    assert again != DER
    assert pin_of(again) == pin_of(DER)


def test_issuer_is_named_as_a_person_knows_it() -> None:
    assert issuer_of(DER) == f"Banjun authority {pin_of(DER)[:8]}, Banjun"
    assert issuer_of(der(foreign_authority().certificate)) == FILTER


def test_name_of_an_issuer_cannot_steer_a_terminal_or_fill_a_page() -> None:
    evil = foreign_authority("\x1b[31mred\nsecond line" + "x" * 30)
    name = issuer_of(der(evil.certificate))
    assert name == "[31mred second line" + "x" * 30


@given(st.binary(max_size=200) | st.integers(0, len(DER) - 1).map(lambda n: DER[:n]))
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    for read in (pin_of, issuer_of):
        with pytest.raises(ValueError, match=r"certificate|cut off"):
            read(data)


@given(st.integers(0, len(DER) - 1), st.integers(0, 255))
def test_damaged_certificate_does_no_harm(at: int, byte: int) -> None:
    damaged = DER[:at] + bytes([byte]) + DER[at + 1 :]
    for read in (pin_of, issuer_of):
        with suppress(ValueError):
            assert read(damaged).isprintable()
