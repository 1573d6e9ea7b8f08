"""Greedy TCP connections that fill a lab line from the server to the school."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.lab.line import SERVER, Line

LONGEST_SECONDS = 30


@contextmanager
def greedy_download(line: Line, connections: int = 12) -> Iterator[None]:
    """For as long as the context lasts."""
    listening = line.inside("server", lambda: socket.create_server((SERVER, 0)))
    port = int(listening.getsockname()[1])
    ends = [listening]
    threads = []
    for _ in range(connections):
        reading = line.inside("school", lambda: socket.create_connection((SERVER, port), 5))
        sending, _ = listening.accept()
        ends += [reading, sending]
        threads.append(threading.Thread(target=_send, args=(sending,), daemon=True))
        threads.append(threading.Thread(target=_receive, args=(reading,), daemon=True))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for end in ends:
            with suppress(OSError):  # closing alone does not wake a thread that waits
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        for thread in threads:
            thread.join(5)


def _send(end: socket.socket) -> None:
    block = bytes(65536)
    until = time.monotonic() + LONGEST_SECONDS
    with suppress(OSError):
        while time.monotonic() < until:
            end.sendall(block)


def _receive(end: socket.socket) -> None:
    with suppress(OSError):
        while end.recv(1 << 18):
            pass
