"""One school's network: a switch, and hosts with MAC addresses such as makers give them."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast

import pytest

from tests.lab.programs import Programs
from tests.lab.space import Space, Spaces, lab

T = TypeVar("T")
NETWORK = "10.61.7.0/24"
GATEWAY, GATEWAY_MAC = "10.61.7.1", "8c:ec:4b:00:00:01"
SENTINEL, SENTINEL_MAC = "10.61.7.9", "8c:ec:4b:00:00:09"
ATTACKER, ATTACKER_MAC = "10.61.7.66", "3c:7c:3f:00:00:66"


def in_lab(test: T) -> T:
    """Marks what can run as root only, with the programs of the lab."""
    return cast(T, pytest.mark.root(pytest.mark.server("ip", "sysctl", "tcpdump")(test)))


class SchoolLan:
    """A sentinel at a switch; others are plugged in as wanted. Ports have their hosts' names."""

    def __init__(self, spaces: Spaces, folder: Path) -> None:
        self._spaces = spaces
        self.folder = folder
        self.programs = Programs(folder)
        self.switch = spaces.add("switch")
        self.switch.ip("link", "add", "lan", "type", "bridge", "forward_delay", "0")
        self.switch.ip("link", "set", "lan", "up")
        self.sentinel = self.host("sentinel", SENTINEL, SENTINEL_MAC)

    def host(self, word: str, address: str, mac: str, *, ipv6: bool = False) -> Space:
        space = self._spaces.add(word)
        if ipv6:
            for key in ("all.disable_ipv6=0", "all.forwarding=1", "default.accept_dad=0"):
                space.run("sysctl", "-qw", f"net.ipv6.conf.{key}")
        self.hosts(space, word, [(address, mac)])
        return space

    def hosts(self, space: Space, word: str, each: Iterable[tuple[str, str]]) -> None:
        """Many hosts (address, MAC) in one space, each with a cable of its own: `word`0, ...."""
        there, here = [], []
        for number, (address, mac) in enumerate(each):
            name = f"{word}{number}"
            there += [
                f"link add {name} address {mac} type veth peer name {name} "
                f"netns {self.switch.name}",
                f"addr add {address}/24 dev {name}",
                f"link set {name} up",
            ]
            here.append(f"link set {name} master lan up")
        space.run("ip", "-batch", "-", given="\n".join(there))
        self.switch.run("ip", "-batch", "-", given="\n".join(here))

    def room(self, word: str) -> Space:
        return self._spaces.add(word)

    @contextmanager
    def running(
        self, space: Space, words: Sequence[str], ready: str = "", seconds: float = 10
    ) -> Iterator[str]:
        """A program, from when its log has the words `ready`; yields its name, for the log."""
        name = f"{Path(words[0]).name}-{time.monotonic_ns()}"
        self.programs.start(name, space.command(*words))
        try:
            self.programs.wait(lambda: ready in self.said(name), f"{words[0]}: {ready}", seconds)
            yield name
        finally:
            self.programs.end(name, signal.SIGKILL)  # arpspoof would first put things right

    def said(self, name: str) -> str:
        return self.programs.log(name).read_text("utf-8", "replace")


@contextmanager
def school_lan() -> Iterator[SchoolLan]:
    with lab() as (spaces, folder):
        made = SchoolLan(spaces, folder)
        try:
            yield made
        finally:
            made.programs.end_all()
