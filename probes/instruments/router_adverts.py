"""Which IPv6 routers advertise themselves on the school's network, and what they promise.

Whoever sends router advertisements draws the traffic of every machine that speaks IPv6, also where
the school has none. Which router may, the collector knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from probes import apart
from probes.lan.measures import (
    ALL,
    LAN,
    MISSED_COUNT,
    MODULE,
    PRIVILEGE,
    WAITING_DEADLINE,
    Waiting,
)
from probes.metrics import SEEN
from probes.model import Better, Probe, Reading, Role, Target
from probes.posture import count
from probes.text import Text

ROUTERS_COUNT = count(
    "routers_count",
    Text("路由器数", "Routers"),
    Text(
        "发出合规公告的路由器数，以地址和 MAC 区分。",
        "Routers with sound advertisements, told apart by address and MAC.",
    ),
    Better.NEITHER,
)
MALFORMED_COUNT = count(
    "malformed_count",
    Text("不合规的公告", "Malformed"),
    Text(
        "违反 RFC 4861 或藏在分片中的不同帧数；其内容一概不采信。",
        "Different frames that break RFC 4861 or hide in fragments; nothing in them is believed.",
    ),
)


class RouterAdverts(Probe[Waiting]):
    name = "router_adverts"
    title = Text("IPv6 路由器公告", "Router advertisements")
    about = Text(
        "在每块网卡上发一个路由器请求（RS），记下规定时间内收到的全部路由器公告（RA）：源地址、帧的源"
        " MAC、前缀、作为默认路由器的有效秒数和标志。有效秒数为 0 表示撤回：冒用别人地址发出的撤回"
        "就是一种攻击（kill router），此时同一地址有两个 MAC。跳数、校验和、选项不合 RFC 4861 的公"
        "告只计数。",
        "Sends one router solicitation at each card and notes every router advertisement that "
        "comes in time: source, the MAC that sent the frame, prefixes, for how many seconds it is "
        "a default router, and flags. A lifetime of 0 withdraws a router: sent in another's name "
        "it is an attack (kill router), and the address then has two MACs. Advertisements whose "
        "hop limit, checksum or options break RFC 4861 are only counted.",
    )
    limits = Text(
        "本机自己发出的公告不算。发给别的主机的单播公告，以及交换机（RA Guard）丢弃的，都看不到。",
        "Advertisements of this machine itself do not count. Those sent to another host alone are "
        "not seen, nor what a switch drops (RA guard).",
    )
    privilege = PRIVILEGE
    measures = (SEEN, ROUTERS_COUNT, MALFORMED_COUNT, MISSED_COUNT)
    labels: ClassVar[Mapping[str, Text]] = {
        "address": Text(
            "路由器的链路本地地址；all 为总计。",
            "The router's link-local address; all = the whole.",
        ),
        "mac": Text("公告帧的源 MAC。", "The MAC that sent the advertisement."),
        "prefixes": Text(
            "公告的前缀，空格分隔；- 为没有。", "Prefixes, with a space between; - = none."
        ),
        "lifetime": Text(
            "作为默认路由器的有效秒数；0 为不是或已撤回。",
            "Seconds for which it is a default router; 0 = it is none, or no longer.",
        ),
        "flags": Text(
            "managed、other（地址或其他配置另由 DHCPv6 给出）、high、low（优先级）；- 为没有。",
            "managed, other (DHCPv6 has addresses, or more), high, low (preference); - = none.",
        ),
    }
    roles = frozenset({Role.GATEWAY, Role.SENTINEL})
    Settings = Waiting
    deadline_seconds = WAITING_DEADLINE

    def longest_seconds(self) -> float:
        return self.settings.longest_seconds()

    async def measure(self, target: Target) -> Sequence[Reading]:
        s = self.settings
        found = await apart.ask(MODULE, s.question("adverts"), s.longest_seconds())
        routers = [
            Reading.ok({SEEN: 1}, {label: row[label] for label in self.labels}, target=LAN)
            for row in found["routers"]
        ]
        counts = (ROUTERS_COUNT, MALFORMED_COUNT, MISSED_COUNT)
        whole = Reading.ok(
            {metric: found[metric.name] for metric in counts},
            dict.fromkeys(self.labels, ALL),
            target=LAN,
        )
        return [*routers, whole]
