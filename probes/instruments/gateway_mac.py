"""At which MAC address the kernel of this machine reaches its default routers.

Many PCs that each say so, every few minutes, show whose gateway is not the school's (ARP spoofing).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from probes.metrics import SEEN
from probes.model import Better, Probe, ProbeError, Reading, Role, Target, setting
from probes.neighbours.model import Neighbour, Router, State, System, this_system
from probes.posture import NONE, count
from probes.text import Text

CHANGES = count(
    "changes_count",
    Text("MAC 变化次数", "MAC changes"),
    Text(
        "自本探测上一次运行以来，看到该网关的 MAC 变成另一个的次数；第一次运行时缺失。两次运行之间"
        "变过去又变回来的看不到。",
        "How often the router's MAC was seen to become another one since the last run of this "
        "probe; absent in the first run. What changed and changed back between two runs is missed.",
    ),
    Better.LOWER,
)

MOST_ROUTERS = 8
LOOK_EVERY = 0.5
_DISCARD = 9
"""The port for what is to be thrown away (RFC 863)."""

_Key = tuple[int, str]
"""Interface and address of a router."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    wait: float = setting(
        10.0,
        Text(
            "等待内核核实网关地址的最长时间，秒。Linux 要 5 秒后才核实，再问三次。",
            "Seconds that the kernel may take to verify a router's address. Linux begins after 5 "
            "seconds and asks three times.",
        ),
        minimum=0.5,
        maximum=20,
    )


class GatewayMac(Probe[Settings]):
    name = "gateway_mac"
    title = Text("网关的 MAC", "MAC of the gateway")
    about = Text(
        "从路由表取默认路由的下一跳（IPv4 和 IPv6），从内核的邻居表取它的 MAC：Linux 经 netlink，"
        "Windows 经 GetIpNetTable2。内核已核实的条目（REACHABLE）或人工固定的条目（PERMANENT）"
        "是 verified。条目陈旧时（STALE 等），向网关的 discard 端口（UDP 9）发一个空"
        "数据报，内核便自己去核实；等它核实完再读，超过时限仍未核实的是 used。已核实时什么也不发。",
        "Takes the next hops of the default routes (IPv4 and IPv6) from the routing table, and "
        "their MACs from the kernel's neighbour table: by netlink on Linux, GetIpNetTable2 on "
        "Windows. An entry that the kernel has verified (REACHABLE) or somebody has fixed "
        "(PERMANENT) is `verified`. For an older one (STALE and the like) one empty datagram goes "
        "to the router's discard port (UDP 9), which makes the kernel verify it, and the table is "
        "read again when it has; what is not verified in time is `used`. Nothing is sent when it "
        "is verified already.",
    )
    limits = Text(
        "只知道本机此刻把报文交给谁，不知道它是不是真网关：那要与登记的和多数机器看到的比较。"
        "经 ppp 或隧道上网时没有 MAC（no_router）。网络中有 VRRP 等热备份时，MAC 变化是正常的。"
        "Windows 部分只用模拟的接口测试过。",
        "It tells to whom this machine hands its packets now, not whether that is the true "
        "gateway: that takes the registered one, and what most machines see. Over ppp and tunnels "
        "there is no MAC (no_router). With VRRP and its kin a MAC may change lawfully. The Windows "
        "part was tested with a feigned API only.",
    )
    measures = (SEEN, CHANGES)
    labels: ClassVar[Mapping[str, Text]] = {
        "interface": Text("操作系统中的接口名。", "The interface as the system names it."),
        "address": Text("网关的 IP 地址。", "The router's IP address."),
        "mac": Text(
            f"小写、以冒号分隔；不知道时为 {NONE}。",
            f"In lower case with colons; {NONE} while it is not known.",
        ),
        "state": Text(
            "verified：内核已核实；used：内核正在使用，但在规定时间内没能核实，"
            "有人不断改写条目时就是这样。",
            "verified: the kernel has verified it; used: the kernel hands packets to it and could "
            "not verify it within the time, as when somebody keeps changing the entry.",
        ),
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        "no_router": Text(
            "本机没有经由某个地址的默认路由。",
            "No default route of this machine leads to a router.",
        ),
        "no_answer": Text(
            "内核询问了网关的 MAC，没有得到应答。",
            "The kernel asked for the router's MAC and was not answered.",
        ),
        "unconfirmed": Text(
            "内核没有在规定时间内核实网关的 MAC。",
            "The kernel did not verify the router's MAC within the time allowed.",
        ),
    }
    roles = frozenset({Role.GATEWAY, Role.SENTINEL, Role.PC})
    Settings = Settings
    deadline_seconds = 30.0

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self._macs: dict[_Key, str] = {}
        self._changes: dict[_Key, int] = {}

    def longest_seconds(self) -> float:
        return self.settings.wait + LOOK_EVERY

    async def measure(self, target: Target) -> list[Reading]:
        system = this_system()
        routers = _routers(system)
        if not routers:
            raise self.not_run("no_router")
        known = set(self._macs)
        self._changes = {}
        entries = await self._confirmed(system, routers)
        return [self._reading(r, entries.get(_key(r)), _key(r) in known) for r in routers]

    async def _confirmed(
        self, system: System, routers: Sequence[Router]
    ) -> Mapping[_Key, Neighbour]:
        """Their entries, when the kernel has made up its mind or the time is over."""
        entries = self._look(system, routers)
        for router in routers:
            if not _is(entries.get(_key(router)), State.CONFIRMED):
                nudge(router)
        until = asyncio.get_running_loop().time() + self.settings.wait
        while asyncio.get_running_loop().time() < until:
            if all(_is(entries.get(_key(r)), State.CONFIRMED, State.SILENT) for r in routers):
                break
            await asyncio.sleep(LOOK_EVERY)
            entries = self._look(system, routers)
        return entries

    def _look(self, system: System, routers: Sequence[Router]) -> Mapping[_Key, Neighbour]:
        wanted = {_key(router) for router in routers}
        found = {key: n for n in _neighbours(system) if (key := (n.index, n.address)) in wanted}
        for key, entry in found.items():
            if entry.mac and self._macs.get(key, entry.mac) != entry.mac:
                self._changes[key] = self._changes.get(key, 0) + 1
            if entry.mac:
                self._macs[key] = entry.mac
        return found

    def _reading(self, router: Router, entry: Neighbour | None, known: bool) -> Reading:
        mac = entry.mac if entry and entry.mac else NONE
        state = "verified" if _is(entry, State.CONFIRMED) else "used"
        labels = {
            "interface": router.interface, "address": router.address, "mac": mac,
            "state": NONE if mac == NONE else state,
        }  # fmt: skip
        if _is(entry, State.SILENT):
            return Reading.failed("no_answer", labels={**labels, "mac": NONE, "state": NONE})
        if mac == NONE:
            return Reading.not_run("unconfirmed", labels)
        changes = {CHANGES: float(self._changes.get(_key(router), 0))} if known else {}
        return Reading.ok({SEEN: 1.0, **changes}, labels)


def nudge(router: Router) -> None:
    """Give the kernel a packet for the router, so that it looks whether its entry still holds.

    An empty datagram to a port where nothing listens is the least that an ordinary user can send.
    """
    is_ipv6 = ":" in router.address
    family = socket.AF_INET6 if is_ipv6 else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as opened:
        opened.setblocking(False)
        scope = (0, router.index) if is_ipv6 else ()
        opened.sendto(b"", (router.address, _DISCARD, *scope))


def _is(entry: Neighbour | None, *states: State) -> bool:
    return entry is not None and entry.state in states


def _key(router: Router) -> _Key:
    return router.index, router.address


def _routers(system: System) -> Sequence[Router]:
    try:
        return system.routers()[:MOST_ROUTERS]
    except (OSError, ValueError) as exc:
        raise ProbeError("unreadable", str(exc)) from exc


def _neighbours(system: System) -> Sequence[Neighbour]:
    try:
        return system.neighbours()
    except (OSError, ValueError) as exc:
        raise ProbeError("unreadable", str(exc)) from exc
