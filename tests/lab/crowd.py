"""What a school's users do to its line, as a program of its own.

`python -m tests.lab.crowd sink HOST` takes TCP and UDP and throws it away.
`... greedy HOST FLOWS` sends as much as it can by TCP (cubic); `... steady HOST MBIT` sends UDP at
a rate of Ethernet frames; `... bursts HOST BYTES SECONDS` sends so much by TCP, about each so many
seconds, as a page or a piece of a film comes. All until they are killed.
"""

from __future__ import annotations

import random
import socket
import sys
import threading
import time

PORT = 5009
_PAYLOAD, _FRAME = 1472, 1514
_PACE_SECONDS = 0.002


def sink(host: str) -> None:
    deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    deaf.bind((host, PORT))
    with socket.create_server((host, PORT)) as listening:
        print("ready", flush=True)
        while True:
            threading.Thread(target=_swallow, args=(listening.accept()[0],), daemon=True).start()


def _swallow(opened: socket.socket) -> None:
    room = bytearray(1 << 18)
    while opened.recv_into(room):
        pass


def greedy(host: str, flows: str) -> None:
    for _ in range(int(flows)):
        threading.Thread(target=_pour, args=(host,), daemon=True).start()
    threading.Event().wait()


def _pour(host: str) -> None:
    opened = _connected(host)
    while True:
        opened.sendall(bytes(1 << 17))


def bursts(host: str, size: str, seconds: str) -> None:
    opened, due = _connected(host), time.monotonic()
    while True:
        opened.sendall(bytes(int(size)))
        due = max(time.monotonic(), due + float(seconds) * random.uniform(0.5, 1.5))
        time.sleep(max(0.0, due - time.monotonic()))


def _connected(host: str) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
    opened.connect((host, PORT))
    return opened


def steady(host: str, mbit: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.connect((host, PORT))
        per_second, sent, started = float(mbit) * 1e6 / 8 / _FRAME, 0, time.monotonic()
        while True:
            due = int((time.monotonic() - started) * per_second)
            for _ in range(due - sent):
                opened.send(bytes(_PAYLOAD))
            sent = due
            time.sleep(_PACE_SECONDS)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["sink", there]:
            sink(there)
        case ["greedy", there, how_many]:
            greedy(there, how_many)
        case ["bursts", there, how_much, how_often]:
            bursts(there, how_much, how_often)
        case ["steady", there, rate]:
            steady(there, rate)
