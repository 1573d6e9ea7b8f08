"""Reads policies/target-*.toml and duty-*.toml; a wrong key, unit or name is a PolicyError.

Values are converted from the unit of their source to base units here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import cast

from config.line_file import load_lines, read_delivery
from config.platform_file import load_platforms
from config.policy import (
    ALL_AREAS,
    ORIGINS,
    SCOPE_DIGITS,
    Applies,
    Citation,
    Duty,
    Operator,
    Origin,
    Policies,
    Quantity,
    Scope,
    TargetValue,
    Verification,
)
from config.policy_folder import POLICY_FOLDER, PolicyFolder, name_of
from config.quantity import SOURCE_UNITS
from config.remote_class_file import load_remote_class
from config.strict import Table, read_toml, refuse_twins, revision_of
from probes.model import Unit
from probes.text import Text

_OPERATORS = tuple(Operator)
_ALL_TITLE = Text("全部学校", "all schools")

Quantities = Mapping[str, Quantity]
"""Indicator name -> what policy must know of it."""


def load_policies(
    targets: Quantities, duties: Quantities, folder: PolicyFolder = POLICY_FOLDER
) -> Policies:
    """Read every target and duty file of `folder`.

    `targets` and `duties` are the indicators that can judge them. Raises PolicyError naming file
    and key for an unknown key, unit, indicator or operator, and for an id used twice.
    """
    rows: list[TargetValue] = []
    files: list[tuple[str, str]] = []
    for path in _sorted(folder.glob("target-*.toml")):
        read = _read_targets(path, targets)
        rows += read
        files += [(row.id, name_of(path)) for row in read]
    found: list[Duty] = []
    for path in _sorted(folder.glob("duty-*.toml")):
        found.append(_read_duty(path, duties))
        files.append((found[-1].id, name_of(path)))
    refuse_twins((id for id, _ in files), lambda twin: _twice(twin, files))
    revisions = sorted({row.revision for row in rows} | {duty.revision for duty in found})
    platforms, remote = load_platforms(folder), load_remote_class(folder)
    lines = load_lines(folder)
    if remote is not None:
        revisions.append(remote.revision)
    made_of = [revisions, [str(platform) for platform in platforms], lines.revision]
    return Policies(tuple(rows), tuple(found), revision_of(made_of), platforms, lines, remote)


def _twice(twin: str, files: Iterable[tuple[str, str]]) -> Text:
    names = sorted({name for id, name in files if id == twin})
    return Text(
        f"编号 {twin} 出现两次：{'、'.join(names)}。",
        f"The id {twin} is used twice: {', '.join(names)}.",
    )


def _sorted(paths: Iterable[Path]) -> list[Path]:
    """By name, whichever folder they are in."""
    return sorted(paths, key=lambda path: path.name)


def _read_targets(path: Path, quantities: Quantities) -> list[TargetValue]:
    data = read_toml(path)
    with Table(data, name_of(path)) as top:
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
        self.delivery = read_delivery(top)
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
        kind = table.choice("kind", ORIGINS)
        verified = table.choice("verified", ("", *Verification), "")
        return Origin(
            kind=kind,
            document=table.text("document"),
            note=table.bilingual("note") if table.has("note") else None,
            verified=Verification(verified) if verified else None,
            value_origin=top.choice("value_origin", ORIGINS, kind),
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


def _areas(top: Table) -> dict[str, tuple[Text, frozenset[str]]]:
    areas = {}
    for name, table in top.named_tables("areas").items():
        with table:
            areas[name] = (table.bilingual("title"), frozenset(table.words("words")))
    return areas


def _read_duty(path: Path, quantities: Quantities) -> Duty:
    data = read_toml(path)
    with Table(data, name_of(path)) as top:
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
            value_origin=top.choice("value_origin", ORIGINS),
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
