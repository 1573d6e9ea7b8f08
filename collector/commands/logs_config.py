"""`banjun-collector logs config`: what the receiver of logs has to be told."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from collector.commands.logs_access import logs_of, require_owner
from collector.commands.output import say
from collector.commands.parser import OK, Subparsers, command
from probes.text import BanjunError, Language, Text

if TYPE_CHECKING:
    from collector.logs.receiver import Driver

CONFIGURATION = Path("/etc/banjun/rsyslog.conf")


class NoTlsError(BanjunError):
    """TLS was asked for, and something that it needs is missing."""


def add_action(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "config",
        language,
        title=Text("接收日志的 rsyslog 配置", "rsyslog's configuration for receiving"),
        about=Text(
            "打印一份完整的配置，给单独的一个 rsyslog 实例用，不动系统自带的；"
            "--unit 打印它的 systemd 单元。两次的选项要一致。设备上怎么配见 docs/logs.md。",
            "Prints a whole configuration for an rsyslog of its own, beside the system's; --unit "
            "prints its unit of systemd. Give both the same options. docs/logs.md says what to "
            "type on the gear.",
        ),
        examples=[
            (f"logs config > {CONFIGURATION}", Text("UDP 与 TCP 514", "UDP and TCP 514")),
            ("logs config --tls-port 6514", Text("另加 TLS", "TLS as well")),
            (
                "logs config --unit > /etc/systemd/system/banjun-logs.service",
                Text("systemd 单元", "the unit of systemd"),
            ),
        ],
        run=run,
    )
    parser.add_argument(
        "--listen",
        default="",
        metavar="ADDRESS",
        help=Text("监听地址；默认本机全部", "address to listen on; all unless given")(language),
    )
    parser.add_argument(
        "--port",
        type=int,
        default=514,
        help=Text("UDP 与 TCP 端口，默认 514；0 为不开", "UDP and TCP; 514 unless given, 0 = none")(
            language
        ),
    )
    parser.add_argument(
        "--tls-port",
        type=int,
        default=0,
        metavar="PORT",
        help=Text("TLS 端口，例如 6514；默认不开", "port for TLS, such as 6514; none unless given")(
            language
        ),
    )
    parser.add_argument(
        "--unit",
        action="store_true",
        help=Text("打印 systemd 单元", "print the unit of systemd")(language),
    )


def run(args: argparse.Namespace) -> int:
    from collector.logs.receiver import Listen, configuration, put_sources, unit

    with logs_of(args) as access:
        owner = require_owner(args.data_dir)
        folder, policy = access.logs.folder, access.policy
        folder.make()
        put_sources(folder, access.logs.book.sources())
    tls = args.data_dir.absolute() / "tls"
    driver = _driver(tls) if args.tls_port else "ossl"
    listen = Listen(args.listen, args.port, args.tls_port, driver)
    if args.unit:
        print(unit(folder, listen, owner, policy.zone.key, CONFIGURATION), end="")
    else:
        print(configuration(folder, tls, listen), end="")
        say(
            Text(
                f"存为 {CONFIGURATION}；单元用 logs config --unit 打印；之后 "
                "systemctl enable --now banjun-logs。",
                f"Save it as {CONFIGURATION}; `logs config --unit` prints the unit; then "
                "systemctl enable --now banjun-logs.",
            ),
            args.language,
        )
    return OK


def _driver(tls: Path) -> Driver:
    from collector.logs.receiver import driver_or_none

    if not (tls / "server.pem").exists():
        raise NoTlsError(
            Text(
                f"没有 {tls / 'server.pem'}；请先运行 banjun-collector init。",
                f"There is no {tls / 'server.pem'}; run `banjun-collector init` first.",
            )
        )
    driver = driver_or_none()
    if driver is None:
        raise NoTlsError(
            Text(
                "rsyslog 没有装 TLS 模块；请先 apt install rsyslog-openssl。",
                "rsyslog has no module for TLS; run apt install rsyslog-openssl first.",
            )
        )
    return driver
