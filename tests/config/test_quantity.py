from __future__ import annotations

from fractions import Fraction

import pytest

from config.quantity import show, show_both
from probes.model import Unit
from probes.text import Language


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (10_000_000, Unit.BITS_PER_SECOND, "10 Mbit/s"),
        (9_533_333, Unit.BITS_PER_SECOND, "9.53 Mbit/s"),
        (1_000_000_000, Unit.BITS_PER_SECOND, "1,000 Mbit/s"),
        (512, Unit.BITS_PER_SECOND, "512 bit/s"),
        (0, Unit.BITS_PER_SECOND, "0 bit/s"),
        (0.0123, Unit.SECONDS, "12.3 ms"),
        (7200, Unit.SECONDS, "2 h"),
        (0.985, Unit.RATIO, "98.5%"),
        (Fraction(1), Unit.RATIO, "100%"),
        (1536, Unit.BYTES, "1.5 KiB"),
        (1, Unit.BOOLEAN, "yes"),
        (42, Unit.COUNT, "42"),
        (36.6, Unit.CELSIUS, "36.6 °C"),
        (5_180_000_000, Unit.HERTZ, "5,180 MHz"),
        (-57, Unit.DBM, "-57 dBm"),
    ],
)
def test_value_is_shown_in_the_unit_people_use(
    value: float | Fraction, unit: Unit, shown: str
) -> None:
    assert show(value, unit, Language.EN) == shown


def test_what_was_not_measured_is_a_dash_not_a_zero() -> None:
    assert show(None, Unit.BITS_PER_SECOND, Language.ZH) == "—"


def test_units_are_words_of_the_language() -> None:
    assert show_both(7200, "seconds").zh == "2 小时"
