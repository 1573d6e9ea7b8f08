"""Words and figures about how gear answered in lessons."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from collector.judge.gear import Answered
from collector.judge.model import Figure
from collector.judge.scene import Scene
from collector.register.model import School
from config.quantity import show_both
from probes.model import Unit
from probes.text import Text

Group = tuple[Text, Sequence[Answered]]
"""What a line of the reason is about, and what its devices answered."""


def worst_of(
    groups: Sequence[Group], devices: int, school: School, scene: Scene, nothing: Text
) -> Figure:
    """The lowest mean of a group; groups of which nothing is known are left out."""
    known = [(title, _mean(of)) for title, of in groups if of]
    span = scene.bounds(school)
    if not known:
        return Figure(None, nothing, since=span.since, until=span.until)
    heard = sum(len(of) for _, of in groups)
    return Figure(
        value=float(min(share for _, share in known)),
        reason=_reason(known, devices - heard),
        n=heard,
        coverage=heard / devices if devices else None,
        since=span.since,
        until=span.until,
    )


def _mean(of: Sequence[Answered]) -> Fraction:
    return sum((one.share for one in of), Fraction(0)) / len(of)


def _reason(known: Sequence[tuple[Text, Fraction]], silent: int) -> Text:
    shown = [(title, show_both(share, Unit.RATIO)) for title, share in sorted(
        known, key=lambda one: one[1])]  # fmt: skip
    zh = "；".join(f"{title.zh} {share.zh}" for title, share in shown)
    en = "; ".join(f"{title.en} {share.en}" for title, share in shown)
    if silent:
        zh += f"；另有 {silent} 台没有扫描或轮询到，未计入"
        en += f"; {silent} more were not swept or polled and are left out"
    return Text(f"{zh}。", f"{en}.")
