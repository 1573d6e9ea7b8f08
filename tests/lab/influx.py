"""InfluxDB 1.x from its Debian package, which a test starts and asks in InfluxQL."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import URLError
from urllib.parse import urlencode

import pytest

from tests.lab.daemon import free_port

DATABASE = "banjun"
START_SECONDS = 20.0
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


class Influx:
    """Starts with the block, with an empty database, and ends with it."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("influxd")
        if program is None:
            pytest.skip("needs the Debian package influxdb")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "influx.log"
        settings = folder / "influx.conf"
        settings.write_text(
            _SETTINGS.format(folder=folder / "influx", port=self.port, backup=free_port())
        )
        self._command = [program, "-config", str(settings)]

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        until = time.monotonic() + START_SECONDS
        while True:
            with suppress(URLError, ConnectionError):
                urllib.request.urlopen(f"{self.url}/ping", timeout=5).close()
                break
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < until, self._log.read_text()
            time.sleep(0.05)
        self._post("/query", urlencode({"q": f"CREATE DATABASE {DATABASE}"}).encode())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait(START_SECONDS)

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
        except urllib.error.HTTPError as exc:
            raise AssertionError(f"{path}: {exc.read().decode()}") from exc
