"""Line protocol read back, by a grammar of its own: what a test compares with what was stored."""

from __future__ import annotations

import re
from typing import NamedTuple

_LINE = re.compile(
    r"(?P<name>\w+)(?P<tags>(?:,\w+=(?:[^\\ ,=\n]|\\[ ,=])+)*)"
    r" (?P<fields>\w+=-?[0-9.]+(?:e[+-]?[0-9]+)?(?:,\w+=-?[0-9.]+(?:e[+-]?[0-9]+)?)*)"
    r" (?P<at>-?[0-9]+)"
)
_TAG = re.compile(r",(\w+)=((?:[^\\ ,=]|\\[ ,=])+)")


class Parsed(NamedTuple):
    name: str
    tags: dict[str, str]
    fields: dict[str, float]
    at: int


def parsed(line: str) -> Parsed:
    """Raises AssertionError for a line that is not strictly what the exporter may write."""
    match = _LINE.fullmatch(line)
    assert match, line
    tags = {k: re.sub(r"\\(.)", r"\1", v) for k, v in _TAG.findall(match["tags"])}
    fields = dict(pair.split("=") for pair in match["fields"].split(","))
    return Parsed(match["name"], tags, {k: float(v) for k, v in fields.items()}, int(match["at"]))
