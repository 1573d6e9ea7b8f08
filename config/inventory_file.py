"""How long the inventory keeps what, and by what it guesses kinds: policies/inventory.toml."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from config.policy_folder import POLICY_FOLDER, PolicyFolder, name_of
from config.strict import Table, read_toml
from probes.text import Text

FILE = "inventory.toml"
KINDS = (
    *("gateway", "switch", "access_point", "pc", "tablet", "server", "smart_board", "projector"),
    *("printer", "camera", "recorder", "codec", "phone", "ups"),
)
"""What a rule may guess: every kind of device but `unknown`."""
FEWEST_BEGUN = 8
"""Arcs of an object identifier that name a maker, `1.3.6.1.4.1.` and its number, with the dot."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What speaks for a kind: the beginnings of an object identifier, patterns of a name in lower
    case, or parts of a maker's name in lower case. `title` is what to call it."""

    marks: tuple[str, ...]
    kind: str
    title: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryPolicy:
    """The file; the names are its keys. Hints are in order of the file."""

    keep: timedelta
    phones: timedelta
    visitors: timedelta
    claim: timedelta
    move: timedelta
    missing: timedelta
    switch_addresses: int
    objects: tuple[Hint, ...]
    names: tuple[Hint, ...]
    makers: tuple[Hint, ...]


def load_inventory_policy(folder: PolicyFolder = POLICY_FOLDER) -> InventoryPolicy:
    """Raises PolicyError naming file and key."""
    path = folder / FILE
    with Table(read_toml(path), name_of(path)) as top:
        return InventoryPolicy(
            keep=_days(top, "keep_days"),
            phones=_days(top, "phone_days"),
            visitors=_days(top, "visitor_days"),
            claim=_days(top, "claim_days"),
            move=_days(top, "move_days"),
            missing=_days(top, "missing_days"),
            switch_addresses=_switch_addresses(top),
            objects=tuple(_object(table) for table in top.tables("object", optional=True)),
            names=tuple(_name(table) for table in top.tables("name", optional=True)),
            makers=tuple(_maker(table) for table in top.tables("maker", optional=True)),
        )


def _days(top: Table, key: str) -> timedelta:
    days = top.integer(key)
    if not 1 <= days <= 3650:
        raise top.error(key, f"{days} 应为 1 至 3650", f"{days} should be 1 to 3650")
    return timedelta(days=days)


def _switch_addresses(top: Table) -> int:
    number = top.integer("switch_addresses")
    if not 1 <= number <= 1024:
        raise top.error(
            "switch_addresses", f"{number} 应为 1 至 1024", f"{number} should be 1 to 1024"
        )
    return number


def _object(top: Table) -> Hint:
    with top as table:
        begins = table.text("begins")
        if len(begins.split(".")) < FEWEST_BEGUN or not begins.replace(".", "").isdigit():
            raise table.error(
                "begins",
                f"“{begins}”应像 1.3.6.1.4.1.318. 这样",
                f"{begins!r} is not like 1.3.6.1.4.1.318.",
            )
        return Hint((begins,), table.choice("kind", KINDS), table.bilingual("title"))


def _name(top: Table) -> Hint:
    with top as table:
        return Hint(_marks(table, "like"), table.choice("kind", KINDS), Text("", ""))


def _maker(top: Table) -> Hint:
    with top as table:
        return Hint(_marks(table, "holds"), table.choice("kind", KINDS), table.bilingual("title"))


def _marks(table: Table, key: str) -> tuple[str, ...]:
    marks = tuple(mark.lower() for mark in table.words(key))
    if not marks or any(len(mark.strip("*?")) < 2 for mark in marks):
        raise table.error(
            key,
            f"{list(marks)} 应为至少两个字的文字",
            f"{list(marks)} should be words of two letters or more",
        )
    return marks
