"""What a line has carried in one direction while it is filled, look by look.

Upstream the counter stands before the queue that drops: of our own only what has arrived is
counted. Others cannot be asked, but share the queue with us: of theirs it drops the share that it
drops of ours.
"""

from __future__ import annotations

from dataclasses import dataclass

from probes.measuring.steady import Look

LEAST_BYTES = 20_000
"""Of ours, before the share of them that arrives says anything: a dozen packets."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """IP bytes up to `at`, of ours and of `others`; see `Carried.take`."""

    at: float
    arrived: float
    sent: float
    others: float


class Carried:
    """Its looks are reckoned anew each time: how much is lost becomes known as the load goes on."""

    def __init__(self) -> None:
        self._taken: list[_Taken] = []

    def restart(self) -> None:
        self._taken.clear()

    def take(self, at: float, arrived: float, sent: float = 0.0, others: float = 0.0) -> None:
        """IP bytes up to now: of ours what has arrived, and what was sent and is not on the way any
        more; what others sent."""
        self._taken.append(_Taken(at, arrived, sent, others))

    def looks(self) -> list[Look]:
        share = self._arriving_ratio()
        return [Look(one.at, one.arrived + share * one.others) for one in self._taken]

    def _arriving_ratio(self) -> float:
        first, last = self._taken[0], self._taken[-1]
        sent = last.sent - first.sent
        return min(1.0, (last.arrived - first.arrived) / sent) if sent >= LEAST_BYTES else 1.0
