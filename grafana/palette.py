"""What numbers look like: Grafana's units, and words and colours for codes.

Green and red are kept for what is known. What is undetermined, unknown or did not run is purple,
what does not apply is grey; each has its word beside the colour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import ValueMap, ValueMappingResult

from config.measurement import Code
from probes.model import Better, Unit
from probes.text import Text

Say = Callable[[Text], str]

GOOD, BAD, WORSE, WAIVED = "green", "red", "orange", "yellow"
NOT_KNOWN, NO_MATTER, SIGNED, PLAIN = "purple", "#8e8e8e", "blue", "text"
LESSON = "light-blue"

UNITS: Mapping[Unit, str] = {
    Unit.SECONDS: units.Seconds,
    Unit.RATIO: units.PercentUnit,
    Unit.BITS_PER_SECOND: units.BitsPerSecondSI,
    Unit.BYTES: units.BytesIEC,
    Unit.COUNT: units.LocaleFormat,
    Unit.CELSIUS: units.Celsius,
    Unit.HERTZ: units.Hertz,
    Unit.DBM: units.DecibelMilliWatt,
    Unit.BOOLEAN: units.NoUnit,
}
"""Grafana's unit for each of ours; Grafana scales for people."""

_COLOURS: Mapping[str, str] = {
    "ok": GOOD,
    "met": GOOD,
    "pass": GOOD,
    "up": GOOD,
    "failed": BAD,
    "not_met": BAD,
    "fail": BAD,
    "down": BAD,
    "not_run": NOT_KNOWN,
    "undetermined": NOT_KNOWN,
    "unknown": NOT_KNOWN,
    "not_applicable": NO_MATTER,
    "degraded": WORSE,
    "error": WORSE,
    "waived": WAIVED,
    "attested": SIGNED,
}
YES_NO = {"no": Code(0, Text("否", "no")), "yes": Code(1, Text("是", "yes"))}


def colour(word: str) -> str:
    """Of a state, verdict, status or outcome. Raises KeyError for a word that has none."""
    return _COLOURS[word]


def mapping(codes: Mapping[str, Code], say: Say, better: Better = Better.NEITHER) -> ValueMap:
    """Numbers as words with their colours; of yes and no, `better` says which is good news."""
    return ValueMap(
        {
            str(code.number): ValueMappingResult(
                text=say(code.title), color=_colour_of(word, better), index=n
            )
            for n, (word, code) in enumerate(codes.items())
        }
    )


def names(titles: Mapping[str, Text], say: Say) -> ValueMap:
    """Identifiers as the titles that people know them by."""
    ordered = enumerate(titles.items())
    return ValueMap(
        {key: ValueMappingResult(text=say(text), index=n) for n, (key, text) in ordered}
    )


def _colour_of(word: str, better: Better) -> str:
    if word not in YES_NO:
        return colour(word)
    if better is Better.NEITHER:
        return PLAIN
    return GOOD if (word == "yes") == (better is Better.HIGHER) else BAD
