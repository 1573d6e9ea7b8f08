"""Whether a service accepts TCP connections, and how long the handshake takes.

Nothing is sent over the connection: what the service would say is for other probes.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from time import perf_counter
from typing import ClassVar

from probes.metrics import LOSS_RATIO, REACHABLE, median
from probes.model import Better, Metric, Probe, Reading, Role, Target, Unit, setting
from probes.net import (
    NO_SOCKET,
    RESOLVE_SECONDS,
    Address,
    open_socket,
    our_fault,
    require_route,
    resolve,
)
from probes.text import Text


def _handshake(statistic: str, zh: str, en: str) -> Metric:
    return Metric(
        name=f"handshake_seconds_{statistic}",
        unit=Unit.SECONDS,
        better=Better.LOWER,
        title=Text(f"握手时间（{zh}）", f"Handshake ({en})"),
        meaning=Text(
            f"本次探测中完成的 TCP 握手所用时间的{zh}；不含名称解析。",
            f"The {en} time of this run's completed TCP handshakes, without name lookup.",
        ),
        resolution=0.00001,
        minimum=0,
        maximum=60,
        reference="RFC 9293 section 3.5 (three-way handshake)",
    )


HANDSHAKE_SECONDS_MIN = _handshake("min", "最小值", "least")
HANDSHAKE_SECONDS_MEDIAN = _handshake("median", "中位数", "median")


class _Failure(Enum):
    """How a handshake failed; the value is the reason that is stored."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    port: int = setting(
        443,
        Text("目标未写端口时使用的端口。", "Port for a target that names none."),
        minimum=1,
        maximum=65535,
    )
    handshakes: int = setting(
        3, Text("一次探测的握手次数。", "Handshakes in one run."), minimum=1, maximum=10
    )
    timeout: float = setting(
        2.0,
        Text("一次握手的最长时间，秒。", "Seconds that one handshake may take."),
        minimum=0.1,
        maximum=3,
    )


class TcpConnect(Probe[Settings]):
    name = "tcp_connect"
    title = Text("TCP 连接", "TCP connect")
    about = Text(
        "与目标的端口依次建立若干次 TCP 连接，建立后立即关闭，不发送数据。名称只解析一次，且不计入"
        "时间；只探测解析得到的第一个地址。握手完成说明线路、沿途防火墙和监听的服务都正常；"
        "ICMP 被过滤时可代替 ping。",
        "Opens some TCP connections to the target's port, one after the other, and closes each at "
        "once without sending anything. The name is resolved once, outside of the timing, and only "
        "its first address is probed. A completed handshake shows that the route, the firewalls on "
        "it and the listening service work; where ICMP is filtered it stands in for ping.",
    )
    limits = Text(
        "握手由操作系统完成，端口后面的应用可能已经失去响应。途中的代理或负载均衡可能代为应答。"
        "被拒绝（refused）不计为丢失：主机有应答，只是没有服务。",
        "The operating system completes the handshake; the application behind the port may still "
        "hang. A proxy or load balancer may answer in its place. A refusal is no loss: the host "
        "answered, but nothing listens.",
    )
    measures = (REACHABLE, LOSS_RATIO, HANDSHAKE_SECONDS_MIN, HANDSHAKE_SECONDS_MEDIAN)
    reasons: ClassVar[Mapping[str, Text]] = {
        "refused": Text("目标拒绝了连接：端口上没有服务。", "Refused: nothing listens there."),
        "unreachable": Text(
            "路由器或本机网段报告目标不可达。",
            "A router or the local link said that the target cannot be reached.",
        ),
        "no_answer": Text(
            "规定时间内没有完成任何握手。", "No handshake was completed within the time allowed."
        ),
    }
    roles = frozenset(Role)
    Settings = Settings
    aimed = True
    deadline_seconds = 45.0

    def longest_seconds(self) -> float:
        return RESOLVE_SECONDS + self.settings.handshakes * self.settings.timeout

    async def measure(self, target: Target) -> Reading:
        address = await resolve(target.host, target.port or self.settings.port)
        require_route(address)
        tries = [await self._shake_hands(address) for _ in range(self.settings.handshakes)]
        times = sorted(t for t in tries if isinstance(t, float))
        failures = [t for t in tries if isinstance(t, _Failure)]
        loss = sum(f is not _Failure.REFUSED for f in failures) / len(tries)
        if not times:
            return Reading.failed(failures[-1].value, {REACHABLE: 0, LOSS_RATIO: loss})
        return Reading.ok(
            {
                REACHABLE: 1,
                LOSS_RATIO: loss,
                HANDSHAKE_SECONDS_MIN: times[0],
                HANDSHAKE_SECONDS_MEDIAN: median(times),
            }
        )

    async def _shake_hands(self, address: Address) -> float | _Failure:
        """Seconds until established, or how it failed; raises ProbeError for our own faults."""
        loop = asyncio.get_running_loop()
        with open_socket(address.family, socket.SOCK_STREAM) as opened:
            started = perf_counter()
            try:
                async with asyncio.timeout(self.settings.timeout):
                    await loop.sock_connect(opened, address.sockaddr)
            except TimeoutError:
                return _Failure.NO_ANSWER
            except ConnectionRefusedError:
                return _Failure.REFUSED
            except OSError as exc:
                if exc.errno in NO_SOCKET or exc.errno == errno.EADDRNOTAVAIL:
                    raise our_fault(exc) from exc
                # The way out of this machine was checked before: somebody further on said no.
                return _Failure.UNREACHABLE
            return perf_counter() - started
