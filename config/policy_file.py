"""Reads policies/target-*.toml, and all policies together; a wrong key or name is a PolicyError.

Values are converted from the unit of their source to base units here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import cast

from config.counting_file import load_counting
from config.demand_file import read_applies, read_operator, read_share, read_unit
from config.duty_file import Known, load_duties
from config.line_file import load_lines, read_delivery
from config.platform_file import load_platforms
from config.policy import (
    ALL_AREAS,
    AREA_FACTS,
    ORIGINS,
    SCOPE_DIGITS,
    AreaFact,
    Delivery,
    Operator,
    Origin,
    Policies,
    Quantity,
    Scope,
    TargetValue,
    Verification,
)
from config.policy_folder import POLICY_FOLDER, PolicyFolder, name_of
from config.remote_class_file import load_remote_class
from config.strict import Table, read_toml, refuse_twins, revision_of
from probes.model import Unit
from probes.text import Text

NOTHING_MEASURED = Delivery(Fraction(1), 0, 0, "default")
"""Of a file without the table `delivery`: what it asks is not a matter of readings."""
_ALL_TITLE = Text("全部学校", "all schools")

Quantities = Mapping[str, Quantity]
"""Indicator name -> what policy must know of it."""


def load_policies(
    targets: Quantities, known: Known, folder: PolicyFolder = POLICY_FOLDER
) -> Policies:
    """Read every policy file of `folder`.

    `targets` are the indicators that can judge targets, `known` is what duties may name. Raises
    PolicyError naming file and key for an unknown key, unit, indicator or operator, and for an id
    used twice.
    """
    rows: list[TargetValue] = []
    files: list[tuple[str, str]] = []
    for path in _sorted(folder.glob("target-*.toml")):
        read = _read_targets(path, targets)
        rows += read
        files += [(row.id, name_of(path)) for row in read]
    duties = load_duties(folder, known)
    files += [(duty.id, name) for duty, name in duties]
    refuse_twins((id for id, _ in files), lambda twin: _twice(twin, files))
    owed = tuple(duty for duty, _ in duties)
    revisions = sorted({row.revision for row in rows} | {duty.revision for duty in owed})
    platforms, remote = load_platforms(folder), load_remote_class(folder)
    lines, counting = load_lines(folder), load_counting(folder)
    if remote is not None:
        revisions.append(remote.revision)
    made_of = [revisions, [str(platform) for platform in platforms], lines.revision]
    made_of.append(counting.revision)
    revision = revision_of(made_of)
    return Policies(tuple(rows), owed, revision, platforms, lines, remote, counting)


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
        self.operator = read_operator(top, quantity)
        self.unit_word, self.factor = read_unit(top, quantity)
        self.unit = quantity.unit
        self.scope = cast(Scope, top.choice("scope", SCOPE_DIGITS))
        self.cumulative = top.boolean("cumulative")
        self.origin = _origin(top)
        self.applies = read_applies(top)
        self.delivery = read_delivery(top) if top.has("delivery") else NOTHING_MEASURED
        self.area_fact = cast(AreaFact, top.choice("area_fact", AREA_FACTS, "policy_area"))
        self.outside = top.words("outside", ())
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
            written=_written(value, heading),
            area=area,
            area_title=title,
            area_words=words,
            vocabulary=frozenset() if area == ALL_AREAS else _vocabulary(heading),
            share=read_share(table),
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
            area_fact=heading.area_fact,
        )


def _written(value: Fraction, heading: _Heading) -> str:
    """`10 Mbit/s`, `8.5:1`, `是 yes`."""
    if heading.unit is Unit.BOOLEAN:
        return "是 yes" if value else "否 no"
    apart = "" if heading.unit_word.startswith(":") else " "
    return f"{float(value):g}{apart}{heading.unit_word}"


def _vocabulary(heading: _Heading) -> frozenset[str]:
    """Every area word that the file knows, also those that none of its areas has."""
    return frozenset(heading.outside).union(*(words for _, words in heading.areas.values()))


def _indicator(table: Table, quantities: Quantities) -> tuple[str, Quantity]:
    name = table.choice("indicator", sorted(quantities))
    return name, quantities[name]


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


def _areas(top: Table) -> dict[str, tuple[Text, frozenset[str]]]:
    areas = {}
    for name, table in top.named_tables("areas").items():
        with table:
            areas[name] = (table.bilingual("title"), frozenset(table.words("words")))
    return areas
