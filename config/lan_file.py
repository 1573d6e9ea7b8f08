"""Reads policies/lan-attacks.toml: what counts as an attack on a school's network, and until when.

A mistake is a PolicyError that names file and key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from config.policy_folder import POLICY_FOLDER, PolicyFolder, name_of
from config.strict import Table, read_toml, refuse_twins, revision_of
from config.threshold import Grounds
from config.threshold_file import read_duration, read_grounds
from probes.text import Text

FILE = "lan-attacks.toml"
STATES = ("degraded", "down")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One kind of attack or fault.

    Attributes:
        state: `degraded` or `down`.
        hold: it is over when it was not seen for so long.
        limits: name -> number, times in seconds.
    """

    id: str
    title: Text
    state: str
    hold: timedelta
    why: Text
    limits: Mapping[str, Fraction]
    grounds: Grounds
    revision: str


@dataclass(frozen=True, slots=True)
class Lookups:
    """How often the collector looks names up itself, and how long an answer counts."""

    every: timedelta
    remember: timedelta


@dataclass(frozen=True, slots=True)
class LanPolicy:
    """The file.

    Attributes:
        attacks: by id.
        windows: by probe.
        settle: after this a newcomer without any sign of an attack is the school's own.
    """

    attacks: Mapping[str, Attack]
    windows: Mapping[str, timedelta]
    lookups: Lookups
    settle: timedelta


def load_lan_policy(folder: PolicyFolder = POLICY_FOLDER) -> LanPolicy:
    path = folder / FILE
    with Table(read_toml(path), name_of(path)) as top:
        with top.table("window") as table:
            windows = {probe: read_duration(table, probe, least=1) for probe in table.names()}
        with top.table("lookups") as table:
            lookups = Lookups(
                read_duration(table, "every", least=1), read_duration(table, "remember")
            )
        with top.table("learn") as table:
            settle = read_duration(table, "settle")
        attacks = [_attack(table) for table in top.tables("attack")]
        refuse_twins(
            (attack.id for attack in attacks),
            lambda twin: Text(f"{FILE}：{twin} 出现两次。", f"{FILE}: {twin} is there twice."),
        )
        return LanPolicy({a.id: a for a in attacks}, windows, lookups, settle)


def _attack(top: Table) -> Attack:
    with top as table:
        limits = table.table("limits")
        return Attack(
            id=table.text("id"),
            title=table.bilingual("title"),
            state=table.choice("state", STATES),
            hold=read_duration(table, "hold", least=1),
            why=table.bilingual("why"),
            limits={name: _limit(limits, name) for name in sorted(limits.names())},
            grounds=read_grounds(table),
            revision=revision_of(table.plain()),
        )


def _limit(limits: Table, name: str) -> Fraction:
    """A number, or a time in seconds."""
    if limits.is_text(name):
        return Fraction(read_duration(limits, name).total_seconds())
    return limits.number(name)
