"""A time-series engine that takes the InfluxDB v2 write call: VictoriaMetrics, InfluxDB 2 and 3.

The one module that knows influxdb-client. It is loaded when an engine is set up, not before.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config.collector_settings import ExportSettings
from config.loopback import is_loopback
from probes.text import BanjunError, Text

_STARTED = ("vm_app_start_timestamp", "process_start_time_seconds")
_DROPPED = ("vm_rows_invalid_total", "vm_rows_ignored_total")
_SAMPLE = re.compile(r"^(\w+)(\{[^}]*\})? ([0-9.eE+-]+)$", re.MULTILINE)
_CONTENT = (400, 413, 422)
"""Answers that say: not these lines. All others are of the engine or the way there."""
_PARTIAL = re.compile(r"partial write(?:.*dropped=(\d+))?", re.DOTALL)
"""So InfluxDB says that it took what it could, as where some are older than its retention."""
_MOST_WORDS = 300


class UnavailableError(BanjunError):
    """The engine took nothing; the same lines may be sent again later.

    `retry_after`: seconds that it asked for, if it did.
    """

    def __init__(self, text: Text, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class LinesRefusedError(BanjunError):
    """The engine does not take one or several of these lines, and never will.

    `dropped`: how many; it took the others. None if it took none because of some.
    """

    def __init__(self, text: Text, dropped: int | None = None) -> None:
        super().__init__(text)
        self.dropped = dropped


@dataclass(frozen=True, slots=True)
class EngineRun:
    """What the engine says of itself.

    Attributes:
        id: another one after each start of any of its processes; empty if it does not say.
        dropped: rows that it acknowledged and threw away since it started.
    """

    id: str = ""
    dropped: int = 0


class Engine:
    """One engine, by its settings. Thread-bound: one caller at a time. Use it in a `with` block."""

    def __init__(self, settings: ExportSettings) -> None:
        from influxdb_client.client.influxdb_client import InfluxDBClient
        from influxdb_client.client.write_api import SYNCHRONOUS

        self._settings = settings
        self._client: Any = InfluxDBClient(
            settings.url,
            token=_token(settings.token_file),
            org=settings.org,
            timeout=int(settings.timeout * 1000),
            enable_gzip=not is_loopback(urlsplit(settings.url).hostname or ""),
            ssl_ca_cert=settings.certificate_authority or None,
        )
        # Its own retries would hide from us for how long nothing has been written.
        self._write: Callable[..., Any] = self._client.write_api(write_options=SYNCHRONOUS).write

    def close(self) -> None:
        self._client.close()

    def write(self, lines: bytes) -> None:
        """Returns once the engine acknowledged. Raises UnavailableError or LinesRefusedError."""
        from influxdb_client.rest import ApiException
        from urllib3.exceptions import HTTPError

        try:
            self._write(self._settings.bucket, record=lines, write_precision="ms")
        except ApiException as exc:
            raise _error(self._settings.url, exc) from exc
        except HTTPError as exc:
            raise UnavailableError(_unreachable(self._settings.url, exc)) from exc

    def look(self) -> EngineRun:
        """Raises UnavailableError if it is not there."""
        pages = self._settings.metrics_urls or (_metrics_url(self._settings.url),)
        found = [self._page(url) for url in pages]
        ids = [run.id for run in found]
        if not all(ids) and not self._client.ping():
            raise UnavailableError(_no_engine(self._settings.url))
        return EngineRun(",".join(ids) if all(ids) else "", sum(run.dropped for run in found))

    def _page(self, url: str) -> EngineRun:
        from urllib3.exceptions import HTTPError

        pool = self._client.api_client.rest_client.pool_manager
        try:
            answer = pool.request("GET", url, timeout=self._settings.timeout, retries=False)
        except HTTPError as exc:
            raise UnavailableError(_unreachable(url, exc)) from exc
        if answer.status != 200:
            return EngineRun()  # an engine need not show it
        return read_metrics(answer.data.decode("utf-8", "replace"))


def read_metrics(page: str) -> EngineRun:
    """From the metrics page that both engines have for Prometheus."""
    samples = [(name, float(value)) for name, _, value in _SAMPLE.findall(page)]
    started = [value for wanted in _STARTED for name, value in samples if name == wanted]
    dropped = sum(value for name, value in samples if name in _DROPPED)
    return EngineRun(f"{started[0]:.3f}" if started else "", int(dropped))


def _metrics_url(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/metrics"


def _token(path: str) -> str:
    """VictoriaMetrics asks for none, and the client will not go without."""
    return Path(path).read_text("utf-8").strip() if path else "none"


def _error(url: str, exc: Any) -> BanjunError:
    body = exc.body.decode("utf-8", "replace") if isinstance(exc.body, bytes) else str(exc.body)
    words = " ".join(body.split())[:_MOST_WORDS]
    text = Text(
        f"时序库 {url} 以 {exc.status} 拒绝：{words}",
        f"The engine {url} answers {exc.status}: {words}",
    )
    if exc.status in _CONTENT:
        partial = _PARTIAL.search(body)
        return LinesRefusedError(text, max(1, int(partial[1] or 0)) if partial else None)
    after = (exc.headers or {}).get("Retry-After", "")
    return UnavailableError(text, float(after) if after.isdigit() else None)


def _no_engine(url: str) -> Text:
    return Text(
        f"{url} 不像时序库：既没有 /metrics，也不应答 /ping。",
        f"{url} does not look like an engine: it shows no /metrics and answers no /ping.",
    )


def _unreachable(url: str, exc: Exception) -> Text:
    return Text(f"时序库 {url} 没有应答：{exc}", f"The engine {url} does not answer: {exc}")
