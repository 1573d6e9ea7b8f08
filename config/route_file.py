"""Reads policies/routes.toml: who is told of which incidents. A mistake is a PolicyError.

Channels are only named here; what leads to them is secret and stands elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from config.policy_folder import POLICY_FOLDER, PolicyFolder, name_of
from config.strict import PolicyError, Table, read_toml
from probes.text import Language, Text

FILE = "routes.toml"
ATTEST_DUE = "attest_due"
"""As the cause, of reminders of what is to be signed; they have no severity."""
SEVERITIES = ("degraded", "down", "unknown")
_ADCODE = re.compile(r"\d{2,6}")
_SCHOOL = re.compile(r"\d{10}")


@dataclass(frozen=True, slots=True)
class Route:
    """One `[[route]]`; what is empty asks for nothing.

    Attributes:
        areas: how the adcode of a school begins.
    """

    id: str
    channels: tuple[str, ...]
    language: Language
    severities: frozenset[str] = frozenset()
    causes: frozenset[str] = frozenset()
    areas: tuple[str, ...] = ()
    schools: frozenset[str] = frozenset()

    def takes(self, severity: str, cause: str, school: str, adcode: str) -> bool:
        """`school` and `adcode` are empty for an incident of the collector itself."""
        return (
            (not self.severities or severity in self.severities)
            and (not self.causes or cause in self.causes)
            and (not self.areas or adcode.startswith(self.areas))
            and (not self.schools or school in self.schools)
        )


def channels_for(
    routes: Sequence[Route], severity: str, cause: str, school: str, adcode: str
) -> dict[str, Language]:
    """The channels that are told, each once, in the language of the first route that names it."""
    found: dict[str, Language] = {}
    for route in routes:
        if route.takes(severity, cause, school, adcode):
            for channel in route.channels:
                found.setdefault(channel, route.language)
    return found


def load_routes(causes: Collection[str], folder: PolicyFolder = POLICY_FOLDER) -> tuple[Route, ...]:
    """`causes` are all that incidents may have; a route that names another is a PolicyError."""
    path = folder / FILE
    known = {*causes, ATTEST_DUE}
    with Table(read_toml(path), name_of(path)) as top:
        routes = tuple(_read(table, known) for table in top.tables("route", optional=True))
    ids = [route.id for route in routes]
    for twin in sorted({i for i in ids if ids.count(i) > 1}):
        raise PolicyError(
            Text(f"{FILE}：路由 {twin} 出现两次。", f"{FILE}: the route {twin} is there twice.")
        )
    return routes


def _read(top: Table, causes: Collection[str]) -> Route:
    with top as table:
        route = Route(
            id=table.text("id"),
            channels=table.words("channels"),
            language=Language(table.choice("language", tuple(Language), Language.ZH)),
            severities=_known(table, "severity", SEVERITIES),
            causes=_known(table, "causes", causes),
            areas=tuple(_shaped(table, "areas", _ADCODE, "3401")),
            schools=frozenset(_shaped(table, "schools", _SCHOOL, "9934000001")),
        )
        if not route.channels:
            raise table.error("channels", "至少要有一个渠道", "at least one channel is wanted")
        return route


def _known(table: Table, key: str, known: Collection[str]) -> frozenset[str]:
    words = table.words(key, ())
    for word in words:
        if word not in known:
            there = ", ".join(sorted(known))
            raise table.error(
                key,
                f"“{word}”不在可用值 {there} 之中",
                f"{word!r} is not one of {there}",
            )
    return frozenset(words)


def _shaped(table: Table, key: str, shape: re.Pattern[str], example: str) -> Sequence[str]:
    words = table.words(key, ())
    for word in words:
        if not shape.fullmatch(word):
            raise table.error(key, f"“{word}”应写成 {example}", f"{word!r} is not like {example}")
    return words
