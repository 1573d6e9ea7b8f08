"""How what was read of one part of a posture instrument becomes readings of it.

Topic packages know files, registry keys and names of metrics; the instruments know the metrics.
"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from probes.model import Metric, ProbeError, Reading
from probes.posture import NONE, known, unknown


@dataclass(frozen=True, slots=True)
class Facts:
    """What a source told of one part.

    Attributes:
        values: name of a metric -> its value; None = it could not be learned.
        missing: why not, a reason of the instrument or a common one.
    """

    source: str
    values: Mapping[str, float | None]
    missing: str = "unreadable"


def look_at(
    measures: Sequence[Metric], part: str, look: Callable[[], Facts], **labels: str
) -> list[Reading]:
    """What `look` tells of `part`; a value that it could not learn is a reading that says why."""
    try:
        facts = look()
    except (ProbeError, OSError, ValueError) as exc:
        return [unknown(part, _why(exc), **labels)]
    return of_facts(measures, part, facts, **labels)


async def look_here(
    measures: Sequence[Metric], part: str, package: str, root: Path
) -> list[Reading]:
    """The same of what `read()` of the package's `windows`, or `read(root)` of its `linux` tells.

    Only the one for this system is loaded.
    """
    try:
        facts = await _read(package, root)
    except (ProbeError, OSError, ValueError) as exc:
        return [unknown(part, _why(exc))]
    return of_facts(measures, part, facts)


async def _read(package: str, root: Path) -> Facts:
    system = platform.system()
    if system not in ("Linux", "Windows"):
        raise ProbeError("unsupported_system")
    module: Any = import_module(f"{package}.{system.lower()}")
    facts: Facts = (
        await module.read(root) if system == "Linux" else await asyncio.to_thread(module.read)
    )
    return facts


def _why(exc: Exception) -> str:
    match exc:
        case ProbeError():
            return exc.reason
        case PermissionError():
            return "no_privilege"
        case FileNotFoundError():
            return "no_source"
    return "unreadable"


def of_facts(measures: Sequence[Metric], part: str, facts: Facts, **labels: str) -> list[Reading]:
    by_name = {metric.name: metric for metric in measures}
    learned = {by_name[n]: float(v) for n, v in facts.values.items() if v is not None}
    found = [known(part, facts.source, learned, **labels)] if learned else []
    if len(learned) < len(facts.values):
        found.append(unknown(part, facts.missing, facts.source or NONE, **labels))
    return found
