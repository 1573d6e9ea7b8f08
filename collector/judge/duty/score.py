"""How many duties are fulfilled, with all that stands beside it.

Unknown, error and waived stay in the denominator: silence never raises a score, and nor does a
decision not to fulfil something.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from collector.judge.model import STATE_TITLES, DutyState, DutyStatus, Freshness
from config.quantity import show_both
from probes.model import Unit
from probes.text import Text

_GOOD = (DutyState.PASS, DutyState.ATTESTED)
ORDER = (
    DutyState.PASS,
    DutyState.ATTESTED,
    DutyState.FAIL,
    DutyState.UNKNOWN,
    DutyState.ERROR,
    DutyState.WAIVED,
    DutyState.NOT_APPLICABLE,
)
"""In which counts are shown."""


@dataclass(frozen=True, slots=True)
class Score:
    """Over the duties that are required; those that are advice are only counted.

    Attributes:
        counts: how many in each state.
        stale: how many rest on evidence some of which is too old.
    """

    counts: Mapping[DutyState, int]
    stale: int = 0
    advice: int = 0

    @property
    def good(self) -> int:
        return sum(self.counts.get(state, 0) for state in _GOOD)

    @property
    def asked(self) -> int:
        """The denominator: all but those that do not apply."""
        return sum(self.counts.values()) - self.counts.get(DutyState.NOT_APPLICABLE, 0)

    @property
    def value(self) -> Fraction | None:
        """None when nothing is asked."""
        return Fraction(self.good, self.asked) if self.asked else None

    def of(self, state: DutyState) -> int:
        return self.counts.get(state, 0)


def score(statuses: Iterable[DutyStatus]) -> Score:
    every = list(statuses)
    required = [status for status in every if not status.advice]
    return Score(
        counts=Counter(status.state for status in required),
        stale=sum(1 for status in required if status.freshness is Freshness.STALE),
        advice=len(every) - len(required),
    )


def score_words(one: Score) -> Text:
    """`12/20（60%）：符合 10，已签认 2，不符合 3 …`: never a share without its counts."""
    share = show_both(one.value, Unit.RATIO)
    counted = [(state, one.of(state)) for state in ORDER if one.of(state)]
    zh = "，".join(f"{STATE_TITLES[state].zh} {n}" for state, n in counted) or "无"
    en = ", ".join(f"{STATE_TITLES[state].en} {n}" for state, n in counted) or "none"
    if one.stale:
        zh, en = f"{zh}；其中证据过期 {one.stale}", f"{en}; of them stale {one.stale}"
    if one.advice:
        zh, en = f"{zh}；另有建议项 {one.advice}", f"{en}; and as advice {one.advice}"
    return Text(
        f"{one.good}/{one.asked}（{share.zh}）：{zh}", f"{one.good}/{one.asked} ({share.en}): {en}"
    )
