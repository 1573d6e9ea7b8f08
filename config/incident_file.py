"""Reads policies/incidents.toml: how flips become incidents. A mistake is a PolicyError."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from config.policy_folder import POLICY_FOLDER, PolicyFolder, name_of
from config.strict import Table, read_toml
from config.threshold_file import read_duration
from probes.model import Role
from probes.text import Text

FILE = "incidents.toml"


@dataclass(frozen=True, slots=True)
class Uplink:
    """When the silence of many schools is one cause on the collector's side."""

    least: int
    share: Fraction
    within: timedelta

    def suspects(self, silent: int, expected: int) -> bool:
        """Whether so many silent schools, of all that should not be, are one cause."""
        return silent >= self.least and silent >= self.share * expected


@dataclass(frozen=True, slots=True)
class IncidentRules:
    """The file.

    Attributes:
        settle: how long all of an incident must have been back before it is over.
        contact_roles: a school has to have an agent of such a role for its silence to count.
        contact_wait: how long a message about a silent school waits.
        cause_of: threshold -> cause, where it is not a cause of its own.
        titles: of the causes that are named in the file.
    """

    settle: timedelta
    contact_roles: frozenset[Role]
    contact_wait: timedelta
    uplink: Uplink
    cause_of: Mapping[str, str]
    titles: Mapping[str, Text]

    def cause(self, threshold: str) -> str:
        return self.cause_of.get(threshold, threshold)


def load_incident_rules(
    thresholds: Collection[str], folder: PolicyFolder = POLICY_FOLDER
) -> IncidentRules:
    """`thresholds` are all that may flip; a cause that names another is a PolicyError."""
    path = folder / FILE
    with Table(read_toml(path), name_of(path)) as top:
        with top.table("contact") as contact:
            roles = frozenset(_role(contact, word) for word in contact.words("roles"))
            wait = read_duration(contact, "wait")
        with top.table("uplink") as table:
            share = table.fraction("share")
            if not 0 < share <= 1:
                raise table.error("share", f"{share} 应大于 0，至多 1", f"{share} is not in (0, 1]")
            uplink = Uplink(_least(table), share, read_duration(table, "within"))
        cause_of: dict[str, str] = {}
        titles: dict[str, Text] = {}
        for table in top.tables("cause", optional=True):
            _read_cause(table, thresholds, cause_of, titles)
        return IncidentRules(read_duration(top, "settle"), roles, wait, uplink, cause_of, titles)


def _read_cause(
    top: Table, thresholds: Collection[str], cause_of: dict[str, str], titles: dict[str, Text]
) -> None:
    with top as table:
        cause = table.text("id")
        if cause in titles or cause in thresholds:
            raise table.error("id", f"“{cause}”已经有了", f"there is another {cause!r}")
        titles[cause] = table.bilingual("title")
        for name in table.words("thresholds"):
            if name not in thresholds:
                known = ", ".join(sorted(thresholds))
                raise table.error(
                    "thresholds",
                    f"没有阈值“{name}”；可用的有：{known}",
                    f"there is no threshold {name!r}; known: {known}",
                )
            if name in cause_of:
                raise table.error(
                    "thresholds", f"“{name}”属于两个原因", f"{name!r} belongs to two causes"
                )
            cause_of[name] = cause


def _least(table: Table) -> int:
    least = table.integer("least")
    if least < 2:
        raise table.error("least", f"{least} 应至少为 2", f"{least} should be 2 or more")
    return least


def _role(table: Table, word: str) -> Role:
    if word not in set(Role):
        known = ", ".join(Role)
        raise table.error("roles", f"“{word}”不是 {known}", f"{word!r} is not one of {known}")
    return Role(word)
