"""Reads what files of targets and of duties have in common: a bound, a share, and whom it binds."""

from __future__ import annotations

from fractions import Fraction

from config.policy import Applies, Operator, Quantity
from config.quantity import SOURCE_UNITS
from config.strict import Table
from probes.model import Better

_OPERATORS = tuple(Operator)


def read_bound(table: Table, quantity: Quantity) -> tuple[Operator, Fraction, str]:
    """Operator, the value in the base unit, and the bound's unit as it is written."""
    operator = read_operator(table, quantity)
    word, factor = read_unit(table, quantity)
    return operator, table.number("value") * factor, word


def read_operator(table: Table, quantity: Quantity) -> Operator:
    """The operator, refused when it praises the wrong direction (不低于 6:1 means `<=`)."""
    chosen = Operator(table.choice("operator", _OPERATORS))
    if quantity.better not in (chosen.better, Better.NEITHER):
        raise table.error(
            "operator",
            f"“{chosen}”与该指标的方向相反（{quantity.better} 为好）",
            f"{chosen!s} goes against the indicator, for which {quantity.better} is better",
        )
    return chosen


def read_unit(table: Table, quantity: Quantity) -> tuple[str, Fraction]:
    word = table.choice("unit", SOURCE_UNITS)
    unit, factor = SOURCE_UNITS[word]
    if unit is not quantity.unit:
        raise table.error(
            "unit",
            f"“{word}”不能换算为该指标的单位 {quantity.unit}",
            f"{word!r} cannot be converted to the indicator's unit {quantity.unit}",
        )
    return word, factor


def read_share(table: Table) -> Fraction:
    share = table.fraction("share")
    if not 0 < share <= 1:
        raise table.error("share", f"{share} 不在 0 与 1 之间", f"{share} is not within 0 and 1")
    return share


def read_applies(top: Table) -> Applies:
    with top.table("applies") as table:
        usual = Applies()
        return Applies(
            adcodes=table.words("adcodes"),
            unit_kinds=frozenset(table.words("unit_kinds", tuple(usual.unit_kinds))),
            type_codes=frozenset(table.words("type_codes", ())),
            not_type_codes=frozenset(table.words("not_type_codes", ())),
            tags=frozenset(table.words("tags", ())),
            include_teaching_points=table.boolean("include_teaching_points"),
        )
