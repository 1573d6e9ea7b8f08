"""A server as a program of its own, which runs while a `with` block does."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

START_SECONDS = 10.0


@contextmanager
def daemon(arguments: Sequence[str], is_ready: Callable[[], bool]) -> Iterator[None]:
    """Start it, wait until it answers, and stop it."""
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + START_SECONDS
        while not is_ready():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < until, f"{arguments[0]} does not answer"
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=START_SECONDS)


def accepts(port: int, address: str = "127.0.0.1") -> bool:
    """Whether something listens on that TCP port of loopback."""
    with socket.socket() as trying:
        return trying.connect_ex((address, port)) == 0


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as trying:
        trying.bind(("127.0.0.1", 0))
        return int(trying.getsockname()[1])
