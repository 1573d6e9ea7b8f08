"""What the person in charge of a machine decides about its agent: `agent.toml`.

What to measure and how often is not here; the collector says that, within `[allow]`.
`config/examples/agent.toml` shows every key with its default.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from pathlib import Path

from probes.model import setting
from probes.text import BanjunError, Text

DEFAULT_HOSTS = (
    "collector",
    "localhost",
    "127.0.0.0/8",
    "::1/128",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "fc00::/7",
    "*.edu.cn",
)
"""The collector, this machine, a school's own addresses, and the education network."""


LEAST_DAILY_BYTES = 5_000_000
"""Enough for a push each minute without readings."""


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Metered(Enum):
    """Whether bytes on the way to the collector cost money."""

    AUTO = "auto"
    YES = True
    NO = False

    @property
    def known(self) -> bool | None:
        """None: the system has to be asked."""
        return None if self is Metered.AUTO else self is Metered.YES


@dataclass(frozen=True, slots=True)
class AllowSettings:
    """What the collector may ask of this agent. It can never widen this list."""

    probes: tuple[str, ...] = setting(
        ("*",), Text("允许运行的探测，可用 * 通配", "Probes that may run; * matches any name")
    )
    hosts: tuple[str, ...] = setting(
        DEFAULT_HOSTS,
        Text(
            "允许的目标：collector、网段或可用 * 通配的域名；169.254.0.0/16 须明确列出",
            "Targets: collector, networks, or names with *; 169.254.0.0/16 must be listed itself",
        ),
    )

    def __post_init__(self) -> None:
        for rule in self.hosts:
            if "/" in rule and not _is_network(rule):
                raise BanjunError(
                    Text(
                        f"allow.hosts 中的 {rule!r} 不是网段，请写成 10.0.0.0/8 这样",
                        f"{rule!r} in allow.hosts is not a network; write it like 10.0.0.0/8",
                    )
                )


@dataclass(frozen=True, slots=True)
class SpoolSettings:
    """How much the agent keeps while it cannot deliver. What it must drop, it reports as a gap."""

    max_mebibytes: int = setting(
        64, Text("暂存上限（MiB）", "Largest spool, MiB"), minimum=1, maximum=16_384
    )
    max_days: float = setting(
        14.0, Text("最久保留（天）", "Longest time to keep, days"), minimum=0.01, maximum=190
    )
    min_free_mebibytes: int = setting(
        200,
        Text("磁盘至少留空（MiB）", "Free disk space to leave to others, MiB"),
        minimum=0,
        maximum=1_048_576,
    )


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """How sparing the agent is with the way to the collector."""

    metered: Metered = setting(  # noqa: RUF009
        Metered.AUTO,
        Text(
            "链路是否按流量计费：auto、true 或 false",
            "Whether bytes cost money: auto, true or false",
        ),
    )
    daily_bytes: int = setting(
        0,
        Text("每天收发的字节上限，0 为不限", "Bytes a day, both ways; 0 = no limit"),
        minimum=0,
        maximum=10**12,
    )

    def __post_init__(self) -> None:
        if 0 < self.daily_bytes < LEAST_DAILY_BYTES:
            raise BanjunError(
                Text(
                    f"link.daily_bytes = {self.daily_bytes} 太小，连心跳都不够；"
                    f"请至少写 {LEAST_DAILY_BYTES}，或写 0 表示不限",
                    f"link.daily_bytes = {self.daily_bytes} is too little even for a sign of "
                    f"life; write at least {LEAST_DAILY_BYTES}, or 0 for no limit",
                )
            )


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """The whole of `agent.toml`."""

    log_level: LogLevel = setting(LogLevel.INFO, Text("日志级别", "Log level"))  # noqa: RUF009
    ca_file: Path | None = setting(  # noqa: RUF009 - it is dataclasses.field
        None,
        Text(
            "信任的证书机构（PEM），用于内部机构签发的采集器证书；注册串有指纹时不用",
            "Authority to trust (PEM), for a collector with a private certificate and no pin",
        ),
    )
    allow: AllowSettings = field(default_factory=AllowSettings)
    spool: SpoolSettings = field(default_factory=SpoolSettings)
    link: LinkSettings = field(default_factory=LinkSettings)


def _is_network(rule: str) -> bool:
    try:
        ipaddress.ip_network(rule)
    except ValueError:
        return False
    return True
