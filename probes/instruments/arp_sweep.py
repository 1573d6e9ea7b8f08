"""Which hosts are on a network at this machine: every address is asked by ARP who has it.

No host can be on a network and not answer ARP, so this finds what a firewall hides from ping. A
network behind a router is out of its reach.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from probes import apart
from probes.lan.measures import (
    ALL,
    MODULE,
    PRIVILEGE,
    START_SECONDS,
    parse_networks,
    seconds_metric,
)
from probes.metrics import SEEN
from probes.model import Better, Probe, Reading, Role, SettingError, Target, setting
from probes.posture import count
from probes.text import Text

MANY = "many"
SHORTEST_PREFIX = 22
MOST_ADDRESSES = 4096
MOST_NETWORKS = 16
_FRAMES_EACH = 2
_WAITS_SECONDS = 1.5
"""After the last frame of each of the two rounds, together."""

HOSTS_COUNT = count(
    "hosts_count",
    Text("主机数", "Hosts"),
    Text(
        "应答的不同 MAC 地址数，含随机 MAC，不含本机和代人应答者。",
        "Different MAC addresses that answered, with randomised ones, without this machine and "
        "without those that answer for others.",
    ),
    Better.NEITHER,
)
RANDOMISED_COUNT = count(
    "randomised_count",
    Text("随机 MAC 数", "Randomised"),
    Text(
        "其中自行编造 MAC 地址（本地管理位）的主机数，多为手机，也有虚拟机。",
        "Of these, hosts that made their MAC address up (locally administered): phones as a rule, "
        "and virtual machines.",
    ),
    Better.NEITHER,
)
ADDRESSES_COUNT = count(
    "addresses_count",
    Text("代答的地址数", "Addresses answered for"),
    Text(
        "同一 MAC 在本次扫描中应答的地址数，超过 16 个才给出。",
        "Addresses for which one MAC answered in this sweep; only told beyond 16.",
    ),
    Better.NEITHER,
)
FRAMES_SENT_COUNT = count(
    "frames_sent_count",
    Text("发出的帧", "Frames sent"),
    Text("本次扫描发出的 ARP 请求数。", "ARP requests that this sweep sent."),
    Better.NEITHER,
)
SWEEP_SECONDS = seconds_metric(
    "sweep_seconds",
    Text("扫描用时", "Sweep"),
    Text("从第一个请求到最后一次等待结束。", "From the first request to the end of the last wait."),
    Better.NEITHER,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    networks: tuple[str, ...] = setting(
        (),
        Text(
            "要扫描的网段，如 10.1.1.0/24；每个不大于 /22，须与本机网卡直接相连。",
            "Networks to sweep, such as 10.1.1.0/24; each at most a /22, and directly connected to "
            "a card of this machine.",
        ),
    )
    frames_per_second: float = setting(
        200.0, Text("每秒发出的请求数。", "Requests a second."), minimum=100, maximum=500
    )
    randomised: bool = setting(
        False,
        Text(
            "是否也逐个列出随机 MAC 的主机；缺省只计数。",
            "Whether hosts with randomised MACs are listed too; otherwise they are only counted.",
        ),
    )

    def __post_init__(self) -> None:
        networks = parse_networks(self.networks)
        for network in networks:
            if network.version != 4 or network.prefixlen < SHORTEST_PREFIX:
                raise _too_large(str(network))
        if len(networks) > MOST_NETWORKS or self.addresses() > MOST_ADDRESSES:
            raise _too_large(", ".join(self.networks))

    def addresses(self) -> int:
        return sum(network.num_addresses for network in parse_networks(self.networks))


def _too_large(networks: str) -> SettingError:
    return SettingError(
        Text(
            f"networks：{networks} 不能扫描：须为 IPv4，每个不大于 /{SHORTEST_PREFIX}，"
            f"最多 {MOST_NETWORKS} 个，一共不超过 {MOST_ADDRESSES} 个地址。",
            f"networks: {networks} cannot be swept; IPv4, each at most a /{SHORTEST_PREFIX}, "
            f"at most {MOST_NETWORKS}, with {MOST_ADDRESSES} addresses in all.",
        )
    )


class ArpSweep(Probe[Settings]):
    name = "arp_sweep"
    title = Text("ARP 扫描", "ARP sweep")
    about = Text(
        "按均匀的速度向网段内每个地址发一个 ARP 请求，再向没有应答的各发一个，每个地址最多两帧。"
        "每个应答的主机一条读数，另有一条总计（mac=all）。只计对本机请求的应答。"
        "同一 MAC 应答超过 16 个地址的，是代人应答（代理 ARP）或冒充，只给出一条读数"
        "（address=many）和地址数，不算作主机。随机 MAC 只计数，除非设置 randomised，"
        "或另有网卡应答同一地址。",
        "Sends one ARP request to each address of a network, at an even pace, and a second to "
        "those that were silent: at most two frames to an address. There is a reading for each "
        "host that answered, and one for the whole (mac=all). Only answers to our requests count. "
        "A MAC that answers for more than 16 addresses answers for others (proxy ARP) or pretends "
        "to be them: it has one reading (address=many) with the number, and is no host. Randomised "
        "MACs are counted, and listed only with the setting `randomised` or where another card "
        "answers for the same address.",
    )
    limits = Text(
        "只看得到直接相连的网段。休眠的设备不应答。MAC 可以伪造。有一块代人应答的网卡时，"
        "它自己的地址也不列出。",
        "It sees directly connected networks only. What sleeps does not answer. A MAC can be "
        "forged. Where a card answers for many, its own address is not listed either.",
    )
    privilege = PRIVILEGE
    measures = (
        SEEN,
        HOSTS_COUNT,
        RANDOMISED_COUNT,
        ADDRESSES_COUNT,
        FRAMES_SENT_COUNT,
        SWEEP_SECONDS,
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "address": Text(
            "应答的 IPv4 地址；all 为总计，many 为代人应答者。",
            "The IPv4 address that answered; all = the whole, many = it answers for others.",
        ),
        "mac": Text("应答的 MAC 地址；all 为总计。", "The MAC that answered; all = the whole."),
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        "no_networks": Text(
            "没有给出要扫描的网段；请在学校的局域网配置中写 sweep。",
            "There is no network to sweep; set `networks`.",
        ),
        "not_connected": Text(
            "本机没有网卡直接连在这个网段上；不扫描路由器后面的网段。",
            "No card of this machine is directly connected to this network; what lies behind a "
            "router is not swept.",
        ),
    }
    roles = frozenset({Role.GATEWAY, Role.SENTINEL})
    Settings = Settings
    deadline_seconds = 150.0

    def longest_seconds(self) -> float:
        s = self.settings
        waits = _WAITS_SECONDS * len(s.networks)
        return START_SECONDS + _FRAMES_EACH * s.addresses() / s.frames_per_second + waits

    def reaches(self) -> Sequence[str]:
        return self.settings.networks

    async def measure(self, target: Target) -> Sequence[Reading]:
        s = self.settings
        if not s.networks:
            raise self.not_run("no_networks")
        question = {
            "do": "sweep",
            "networks": list(s.networks),
            "frames_per_second": s.frames_per_second,
            "randomised": s.randomised,
        }
        found = await apart.ask(MODULE, question, self.longest_seconds())
        return [reading for row in found for reading in _readings(row)]


def _readings(row: Mapping[str, Any]) -> Iterator[Reading]:
    network, whole = row["network"], {"address": ALL, "mac": ALL}
    if "refused" in row:
        yield Reading.not_run(row["refused"], whole, target=network)
        return
    for address, mac in row["hosts"]:
        yield Reading.ok({SEEN: 1}, {"address": address, "mac": mac}, target=network)
    for mac, number in row["proxies"].items():
        labels = {"address": MANY, "mac": mac}
        yield Reading.ok({SEEN: 1, ADDRESSES_COUNT: number}, labels, target=network)
    values = (HOSTS_COUNT, RANDOMISED_COUNT, FRAMES_SENT_COUNT, SWEEP_SECONDS)
    yield Reading.ok({metric: row[metric.name] for metric in values}, whole, target=network)
