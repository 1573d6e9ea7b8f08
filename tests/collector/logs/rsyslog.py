"""rsyslogd as a program of a test: configuration, folders, pid file and ports are its own."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[3]
PATIENCE = 30.0


@contextmanager
def rsyslogd(configuration: Path, pid: Path, zone: str = "Asia/Shanghai") -> Iterator[None]:
    """It runs, and has read its configuration, while the block does."""
    arguments = ["rsyslogd", "-n", "-f", str(configuration), "-i", str(pid)]
    subprocess.run(["rsyslogd", "-N1", "-f", str(configuration)], check=True, capture_output=True)
    process = subprocess.Popen(
        arguments,
        env={**os.environ, "TZ": zone},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: pid.exists() or process.poll() is not None)
        assert process.poll() is None
        yield
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def wait_until(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


def forwarding(*, tls: bool) -> str:
    """What docs/logs.md says to write on a Linux machine."""
    text = (ROOT / "docs" / "logs.md").read_text("utf-8")
    blocks: list[str] = re.findall(r"```text\n([^`]*omfwd[^`]*)```", text)
    (found,) = [block for block in blocks if ("streamDriver" in block) is tls]
    return found
