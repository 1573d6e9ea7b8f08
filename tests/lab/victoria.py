"""VictoriaMetrics from its Debian package, which a test starts, kills and asks."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.lab.engine import EngineProgram

Point = tuple[tuple[tuple[str, str], ...], int, float]
"""Labels with the name among them, instant in ms, value."""


class Victoria(EngineProgram):
    """With an empty folder, unless it was started there before."""

    def __init__(self, folder: Path, *flags: str) -> None:
        super().__init__("victoria-metrics", "victoria-metrics", "/health", folder / "victoria.log")
        self._data = folder / "victoria"
        self._flags = flags

    def arguments(self) -> Sequence[str]:
        return [
            f"-storageDataPath={self._data}", f"-httpListenAddr=127.0.0.1:{self.port}",
            "-dedup.minScrapeInterval=1ms", "-retentionPeriod=100y",
            "-search.maxUniqueTimeseries=1000000", *self._flags,
        ]  # fmt: skip

    def wipe(self) -> None:
        """Lose all data; it must not run."""
        shutil.rmtree(self._data)

    def ask(self, path: str, **given: str) -> bytes:
        query = f"?{urlencode(given)}" if given else ""
        with urllib.request.urlopen(f"{self.url}{path}{query}", timeout=30) as answer:
            return bytes(answer.read())

    def query(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        """The result of an instant query of what was written until now."""
        self.ask("/internal/force_flush")
        moment = {} if at is None else {"time": str(at)}
        answer = self.ask("/api/v1/query", query=expression, nocache="1", latency_offset="1ms",
                          **moment)  # fmt: skip
        return list(json.loads(answer)["data"]["result"])

    def points(self, selector: str = '{__name__!=""}') -> Counter[Point]:
        """Everything it holds of the series that `selector` names."""
        self.ask("/internal/force_flush")
        found: Counter[Point] = Counter()
        exported = self.ask("/api/v1/export", **{"match[]": selector, "start": "0"})
        for row in exported.splitlines():
            series = json.loads(row)
            labels = tuple(sorted(series["metric"].items()))
            for at, value in zip(series["timestamps"], series["values"], strict=True):
                found[labels, at, value] += 1
        return found
