"""What a schedule leaves open, because only the collector itself knows it.

`$name` in schedule.toml stands for a fact of this collector. A task that needs a fact which it has
not is left out: nothing is asked of an agent that cannot be answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from config.loopback import is_loopback
from probes.net import is_literal
from probes.wire import Task

MARK = "$"
EXAMPLES: Mapping[str, Any] = {
    "canary_domain": "invalid",
    "canary_names": ["collector.example"],
    "collector_name": "collector.example",
    "collector_tls": True,
    "filter_pages": [{"category": "open", "name": "filter-test.example"}],
    "measure_port": 8423,
    "reflector_key": f"0:{0:032x}",
    "reflector_port": 8422,
}
"""Every fact there can be, with a value of its kind, by which a schedule is checked."""


@dataclass(frozen=True, slots=True)
class Blanks:
    """The facts that a task waits for: its port's, and by name those of its probe's settings."""

    port: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def facts(self) -> set[str]:
        return {*self.settings.values(), *([self.port] if self.port else [])}


def facts_of(public_url: str, reflector_port: int, measure_port: int = 0) -> dict[str, Any]:
    """Facts that do not change while a collector runs; absent are those that it has not."""
    url = urlsplit(public_url)
    name = url.hostname or ""
    found: dict[str, Any] = {"collector_tls": url.scheme == "https"}
    if name and not is_literal(name) and not is_loopback(name):
        found["collector_name"] = name
    if reflector_port:
        found["reflector_port"] = reflector_port
    if measure_port:
        found["measure_port"] = measure_port
    return found


def blanks_of(row: Mapping[str, Any]) -> Blanks:
    """Of a task as it is written."""
    settings = row.get("settings")
    named = settings.items() if isinstance(settings, dict) else ()
    return Blanks(
        _fact(row.get("port")), {key: fact for key, value in named if (fact := _fact(value))}
    )


def _fact(value: object) -> str:
    """Empty for a value that is a plain one."""
    return value[len(MARK) :] if isinstance(value, str) and value.startswith(MARK) else ""


def fill(task: Task, blanks: Blanks, facts: Mapping[str, Any]) -> Task | None:
    """The task with its blanks filled in; None if a fact is missing."""
    if not blanks.facts <= facts.keys():
        return None
    settings = {key: facts[fact] for key, fact in blanks.settings.items()}
    return msgspec.structs.replace(
        task,
        port=facts[blanks.port] if blanks.port else task.port,
        settings={**task.settings, **settings},
    )
