"""How long logrotate keeps the older files of a log, from its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from probes import files

MAIN = Path("etc/logrotate.conf")

DAY = 86_400
_PERIODS = {"hourly": 3600, "daily": DAY, "weekly": 7 * DAY, "monthly": 28 * DAY,
            "yearly": 365 * DAY}  # fmt: skip
"""The least that lies between two rotations."""
_SCRIPTS = {"postrotate", "prerotate", "firstaction", "lastaction", "preremove"}


@dataclass(frozen=True, slots=True)
class Rules:
    """`period`: seconds between rotations; None = by size. `count`: files kept; None = all.

    `oldest`: seconds after which they are removed in any case.
    """

    period: int | None = None
    count: int | None = 0
    oldest: int | None = None
    understood: bool = True

    @property
    def keeps(self) -> int | None:
        """Seconds that are kept at least; None when that is not set by time."""
        if not self.understood or self.period is None or self.count is None:
            return None
        kept = self.period * self.count
        return kept if self.oldest is None else min(kept, self.oldest)


@dataclass(frozen=True, slots=True)
class Stanza:
    """The logs that it is for, as patterns, and what is done with them."""

    patterns: tuple[str, ...]
    rules: Rules


def stanzas(root: Path) -> list[Stanza]:
    """Raises FileNotFoundError without logrotate, PermissionError."""
    main = files.text(root / MAIN)
    rules, found = parse(main, Rules())
    for folder in re.findall(r"^\s*include\s+(\S+)", main, re.MULTILINE):
        place = root / folder.lstrip("/")
        paths = [place] if place.is_file() else files.below(place, "*") if place.is_dir() else []
        for text in files.present(*paths):
            found += parse(text, rules)[1]
    return found


def parse(text: str, rules: Rules) -> tuple[Rules, list[Stanza]]:
    """`rules`: what stands before, for all. Returns what stands after, and the stanzas."""
    found: list[Stanza] = []
    names: list[str] = []
    inside: Rules | None = None
    for line in _lines(text):
        if line == "}":
            if inside is not None:
                found.append(Stanza(tuple(names), inside))
            inside, names = None, []
        elif inside is not None:
            inside = _with(inside, line)
        elif line.endswith("{"):
            names += line[:-1].split()
            inside = rules
        elif line.startswith(("/", '"/')):
            names += line.split()
        else:
            rules = _with(rules, line)
    return rules, [Stanza(tuple(n.strip('"') for n in s.patterns), s.rules) for s in found]


def _lines(text: str) -> Iterator[str]:
    """Without comments and scripts; an opening brace ends its line, a closing one has its own."""
    in_script = False
    for raw in text.splitlines():
        line = raw.strip()
        if in_script or line in _SCRIPTS:
            in_script = line != "endscript"
        elif line and not line.startswith("#"):
            yield line


def _with(rules: Rules, line: str) -> Rules:
    word, _, rest = line.replace("=", " ").partition(" ")
    value = rest.strip()
    if word in _PERIODS:
        return replace(rules, period=_PERIODS[word])
    if word in ("size", "maxsize"):
        return replace(rules, period=None)
    if word == "rotate" and value == "-1":
        return replace(rules, count=None)
    return _numbered(rules, word, value) if word in ("rotate", "maxage") else rules


def _numbered(rules: Rules, word: str, value: str) -> Rules:
    if not re.fullmatch(r"[0-9]{1,5}", value):
        return replace(rules, understood=False)
    number = int(value)
    if word == "rotate":
        return replace(rules, count=number)
    return replace(rules, oldest=number * DAY)


def keeps(found: Sequence[Stanza], log: str) -> int | None:
    """Of one log; None when nothing rotates it, or not by time."""
    times = [s.rules.keeps for s in found if any(fnmatchcase(log, p) for p in s.patterns)]
    return times[0] if times else None
