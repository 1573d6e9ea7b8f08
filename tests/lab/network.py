"""A county's network: a bureau, providers' lines, and schools with gateway and PCs behind them.

bureau --.
          net ==== line ==== gateway ---- PC
world  --'              '=== gateway ---- PC      (two schools may share a line)
"""

from __future__ import annotations

from tests.lab.access_line import AccessLine
from tests.lab.space import Space, Spaces

BUREAU, WORLD = "10.80.0.1", "10.80.0.2"
"""Where the collector is, and where pupils' traffic goes."""


class SchoolNet:
    """`gateway` routes between the line (`wan`) and the classrooms (`lan`)."""

    def __init__(
        self, spaces: Spaces, number: int, line: AccessLine, *, pcs: int, nat: bool
    ) -> None:
        self.line = line
        self.gateway = spaces.add(f"school{number}")
        self.address = f"10.81.{line.number}.{10 + number}"
        self.lan = f"192.168.{number}"
        line.connect(self.gateway, "wan", f"school{number}")
        self.gateway.ip("addr", "add", f"{self.address}/24", "dev", "wan")
        self.gateway.ip("route", "add", "default", "via", line.inner)
        self.gateway.ip("link", "add", "lan", "type", "bridge")
        self.gateway.ip("addr", "add", f"{self.lan}.1/24", "dev", "lan")
        self.gateway.ip("link", "set", "lan", "up")
        if nat:
            self.gateway.rules(
                "table ip nat {\n chain leaving {\n type nat hook postrouting priority 100;\n"
                " oifname wan masquerade\n }\n}\n"
            )
        else:
            line.space.ip("route", "add", f"{self.lan}.0/24", "via", self.address)
        self.pcs = [self._pc(spaces, number, pc) for pc in range(pcs)]

    def _pc(self, spaces: Spaces, number: int, pc: int) -> Space:
        space = spaces.add(f"school{number}-pc{pc}")
        spaces.cable(space, "eth0", self.gateway, f"pc{pc}")
        self.gateway.ip("link", "set", f"pc{pc}", "master", "lan")
        space.ip("addr", "add", f"{self.lan}.{10 + pc}/24", "dev", "eth0")
        space.ip("route", "add", "default", "via", f"{self.lan}.1")
        return space


class Network:
    """Lines and schools are numbered from 1, in the order in which they are made."""

    def __init__(self, spaces: Spaces) -> None:
        self._spaces = spaces
        self._lines = 0
        self._schools = 0
        self._net = spaces.add("net")
        self._net.ip("link", "add", "net", "type", "bridge")
        self._net.ip("link", "set", "net", "up")
        self.bureau = self._host("bureau", BUREAU)
        self.world = self._host("world", WORLD)

    def _host(self, word: str, address: str) -> Space:
        space = self._spaces.add(word)
        self._spaces.cable(space, "eth0", self._net, word)
        self._net.ip("link", "set", word, "master", "net")
        space.ip("addr", "add", f"{address}/16", "dev", "eth0")
        return space

    def line(self) -> AccessLine:
        self._lines += 1
        made = AccessLine(self._spaces, self._lines, self._net)
        self._tell_hosts(f"10.81.{made.number}.0/24", made)
        return made

    def school(self, line: AccessLine, *, pcs: int = 1, nat: bool = True) -> SchoolNet:
        """`nat`: whether the gateway hides its classrooms behind its own address."""
        self._schools += 1
        made = SchoolNet(self._spaces, self._schools, line, pcs=pcs, nat=nat)
        if not nat:
            self._tell_hosts(f"{made.lan}.0/24", line)
        return made

    def _tell_hosts(self, network: str, line: AccessLine) -> None:
        for host in (self.bureau, self.world):
            host.ip("route", "add", network, "via", line.outer)
