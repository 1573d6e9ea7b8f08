"""What a detector is, and which there are: one file each in detectors/, found like probes.

A detector says what it finds at one school at one moment. It asks nobody, keeps nothing, and its
numbers are policy: when a finding is raised, kept and over is decided elsewhere, for all alike.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from typing import ClassVar

import collector.lan.detectors
from collector.lan.look import Finding, Look
from config.lan_file import FILE, LanPolicy
from config.strict import PolicyError
from probes.catalog import CatalogError, classes_of
from probes.text import Text


class Detector:
    """`id` is the file's name, and of its row in lan-attacks.toml, its cause and its runbook page.

    `rests_on` are the probes without which it finds nothing; `limits` the numbers it asks for.
    """

    id: ClassVar[str]
    rests_on: ClassVar[tuple[str, ...]]
    limits: ClassVar[frozenset[str]] = frozenset()

    def find(self, look: Look) -> Iterable[Finding]:
        raise NotImplementedError


@cache
def discover() -> Mapping[str, Detector]:
    """Every detector by id. Raises CatalogError for a module without its detector."""
    package = collector.lan.detectors
    found = [_only_detector(m.name) for m in pkgutil.iter_modules(package.__path__)]
    return {detector.id: detector for detector in found}


def _only_detector(module_name: str) -> Detector:
    module = importlib.import_module(f"collector.lan.detectors.{module_name}")
    found = classes_of(module, Detector)
    if len(found) != 1 or found[0].id != module_name:
        raise CatalogError(
            Text(
                f"{module.__name__} 应只定义一个名为 {module_name} 的检测器。",
                f"{module.__name__} must define one detector named {module_name}.",
            )
        )
    return found[0]()


def check_policy(policy: LanPolicy, detectors: Mapping[str, Detector]) -> None:
    """Each detector has its row, its limits and the windows of its probes, and each row its
    detector. Raises PolicyError."""
    wrong = sorted(policy.attacks.keys() ^ detectors.keys())
    for id in sorted(policy.attacks.keys() & detectors.keys()):
        limits = policy.attacks[id].limits.keys() ^ detectors[id].limits
        windows = set(detectors[id].rests_on) - policy.windows.keys()
        wrong += [f"{id}.limits.{name}" for name in sorted(limits)]
        wrong += [f"window.{name}" for name in sorted(windows)]
    if wrong:
        raise PolicyError(
            Text(
                f"{FILE}：{wrong[0]} 应恰好有一项，与检测器一致。",
                f"{FILE}: {wrong[0]} should be there exactly once, as the detectors ask for it.",
            )
        )
