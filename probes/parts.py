"""How what was read of one part of a posture instrument becomes readings of it.

Topic packages know files, registry keys and names of metrics; the instruments know the metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

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
    except ProbeError as exc:
        return [unknown(part, exc.reason, **labels)]
    except PermissionError:
        return [unknown(part, "no_privilege", **labels)]
    except FileNotFoundError:
        return [unknown(part, "no_source", **labels)]
    except (OSError, ValueError):
        return [unknown(part, "unreadable", **labels)]
    return of_facts(measures, part, facts, **labels)


def of_facts(measures: Sequence[Metric], part: str, facts: Facts, **labels: str) -> list[Reading]:
    by_name = {metric.name: metric for metric in measures}
    learned = {by_name[n]: float(v) for n, v in facts.values.items() if v is not None}
    found = [known(part, facts.source, learned, **labels)] if learned else []
    if len(learned) < len(facts.values):
        found.append(unknown(part, facts.missing, facts.source or NONE, **labels))
    return found
