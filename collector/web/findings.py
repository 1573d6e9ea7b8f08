"""What was found on a school's network, for the eye: the worst first."""

from __future__ import annotations

from dataclasses import dataclass

from collector.judge.standing import WORST_FIRST
from collector.lan.kept import Kept
from collector.register.model import State
from collector.web.marks import NOW_MARKS, Mark
from collector.web.showing import Showing
from probes.text import Text

_UNSEEN = Text(
    "看见它的代理没有再探测，不能认为已经结束。",
    "None of those who saw it has looked again; that is not over.",
)


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding; `reason` says why its state is not known."""

    kept: Kept
    title: Text
    why: Text
    mark: Mark
    reason: Text | None


def finding_lines(showing: Showing, school: str) -> list[FindingLine]:
    attacks = showing.alert_policy.attacks
    found = [k for w, k in sorted(showing.findings(school).items()) if w.threshold in attacks]
    return [
        FindingLine(
            kept=kept,
            title=attacks[kept.watched.threshold].title,
            why=attacks[kept.watched.threshold].why,
            mark=NOW_MARKS[kept.state],
            reason=_UNSEEN if kept.state is State.UNKNOWN else None,
        )
        for kept in sorted(found, key=lambda k: WORST_FIRST.index(k.state))
    ]
