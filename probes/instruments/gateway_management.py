"""Whether the gateway's management can be reached from where this machine stands.

From a classroom it should not be. A connection is opened and closed; nothing is sent over it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from probes.metrics import REACHABLE
from probes.model import Probe, ProbeError, Reading, Role, SettingError, Target, setting
from probes.neighbours.model import Router, this_system
from probes.net import resolve
from probes.refusal import REFUSALS, Refusal, RefusedError
from probes.stream import connected
from probes.text import Text

MOST_PORTS = 24
AT_ONCE = 4
_LARGEST_PORT = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    ports: tuple[int, ...] = setting(
        (22, 23, 80, 443, 8080, 8443, 8291),
        Text(
            f"试着连接的 TCP 端口，最多 {MOST_PORTS} 个：SSH、Telnet、网页管理、MikroTik。",
            f"TCP ports to try, {MOST_PORTS} at most: SSH, Telnet, web pages, and MikroTik's own.",
        ),
    )
    timeout: float = setting(
        2.0,
        Text("每个端口的最长时间，秒。", "Seconds that each port may take."),
        minimum=0.1,
        maximum=5,
    )

    def __post_init__(self) -> None:
        for port in self.ports:
            if not isinstance(port, int) or not 1 <= port <= _LARGEST_PORT:
                raise SettingError(
                    Text(
                        f"ports：{port!r} 不是端口号，应为 1 至 {_LARGEST_PORT}。",
                        f"ports: {port!r} is no port; 1 to {_LARGEST_PORT} is wanted.",
                    )
                )
        if not 1 <= len(set(self.ports)) == len(self.ports) <= MOST_PORTS:
            raise SettingError(
                Text(
                    f"ports：应为 1 至 {MOST_PORTS} 个互不相同的端口，而有 {len(self.ports)} 个。",
                    f"ports: 1 to {MOST_PORTS} different ones are wanted, not {len(self.ports)}.",
                )
            )


class GatewayManagement(Probe[Settings]):
    name = "gateway_management"
    title = Text("网关管理端口", "Gateway management")
    about = Text(
        "向本机的默认网关（先 IPv4，没有才 IPv6）的各管理端口各建立一次 TCP 连接，建立后立即关闭，"
        "不发送任何数据，也不试密码。连上为 1；被拒绝（refused）和没有应答（no_answer）为 0，"
        "原因写明是哪一种。",
        "Opens one TCP connection to each management port of this machine's default gateway (that "
        "of IPv4, else of IPv6) and closes it at once. Nothing is sent and no password is tried. "
        "1 = it was accepted; a refusal (refused) and silence (no_answer) are 0, and the reason "
        "says which.",
    )
    limits = Text(
        "连得上不等于能登录，也不说明端口后是什么服务：80 端口可能只是认证页面。端口都不通也可能是"
        "网关不应答本机。没有应答通常是被防火墙丢弃。",
        "A port that accepts is no log-in, and does not say what is behind it: port 80 may be a "
        "portal's page. That no port answers may also mean that the gateway answers nothing. "
        "Silence is mostly a firewall's.",
    )
    measures = (REACHABLE,)
    labels: ClassVar[Mapping[str, Text]] = {"port": Text("端口号。", "The port's number.")}
    reasons: ClassVar[Mapping[str, Text]] = {
        "no_router": Text(
            "本机没有经由某个地址的默认路由。",
            "No default route of this machine leads to a router.",
        ),
        "refused": Text(
            "网关拒绝了连接：端口上没有服务，或被防火墙拒绝。",
            "The gateway refused: nothing listens there, or its firewall says no.",
        ),
        "unreachable": REFUSALS["unreachable"],
        "no_answer": Text(
            "规定时间内没有应答：多半被防火墙丢弃。",
            "No answer within the time allowed: mostly a firewall drops it.",
        ),
    }
    roles = frozenset({Role.SENTINEL, Role.PC})
    Settings = Settings
    deadline_seconds = 45.0

    def longest_seconds(self) -> float:
        rounds = -(-len(self.settings.ports) // AT_ONCE)
        return rounds * self.settings.timeout

    def reaches(self) -> Sequence[str]:
        """The default gateway, whichever that is now."""
        try:
            gateway = _gateway_or_none()
        except (ProbeError, OSError, ValueError):
            return ()  # then a run sends nothing either
        return () if gateway is None else (gateway.address,)

    async def measure(self, target: Target) -> list[Reading]:
        try:
            gateway = _gateway_or_none()
        except (OSError, ValueError) as exc:
            raise ProbeError("unreadable", str(exc)) from exc
        if gateway is None:
            raise self.not_run("no_router")
        turn = asyncio.Semaphore(AT_ONCE)
        return await asyncio.gather(
            *(self._try(_host(gateway), port, turn) for port in self.settings.ports)
        )

    async def _try(self, host: str, port: int, turn: asyncio.Semaphore) -> Reading:
        labels = {"port": str(port)}
        address = await resolve(host, port)
        async with turn:
            try:
                async with asyncio.timeout(self.settings.timeout), connected(address):
                    return Reading.ok({REACHABLE: 1.0}, labels)
            except TimeoutError:
                return Reading.failed("no_answer", {REACHABLE: 0.0}, labels)
            except RefusedError as exc:
                refused = exc.refusal is Refusal.NO_SERVICE
                reason = "refused" if refused else "unreachable"
                return Reading.failed(reason, {REACHABLE: 0.0}, labels)


def _gateway_or_none() -> Router | None:
    """Raises ProbeError, OSError and ValueError."""
    return next(iter(this_system().routers()), None)


def _host(gateway: Router) -> str:
    """With the interface, where an address of the link alone says nothing."""
    scoped = gateway.address.lower().startswith("fe80:")
    return f"{gateway.address}%{gateway.index}" if scoped else gateway.address
