"""What the instruments that look at frames have in common: settings, metrics, words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from probes.model import Better, Metric, SettingError, Unit, setting
from probes.posture import count
from probes.text import Text

MODULE = "probes.lan"
LAN = "lan"
"""The target of readings about the network at this machine's cards."""
ALL = "all"
"""The label of a reading about the whole."""
START_SECONDS = 15.0
"""Until the other process has loaded scapy: half a second on a server, long on a busy router."""

MISSED_COUNT = count(
    "missed_count",
    Text("未看的帧", "Frames not looked at"),
    Text(
        "有关的帧来得太多，超出上限而没有解析的个数；大于 0 时，其他数目只是下限。",
        "Frames of interest beyond what is looked at in one run; above 0, the other numbers are "
        "lower bounds.",
    ),
)

PRIVILEGE = Text(
    "需要 CAP_NET_RAW（install-service --allow lan）；没有时为 not_run，原因 no_privilege。"
    "只有一个短命的独立进程使用它，并先放弃其他一切权限；以 root 运行时也是如此。",
    "CAP_NET_RAW (install-service --allow lan). Without it: not_run, reason no_privilege. Only a "
    "short-lived process of its own uses it, and gives up every other right first, also as root.",
)

NETWORKS = Text(
    "只看在这些网段中有地址的网卡，如 10.1.0.0/16；不给出时看所有面向学校的实体网卡"
    "（转发数据的机器上不含默认出口）。",
    "Only cards with an address in these networks, such as 10.1.0.0/16. Without any: every piece "
    "of hardware that faces the school, which on a machine that forwards leaves out the way out.",
)


def seconds_metric(name: str, title: Text, meaning: Text, better: Better) -> Metric:
    return Metric(
        name=name,
        unit=Unit.SECONDS,
        better=better,
        title=title,
        meaning=meaning,
        resolution=0.001,
        minimum=0,
    )


def parse_networks(given: Sequence[object]) -> list[IPv4Network | IPv6Network]:
    """Raises SettingError for what is no network."""
    found = []
    for each in given:
        try:
            found.append(ip_network(each if isinstance(each, str) else ""))
        except ValueError as exc:
            raise SettingError(
                Text(
                    f"networks：{each!r} 不是网段，应写成 10.1.1.0/24 这样。",
                    f"networks: {each!r} is no network; write it like 10.1.1.0/24.",
                )
            ) from exc
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Settings of an instrument that asks once and waits for answers."""

    networks: tuple[str, ...] = setting((), NETWORKS)
    seconds: float = setting(
        5.0,
        Text("等待应答的时间，秒。", "Seconds to wait for answers."),
        minimum=1,
        maximum=10,
    )

    def __post_init__(self) -> None:
        parse_networks(self.networks)

    def question(self, do: str) -> dict[str, object]:
        return {"do": do, "networks": list(self.networks), "seconds": self.seconds}

    def longest_seconds(self) -> float:
        return START_SECONDS + self.seconds


WAITING_DEADLINE = 40.0
"""Beyond the longest of `Waiting`."""
