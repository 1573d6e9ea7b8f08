"""InfluxDB 1.x from its Debian package, which a test starts and asks in InfluxQL."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

from tests.lab.daemon import free_port
from tests.lab.engine import EngineProgram

DATABASE = "banjun"
_SETTINGS = """\
reporting-disabled = true
bind-address = "127.0.0.1:{backup}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
[monitor]
store-enabled = false
[logging]
level = "warn"
"""


class Influx(EngineProgram):
    """With an empty database."""

    def __init__(self, folder: Path) -> None:
        super().__init__("influxd", "influxdb", "/ping", folder / "influx.log")
        self._settings = folder / "influx.conf"
        self._settings.write_text(
            _SETTINGS.format(folder=folder / "influx", port=self.port, backup=free_port())
        )

    def arguments(self) -> Sequence[str]:
        return ["-config", str(self._settings)]

    def start(self) -> None:
        super().start()
        self._post("/query", urlencode({"q": f"CREATE DATABASE {DATABASE}"}).encode())

    def write(self, lines: bytes) -> None:
        """Line protocol with instants in ms."""
        self._post(f"/write?db={DATABASE}&precision=ms", lines)

    def query(self, influxql: str) -> list[dict[str, Any]]:
        """The series of the answer. Raises AssertionError with InfluxDB's words for a fault."""
        given = urlencode({"db": DATABASE, "epoch": "ms", "q": influxql})
        result: dict[str, Any] = json.loads(self._post("/query", given.encode()))["results"][0]
        assert "error" not in result, f"{result['error']}: {influxql}"
        return list(result.get("series", []))

    def _post(self, path: str, body: bytes) -> bytes:
        request = urllib.request.Request(self.url + path, data=body)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return bytes(answer.read())
        except HTTPError as exc:
            raise AssertionError(f"{path}: {exc.read().decode()}") from exc
