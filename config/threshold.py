"""What a threshold is: from which value on, and for how long, something counts as degraded or down.

The data stand in policies/threshold-*.toml, each number with its source or marked as this project's
own. This module knows no readings and keeps no state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import Literal

from config.policy import Operator, Verification
from probes.model import Role, Unit
from probes.text import Text

STATISTICS = ("mean", "min", "max", "p05", "p10", "p20", "p50", "p90", "p95", "p99")
"""What may be taken of the readings in a window. The mean of a yes-or-no metric is the share of
runs that said yes."""
OF_NEWEST, MOST_NEWEST = ("p50", "min", "max"), 20
"""What may be taken of the newest few readings only, and of how many at most."""
CONTRACT_DOWN = "contract_down"
"""`relative_to`: the value is a share of the contracted download rate of the school's line."""
EVERY_PERIOD = "any"
PERIODS = (EVERY_PERIOD, "lesson", "break", "school_day", "off")

Period = Literal["lesson", "break", "school_day", "off"]


@dataclass(frozen=True, slots=True)
class Bound:
    """When a worse state is taken, and when it is left.

    Attributes:
        value: in the base unit, exact.
        written: as its file writes it, such as `10 %`.
        hold: how long the value must be at the bound before the state is taken.
        recovery: how long it must be back before the state is left.
    """

    value: Fraction
    written: str
    hold: timedelta
    recovery: timedelta


@dataclass(frozen=True, slots=True)
class Grounds:
    """Where the numbers come from: `plan`, `public` or `default` (this project's own)."""

    kind: str
    document: str
    verified: Verification | None
    note: Text | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """One policy file.

    Attributes:
        window: readings this old count; without any of them the state is unknown.
        operator: between value and bound, it says when the bound is broken.
        unit: of the statistic.
        degraded, down: None = this threshold never leads to that state.
        roles, targets: agents and targets it applies to; no targets = all of them.
        period: the only part of a school's day in which it applies; None = always.
        relative_to: CONTRACT_DOWN, or empty.
        labels: label of the probe -> the values it may have; a label not named may have any.
        newest: only so many of the newest readings in the window count; None = all of them.
    """

    id: str
    title: Text
    probe: str
    metric: str
    statistic: str
    window: timedelta
    operator: Operator
    unit: Unit
    degraded: Bound | None
    down: Bound | None
    roles: frozenset[Role]
    targets: frozenset[str]
    period: Period | None
    relative_to: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    newest: int | None = None
    why: Text
    grounds: Grounds
    revision: str

    def breaks(self, value: float, bound: Bound) -> bool:
        """A value that is as large as a float can come to the bound is at the bound."""
        return self.operator.holds(Fraction(value), Fraction(float(bound.value)))


@dataclass(frozen=True, slots=True)
class Thresholds:
    """All of them, by id. `revision` changes when any of them does."""

    rows: tuple[Threshold, ...]
    revision: str
