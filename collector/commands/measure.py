"""`banjun-collector measure`: a measurement server alone, on this or another host."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from collector.commands.output import say
from collector.commands.parser import OK, Subparsers, command
from probes.text import BanjunError, Language, Text

if TYPE_CHECKING:
    from ssl import SSLContext

    from collector.measure.ndt7.admission import Limits
    from collector.measure.ndt7.server import Ndt7Server
    from collector.measure.server import MeasurementServer
    from collector.tls.live import LiveCertificate


class MeasureError(BanjunError):
    """The options do not fit together, or a port cannot be listened on."""


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "measure",
        language,
        title=Text("单独运行测速服务", "run a measurement server alone"),
        about=Text(
            "供学校的代理程序测量线路：每次都要有采集器签发的许可，两者共用一个密钥文件（采集器数据"
            "目录中的 measure.key）。也可提供 NDT7：任何 NDT7 客户端都可以来测速，名额有限。"
            "不保存结果，只写入日志。请放在线路足够的机器上：一台 1 Gbit/s 的服务器测不准 "
            "1 Gbit/s 的学校。",
            "For the agents of schools to measure their lines: each time with a permit of the "
            "collector, with which it shares a key file (measure.key in the collector's data "
            "directory). And for NDT7, if you like: any NDT7 client may test against it, within "
            "limits. It keeps no results; it logs them. Put it where the line is wide enough: a "
            "server on 1 Gbit/s cannot judge a school on 1 Gbit/s.",
        ),
        examples=[
            (
                "measure --agents-port 8423 --secret measure.key",
                Text("供代理程序测速（TCP 和 UDP）", "for agents (TCP and UDP)"),
            ),
            ("measure --port 8080", Text("NDT7，明文 WebSocket", "NDT7, plain WebSocket")),
            (
                "measure --port 8080 --tls-port 8443 --certificate server.pem --key server.key",
                Text("NDT7，明文和 TLS", "NDT7, plain and TLS"),
            ),
        ],
        run=run,
    )
    _add_options(parser, language)


def _add_options(parser: argparse.ArgumentParser, language: Language) -> None:
    parser.add_argument(
        "--host",
        default="",
        help=Text("监听地址，默认全部", "address to listen on; all unless given")(language),
    )
    for option, meaning in (
        ("--agents-port", Text("代理程序测速的端口", "port for agents")),
        ("--port", Text("NDT7 明文端口", "port of NDT7 without TLS")),
        ("--tls-port", Text("NDT7 TLS 端口", "port of NDT7 with TLS")),
        ("--tests", Text("同时最多几次 NDT7，默认 4", "NDT7 tests at once; 4 unless given")),
        (
            "--tests-per-hour",
            Text("同一地址每小时最多几次 NDT7，默认 20", "NDT7 tests an hour from one address; 20"),
        ),
        (
            "--mbit",
            Text("全部 NDT7 合计 Mbit/s，默认 1000", "Mbit/s of all NDT7 tests; 1000 unless given"),
        ),
    ):
        parser.add_argument(option, type=int, metavar="N", help=meaning(language))
    for option, meaning in (
        ("--secret", Text("与采集器共用的密钥文件", "key file shared with the collector")),
        ("--certificate", Text("证书，PEM", "certificate, PEM")),
        ("--key", Text("私钥，PEM", "private key, PEM")),
    ):
        parser.add_argument(option, type=Path, metavar="FILE", help=meaning(language))


def run(args: argparse.Namespace) -> int:
    if args.port is None and args.tls_port is None and args.agents_port is None:
        raise MeasureError(
            Text(
                "请给出 --agents-port、--port 或 --tls-port 中的至少一个",
                "give at least one of --agents-port, --port and --tls-port",
            )
        )
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    )

    def ready(where: str) -> None:
        say(Text(f"测速服务已启动：{where}", f"The server is running: {where}"), args.language)

    asyncio.run(_serve(args, _secret_or_none(args), _certificate_or_none(args), ready))
    return OK


def _secret_or_none(args: argparse.Namespace) -> bytes | None:
    if args.agents_port is None:
        return None
    if args.secret is None:
        raise MeasureError(
            Text(
                "--agents-port 需要 --secret：采集器数据目录中的 measure.key",
                "--agents-port needs --secret: measure.key of the collector's data directory",
            )
        )
    try:
        found: bytes = args.secret.read_bytes().strip()
    except OSError as exc:
        raise MeasureError(
            Text(f"无法读取 {args.secret}：{exc}", f"cannot read {args.secret}: {exc}")
        ) from exc
    if not found:
        raise MeasureError(Text(f"{args.secret} 是空的", f"{args.secret} is empty"))
    return found


def _certificate_or_none(args: argparse.Namespace) -> LiveCertificate | None:
    from collector.tls.live import LiveCertificate

    if args.tls_port is None:
        return None
    if args.certificate is None or args.key is None:
        raise MeasureError(
            Text(
                "--tls-port 需要 --certificate 和 --key", "--tls-port needs --certificate and --key"
            )
        )
    return LiveCertificate(args.certificate, args.key, now=lambda: datetime.now(UTC))


async def _serve(
    args: argparse.Namespace,
    secret: bytes | None,
    certificate: LiveCertificate | None,
    ready: Callable[[str], None],
) -> None:
    from collector.measure.ndt7.server import Ndt7Server
    from collector.measure.server import MeasurementServer

    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    server = Ndt7Server(_limits(args), lambda _: None)
    agents = None if secret is None else MeasurementServer(secret, time.time)
    ports: dict[str, tuple[int | None, SSLContext | None]] = {"ws": (args.port, None)}
    if certificate is not None:
        ports["wss"] = (args.tls_port, certificate.context)
    try:
        where = [
            f"{scheme}://{args.host or '*'}:{await _open(server, args.host, port, context)}/ndt/v7/"
            for scheme, (port, context) in ports.items()
            if port is not None
        ]
        if agents is not None:
            port = await _open(agents, args.host, args.agents_port)
            where.insert(0, f"{args.host or '*'}:{port} (TCP, UDP)")
        ready("  ".join(where))
        await _until(stop, certificate)
    finally:
        await server.close()
        if agents is not None:
            await agents.close()


def _limits(args: argparse.Namespace) -> Limits:
    from collector.measure.ndt7.admission import Limits

    usual = Limits()
    return Limits(
        tests=usual.tests if args.tests is None else args.tests,
        bits_per_second=usual.bits_per_second if args.mbit is None else args.mbit * 1e6,
        address_tests_per_hour=args.tests_per_hour or usual.address_tests_per_hour,
    )


async def _open(
    server: Ndt7Server | MeasurementServer, host: str, port: int, *context: SSLContext | None
) -> int:
    try:
        return await server.open(host, port, *context)
    except OSError as exc:
        raise MeasureError(
            Text(f"无法监听端口 {port}：{exc}", f"cannot listen on port {port}: {exc}")
        ) from exc


async def _until(stop: asyncio.Event, certificate: LiveCertificate | None) -> None:
    """A certificate that has been renewed is served without a restart."""
    from collector.tls.live import LOOK_SECONDS

    while not stop.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await stop.wait()
        if certificate is not None:
            certificate.look()
