"""The receiver: rsyslog as Debian has it, in an instance of its own that runs as Banjun's user.

What it is told here: one file for each source and day, no deletion, a queue on disk while the disk
is slow, and bounds on all that a sender could make grow.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from collector.logs.folder import LogFolder, tell_receiver
from collector.logs.source import RECEIVER, UNREGISTERED, LogSource
from config.durable import replace_file
from config.units import systemd
from probes.text import BanjunError, Text

Driver = Literal["ossl", "gtls"]
DRIVERS: tuple[Driver, ...] = ("ossl", "gtls")
PROGRAM = "/usr/sbin/rsyslogd"
MAX_SOURCES = 2000
"""Files that the receiver keeps open."""
_RESTART_WITH_TLS = "30d"
"""A certificate is read at the start only; ours is renewed four months before it ends."""
_UNSAFE = ('"', "\\", "\n", "%", "$")


class ReceiverError(BanjunError):
    """The receiver cannot be set up like that."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where it listens; a port of 0 is not opened.

    Attributes:
        address: empty for every one of this machine.
        port: UDP and TCP, in the clear.
        tls_port: TCP with the certificate of the collector.
        driver: rsyslog's for TLS.
    """

    address: str = ""
    port: int = 514
    tls_port: int = 0
    driver: Driver = "ossl"


def driver_or_none() -> Driver | None:
    """The first driver for TLS that is installed on this machine."""
    for driver in DRIVERS:
        if any(Path("/usr/lib").glob(f"*/rsyslog/lmnsd_{driver}.so")):
            return driver
    return None


def sources_table(sources: Iterable[LogSource]) -> bytes:
    """Addresses and names as the receiver looks them up."""
    rows = [
        {"index": address, "value": source.name}
        for source in sources
        for address in source.addresses
    ]
    table = {"version": 1, "nomatch": UNREGISTERED, "type": "string", "table": rows}
    return json.dumps(table, indent=1).encode()


def put_sources(folder: LogFolder, sources: Iterable[LogSource]) -> bool:
    """Write the table if it is another, and tell the receiver; False if none runs that was told."""
    wanted = sources_table(sources)
    if not folder.sources.exists() or folder.sources.read_bytes() != wanted:
        replace_file(folder.sources, wanted)
        return tell_receiver(folder.pid)
    return True


def configuration(folder: LogFolder, tls: Path, listen: Listen) -> str:
    """rsyslog's configuration, whole; `tls` is the folder of the collector's certificate.

    Raises ReceiverError for a path that rsyslog could not read back.
    """
    for path in (folder.root, tls):
        if any(sign in str(path) for sign in _UNSAFE):
            raise ReceiverError(
                Text(
                    f"rsyslog 的配置里写不了这个路径：{path}。请换一个数据目录。",
                    f"rsyslog's configuration cannot hold this path: {path}. "
                    "Choose another data directory.",
                )
            )
    inputs = "".join(_inputs(listen))
    return _TEXT.format(
        certificates=_CERTIFICATES.format(tls=tls) if listen.tls_port else "",
        inputs=inputs,
        root=folder.root,
        pid=folder.pid,
        incoming=folder.incoming,
        queue=folder.queue,
        sources=folder.sources,
        files=MAX_SOURCES,
        receiver=RECEIVER,
        unregistered=UNREGISTERED,
    )


def _inputs(listen: Listen) -> Iterable[str]:
    where = f' address="{listen.address}"' if listen.address else ""
    if listen.port:
        yield f'input(type="imudp"{where} port="{listen.port}" ruleset="banjun")\n'
        yield f'input(type="imtcp"{where} port="{listen.port}" ruleset="banjun")\n'
    if listen.tls_port:
        yield (
            f'input(type="imtcp"{where} port="{listen.tls_port}" ruleset="banjun"\n'
            f'  streamDriver.name="{listen.driver}" streamDriver.mode="1" '
            'streamDriver.authMode="anon")\n'
        )


def unit(folder: LogFolder, listen: Listen, user: str, zone: str, configuration: Path) -> str:
    """The unit for /etc/systemd/system. Days are those of `zone`, whatever the machine's is."""
    low = any(0 < port < 1024 for port in (listen.port, listen.tls_port))
    command = systemd.command_line((PROGRAM, "-n", "-f", str(configuration), "-i", str(folder.pid)))
    return _UNIT.format(
        command=command,
        user=user,
        zone=zone,
        root=folder.root,
        files=MAX_SOURCES * 2 + 4096,
        restart=f"RuntimeMaxSec={_RESTART_WITH_TLS}\n" if listen.tls_port else "",
        granted="CAP_NET_BIND_SERVICE" if low else "",
    )


_CERTIFICATES = """\
  defaultNetstreamDriverCAFile="{tls}/authority.pem"
  defaultNetstreamDriverCertFile="{tls}/server.pem"
  defaultNetstreamDriverKeyFile="{tls}/server.pem"
"""

_TEXT = """\
# 班均：接收网关和交换机的日志。由 banjun-collector logs config 生成，请勿手改；重新生成即可。
# Banjun: receives the logs of gateways and switches. Made by `banjun-collector logs config`; do not
# edit it, make it again.
#
# 每个来源每天一个文件：{incoming}/来源/日期.log；不轮转，不删除。次日由班均封存。
# One file for each source and day, in {incoming}/SOURCE/DAY.log. Nothing is
# rotated or deleted; Banjun seals a day when it is over.
#
# 每行：接收时刻、发送方地址、收到的原文。没有登记的地址归入 {unregistered}；
# 接收程序自身的消息（启动、停止、写不进）归入 {receiver}。
# Each line: when it was received, from which address, and what was received, unchanged. Addresses
# that nobody registered go to {unregistered}; the receiver's own words (started, stopped, could not
# write) to {receiver}.
#
# 以班均的用户单独运行，不动系统自带的 rsyslog；时区由环境变量 TZ 决定（见 logs config --unit）。
# It runs as Banjun's user and leaves the system's own rsyslog alone; TZ in its environment says
# when a day begins (see logs config --unit).

global(
  workDirectory="{queue}"
  net.enableDNS="off"
  processInternalMessages="on"
  maxMessageSize="16k"
  oversizemsg.input.mode="split"
{certificates})
module(load="imudp")
module(load="imtcp" maxSessions="2000" keepAlive="on")

lookup_table(name="banjun_sources" file="{sources}" reloadOnHUP="on")
template(name="banjun_file" type="string"
  string="{incoming}/%$.source:::secpath-replace%/%timegenerated:1:10:date-rfc3339%.log")
template(name="banjun_line" type="string"
  string="%timegenerated:::date-rfc3339% %fromhost-ip% %rawmsg%\\n")

# 磁盘慢时，先在内存、再在磁盘上排队（至多 2 GB）；再满则让 TCP 发送方等待。
# 磁盘写满时 rsyslog 会丢行，并在 {receiver} 里写明，所以别让它写满。
# While the disk is slow, lines wait in memory, then on disk (2 GB at most); beyond that senders
# over TCP have to wait. On a full disk rsyslog loses lines and says so in {receiver}: never let it
# fill.
ruleset(name="banjun"
  queue.type="LinkedList" queue.filename="banjun" queue.size="50000"
  queue.maxDiskSpace="2g" queue.maxFileSize="64m" queue.checkpointInterval="1000"
  queue.saveOnShutdown="on" queue.timeoutShutdown="10000" queue.timeoutEnqueue="3600000") {{
  set $.source = lookup("banjun_sources", $fromhost-ip);
  action(type="omfile" dynaFile="banjun_file" template="banjun_line" createDirs="on"
    dirCreateMode="0700" fileCreateMode="0600" dynaFileCacheSize="{files}" closeTimeout="10"
    flushOnTXEnd="on" action.resumeRetryCount="-1" action.resumeInterval="10")
}}
{inputs}
set $.source = "{receiver}";
action(type="omfile" dynaFile="banjun_file" template="banjun_line" createDirs="on"
  dirCreateMode="0700" fileCreateMode="0600" closeTimeout="10")
"""

_UNIT = """\
[Unit]
Description=Banjun logs: receives what gateways and switches log
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
User={user}
Environment=TZ={zone}
UMask=0077
Restart=always
RestartSec=10
{restart}LimitNOFILE={files}
MemoryMax=1G
TasksMax=64
CapabilityBoundingSet={granted}
AmbientCapabilities={granted}
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
ReadWritePaths={root}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX

[Install]
WantedBy=multi-user.target
"""
