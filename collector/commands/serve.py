"""`banjun-collector serve`: run the collector until told to stop."""

from __future__ import annotations

import argparse
import dataclasses
import logging
from pathlib import Path

from collector.commands.output import say
from collector.commands.parser import OK, Subparsers, command
from probes.text import Language, Text


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "serve",
        language,
        title=Text("启动采集器", "run the collector"),
        about=Text(
            "接收推送、保存、评判并提供网页，直到 Ctrl-C 或 SIGTERM。"
            "默认只在本机监听，用明文 HTTP；其他地址必须在设置里给出证书。",
            "Receives pushes, stores, judges and shows pages until Ctrl-C or SIGTERM. It listens "
            "on this machine only, in plain HTTP; any other address needs a certificate.",
        ),
        examples=[
            ("serve", Text("用默认设置启动", "run with the defaults")),
            (
                "serve --config /etc/banjun/collector.toml --data-dir /var/lib/banjun",
                Text("作为服务运行", "run as a service"),
            ),
        ],
        run=run,
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=Text(
            "设置文件（见 config/examples/collector.toml）",
            "settings (see config/examples/collector.toml)",
        )(language),
    )
    parser.add_argument(
        "--host", help=Text("监听地址，优先于设置文件", "address, over the settings")(language)
    )
    parser.add_argument(
        "--port",
        type=int,
        help=Text("监听端口，优先于设置文件", "port, over the settings")(language),
    )


def run(args: argparse.Namespace) -> int:
    from collector.app import serve
    from config.collector_settings import CollectorSettings
    from config.load import build_settings, load_settings

    settings = load_settings(CollectorSettings, args.config)
    given = {k: v for k in ("host", "port") if (v := getattr(args, k)) is not None}
    if given:
        settings = build_settings(
            CollectorSettings,
            {**dataclasses.asdict(settings), **given},
            str(args.config or "serve"),
        )
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)

    def ready(url: str) -> None:
        say(Text(f"采集器已启动：{url}", f"The collector is running: {url}"), args.language)

    serve(settings, args.data_dir, ready)
    return OK
