"""Reads policies/lines.toml, and the demand on measured bandwidth that target files make as well.

A wrong key, unit or number is a PolicyError that names file and key.
"""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from config.policy import ORIGINS, Delivery, LinePolicy, Wired
from config.policy_folder import PolicyFolder, name_of
from config.quantity import SOURCE_UNITS
from config.strict import Table, read_toml, revision_of
from probes.model import Unit

FILE = "lines.toml"
LONGEST_STRETCH = 60


def load_lines(folder: PolicyFolder) -> LinePolicy:
    """Without a file, a line has to bring its whole contract, and every speed is sold."""
    path = folder / FILE
    if not path.exists():
        return LinePolicy()
    data = read_toml(path)
    with Table(data, name_of(path)) as top:
        delivery = read_delivery(top)
        with top.table("coverage") as coverage:
            lessons = coverage.fraction("lessons")
            origin = coverage.choice("origin", ORIGINS)
        offers = _offers(top)
        wired = _wired(top) if top.has("wired") else None
        return LinePolicy(delivery, offers, lessons, origin, revision_of(data), wired)


def read_delivery(top: Table) -> Delivery:
    """The table `delivery`."""
    with top.table("delivery") as table:
        return Delivery(
            tolerance=table.fraction("tolerance") if table.has("tolerance") else Fraction(1),
            minimum_readings=table.integer("minimum_readings"),
            minimum_days=table.integer("minimum_days"),
            origin=table.choice("origin", ORIGINS),
            minimum_coverage=table.fraction("minimum_coverage")
            if table.has("minimum_coverage")
            else Fraction(0),
        )


def _wired(top: Table) -> Wired:
    with top.table("wired") as table:
        minutes = table.integer("stretch_minutes")
        if not 1 <= minutes <= LONGEST_STRETCH:
            raise table.error(
                "stretch_minutes",
                f"{minutes} 超出 1 至 {LONGEST_STRETCH} 分钟",
                f"{minutes} is outside 1 to {LONGEST_STRETCH} minutes",
            )
        with table.table("hops") as hops:
            speeds = _speeds(hops)
            low, high = float(hops.fraction("from")), float(hops.fraction("to"))
            if not 0 < low < high <= 1:
                raise hops.error("to", "应大于 from，且不超过 1", "above `from`, and at most 1")
        return Wired(
            stretch=timedelta(minutes=minutes),
            above=float(table.fraction("above")),
            carried=float(table.fraction("carried")),
            hops=speeds,
            hop_from=low,
            hop_to=high,
            origin=table.choice("origin", ORIGINS),
        )


def _offers(top: Table) -> tuple[int, ...]:
    with top.table("offers") as table:
        return _speeds(table)


def _speeds(table: Table) -> tuple[int, ...]:
    """In bits a second, the slowest first."""
    word = table.choice("unit", SOURCE_UNITS)
    unit, factor = SOURCE_UNITS[word]
    speeds = table.items("speeds")
    if unit is not Unit.BITS_PER_SECOND:
        raise table.error("unit", f"“{word}”不是速率", f"{word!r} is no rate")
    if not all(type(speed) is int and speed > 0 for speed in speeds):
        raise table.error("speeds", "应为正整数的列表", "a list of whole numbers above 0 is wanted")
    return tuple(sorted({int(speed * factor) for speed in speeds}))
