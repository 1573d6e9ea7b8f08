"""Reads policies/target-*.toml and duty-*.toml; a wrong key, unit or name is a PolicyError.

Values are converted from the unit of their source to base units here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import cast

from config.platform_file import load_platforms
from config.policy import (
    ALL_AREAS,
    SCOPE_DIGITS,
    Applies,
    Citation,
    Delivery,
    Duty,
    Operator,
    Origin,
    Policies,
    Quantity,
    Scope,
    TargetValue,
    Verification,
)
from config.quantity import SOURCE_UNITS
from config.remote_class_file import load_remote_class
from config.strict import Table, read_toml, refuse_twins, revision_of
from probes.model import Unit
from probes.text import Text

POLICY_FOLDER = Path(__file__).parent / "policies"
_ORIGINS = ("plan", "public", "default")
_OPERATORS = tuple(Operator)
_ALL_TITLE = Text("全部学校", "all schools")

Quantities = Mapping[str, Quantity]
"""Indicator name -> what policy must know of it."""


def load_policies(
    targets: Quantities, duties: Quantities, folder: Path = POLICY_FOLDER
) -> Policies:
    """Read every target and duty file of `folder`.

    `targets` and `duties` are the indicators that can judge them. Raises PolicyError naming file
    and key for an unknown key, unit, indicator or operator, and for an id used twice.
    """
    rows: list[TargetValue] = []
    for path in sorted(folder.glob("target-*.toml")):
        rows += _read_targets(path, targets)
    found = [_read_duty(path, duties) for path in sorted(folder.glob("duty-*.toml"))]
    refuse_twins(
        [row.id for row in rows] + [duty.id for duty in found],
        lambda twin: Text(f"编号 {twin} 出现两次。", f"The id {twin} is used twice."),
    )
    revisions = sorted({row.revision for row in rows} | {duty.revision for duty in found})
    platforms, remote = load_platforms(folder), load_remote_class(folder)
    if remote is not None:
        revisions.append(remote.revision)
    # Without platforms the revision is as if there were no such list.
    made_of = [revisions, [str(platform) for platform in platforms]] if platforms else revisions
    return Policies(tuple(rows), tuple(found), revision_of(made_of), platforms, remote)


def _read_targets(path: Path, quantities: Quantities) -> list[TargetValue]:
    data = read_toml(path)
    with Table(data, path.name) as top:
        heading = _Heading(top, quantities, revision_of(data))
        return [_target(row, heading) for row in top.tables("target")]


class _Heading:
    """What all rows of a file have in common."""

    def __init__(self, top: Table, quantities: Quantities, revision: str) -> None:
        self.policy = top.text("id")
        self.title = top.bilingual("title")
        self.indicator, quantity = _indicator(top, quantities)
        self.operator = _operator(top, quantity)
        self.unit_word, self.factor = _unit(top, quantity)
        self.unit = quantity.unit
        self.scope = cast(Scope, top.choice("scope", SCOPE_DIGITS))
        self.cumulative = top.boolean("cumulative")
        self.origin = _origin(top)
        self.applies = _applies(top)
        self.delivery = _delivery(top)
        self.areas = _areas(top)
        self.revision = revision


def _target(table: Table, heading: _Heading) -> TargetValue:
    with table:
        area = table.choice("area", [ALL_AREAS, *heading.areas])
        title, words = heading.areas.get(area, (_ALL_TITLE, frozenset[str]()))
        due, value = table.day("due"), table.number("value")
        return TargetValue(
            id=f"{heading.policy}.{due.year}.{area}",
            policy=heading.policy,
            title=heading.title,
            indicator=heading.indicator,
            operator=heading.operator,
            value=value * heading.factor,
            unit=heading.unit,
            written=f"{float(value):g} {heading.unit_word}",
            area=area,
            area_title=title,
            area_words=words,
            vocabulary=frozenset() if area == ALL_AREAS else _vocabulary(heading),
            share=_share(table),
            share_operator=Operator(table.choice("share_operator", (">=", ">"), ">=")),
            due=due,
            cumulative=heading.cumulative,
            scope=heading.scope,
            applies=heading.applies,
            origin=heading.origin,
            clause=table.text("clause"),
            quote=table.text("quote"),
            delivery=heading.delivery,
            revision=heading.revision,
        )


def _vocabulary(heading: _Heading) -> frozenset[str]:
    return frozenset().union(*(words for _, words in heading.areas.values()))


def _share(table: Table) -> Fraction:
    share = table.fraction("share")
    if not 0 < share <= 1:
        raise table.error("share", f"{share} 不在 0 与 1 之间", f"{share} is not within 0 and 1")
    return share


def _indicator(table: Table, quantities: Quantities) -> tuple[str, Quantity]:
    name = table.choice("indicator", sorted(quantities))
    return name, quantities[name]


def _operator(table: Table, quantity: Quantity) -> Operator:
    """The operator, refused when it praises the wrong direction (不低于 6:1 means `<=`)."""
    chosen = Operator(table.choice("operator", _OPERATORS))
    if chosen.better is not quantity.better:
        raise table.error(
            "operator",
            f"“{chosen}”与该指标的方向相反（{quantity.better} 为好）",
            f"{chosen!s} goes against the indicator, for which {quantity.better} is better",
        )
    return chosen


def _unit(table: Table, quantity: Quantity) -> tuple[str, Fraction]:
    word = table.choice("unit", SOURCE_UNITS)
    unit, factor = SOURCE_UNITS[word]
    if unit is not quantity.unit:
        raise table.error(
            "unit",
            f"“{word}”不能换算为该指标的单位 {quantity.unit}",
            f"{word!r} cannot be converted to the indicator's unit {quantity.unit}",
        )
    return word, factor


def _origin(top: Table) -> Origin:
    with top.table("origin") as table:
        kind = table.choice("kind", _ORIGINS)
        verified = table.choice("verified", ("", *Verification), "")
        return Origin(
            kind=kind,
            document=table.text("document"),
            note=table.bilingual("note") if table.has("note") else None,
            verified=Verification(verified) if verified else None,
            value_origin=top.choice("value_origin", _ORIGINS, kind),
        )


def _applies(top: Table) -> Applies:
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


def _delivery(top: Table) -> Delivery:
    with top.table("delivery") as table:
        return Delivery(
            tolerance=table.fraction("tolerance") if table.has("tolerance") else Fraction(1),
            minimum_readings=table.integer("minimum_readings"),
            minimum_days=table.integer("minimum_days"),
            origin=table.choice("origin", _ORIGINS),
            minimum_coverage=table.fraction("minimum_coverage")
            if table.has("minimum_coverage")
            else Fraction(0),
        )


def _areas(top: Table) -> dict[str, tuple[Text, frozenset[str]]]:
    areas = {}
    for name, table in top.named_tables("areas").items():
        with table:
            areas[name] = (table.bilingual("title"), frozenset(table.words("words")))
    return areas


def _read_duty(path: Path, quantities: Quantities) -> Duty:
    data = read_toml(path)
    with Table(data, path.name) as top:
        indicator, quantity = _indicator(top, quantities)
        operator = _operator(top, quantity)
        factor = _unit(top, quantity)[1]
        return Duty(
            id=top.text("id"),
            title=top.bilingual("title"),
            indicator=indicator,
            operator=operator,
            value=top.number("value") * factor,
            unit=Unit(quantity.unit),
            value_origin=top.choice("value_origin", _ORIGINS),
            evidence=top.choice("evidence", ("automatic", "attested", "both")),
            agent_roles=top.roles("agent_roles"),
            fresh_school_days=top.integer("fresh_school_days"),
            levels=_levels(top),
            role=top.bilingual("role"),
            cadence=top.bilingual("cadence"),
            why=top.bilingual("why"),
            remedy=top.bilingual("remedy"),
            citations=tuple(_citation(row) for row in top.tables("citation")),
            applies=_applies(top),
            revision=revision_of(data),
        )


def _levels(table: Table) -> frozenset[int]:
    levels = frozenset(table.items("levels"))
    if not levels or not levels <= {1, 2, 3, 4}:
        raise table.error("levels", "应为等级保护级别的列表", "protection levels are wanted")
    return levels


def _citation(table: Table) -> Citation:
    with table:
        return Citation(
            document=table.text("document"),
            article=table.text("article"),
            quote=table.text("quote", ""),
            in_force_from=table.day_or_none("in_force_from"),
            in_force_until=table.day_or_none("in_force_until"),
            levels=_levels(table),
            verified=Verification(table.choice("verified", tuple(Verification))),
            note=table.bilingual("note") if table.has("note") else None,
        )
