"""Whether a host answers ICMP echoes, how many are lost, and how long the round trip takes.

Ways to send, best first: a datagram ICMP socket, a raw socket, the system's `ping`. The way is
stored with the reading, because they do not time alike. On Windows there is one way, iphlpapi.
"""

from __future__ import annotations

import errno
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import ClassVar

from probes import programs
from probes.echoes import Echoes, EchoSocket
from probes.metrics import LOSS_RATIO, REACHABLE, median
from probes.model import Better, Metric, Probe, ProbeError, Reading, Role, Target, Unit, setting
from probes.net import RESOLVE_SECONDS, Address, our_fault, require_route, resolve
from probes.ping_output import parse_ping
from probes.text import Text

_PROGRAM_SPARE_SECONDS = 3.0
_PROGRAM_INTERVAL = 0.2
"""The shortest that iputils grants an ordinary user."""

_NOT_PERMITTED = frozenset(
    {errno.EACCES, errno.EPERM, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT}
)


def _rtt(statistic: str, zh: str, en: str) -> Metric:
    return Metric(
        name=f"rtt_seconds_{statistic}",
        unit=Unit.SECONDS,
        better=Better.LOWER,
        title=Text(f"往返时延（{zh}）", f"Round trip ({en})"),
        meaning=Text(
            f"本次探测中有应答的回显的往返时间的{zh}；不含名称解析。",
            f"The {en} round trip of this run's answered echoes, without name lookup.",
        ),
        resolution=0.00001,
        minimum=0,
        maximum=60,
        reference="RFC 2681",
    )


RTT_SECONDS_MIN = _rtt("min", "最小值", "least")
RTT_SECONDS_MEDIAN = _rtt("median", "中位数", "median")
RTT_SECONDS_MAX = _rtt("max", "最大值", "greatest")

DELAY_VARIATION_SECONDS_MEAN = Metric(
    name="delay_variation_seconds_mean",
    unit=Unit.SECONDS,
    better=Better.LOWER,
    title=Text("时延变化", "Delay variation"),
    meaning=Text(
        "相邻两次回显的往返时间之差的绝对值的平均；至少需要两次相邻的应答。",
        "Mean absolute difference of the round trips of neighbouring echoes; it takes two in a row "
        "that were answered.",
    ),
    resolution=0.00001,
    minimum=0,
    maximum=60,
    reference="RFC 3393 (selection of neighbouring packets), applied to round trips",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    count: int = setting(
        4, Text("一次探测发送的回显个数。", "Echoes in one run."), minimum=1, maximum=20
    )
    interval: float = setting(
        0.25, Text("相邻回显的间隔，秒。", "Seconds between echoes."), minimum=0.1, maximum=1
    )
    timeout: float = setting(
        2.0,
        Text("等待每个应答的最长时间，秒。", "Seconds that an answer may take."),
        minimum=0.2,
        maximum=5,
    )


class IcmpEcho(Probe[Settings]):
    name = "icmp_echo"
    title = Text("ICMP 回显", "ICMP echo")
    about = Text(
        "向目标发送若干 ICMP 回显请求（ping），按时间间隔逐个发出。名称只解析一次，且不计入时延；"
        "只探测解析得到的第一个地址。内核能给出收包时间时以其为准。应答必须同时符合标识、序号和"
        "本次随机数，其他 ICMP 报文一律不计。",
        "Sends some ICMP echo requests (ping), one by one. The name is resolved once, outside of "
        "the timing, and only its first address is probed. The kernel's time of arrival is used "
        "where it gives one. A reply counts only with our identifier, sequence number and the "
        "random bytes of this run.",
    )
    limits = Text(
        "不应答 ICMP 的主机不一定有故障：许多设备和防火墙会丢弃或限速 ICMP。时延是往返时间，"
        "不是单程；也不代表带宽或上层应用的好坏。不同发送方式（method）的时延不宜直接比较。",
        "A host that does not answer ICMP need not be broken: much equipment drops or limits ICMP. "
        "The delay is a round trip, not one way, and says nothing about bandwidth or about the "
        "application. Do not compare the delays of different methods.",
    )
    privilege = Text(
        "代理所在的组须在 net.ipv4.ping_group_range 之内，或具有 CAP_NET_RAW，或系统装有可用的 "
        "ping；三者皆无则为 not_run，原因 no_icmp。Windows 不需要特权，但只支持 IPv4。",
        "The agent's group within net.ipv4.ping_group_range, or CAP_NET_RAW, or a `ping` program "
        "that may send. Without any of them: not_run, reason no_icmp. None on Windows, where only "
        "IPv4 is supported.",
    )
    measures = (
        REACHABLE,
        LOSS_RATIO,
        RTT_SECONDS_MIN,
        RTT_SECONDS_MEDIAN,
        RTT_SECONDS_MAX,
        DELAY_VARIATION_SECONDS_MEAN,
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "method": Text(
            "发送方式：datagram（数据报套接字）、raw（原始套接字）、ping（系统程序）、"
            "iphlpapi（Windows）。",
            "How it was sent: datagram (socket), raw (socket), ping (the system's program) or "
            "iphlpapi (Windows).",
        )
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        "no_reply": Text("没有任何回显得到应答。", "No echo was answered."),
        "unreachable": Text(
            "没有任何应答，且路由器或本机网段报告目标不可达。",
            "No echo was answered, and a router or the local link said that the target cannot be "
            "reached.",
        ),
        "no_icmp": Text(
            "本机不允许代理发送 ICMP。请把代理的组号加入 net.ipv4.ping_group_range，例如 "
            "sysctl -w net.ipv4.ping_group_range='0 2147483647'，或安装 iputils-ping。",
            "This machine does not let the agent send ICMP. Add the agent's group to "
            "net.ipv4.ping_group_range, for example sysctl -w "
            "net.ipv4.ping_group_range='0 2147483647', or install iputils-ping.",
        ),
    }
    roles = frozenset(Role)
    Settings = Settings
    aimed = True
    deadline_seconds = 40.0

    def longest_seconds(self) -> float:
        return RESOLVE_SECONDS + self._sending_seconds() + _PROGRAM_SPARE_SECONDS

    def _sending_seconds(self) -> float:
        interval = max(self.settings.interval, _PROGRAM_INTERVAL)
        return (self.settings.count - 1) * interval + self.settings.timeout

    async def measure(self, target: Target) -> Reading:
        address = await resolve(target.host)
        require_route(address)
        if sys.platform == "win32":
            return _reading(await self._by_windows(address), "iphlpapi")
        sender = _open_sender(address)
        if sender is None:
            return _reading(await self._by_program(address), "ping")
        with sender.socket:
            echoes = EchoSocket(sender.socket, address.version, sender.identifier)
            return _reading(
                await echoes.exchange(
                    self.settings.count, self.settings.interval, self.settings.timeout
                ),
                sender.method,
            )

    async def _by_windows(self, address: Address) -> Echoes:
        from probes.windows.echo import exchange

        given = self.settings
        return await exchange(address, given.count, given.interval, given.timeout)

    async def _by_program(self, address: Address) -> Echoes:
        program = programs.find("ping")
        if program is None:
            raise self.not_run("no_icmp")
        count, timeout = self.settings.count, self.settings.timeout
        interval = max(self.settings.interval, _PROGRAM_INTERVAL)
        options = ["-n", "-c", f"{count}", "-i", f"{interval:g}", "-W", f"{ceil(timeout)}"]
        finished = await programs.run(
            [program, *options, address.host], self._sending_seconds() + _PROGRAM_SPARE_SECONDS
        )
        if finished.refused:
            raise self.not_run("no_icmp")
        if "unreachable" in finished.errors and "transmitted" not in finished.output:
            raise ProbeError("no_route", finished.errors.strip()[:200])
        output = parse_ping(finished.output or finished.errors, count)
        in_time = {n: seconds for n, seconds in output.times.items() if seconds <= timeout}
        return Echoes(output.sent, in_time, "Unreachable" in finished.output)


@dataclass(frozen=True, slots=True)
class _Sender:
    method: str
    socket: socket.socket
    identifier: int | None


def _open_sender(address: Address) -> _Sender | None:
    """A socket connected to `address`, or None if this process may open neither kind."""
    protocol = socket.IPPROTO_ICMPV6 if address.version == 6 else socket.IPPROTO_ICMP
    for method, kind in (("datagram", socket.SOCK_DGRAM), ("raw", socket.SOCK_RAW)):
        try:
            opened = socket.socket(address.family, kind, protocol)
        except OSError as exc:
            if exc.errno in _NOT_PERMITTED:
                continue
            raise our_fault(exc) from exc
        try:
            opened.setblocking(False)
            opened.connect(address.sockaddr)
        except OSError as exc:
            opened.close()
            raise our_fault(exc) from exc
        # On a datagram socket the kernel puts the socket's own "port" in place of the identifier.
        return _Sender(method, opened, None if method == "datagram" else secrets.randbits(16))
    return None


def _reading(echoes: Echoes, method: str) -> Reading:
    labels = {"method": method}
    loss = 1 - len(echoes.times) / echoes.sent
    if not echoes.times:
        reason = "unreachable" if echoes.unreachable else "no_reply"
        return Reading.failed(reason, {REACHABLE: 0, LOSS_RATIO: loss}, labels)
    ordered = sorted(echoes.times.values())
    values = {
        REACHABLE: 1.0,
        LOSS_RATIO: loss,
        RTT_SECONDS_MIN: ordered[0],
        RTT_SECONDS_MEDIAN: median(ordered),
        RTT_SECONDS_MAX: ordered[-1],
    }
    if (variation := _variation_or_none(echoes.times)) is not None:
        values[DELAY_VARIATION_SECONDS_MEAN] = variation
    return Reading.ok(values, labels)


def _variation_or_none(times: dict[int, float]) -> float | None:
    """None unless two neighbouring echoes were answered."""
    steps = [abs(times[n] - times[n - 1]) for n in times if n - 1 in times]
    return sum(steps) / len(steps) if steps else None
