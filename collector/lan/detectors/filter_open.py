"""The content filter lets through what it should block.

It rests on canary names, made for testing, that agents try to reach. Only machines that are surely
at school count, and several of them: a laptop at home has no filter, and one PC may be exempt.
"""

from __future__ import annotations

from collections.abc import Iterable

from collector.lan.detector import Detector
from collector.lan.facts import BLOCKED, OPEN, Sighting
from collector.lan.look import Finding, Look, by_subject
from probes.text import Text


class FilterOpen(Detector):
    id = "filter_open"
    rests_on = ("content_filter", "gateway_mac")
    limits = frozenset({"agents", "runs"})

    def find(self, look: Look) -> Iterable[Finding]:
        through = [s for s in look.facts.that(BLOCKED) if _is_through(s, look)]
        for category, sightings in sorted(by_subject(through, "category").items()):
            here = look.at_school(sightings)
            own = tuple(s for s in sightings if s.agent in here)
            if not own or not _is_enough(here, look):
                continue
            names = ", ".join(sorted({s["name"] for s in own}))
            ground = Text(f"应被拦截的 {names} 可以打开", f"{names} should be blocked and is not")
            yield Finding(subject=category, ground=ground, sightings=own)


def _is_through(sighting: Sighting, look: Look) -> bool:
    """In every run; names that must never be blocked only show that the internet is there."""
    every = sighting.value < 1 and sighting.n >= look.limit("runs")
    return every and sighting["category"] != OPEN


def _is_enough(here: list[str], look: Look) -> bool:
    fixed = any(map(look.is_fixed, here))
    return fixed or len(here) >= look.limit("agents")
