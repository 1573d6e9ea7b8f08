"""How many access points and clients a wireless controller serves: reads `wireless.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from probes.snmp.values import Value, number

FILE = Path(__file__).with_name("wireless.toml")
_MOST = 2**31 - 1
_COUNTS = ("access_points", "clients")


@dataclass(frozen=True, slots=True)
class Wireless:
    """None: the controller does not say. `mib`: the module by which it says the rest."""

    mib: str
    access_points: int | None
    clients: int | None


@cache
def load(path: Path = FILE) -> tuple[Mapping[str, str], ...]:
    """In the order in which they count. Raises KeyError for a row that is not whole."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["controller"]
    return tuple({key: row[key] for key in ("mib", *_COUNTS, "source", "verified")} for row in rows)


def scalars() -> dict[str, str]:
    """Everything to ask for."""
    return {f"{row['mib']} {count}": row[count] for row in load() for count in _COUNTS}


def wireless(told: Mapping[str, Value]) -> Wireless | None:
    """`told`: of `scalars()`, those that the device has. None when it has nothing of use."""
    for row in load():
        mib = row["mib"]
        points, clients = (_count(told.get(f"{mib} {count}")) for count in _COUNTS)
        if points is not None or clients is not None:
            return Wireless(mib, points, clients)
    return None


def _count(value: Value | None) -> int | None:
    counted = number(value)
    return counted if counted is not None and 0 <= counted <= _MOST else None
