"""`banjun-collector measure`: a measurement server alone, on this or another host."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
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
    from collector.tls.live import LiveCertificate


class MeasureError(BanjunError):
    """The options do not fit together, or a port cannot be listened on."""


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "measure",
        language,
        title=Text("单独运行测速服务（NDT7）", "run a measurement server alone (NDT7)"),
        about=Text(
            "任何 NDT7 客户端都可以来测速，名额有限；不需要采集器，也不保存结果，只写入日志。"
            "测速会占满线路：请避开上课时间，并放在线路足够的机器上。",
            "Any NDT7 client may test against it, within limits. It needs no collector and keeps "
            "no results; it logs them. A test fills the line: mind the lessons, and put it where "
            "the line is wide enough.",
        ),
        examples=[
            ("measure --port 8080", Text("明文 WebSocket", "plain WebSocket")),
            (
                "measure --port 8080 --tls-port 8443 --certificate server.pem --key server.key",
                Text("明文和 TLS", "plain and TLS"),
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
        ("--port", Text("明文端口", "port without TLS")),
        ("--tls-port", Text("TLS 端口", "port with TLS")),
        ("--tests", Text("同时最多几次测速，默认 4", "tests at once; 4 unless given")),
        (
            "--mbit",
            Text("全部测速合计多少 Mbit/s，默认 1000", "Mbit/s of all tests; 1000 unless given"),
        ),
    ):
        parser.add_argument(option, type=int, metavar="N", help=meaning(language))
    for option, meaning in (
        ("--certificate", Text("证书，PEM", "certificate, PEM")),
        ("--key", Text("私钥，PEM", "private key, PEM")),
    ):
        parser.add_argument(option, type=Path, metavar="FILE", help=meaning(language))


def run(args: argparse.Namespace) -> int:
    if args.port is None and args.tls_port is None:
        raise MeasureError(
            Text("请给出 --port 或 --tls-port", "give --port, --tls-port, or both of them")
        )
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    )

    def ready(where: str) -> None:
        say(Text(f"测速服务已启动：{where}", f"The server is running: {where}"), args.language)

    asyncio.run(_serve(args, _certificate_or_none(args), ready))
    return OK


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
    args: argparse.Namespace, certificate: LiveCertificate | None, ready: Callable[[str], None]
) -> None:
    from collector.measure.ndt7.server import Ndt7Server

    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    server = Ndt7Server(_limits(args), lambda _: None)
    ports: dict[str, tuple[int | None, SSLContext | None]] = {"ws": (args.port, None)}
    if certificate is not None:
        ports["wss"] = (args.tls_port, certificate.context)
    try:
        where = [
            f"{scheme}://{args.host or '*'}:{await _open(server, args.host, port, context)}/ndt/v7/"
            for scheme, (port, context) in ports.items()
            if port is not None
        ]
        ready("  ".join(where))
        await _until(stop, certificate)
    finally:
        await server.close()


def _limits(args: argparse.Namespace) -> Limits:
    from collector.measure.ndt7.admission import Limits

    usual = Limits()
    return Limits(
        tests=usual.tests if args.tests is None else args.tests,
        bits_per_second=usual.bits_per_second if args.mbit is None else args.mbit * 1e6,
    )


async def _open(server: Ndt7Server, host: str, port: int, context: SSLContext | None) -> int:
    try:
        return await server.open(host, port, context)
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
