"""Reads `ends.toml`: the day on which the support of each known release ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

ENDS = Path(__file__).with_name("ends.toml")
VERIFIED = ("primary", "secondary", "memory")


@dataclass(frozen=True, slots=True)
class Release:
    """A machine's system as the table names it, such as `debian` and `12`."""

    system: str
    name: str


@dataclass(frozen=True, slots=True)
class End:
    """The last day of support, and when that was last compared with its source."""

    on: date
    checked: date


@cache
def load(path: Path = ENDS) -> Mapping[Release, End]:
    """Raises ValueError for a release that stands there twice or a row that is not whole."""
    import tomllib

    found: dict[Release, End] = {}
    for group in tomllib.loads(path.read_text(encoding="utf-8"))["table"]:
        if not group["source"] or group["verified"] not in VERIFIED:
            raise ValueError(f"{path.name}: {group['system']} needs `source` and `verified`")
        for name, day in group["ends"].items():
            release = Release(group["system"], name)
            if release in found:
                raise ValueError(f"{path.name}: {release} is there twice")
            found[release] = End(day, group["checked"])
    return found
