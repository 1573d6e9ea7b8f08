"""Reads `products.toml`: the names that remote-control software bears on each system."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PRODUCTS = Path(__file__).with_name("products.toml")
VERIFIED = ("package", "public", "memory")
MOST_LETTERS = 15
"""Of a process's name in Linux."""

_KEY = re.compile(r"[a-z0-9_]{1,32}")
_LISTS = ("processes", "services", "programs", "units", "desktops", "folders")


@dataclass(frozen=True, slots=True)
class Product:
    """One product; `products.toml` says what each of its names is."""

    key: str
    processes: frozenset[str]
    services: frozenset[str]
    display: re.Pattern[str]
    packages: re.Pattern[str]
    programs: frozenset[str]
    units: frozenset[str]
    desktops: frozenset[str]
    folders: frozenset[str]


@dataclass(frozen=True, slots=True)
class Found:
    """A product that left a trace. None = that could not be looked at."""

    key: str
    installed: bool | None
    running: bool | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, and where from.

    Attributes:
        hidden: reasons why not all could be seen: of what is installed, and of what runs; empty
            where all could.
    """

    source: str
    found: tuple[Found, ...]
    hidden_installed: str = ""
    hidden_running: str = ""


@cache
def load(path: Path = PRODUCTS) -> tuple[Product, ...]:
    """Raises ValueError for a product that stands there twice or is not whole."""
    import tomllib

    rows = tomllib.loads(path.read_text(encoding="utf-8"))["product"]
    keys = [row["key"] for row in rows]
    if len(set(keys)) != len(keys):
        raise ValueError(f"{path.name}: a product is there twice")
    return tuple(_product(row, path.name) for row in rows)


def _product(row: Mapping[str, Any], file: str) -> Product:
    where = f"{file}: {row['key']}"
    if not _KEY.fullmatch(row["key"]) or not all(row[n] for n in ("zh", "en", "source", "checked")):
        raise ValueError(f"{where} needs a key, zh, en, source and checked")
    if row["verified"] not in VERIFIED:
        raise ValueError(f"{where}: verified is one of {', '.join(VERIFIED)}")
    if any(len(name) > MOST_LETTERS for name in row["programs"]):
        raise ValueError(f"{where}: programs have at most {MOST_LETTERS} letters")
    if any(name != name.lower() for name in row["processes"]):
        raise ValueError(f"{where}: processes are in lower case")
    return Product(
        key=row["key"],
        display=_pattern(row["display"]),
        packages=_pattern(row["packages"]),
        **{name: frozenset(row[name]) for name in _LISTS},
    )


def _pattern(text: str) -> re.Pattern[str]:
    """Without a pattern nothing matches."""
    return re.compile(text or r"(?!)", re.IGNORECASE)
