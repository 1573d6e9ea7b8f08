"""A time-series engine from a Debian package, which a test starts, kills and starts again."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError

import pytest

from tests.lab.daemon import free_port

START_SECONDS = 20.0


class EngineProgram(AbstractContextManager["EngineProgram"]):
    """Starts with the block and ends with it; `port` is free when it is made."""

    def __init__(self, program: str, package: str, health: str, log: Path) -> None:
        """`health`: the path that answers once it is up."""
        if shutil.which(program) is None:
            pytest.skip(f"needs the Debian package {package}")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._program = program
        self._health = health
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def arguments(self) -> Sequence[str]:
        raise NotImplementedError

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
            self._process = subprocess.Popen(
                [self._program, *self.arguments()], stdout=log, stderr=log
            )
        until = time.monotonic() + START_SECONDS
        while True:
            with suppress(URLError, ConnectionError):
                urllib.request.urlopen(f"{self.url}{self._health}", timeout=5).close()
                return
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < until, self._log.read_text()
            time.sleep(0.05)

    def end(self, how: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(START_SECONDS)
        self._process = None
