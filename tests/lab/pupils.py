"""Traffic of a known kind between a classroom and the world, by iperf3."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.network import WORLD
from tests.lab.space import Space

ALL_DAY = 86_400.0
UDP_PAYLOAD = 1472
"""Bytes in a full packet of IP."""


@contextmanager
def far_end(world: Space, port: int) -> Iterator[None]:
    """What a client in a school talks to."""
    quiet = subprocess.DEVNULL
    running = subprocess.Popen(server(world, port), stdout=quiet, stderr=quiet)
    try:
        wait_until_it_listens(world, port)
        yield
    finally:
        running.kill()
        running.wait()


def server(world: Space, port: int) -> list[str]:
    """The words of a far end. It has one client at a time."""
    return world.command("iperf3", "--server", "--port", str(port))


def wait_until_it_listens(space: Space, port: int) -> None:
    until = time.monotonic() + 5
    while not space.run("ss", "-Hltn", f"sport = :{port}"):
        assert time.monotonic() < until, f"iperf3 does not listen on {port}"
        time.sleep(0.02)


def udp(mbit: float, port: int, seconds: float, *, down: bool = True) -> list[str]:
    """The words of a client that has full packets sent at `mbit` of IP, evenly."""
    payload = mbit * UDP_PAYLOAD / (UDP_PAYLOAD + 28)
    rate = ["--udp", "--bitrate", f"{payload * 1e6:.0f}", "--length", str(UDP_PAYLOAD)]
    return _client(port, seconds, down) + rate


def greedy(port: int, seconds: float, *, flows: int = 2, down: bool = True) -> list[str]:
    """The words of a client of so many TCP connections that take what they can get."""
    return [*_client(port, seconds, down), "--parallel", str(flows)]


def received_mbit(space: Space, client: list[str]) -> float:
    """What of it arrived at the far side, Mbit/s of IP, run to its end by a client in `space`."""
    words = space.command(*client, "--json", "--omit", "0.3")
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    end = json.loads(done.stdout)["end"]
    if "--udp" in client:
        arrived = end["sum_received"]
        return float(arrived["bits_per_second"] / 1e6 * (UDP_PAYLOAD + 28) / UDP_PAYLOAD)
    return float(end["sum_received"]["bits_per_second"] / 1e6 * 1500 / 1448)


def _client(port: int, seconds: float, down: bool) -> list[str]:
    words = ["iperf3", "--client", WORLD, "--port", str(port), "--time", f"{seconds:g}"]
    return [*words, "--reverse"] if down else words
