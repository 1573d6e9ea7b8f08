"""Which ports of this machine wait for somebody else, and which of them nobody expects."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from probes import listening
from probes.listening import Port
from probes.model import Better, Probe, Reading, Role, SettingError, Target, setting
from probes.posture import POSTURE_LABELS, PRIVILEGE, SOURCE, boolean, count, privilege
from probes.text import Text

LISTENING_PORTS_COUNT = count(
    "listening_ports_count",
    Text("监听端口数", "Listening ports"),
    Text(
        "有程序在等待连接或数据报的端口数，包括只对本机开放的。",
        "Ports on which a program waits for connections or datagrams, those for this machine only "
        "among them.",
    ),
    Better.NEITHER,
)
EXPOSED_PORTS_COUNT = count(
    "exposed_ports_count",
    Text("对外监听的端口数", "Ports open to others"),
    Text(
        "监听地址不限于环回的端口数；防火墙是否放行不在此列。",
        "Listening ports that are bound to more than the loopback; what the firewall lets through "
        "is not said.",
    ),
)
UNEXPECTED_PORTS_COUNT = count(
    "unexpected_ports_count",
    Text("名单外的端口数", "Unexpected ports"),
    Text(
        "对外监听而不在允许名单中的端口数。",
        "Ports open to others that the allow-list does not name.",
    ),
)
UNEXPECTED = boolean(
    "unexpected",
    Text("名单外", "Unexpected"),
    Text(
        "该端口对外监听而不在允许名单中；只为这样的端口给出读数。",
        "This port is open to others and not on the allow-list; only such ports have a reading.",
    ),
    Better.LOWER,
)

PROC, PSUTIL = "proc", "psutil"
ALL = "all"
"""The label of the reading about all ports together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    allowed: str = setting(
        "",
        Text(
            "允许对外监听的端口，以空格分隔，如 tcp/22 udp/5353；留空则任何对外端口都在名单外。",
            "Ports that may be open to others, with spaces between, such as tcp/22 udp/5353; empty "
            "= every open port is unexpected.",
        ),
    )
    maximum_listed: int = setting(
        20,
        Text(
            "最多逐个报告的名单外端口数；其余只计数。",
            "Unexpected ports with a reading of their own, at most; the rest are only counted.",
        ),
        minimum=0,
        maximum=50,
    )

    def __post_init__(self) -> None:
        for word in self.allowed.split():
            if listening.parse_port(word) is None:
                raise SettingError(
                    Text(
                        f"allowed 中的 {word!r} 不是端口；请写成 tcp/22 或 udp/5353。",
                        f"{word!r} in `allowed` is no port; write it like tcp/22 or udp/5353.",
                    )
                )


class OpenPorts(Probe[Settings]):
    name = "open_ports"
    title = Text("开放端口", "Open ports")
    about = Text(
        "读取内核的套接字表（Linux 为 /proc/net/tcp、tcp6、udp、udp6，其他系统经 psutil），列出处于"
        "监听状态的 TCP 端口和未连接的 UDP 端口，与计划按角色给出的允许名单比较。一条读数给出总数；"
        "名单外的端口各一条，从小端口号起，数目有上限。只看端口和地址，不看是哪个程序或用户。",
        "Reads the kernel's socket tables (/proc/net/tcp, tcp6, udp and udp6 on Linux, psutil "
        "elsewhere) for listening TCP ports and unconnected UDP ports, and compares them with the "
        "allow-list that the schedule gives each role. One reading holds the totals; each "
        "unexpected port has one of its own, lowest number first, up to a bound. It looks at ports "
        "and addresses, not at programs or users.",
    )
    limits = Text(
        "对外监听不等于能从外面连上：防火墙见 posture_firewall。系统分配给客户端的端口范围内的 UDP "
        "端口无法与普通客户端区分，不计；同一端口的多个地址计一次。其他网络命名空间（容器）内的端口"
        "看不到。端口号不说明是哪个服务。",
        "Open to others does not mean reachable: see posture_firewall. UDP ports in the range "
        "that the system gives to clients cannot be told from clients and are not counted; several "
        "addresses of one port count once. Ports inside other network namespaces (containers) are "
        "not seen. A port number does not say which service it is.",
    )
    privilege = Text(
        "Linux 和 Windows 不需要特权；macOS 需要 root，否则为 no_privilege。",
        "None on Linux and Windows; root on macOS, else no_privilege.",
    )
    measures = (LISTENING_PORTS_COUNT, EXPOSED_PORTS_COUNT, UNEXPECTED_PORTS_COUNT, UNEXPECTED)
    labels: ClassVar[Mapping[str, Text]] = {
        "protocol": Text("tcp 或 udp；总数为 all。", "tcp or udp; `all` for the totals."),
        "port": Text("端口号；总数为 all。", "The port's number; `all` for the totals."),
        **POSTURE_LABELS,
    }
    roles = frozenset({Role.GATEWAY, Role.PC})
    Settings = Settings

    async def measure(self, target: Target) -> list[Reading]:
        found = await asyncio.to_thread(listening.sockets)
        allowed = {listening.parse_port(word) for word in self.settings.allowed.split()}
        exposed = listening.exposed(found)
        unexpected = sorted(exposed - allowed, key=lambda port: (port.number, port.protocol))
        totals = {
            LISTENING_PORTS_COUNT: float(len({socket.port for socket in found})),
            EXPOSED_PORTS_COUNT: float(len(exposed)),
            UNEXPECTED_PORTS_COUNT: float(len(unexpected)),
        }
        return [
            Reading.ok(totals, _labels(ALL, ALL)),
            *(_reading(port) for port in unexpected[: self.settings.maximum_listed]),
        ]


def _reading(port: Port) -> Reading:
    return Reading.ok({UNEXPECTED: 1.0}, _labels(port.protocol, str(port.number)))


def _labels(protocol: str, port: str) -> dict[str, str]:
    source = PROC if platform.system() == "Linux" else PSUTIL
    return {"protocol": protocol, "port": port, SOURCE: source, PRIVILEGE: privilege()}
