"""What an indicator is, and which there are: one file each in indicators/, found like probes.

An indicator makes a finding for one school from a scene. Which value is asked, and of whom, is
policy; how findings add up to areas and scores is judged elsewhere.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import ClassVar

import collector.judge.indicators
from collector.judge.model import Evidence, Figure, Finding, Leg, LegName, Verdict
from collector.judge.scene import Scene
from collector.register.model import School
from collector.store import MetricRef
from config.duty import IndicatorCheck
from config.policy import Quantity, TargetValue
from probes.catalog import CatalogError, classes_of
from probes.model import Better, Unit
from probes.text import Text


class Indicator:
    """A named quantity per school. `name` is the file's name; `needs` are metrics it cannot do
    without (one it can do without is judged undetermined while it is missing)."""

    name: ClassVar[str]
    unit: ClassVar[Unit]
    better: ClassVar[Better]
    title: ClassVar[Text]
    meaning: ClassVar[Text]
    needs: ClassVar[tuple[MetricRef, ...]] = ()


class TargetIndicator(Indicator):
    """An indicator that target values are written for."""

    def judge(self, school: School, target: TargetValue, scene: Scene) -> Finding:
        raise NotImplementedError


class ObservedIndicator(TargetIndicator):
    """An indicator that is shown for every school. A plan may ask for a value of it; none has to.

    `method` is what its evidence is read from.
    """

    method: ClassVar[MetricRef]

    def concerns(self, school: School, scene: Scene) -> bool:
        """Whether there is anything of this kind at the school; else it is not shown."""
        return True

    def observe(self, school: School, scene: Scene) -> Figure:
        raise NotImplementedError

    def judge(self, school: School, target: TargetValue, scene: Scene) -> Finding:
        figure = self.observe(school, scene)
        verdict = _hold(figure, target)
        leg = Leg(
            name=LegName.DEVICES,
            verdict=verdict,
            value=figure.value,
            required=float(target.value),
            unit=self.unit,
            reason=figure.reason,
            evidence=Evidence(
                layer="device",
                method=str(self.method),
                n=figure.n,
                since=figure.since,
                until=figure.until,
                coverage=figure.coverage,
            ),
        )
        return Finding(verdict, figure.reason, (leg,))


_PARTS = 10**9


def _hold(figure: Figure, target: TargetValue) -> Verdict:
    if figure.value is None:
        return Verdict.UNDETERMINED
    # A share of whole things is meant exactly: 19 of 20 is 95%, which no float is.
    value = Fraction(figure.value).limit_denominator(_PARTS)
    if target.operator.holds(value, target.value):
        return Verdict.MET
    return Verdict.UNDETERMINED if figure.lower_bound else Verdict.NOT_MET


class DutyEvidence(Indicator):
    """An indicator of the school as a whole that is evidence of a duty."""

    def judge(self, school: School, check: IndicatorCheck, scene: Scene) -> Finding:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Indicators:
    targets: Mapping[str, TargetIndicator]
    duties: Mapping[str, DutyEvidence]

    @property
    def observed(self) -> tuple[ObservedIndicator, ...]:
        """Those that are shown whether or not they are asked for."""
        return tuple(i for i in self.targets.values() if isinstance(i, ObservedIndicator))


def quantities(
    indicators: Mapping[str, TargetIndicator] | Mapping[str, DutyEvidence],
) -> dict[str, Quantity]:
    """What reading policy files needs to know of the indicators."""
    return {name: Quantity(found.unit, found.better) for name, found in indicators.items()}


@cache
def discover() -> Indicators:
    """Every indicator, one a module. Raises CatalogError for a module without its indicator."""
    package = collector.judge.indicators
    found = [_only_indicator(m.name) for m in pkgutil.iter_modules(package.__path__)]
    return Indicators(
        {i.name: i for i in found if isinstance(i, TargetIndicator)},
        {i.name: i for i in found if isinstance(i, DutyEvidence)},
    )


def _only_indicator(module_name: str) -> Indicator:
    module = importlib.import_module(f"collector.judge.indicators.{module_name}")
    found = classes_of(module, Indicator)
    if len(found) != 1 or found[0].name != module_name:
        raise CatalogError(
            Text(
                f"{module.__name__} 应只定义一个名为 {module_name} 的评价指标。",
                f"{module.__name__} must define one indicator named {module_name}.",
            )
        )
    return found[0]()
