"""`banjun-collector tryout`: the whole of Banjun on this one machine, to see what it does.

It starts a collector, registers an example county, and enrols an agent for this machine as the
gateway of the first school. What it then shows was measured here.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from collector.commands.parser import Subparsers, command
from probes.text import Language, Text


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "tryout",
        language,
        title=Text("在本机试用整个系统", "try the whole system on this machine"),
        about=Text(
            "启动采集器，登记一个虚构的县，把本机注册为第一所学校的网关，测量并显示判定表。"
            "按 Ctrl-C 停止；数据保留，再次启动接着用。不需要 root。",
            "Starts a collector, registers a fictional county, enrols this machine as the gateway "
            "of its first school, measures, and shows the verdicts. Ctrl-C stops it; the data stay "
            "and the next start goes on with them. No root needed.",
        ),
        examples=[
            ("tryout --data-dir var", Text("数据放在 var", "with its data in var")),
            ("tryout --port 9000", Text("换一个端口", "on another port")),
        ],
        run=run,
    )
    parser.add_argument(
        "--port", type=int, default=8421, help=Text("采集器端口", "port of the collector")(language)
    )
    parser.add_argument(
        "--schools",
        type=Path,
        metavar="FILE",
        help=Text("改用自己的学校名单（CSV）", "your own list of schools (CSV)")(language),
    )


def run(args: argparse.Namespace) -> int:
    from collector.tryout import Tryout

    return Tryout(args.data_dir, args.port, args.schools, args.language).run()
