"""A provider's line to one or several schools, and what goes wrong on such lines.

All of it happens on the way, in a namespace between the schools and the rest: the gateway and the
far end see what they would see of a real line.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from tests.lab.line import ETHERNET_BYTES, tbf
from tests.lab.space import Space, Spaces

MTU = 1500
NET, SCHOOLS, _SPLIT = "net", "schools", "split"
"""The line's devices: to the rest of the world, and to its schools."""
PORTAL_PORT, PROXY_PORT = 8080, 8081


def frames(mbit: float) -> float:
    """What a shaper of frames is set to, so that full packets of IP pass at `mbit`."""
    return mbit * (MTU + ETHERNET_BYTES) / MTU


@dataclass(frozen=True)
class Boost:
    """A bucket of tokens: so many bytes pass at the higher rate before the line's own holds."""

    bucket_bytes: int
    mbit: float


class AccessLine:
    """Shaped both ways by `shape`; before that it is as fast as the machine."""

    def __init__(self, spaces: Spaces, number: int, net: Space) -> None:
        """`net`: a space with a bridge `net`, to which the line is connected."""
        self._spaces = spaces
        self.number = number
        self.outer = f"10.80.1.{number}"
        self.inner = f"10.81.{number}.1"
        self.space = space = spaces.add(f"line{number}")
        spaces.cable(space, NET, net, f"line{number}")
        net.ip("link", "set", f"line{number}", "master", "net")
        # The one device that all schools' packets leave by, then a switch: they share its rate.
        spaces.cable(space, SCHOOLS, space, _SPLIT)
        space.ip("link", "add", "switch", "type", "bridge")
        space.ip("link", "set", _SPLIT, "master", "switch")
        space.ip("link", "set", "switch", "up")
        space.ip("addr", "add", f"{self.outer}/16", "dev", NET)
        space.ip("addr", "add", f"{self.inner}/24", "dev", SCHOOLS)

    def connect(self, gateway: Space, device: str, word: str) -> None:
        """Another school to the line: `device` is its way out."""
        self._spaces.cable(gateway, device, self.space, word)
        self.space.ip("link", "set", word, "master", "switch")

    def shape(
        self,
        down: float,
        up: float,
        *,
        buffer_seconds: float = 0.06,
        boost: Boost | None = None,
    ) -> None:
        """Mbit/s of IP at full packets, from now on; also while it is in use."""
        for device, mbit in ((SCHOOLS, down), (NET, up)):
            words = tbf(frames(mbit), buffer_seconds, boost.bucket_bytes if boost else None)
            if boost:
                words += f" peakrate {int(frames(boost.mbit) * 1000)}kbit mtu 3200"
            self.space.run(
                "tc", "qdisc", "replace", "dev", device, "root", "handle", "1:", *words.split()
            )

    def cut(self) -> None:
        """For all its schools, until `mend`."""
        self.space.ip("link", "set", _SPLIT, "down")

    def mend(self) -> None:
        self.space.ip("link", "set", _SPLIT, "up")

    def lose(self, per_mille: int) -> None:
        """That many of a thousand packets, each way, from now on."""
        self.space.rules(
            f"table ip loss {{\n chain on_the_way {{\n type filter hook forward priority 0;\n"
            f" numgen random mod 1000 < {per_mille} drop\n }}\n}}\n"
        )

    def block_udp(self) -> None:
        self.space.rules(
            "table ip no_udp {\n chain on_the_way {\n type filter hook forward priority 0;\n"
            " meta l4proto udp drop\n }\n}\n"
        )

    def portal(self) -> list[str]:
        """Whoever has not accepted reaches a portal and nothing else; the program to start."""
        self.space.rules(
            "table ip portal {\n set accepted {\n type ipv4_addr;\n }\n"
            " chain to_portal {\n type nat hook prerouting priority -100;\n"
            f" iifname {SCHOOLS} ip saddr != @accepted meta l4proto tcp redirect to :{PORTAL_PORT}"
            "\n }\n chain on_the_way {\n type filter hook forward priority 0;\n"
            f" iifname {SCHOOLS} ip saddr != @accepted drop\n }}\n}}\n"
        )
        return self._program("tests.lab.portal", str(PORTAL_PORT))

    def block_websocket(self, port: int) -> list[str]:
        """Whoever wants to upgrade a connection to `port` is refused; the program to start."""
        self.space.rules(
            "table ip proxy {\n chain to_proxy {\n type nat hook prerouting priority -100;\n"
            f" iifname {SCHOOLS} tcp dport {port} redirect to :{PROXY_PORT}\n }}\n}}\n"
        )
        return self._program("tests.lab.no_upgrade", str(PROXY_PORT))

    def _program(self, *words: str) -> list[str]:
        return self.space.command(sys.executable, "-m", *words)
