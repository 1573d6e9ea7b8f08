"""What the person in charge decides about a collector: `collector.toml`.

Targets, duties, calendars and schedules are policy, in config/policies; a county's own are in
`policies/` of its data directory.
`config/examples/collector.toml` shows every key with its default.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from config.load import ConfigError
from probes.model import setting
from probes.text import Text

DEFAULT_PORT = 8421


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """`[export]`: the time-series engine beside the collector, which Grafana reads."""

    url: str = setting(
        "",
        Text(
            "VictoriaMetrics 或 InfluxDB 的网址，可带路径前缀；空为不导出",
            "Of VictoriaMetrics or InfluxDB, with its path prefix if any; empty = no export",
        ),
    )
    org: str = setting("banjun", Text("InfluxDB 的组织", "InfluxDB's organisation"))
    bucket: str = setting(
        "banjun",
        Text(
            "InfluxDB 的存储桶或数据库；VictoriaMetrics 不看",
            "InfluxDB's bucket or database; VictoriaMetrics ignores it",
        ),
    )
    token_file: str = setting(
        "", Text("InfluxDB 写入令牌所在的文件", "File that holds InfluxDB's token for writing")
    )
    certificate_authority: str = setting(
        "",
        Text(
            "为时序库签发证书的机构（PEM）", "The authority of the engine's certificate, PEM file"
        ),
    )
    metrics_urls: tuple[str, ...] = setting(
        (),
        Text(
            "时序库各进程的 /metrics 网址，用来发现它重启；空为 url 所在主机的 /metrics",
            "Metrics pages of the engine's processes, to notice that one started anew; "
            "empty = /metrics of the host of `url`",
        ),
    )
    every: float = setting(
        5.0, Text("写入间隔（秒）", "Seconds between two writes"), minimum=0.1, maximum=600
    )
    timeout: float = setting(
        10.0, Text("一次写入的时限（秒）", "Seconds for one write"), minimum=1, maximum=300
    )

    def __post_init__(self) -> None:
        for address in (self.url, *self.metrics_urls):
            if "@" in urlsplit(address).netloc:  # it is logged and shown, and would not be sent
                raise ConfigError(
                    Text(
                        "[export] 的网址里不能写用户名和口令；令牌写进 token_file 所指的文件。",
                        "An address in [export] cannot hold a user and a password; a token goes "
                        "into the file that token_file names.",
                    )
                )
            if address and not address.startswith(("http://", "https://")):
                raise ConfigError(
                    Text(
                        f"“{address}”不是 http:// 或 https:// 网址。",
                        f"{address!r} is not an http:// or https:// URL.",
                    )
                )
        _require_files(self, "token_file", "certificate_authority")


@dataclass(frozen=True, slots=True)
class CollectorSettings:
    """Every key of collector.toml."""

    host: str = setting(
        "127.0.0.1",
        Text(
            "监听地址；非本机地址须先运行 banjun-collector init，或给出证书",
            "Address to listen on; any but loopback needs `banjun-collector init` or a certificate",
        ),
    )
    port: int = setting(
        DEFAULT_PORT,
        Text("监听端口；0 为任意空闲端口", "Port; 0 = any free one"),
        minimum=0,
        maximum=65535,
    )
    certificate: str = setting(
        "",
        Text(
            "别处签发的 TLS 证书链（PEM）", "TLS certificate chain of another authority, PEM file"
        ),
    )
    private_key: str = setting("", Text("TLS 私钥文件（PEM）", "TLS private key, PEM file"))
    public_url: str = setting(
        "",
        Text(
            "代理程序访问采集器的网址，写入注册串",
            "URL that agents use; goes into enrolment strings",
        ),
    )
    reflector_port: int = setting(
        0,
        Text(
            "反射器（udp_jitter、loaded_latency）的 UDP 端口，例如 8422；0 为不启用",
            "UDP port of the reflector for udp_jitter and loaded_latency, such as 8422; 0 = none",
        ),
        minimum=0,
        maximum=65535,
    )
    measure_port: int = setting(
        0,
        Text(
            "测速服务的 UDP 与 TCP 端口，例如 8423；0 为不测速",
            "UDP and TCP port of the measurement server, such as 8423; 0 = lines are not measured",
        ),
        minimum=0,
        maximum=65535,
    )
    measure_host: str = setting(
        "",
        Text(
            "别处的测速服务器，须与本采集器共用 measure.key；空为本采集器",
            "A measurement server elsewhere that shares measure.key; empty = this collector",
        ),
    )
    measure_mbit: int = setting(
        1000,
        Text(
            "测速服务器同时借出的总带宽（Mbit/s），不超过它的网卡",
            "What the measurement server lends at once, Mbit/s; not more than its network card",
        ),
        minimum=1,
        maximum=1_000_000,
    )
    ndt7_port: int = setting(
        0,
        Text("NDT7 测速端口；0 为不启用", "Port of the NDT7 server; 0 = none"),
        minimum=0,
        maximum=65535,
    )
    retention_days: int = setting(
        190,
        Text("读数保存天数；法律要求至少六个月", "Days readings are kept; the law asks six months"),
        minimum=1,
        maximum=3700,
    )
    seal_every: float = setting(
        600.0, Text("封存间隔（秒）", "Seconds between two sealings"), minimum=1, maximum=7200
    )
    judge_every: float = setting(
        60.0, Text("评判间隔（秒）", "Seconds between two judgements"), minimum=1, maximum=3600
    )
    memory_limit: str = setting("1GB", Text("查询可用内存", "Memory that queries may use"))
    export: ExportSettings = field(default_factory=ExportSettings)

    def __post_init__(self) -> None:
        if bool(self.certificate) != bool(self.private_key):
            raise ConfigError(
                Text(
                    "certificate 与 private_key 必须同时给出。",
                    "certificate and private_key must be given together.",
                )
            )
        _require_files(self, "certificate", "private_key")


def _require_files(settings: object, *names: str) -> None:
    for name in names:
        path = getattr(settings, name)
        if path and not Path(path).is_file():
            raise ConfigError(
                Text(f"{name} = “{path}”：没有这个文件。", f"{name} = {path!r}: no such file.")
            )
