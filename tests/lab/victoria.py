"""VictoriaMetrics from its Debian package, which a test starts, kills and asks."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
import urllib.request
from collections import Counter
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import URLError
from urllib.parse import urlencode

import pytest

from tests.lab.daemon import free_port

START_SECONDS = 20.0
Point = tuple[tuple[tuple[str, str], ...], int, float]
"""Labels with the name among them, instant in ms, value."""


class Victoria:
    """Starts with the block and ends with it; between them it may be killed and started again."""

    def __init__(self, folder: Path, *flags: str) -> None:
        program = shutil.which("victoria-metrics")
        if program is None:
            pytest.skip("needs the Debian package victoria-metrics")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._data = folder / "victoria"
        self._command = [
            program, f"-storageDataPath={self._data}",
            f"-httpListenAddr=127.0.0.1:{self.port}", "-dedup.minScrapeInterval=1ms",
            "-retentionPeriod=100y", "-search.maxUniqueTimeseries=1000000", *flags,
        ]  # fmt: skip
        self._log = folder / "victoria.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self.end(signal.SIGKILL)

    def start(self) -> None:
        """Returns once it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        until = time.monotonic() + START_SECONDS
        while True:
            with suppress(URLError, ConnectionError):
                self.ask("/health")
                return
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < until, self._log.read_text()
            time.sleep(0.05)

    def end(self, how: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(START_SECONDS)
        self._process = None

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
