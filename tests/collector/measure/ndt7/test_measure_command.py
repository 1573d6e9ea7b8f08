from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from collector.__main__ import main
from tests.lab.daemon import free_port

ROOT = Path(__file__).parents[4]


def test_server_runs_alone_until_it_is_told_to_stop() -> None:
    port = free_port()
    command = [sys.executable, "-m", "collector", "measure", "--host", "127.0.0.1"]
    process = subprocess.Popen(
        [*command, "--port", f"{port}", "--lang", "en"], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        assert re.search(rf"ws://127\.0\.0\.1:{port}/ndt/v7/", process.stderr.readline())
        with socket.create_connection(("127.0.0.1", port), timeout=5) as opened:
            opened.sendall(b"GET /ndt/v7/download HTTP/1.1\r\nHost: x\r\n\r\n")
            assert opened.recv(4096).startswith(b"HTTP/1.1 400 ")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [([], "--port"), (["--tls-port", "8443"], "--certificate")],
)
def test_options_that_do_not_fit_are_explained(
    arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["measure", "--lang", "zh", *arguments]) == 2
    assert word in capsys.readouterr().err


def test_port_in_use_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = ["measure", "--host", "127.0.0.1", "--port", f"{port}", "--lang", "en"]
        assert main(arguments) == 2
    assert f"{port}" in capsys.readouterr().err
