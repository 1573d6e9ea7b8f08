"""Which probes exist. A broken or duplicate probe is an error, never skipped."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Any, TypeVar

import probes.instruments
from probes.model import COMMON_REASONS, Metric, Probe
from probes.text import BanjunError, Text

T = TypeVar("T")
COMMON_COLUMNS = frozenset(
    {
        "at",
        "received_at",
        "school",
        "agent",
        "session",
        "target",
        "outcome",
        "reason",
        "version",
        "clock",
        "batch",
        "county",
        "period",
        "outcome_code",
        "series",
    }
)
"""Names that every stored table uses; no metric and no label may bear one of them."""

AnyProbe = type[Probe[Any]]


class CatalogError(BanjunError):
    """The catalog contradicts itself; the program does not start with a half-known vocabulary."""


class UnknownProbeError(BanjunError, KeyError):
    """No probe or metric has that name. A KeyError too, so that `Catalog.get` answers None."""

    __str__ = Exception.__str__  # that of KeyError shows the message in quotes


class Catalog(Mapping[str, AnyProbe]):
    """Probe classes by name, sorted."""

    def __init__(self, probes: Iterator[AnyProbe] | list[AnyProbe]) -> None:
        self._probes: dict[str, AnyProbe] = {}
        for probe in sorted(probes, key=lambda p: p.name):
            _check(probe)
            if probe.name in self._probes:
                raise CatalogError(
                    Text(f"探测 {probe.name} 重复。", f"There are two probes named {probe.name}.")
                )
            self._probes[probe.name] = probe

    def __getitem__(self, name: str) -> AnyProbe:
        try:
            return self._probes[name]
        except KeyError:
            known = ", ".join(self)
            raise UnknownProbeError(
                Text(
                    f"没有名为“{name}”的探测；可用的有：{known}。",
                    f"There is no probe {name!r}; known probes: {known}.",
                )
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._probes

    def __iter__(self) -> Iterator[str]:
        return iter(self._probes)

    def __len__(self) -> int:
        return len(self._probes)

    def metric(self, probe: str, name: str) -> Metric:
        """The metric `name` of `probe`; raises UnknownProbeError naming what there is."""
        for metric in self[probe].measures:
            if metric.name == name:
                return metric
        known = ", ".join(m.name for m in self[probe].measures)
        raise UnknownProbeError(
            Text(
                f"探测 {probe} 没有指标“{name}”；可用的有：{known}。",
                f"Probe {probe} has no metric {name!r}; it has: {known}.",
            )
        )

    def reason(self, probe: str, reason: str) -> Text:
        """The words for a reason; the bare code for one that this version does not know."""
        own = self[probe].reasons if probe in self else {}
        return own.get(reason) or COMMON_REASONS.get(reason) or Text(reason, reason)


class CatalogOnDemand(Catalog):
    """Every probe that is there, each loaded when it is first asked for.

    For an agent, which runs a few of them and pays for each with memory. A probe that cannot be
    loaded raises CatalogError when it is asked for.
    """

    def __init__(self) -> None:
        super().__init__([])
        self._names = dict.fromkeys(_module_names())

    def __getitem__(self, name: str) -> AnyProbe:
        if name in self._names and name not in self._probes:
            self._probes[name] = _loaded(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@cache
def discover() -> Catalog:
    """Every probe in `probes.instruments`, one a module. An ImportError in one is let through."""
    return Catalog([_only_probe(name) for name in _module_names()])


def _module_names() -> list[str]:
    return sorted(m.name for m in pkgutil.iter_modules(probes.instruments.__path__))


def classes_of(module: ModuleType, kind: type[T]) -> list[type[T]]:
    """The classes of that kind which the module itself defines; imported ones are not its own."""
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, kind)
        and value.__module__ == module.__name__
    ]


def _only_probe(module_name: str) -> AnyProbe:
    module = importlib.import_module(f"probes.instruments.{module_name}")
    found = classes_of(module, Probe)
    if len(found) != 1 or found[0].name != module_name:
        names = [p.name for p in found]
        raise CatalogError(
            Text(
                f"{module.__name__} 应只定义一个名为 {module_name} 的探测，实际为 {names}。",
                f"{module.__name__} must define one probe named {module_name}; it defines {names}.",
            )
        )
    return found[0]


def _loaded(name: str) -> AnyProbe:
    try:
        probe = _only_probe(name)
    except ImportError as exc:
        raise CatalogError(
            Text(f"探测 {name} 无法加载：{exc}。", f"Probe {name} cannot be loaded: {exc}.")
        ) from exc
    _check(probe)
    return probe


def _check(probe: AnyProbe) -> None:
    names = [m.name for m in probe.measures] + list(probe.labels)
    twice = {n for n in names if names.count(n) > 1}
    taken = COMMON_COLUMNS.intersection(names)
    if twice or taken:
        raise CatalogError(
            Text(
                f"探测 {probe.name}：名称重复或与公共列冲突：{sorted(twice | taken)}。",
                f"Probe {probe.name}: used twice, or the name of a common column: "
                f"{sorted(twice | taken)}.",
            )
        )
