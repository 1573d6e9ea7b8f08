"""Sending frames that a test made, from a thread, until the test is over; and hearing frames."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from tests.lab.space import Space

_ALL_KINDS = 0x0003
_LONGEST = 2048
_BURST = 50
_PAUSE = 0.005
"""Between bursts, so that a flood leaves the test some of the processor."""


@contextmanager
def sending(space: Space, device: str, frames: Sequence[bytes], every: float) -> Iterator[None]:
    """All of them, again and again, `every` so many seconds; 0 = as a flood."""
    stop = threading.Event()

    def send() -> None:
        with opened:
            while not stop.is_set():
                for number, frame in enumerate(frames):
                    opened.send(frame)
                    if not every and number % _BURST == 0 and stop.wait(_PAUSE):
                        return
                stop.wait(every)

    opened = space.inside(lambda: _open(device))
    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def once(space: Space, device: str, frames: Sequence[bytes]) -> None:
    """All of them, one after the other."""
    with space.inside(lambda: _open(device)) as opened:
        for frame in frames:
            opened.send(frame)


@contextmanager
def hearing(space: Space, device: str) -> Iterator[Callable[[], list[bytes]]]:
    """What comes in or goes out meanwhile; ask before it is over."""
    with space.inside(lambda: _open(device, _ALL_KINDS)) as opened:
        opened.setblocking(False)

        def heard() -> list[bytes]:
            frames: list[bytes] = []
            with suppress(BlockingIOError):
                while True:
                    frames.append(opened.recv(_LONGEST))
            return frames

        yield heard


def _open(device: str, kinds: int = 0) -> socket.socket:
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    opened.bind((device, kinds))
    return opened
