"""Reads policies/lines.toml, and the demand on measured bandwidth that target files make as well.

A wrong key, unit or number is a PolicyError that names file and key.
"""

from __future__ import annotations

from fractions import Fraction

from config.policy import ORIGINS, Delivery, LinePolicy
from config.policy_folder import PolicyFolder, name_of
from config.quantity import SOURCE_UNITS
from config.strict import Table, read_toml, revision_of
from probes.model import Unit

FILE = "lines.toml"


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
        return LinePolicy(delivery, _offers(top), lessons, origin, revision_of(data))


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


def _offers(top: Table) -> tuple[int, ...]:
    """In bits a second, the slowest first."""
    with top.table("offers") as table:
        word = table.choice("unit", SOURCE_UNITS)
        unit, factor = SOURCE_UNITS[word]
        speeds = table.items("speeds")
        if unit is not Unit.BITS_PER_SECOND:
            raise table.error("unit", f"“{word}”不是速率", f"{word!r} is no rate")
        if not all(type(speed) is int and speed > 0 for speed in speeds):
            raise table.error(
                "speeds", "应为正整数的列表", "a list of whole numbers above 0 is wanted"
            )
        return tuple(sorted({int(speed * factor) for speed in speeds}))
