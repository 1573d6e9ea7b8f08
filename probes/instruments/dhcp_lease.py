"""Which DHCP server gave this machine its address, and what else that server told it.

Many PCs that each say so show a DHCP server that is not the school's, without a raw socket.
"""

from __future__ import annotations

import asyncio
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from probes.cards import Card, cards
from probes.leases.model import Lease
from probes.metrics import SEEN
from probes.model import Better, NoSettings, Probe, ProbeError, Reading, Role, Target
from probes.posture import NONE, age
from probes.text import Text

ROOT = Path("/")
LEFT_SECONDS = age(
    "left_seconds",
    Text("租约剩余", "Lease left"),
    Text(
        "租约距到期的时间，按本机时钟；永久租约、客户端不告知、或按本机时钟已过期时缺失。",
        "How long the lease still lasts, by this machine's clock; absent when it never ends, when "
        "the client does not tell, and when by that clock it is over.",
    ),
    Better.NEITHER,
)


class DhcpLease(Probe[NoSettings]):
    name = "dhcp_lease"
    title = Text("DHCP 租约", "DHCP lease")
    about = Text(
        "读取本机 DHCP 客户端自己的记录（IPv4）：systemd-networkd、NetworkManager（nmcli）、"
        "dhclient、dhcpcd、OpenWrt（ubus）；Windows 读注册表。租约中的地址此刻就在该网卡上才算。"
        "什么也不发。网卡有 IPv4 地址而没有租约时（静态地址），是一条 no_lease 的读数。",
        "Reads what the DHCP client of this machine has written down (IPv4): systemd-networkd, "
        "NetworkManager (nmcli), dhclient, dhcpcd, OpenWrt (ubus); on Windows the registry. A "
        "lease counts while its address is on the interface. Nothing is sent. An interface with an "
        "IPv4 address and no lease (a static one) is a reading that says no_lease.",
    )
    limits = Text(
        "看到的是给出租约的服务器，别的服务器的报价由 dhcp_offers 去问。no_lease 也可能是不认识的"
        "客户端。文件中的租约（dhclient、dhcpcd）按本机时钟判断过期：时钟错则结果错；其余客户端到期"
        "即撤地址，不看时钟。OpenWrt 不告知续租时刻，过半后剩余时间缺失。IPv6 不看。"
        "Windows 部分只用模拟的注册表测试过。",
        "It shows the server that gave the lease; dhcp_offers asks for the offers of others. "
        "no_lease may also be a client that we do not know. Leases in files (dhclient, dhcpcd) end "
        "by this machine's clock, right or wrong; other clients take the address away with the "
        "lease, and no clock is asked. OpenWrt does not tell when it renews: past half of the "
        "lease nothing is said of what is left. IPv6 is not looked at. The Windows part was tested "
        "with a feigned registry only.",
    )
    privilege = Text(
        "多数不需要特权。ubus 和个别系统上的 dhcpcd、dhclient 文件需要 root，否则为 no_privilege。",
        "Mostly none. ubus, and on some systems the files of dhcpcd and dhclient, need root, else "
        "no_privilege.",
    )
    measures = (SEEN, LEFT_SECONDS)
    labels: ClassVar[Mapping[str, Text]] = {
        "interface": Text("操作系统中的接口名。", "The interface as the system names it."),
        "server": Text(
            f"给出租约的 DHCP 服务器；客户端不告知时为 {NONE}。",
            f"The DHCP server that gave the lease; {NONE} if the client does not tell.",
        ),
        "router": Text(
            f"租约给出的网关，多个以空格分隔；没有时为 {NONE}。",
            f"The routers that the lease names, with spaces between; {NONE} without any.",
        ),
        "resolvers": Text(
            f"租约给出的域名服务器，以空格分隔；没有时为 {NONE}。",
            f"The name servers that the lease names, with spaces between; {NONE} without any.",
        ),
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        "no_address": Text(
            "没有一块网卡有可用的 IPv4 地址。", "No network card has an IPv4 address to speak of."
        ),
        "no_lease": Text(
            "该接口有地址而没有租约：地址是静态的，或客户端不认识。",
            "The interface has an address and no lease: a static one, or of a client that we do "
            "not know.",
        ),
        "expired": Text(
            "文件中的租约按本机时钟已过期，而地址还在。",
            "The lease in the client's file is over by this machine's clock; the address is still "
            "there.",
        ),
    }
    roles = frozenset({Role.GATEWAY, Role.SENTINEL, Role.PC})
    deadline_seconds = 20.0

    def longest_seconds(self) -> float:
        return 10.0  # nmcli and ubus

    async def measure(self, target: Target) -> list[Reading]:
        here = await asyncio.to_thread(_addressed)
        if not here:
            raise self.not_run("no_address")
        now = time.time()
        found, trouble = await _leases([card.name for card in here], now)
        return [_reading(card, found, trouble or "no_lease", now) for card in here]


def _addressed() -> list[Card]:
    from probes.dual_homing.addresses import reaches_out

    return [
        card
        for card in cards()
        if card.up and card.on_hardware and reaches_out(_ipv4(card.addresses))
    ]


def _ipv4(addresses: Sequence[str]) -> list[str]:
    return [text for text in addresses if ":" not in text]


async def _leases(names: Sequence[str], now: float) -> tuple[list[Lease], str | None]:
    if platform.system() == "Windows":
        from probes.leases import windows

        return await asyncio.to_thread(lambda: list(windows.leases())), None
    if platform.system() != "Linux":
        raise ProbeError("unsupported_system")
    from probes.leases import linux

    return await linux.leases(ROOT, names, now)


def _reading(card: Card, found: Sequence[Lease], without: str, now: float) -> Reading:
    """`without`: the reason when there is none."""
    own = [x for x in found if x.interface == card.name and x.address in card.addresses]
    current = [x for x in own if x.kept_up or x.ends is None or x.ends > now]
    if not current:
        labels = {"interface": card.name, "server": NONE, "router": NONE, "resolvers": NONE}
        return Reading.not_run("expired" if own else without, labels)
    lease = current[0]
    labels = {
        "interface": card.name,
        "server": lease.server or NONE,
        "router": " ".join(lease.routers[:8]) or NONE,
        "resolvers": " ".join(lease.resolvers[:8]) or NONE,
    }
    left = {} if lease.ends is None or lease.ends <= now else {LEFT_SECONDS: lease.ends - now}
    return Reading.ok({SEEN: 1.0, **left}, labels)
