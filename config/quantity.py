"""Numbers as people read and write them: the units of policy sources, and base units shown.

Nothing here is stored or compared; stored values stay in base units.
"""

from __future__ import annotations

from fractions import Fraction

from probes.model import Unit
from probes.text import Language, Text

SOURCE_UNITS: dict[str, tuple[Unit, Fraction]] = {
    "bit/s": (Unit.BITS_PER_SECOND, Fraction(1)),
    "kbit/s": (Unit.BITS_PER_SECOND, Fraction(10**3)),
    "Mbit/s": (Unit.BITS_PER_SECOND, Fraction(10**6)),
    "Gbit/s": (Unit.BITS_PER_SECOND, Fraction(10**9)),
    "ratio": (Unit.RATIO, Fraction(1)),
    "%": (Unit.RATIO, Fraction(1, 100)),
    "ms": (Unit.SECONDS, Fraction(1, 1000)),
    "s": (Unit.SECONDS, Fraction(1)),
    "min": (Unit.SECONDS, Fraction(60)),
    "h": (Unit.SECONDS, Fraction(3600)),
    "d": (Unit.SECONDS, Fraction(86400)),
    "MiB": (Unit.BYTES, Fraction(2**20)),
    "GiB": (Unit.BYTES, Fraction(2**30)),
    "count": (Unit.COUNT, Fraction(1)),
    ":1": (Unit.COUNT, Fraction(1)),
    "celsius": (Unit.CELSIUS, Fraction(1)),
    "MHz": (Unit.HERTZ, Fraction(10**6)),
    "dBm": (Unit.DBM, Fraction(1)),
    "boolean": (Unit.BOOLEAN, Fraction(1)),
}
"""The units a policy may be written in -> the base unit and the factor into it."""

ABSENT = "—"
"""What is shown for what was not measured."""

_Step = tuple[float, float, Text]
"""From this size on, divided by this, with this unit."""


def _same(word: str) -> Text:
    return Text(word, word)


_STEPS: dict[Unit, tuple[_Step, ...]] = {
    Unit.BITS_PER_SECOND: (
        (1e5, 1e6, _same(" Mbit/s")),
        (1e3, 1e3, _same(" kbit/s")),
        (0, 1, _same(" bit/s")),
    ),
    Unit.BYTES: (
        (2**40, 2**40, _same(" TiB")),
        (2**30, 2**30, _same(" GiB")),
        (2**20, 2**20, _same(" MiB")),
        (2**10, 2**10, _same(" KiB")),
        (0, 1, _same(" B")),
    ),
    Unit.SECONDS: (
        (2 * 86400, 86400, Text(" 天", " d")),
        (2 * 3600, 3600, Text(" 小时", " h")),
        (120, 60, Text(" 分钟", " min")),
        (1, 1, Text(" 秒", " s")),
        (0, 1e-3, Text(" 毫秒", " ms")),
    ),
    Unit.RATIO: ((0, 0.01, _same("%")),),
    Unit.CELSIUS: ((0, 1, _same(" °C")),),
    Unit.HERTZ: ((1e6, 1e6, _same(" MHz")), (0, 1, _same(" Hz"))),
    Unit.DBM: ((0, 1, _same(" dBm")),),
    Unit.COUNT: ((0, 1, _same("")),),
}
_YES_NO = (Text("否", "no"), Text("是", "yes"))


def show(value: float | Fraction | None, unit: Unit | str, language: Language) -> str:
    """A base-unit value for people: `9.53 Mbit/s`, `98.5%`, `12.3 毫秒`; None is a dash.

    At least three significant digits; nothing that the number says is rounded away above that.
    """
    if value is None:
        return ABSENT
    number = float(value)
    if Unit(unit) is Unit.BOOLEAN:
        return _YES_NO[number != 0](language)
    for size, divisor, word in _STEPS[Unit(unit)]:
        if abs(number) >= size:
            return f"{_digits(number / divisor)}{word(language)}"
    raise AssertionError(f"no step for {number} {unit}")


def show_both(value: float | Fraction | None, unit: Unit | str) -> Text:
    """`show` in both languages, for a message."""
    return Text(show(value, unit, Language.ZH), show(value, unit, Language.EN))


def _digits(number: float) -> str:
    size = abs(number)
    places = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    text = f"{number:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
