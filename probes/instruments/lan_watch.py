"""What is said on the school's network while this machine listens for some seconds.

Addresses that two cards claim, routers, DHCP servers, answers to names; and how much is sent to
all, which tells a loop. What is sent to others is not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from probes import apart
from probes.lan.measures import (
    ALL,
    LAN,
    MISSED_COUNT,
    MODULE,
    NETWORKS,
    PRIVILEGE,
    START_SECONDS,
    parse_networks,
    seconds_metric,
)
from probes.model import Better, Probe, Reading, Role, Target, setting
from probes.posture import count
from probes.text import Text

FRAMES_COUNT = count(
    "frames_count",
    Text("帧数", "Frames"),
    Text(
        "在监听时间内，标签所说的网卡就该地址发出的有关帧数。本机自己的地址被别人占用时，本机一行"
        "为 0。",
        "Frames about the address, from the card that the labels name, while it listened. Where "
        "another claims this machine's own address, its own row has 0.",
    ),
    Better.NEITHER,
)
NAMES_COUNT = count(
    "names_count",
    Text("应答的名称数", "Names"),
    Text(
        "它为多少个不同的主机名给出了地址；1 个多半是它自己的名字。",
        "For how many host names it gave addresses; 1 is most likely its own.",
    ),
    Better.NEITHER,
)
BROADCAST_FRAMES_COUNT = count(
    "broadcast_frames_count",
    Text("广播帧", "Broadcast frames"),
    Text("监听时间内到达的广播帧数，由内核计数。", "Broadcasts that came, by the kernel's count."),
)
MULTICAST_FRAMES_COUNT = count(
    "multicast_frames_count",
    Text("组播帧", "Multicast frames"),
    Text("监听时间内到达的组播帧数，由内核计数。", "Multicasts that came, by the kernel's count."),
)
HEARD_SECONDS = seconds_metric(
    "heard_seconds",
    Text("监听时间", "Heard"),
    Text("实际监听了多久。", "How long it really listened."),
    Better.NEITHER,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    networks: tuple[str, ...] = setting((), NETWORKS)
    seconds: float = setting(
        20.0, Text("监听的时间，秒。", "Seconds to listen."), minimum=1, maximum=50
    )

    def __post_init__(self) -> None:
        parse_networks(self.networks)


class LanWatch(Probe[Settings]):
    name = "lan_watch"
    title = Text("局域网监听", "LAN watch")
    about = Text(
        "听若干秒，其间按 ARP 问两次默认网关是谁：冒充者一直在说话，网关自己却常常几分钟不出"
        "声，没有回答就无从比较。此外什么也不发；没有给出网段时连这也不问。内核只交出 ARP、"
        "IPv6 路由器和邻居公告、DHCP 服务器的应答，以及 LLMNR、NBNS、mDNS 的应答；相同的帧只看"
        "一次，每秒最多取 1000 帧。给出：被两个以上 MAC 声称的地址（arp，每个 MAC 一行）；发"
        "出路由器公告的（ra）；DHCP 服务器（dhcp）；应答名称的（name；mDNS 只列为两个以上主机"
        "名给出地址的，因为打印机和手机都会宣告自己的名字）；以及广播、组播帧数（all）。不算"
        "冲突：地址使用前的 ARP 探询，新主人宣告接管而旧主人不再声称，虚拟路由器（VRRP、"
        "HSRP、GLBP）之间。其他 VLAN 的带标签的帧不看。",
        "Listens for some seconds, and asks twice by ARP who the default gateway is: an impostor "
        "speaks all the time, and the gateway itself often says nothing for minutes, so that there "
        "would be nothing to compare. Nothing else is sent, and without networks not even that. "
        "The kernel hands over ARP, IPv6 router and neighbour advertisements, what DHCP servers "
        "send, and answers of LLMNR, NBNS and mDNS; the same frame is looked at once, and at most "
        "1000 a second are taken. Told are: addresses that two or more MACs claim (arp, a row for "
        "each MAC); senders of router advertisements (ra); DHCP servers (dhcp); who answers for "
        "names (name; by mDNS only who gives addresses for two or more host names, since every "
        "printer and phone announces its own); and how many broadcast and multicast frames came "
        "(all). No conflict are: ARP probes, a hand-over that the new owner announces and after "
        "which the old one is silent, and virtual routers (VRRP, HSRP, GLBP) among themselves. "
        "Frames with the tag of another VLAN are not looked at.",
    )
    limits = Text(
        "交换机只把广播、组播和发给本机的帧送到这里：两台主机之间的单播欺骗看不到，由各台机器的 "
        "gateway_mac 发现。应答名称未必是攻击：Windows 电脑也为自己的名字应答。",
        "A switch brings broadcasts, multicasts and what is for this machine: deceit between two "
        "others by unicast is not seen here, but by their own gateway_mac. To answer for a name is "
        "no attack by itself: a Windows computer does so for its own.",
    )
    privilege = PRIVILEGE
    measures = (
        FRAMES_COUNT,
        NAMES_COUNT,
        BROADCAST_FRAMES_COUNT,
        MULTICAST_FRAMES_COUNT,
        MISSED_COUNT,
        HEARD_SECONDS,
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "kind": Text(
            "arp（地址冲突）、ra、dhcp、name、all（总计）。",
            "arp (address conflict), ra, dhcp, name, all (the whole).",
        ),
        "address": Text("有关的地址；all 为总计。", "The address concerned; all = the whole."),
        "mac": Text(
            "arp：声称该地址的 MAC；其他：帧的源 MAC。",
            "arp: the MAC that claims it; otherwise: the MAC that sent the frames.",
        ),
    }
    roles = frozenset({Role.GATEWAY, Role.SENTINEL})
    Settings = Settings
    deadline_seconds = 75.0

    def longest_seconds(self) -> float:
        return START_SECONDS + self.settings.seconds

    async def measure(self, target: Target) -> Sequence[Reading]:
        s = self.settings
        question = {"do": "watch", "networks": list(s.networks), "seconds": s.seconds}
        found = await apart.ask(MODULE, question, self.longest_seconds())
        counts = (BROADCAST_FRAMES_COUNT, MULTICAST_FRAMES_COUNT, MISSED_COUNT, HEARD_SECONDS)
        whole = Reading.ok(
            {metric: found[metric.name] for metric in counts},
            dict.fromkeys(self.labels, ALL),
            target=LAN,
        )
        return [*(self._reading(row) for row in found["rows"]), whole]

    def _reading(self, row: Mapping[str, Any]) -> Reading:
        values = {FRAMES_COUNT: row["frames_count"]}
        if row["names_count"]:  # the other kinds are not about names
            values[NAMES_COUNT] = row["names_count"]
        return Reading.ok(values, {label: row[label] for label in self.labels}, target=LAN)
