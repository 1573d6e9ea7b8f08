"""What the person in charge of a machine decides about its agent: `agent.toml`.

What to measure and how often is not here; the collector says that, within `[allow]`.
`config/examples/agent.toml` shows every key with its default.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from enum import StrEnum
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


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


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


def _is_network(rule: str) -> bool:
    try:
        ipaddress.ip_network(rule)
    except ValueError:
        return False
    return True
