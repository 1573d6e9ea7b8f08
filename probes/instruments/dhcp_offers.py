"""Which DHCP servers answer on the school's network: a rogue one answers like any other.

It takes no address: no offer is ever accepted. Which server may be there, the collector knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from probes import apart
from probes.lan.measures import (
    ALL,
    LAN,
    MODULE,
    PRIVILEGE,
    WAITING_DEADLINE,
    Waiting,
    seconds_metric,
)
from probes.metrics import SEEN
from probes.model import Better, Probe, Reading, Role, Target
from probes.posture import count
from probes.text import Text

OFFER_SECONDS = seconds_metric(
    "offer_seconds",
    Text("应答时间", "Offer"),
    Text("从发出请求到收到这个应答。", "From the request to this offer."),
    Better.LOWER,
)
SERVERS_COUNT = count(
    "servers_count",
    Text("服务器数", "Servers"),
    Text(
        "给出应答的服务器数，以服务器标识和 MAC 区分。",
        "Servers that made an offer, told apart by identifier and MAC.",
    ),
    Better.NEITHER,
)


class DhcpOffers(Probe[Waiting]):
    name = "dhcp_offers"
    title = Text("DHCP 应答", "DHCP offers")
    about = Text(
        "在每块网卡上广播一个 DHCPDISCOVER，记下规定时间内的全部 DHCPOFFER：服务器标识、帧的源 "
        "MAC、给出的网关和域名服务器。客户端地址是固定的、本地管理的 02:62:6a:64:68:63，每台服务器"
        "最多为它留一个地址，地址池不会耗尽；从不发送 DHCPREQUEST。只认对本次请求的应答。",
        "Broadcasts one DHCPDISCOVER at each card and notes every DHCPOFFER that comes in time: "
        "the server's identifier, the MAC that sent the frame, the router and the resolvers it "
        "offers. The client's address is a fixed one, locally administered (02:62:6a:64:68:63), so "
        "a server keeps one address for it at most and no pool runs dry; no DHCPREQUEST is ever "
        "sent. Only offers to this very request count.",
    )
    limits = Text(
        "本机自己运行的 DHCP 服务器看不到自己的请求，不会出现。只应答已登记 MAC 的服务器，以及交换"
        "机（DHCP snooping）丢弃的应答，都看不到。经中继时，MAC 是中继设备的。",
        "A DHCP server on this machine itself does not hear the request and is not seen. Neither "
        "is one that serves known MACs only, nor an offer that a switch drops (DHCP snooping). "
        "Behind a relay the MAC is the relay's.",
    )
    privilege = PRIVILEGE
    measures = (SEEN, OFFER_SECONDS, SERVERS_COUNT)
    labels: ClassVar[Mapping[str, Text]] = {
        "server": Text(
            "服务器标识（选项 54）；all 为总计。", "Server identifier (option 54); all = the whole."
        ),
        "mac": Text("应答帧的源 MAC。", "The MAC that sent the offer."),
        "router": Text("给出的网关；- 为没有。", "Routers that it offers; - = none."),
        "resolvers": Text("给出的域名服务器；- 为没有。", "Resolvers that it offers; - = none."),
    }
    roles = frozenset({Role.GATEWAY, Role.SENTINEL})
    Settings = Waiting
    deadline_seconds = WAITING_DEADLINE

    def longest_seconds(self) -> float:
        return self.settings.longest_seconds()

    async def measure(self, target: Target) -> Sequence[Reading]:
        s = self.settings
        found = await apart.ask(MODULE, s.question("offers"), s.longest_seconds())
        offers = [
            Reading.ok(
                {SEEN: 1, OFFER_SECONDS: row["offer_seconds"]},
                {label: row[label] for label in self.labels},
                target=LAN,
            )
            for row in found
        ]
        servers = {(row["server"], row["mac"]) for row in found}
        whole = dict.fromkeys(self.labels, ALL)
        return [*offers, Reading.ok({SERVERS_COUNT: len(servers)}, whole, target=LAN)]
