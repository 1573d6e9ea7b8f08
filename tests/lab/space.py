"""Network namespaces with programs in them, of which nothing is left behind.

They are named after the process that made them. What a run that was killed could not remove, the
next one does: its namespaces, the programs in them, and its folder.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
PREFIX = "banjun-lab"
_OF_RUN = re.compile(rf"{PREFIX}-(\d+)-")
_CLONE_NEWNET = 0x40000000
_numbers = count()
_SETTINGS = (
    "net.ipv4.ip_forward=1",
    "net.ipv6.conf.all.disable_ipv6=1",
    "net.ipv4.conf.all.arp_ignore=1",  # else a bridge answers for an address behind it
    "net.bridge.bridge-nf-call-iptables=0",  # where it exists: what is switched is not filtered
)


@dataclass(frozen=True)
class Space:
    """One namespace."""

    name: str

    def command(self, *words: str) -> list[str]:
        """The words that run a command inside."""
        return ["ip", "netns", "exec", self.name, *words]

    def run(self, *words: str, given: str | None = None) -> str:
        """What the command prints; raises CalledProcessError if it fails."""
        return run(*self.command(*words), given=given)

    def ip(self, *words: str) -> None:
        run("ip", "-n", self.name, *words)

    def rules(self, text: str) -> None:
        """Add to the packet filter, as a file for nft."""
        self.run("nft", "-f", "-", given=text)

    def inside(self, work: Callable[[], T]) -> T:
        """The result of `work`, done by a thread inside. Sockets that it opens stay there."""
        with ThreadPoolExecutor(1, initializer=self._enter) as thread:
            return thread.submit(work).result()

    def _enter(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with Path(f"/run/netns/{self.name}").open() as namespace:
            if libc.setns(namespace.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")


class Spaces:
    """The namespaces of one run."""

    def __init__(self, name: str) -> None:
        """`name` begins the names of all."""
        self.name = name
        self._made: list[Space] = []

    def add(self, word: str) -> Space:
        """A namespace that forwards, speaks IPv4 alone, and has its loopback up."""
        space = Space(f"{self.name}-{word}")
        run("ip", "netns", "add", space.name)
        self._made.append(space)
        space.ip("link", "set", "lo", "up")
        for key in _SETTINGS:
            space.run("sysctl", "-qew", key)
        return space

    def cable(self, one: Space, device: str, other: Space, far_device: str) -> None:
        """Between two spaces, or two devices of the same, and up.

        Packets pass it one by one, as a real interface sends them; otherwise a shaper behind it
        would see lumps of 64 KB, and counters would miss the headers in between.
        """
        one.ip(
            "link", "add", device, "type", "veth", "peer", "name", far_device, "netns", other.name
        )
        for space, name in ((one, device), (other, far_device)):
            space.ip("link", "set", name, "gso_max_segs", "1", "up")

    def remove(self) -> None:
        for space in reversed(self._made):
            _remove(space.name)
        self._made.clear()


@contextmanager
def lab() -> Iterator[tuple[Spaces, Path]]:
    """Namespaces and a folder that are gone afterwards. Needs root and iproute2."""
    sweep()
    name = f"{PREFIX}-{os.getpid()}-{next(_numbers)}"
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    spaces = Spaces(name)
    try:
        yield spaces, folder
    finally:
        spaces.remove()
        shutil.rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """Remove what runs left behind whose process is no more."""
    for line in run("ip", "netns", "list").splitlines():
        if line and _is_left_behind(name := line.split()[0]):
            _remove(name)
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}-*"):
        is_ours = folder.is_dir() and not folder.is_symlink() and folder.owner() == "root"
        if is_ours and _is_left_behind(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


def _is_left_behind(name: str) -> bool:
    found = _OF_RUN.match(name)
    return found is not None and not Path("/proc", found[1]).exists()


def _remove(name: str) -> None:
    with suppress(subprocess.CalledProcessError):
        for process in run("ip", "netns", "pids", name).split():
            with suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)
        run("ip", "netns", "del", name)


def run(*words: str, given: str | None = None) -> str:
    done = subprocess.run(
        words, input=given, check=True, capture_output=True, text=True, timeout=20
    )
    return done.stdout
