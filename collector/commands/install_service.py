"""`banjun-collector install-service`: have this machine keep the collector running, by systemd."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from collector.commands.output import say
from collector.commands.parser import OK, PROGRAM, Subparsers, command
from config.units import systemd
from probes.text import BanjunError, Language, Text

PATH = Path("/etc/systemd/system") / f"{PROGRAM}.service"


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "install-service",
        language,
        title=Text("让本机开机后一直运行采集器", "have this machine keep the collector running"),
        about=Text(
            f"写 {PATH}，并显示接下来的命令和卸载命令，由您运行。"
            "数据在 /var/lib/banjun，属于 --run-as 的用户。",
            f"Writes {PATH} and shows the commands to run next, and those that uninstall it; it "
            "runs none. The data lies in /var/lib/banjun and belongs to the user of --run-as.",
        ),
        examples=[
            ("install-service --print", Text("只显示，不写文件", "show it; write nothing")),
            (
                "install-service --config /etc/banjun/collector.toml",
                Text("带设置文件", "with settings"),
            ),
        ],
        run=run,
    )
    parser.add_argument(
        "--print", action="store_true", help=Text("只显示", "only show it")(language)
    )
    parser.add_argument(
        "--run-as",
        default="banjun",
        metavar="USER",
        help=Text("已有的用户，默认 banjun", "an account that exists; banjun unless given")(
            language
        ),
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=Text("设置文件", "settings")(language),
    )


def run(args: argparse.Namespace) -> int:
    unit = systemd.system_unit(_service(args.run_as, args.config))
    if args.print:
        print(unit, end="")
    else:
        _write(unit)
        say(Text(f"已写入 {PATH}", f"Written: {PATH}"), args.language)
    say(
        Text(
            f"接下来以 root 运行：\n  systemctl daemon-reload\n  systemctl enable --now {PROGRAM}\n"
            f"卸载：\n  systemctl disable --now {PROGRAM}\n  rm {PATH}\n  systemctl daemon-reload",
            f"Next, as root:\n  systemctl daemon-reload\n  systemctl enable --now {PROGRAM}\n"
            f"To uninstall:\n  systemctl disable --now {PROGRAM}\n  rm {PATH}\n"
            "  systemctl daemon-reload",
        ),
        args.language,
    )
    return OK


def _write(unit: str) -> None:
    try:
        PATH.write_text(unit, "utf-8")
    except OSError as exc:
        raise BanjunError(
            Text(
                f"写不了 {PATH}：{exc.strerror}。请以 root 运行，或加 --print 只显示内容。",
                f"Cannot write {PATH}: {exc.strerror}. Run it as root, or with --print to see "
                "what it holds.",
            )
        ) from exc


def _service(user: str, config: Path | None) -> systemd.Service:
    installed = Path(sys.executable).parent / PROGRAM
    start: tuple[str, ...] = (str(installed),)
    folder = ""
    if not installed.exists():
        start, folder = (sys.executable, "-m", "collector"), str(Path(__file__).parents[2])
    settings = () if config is None else ("--config", str(config.absolute()))
    return systemd.Service(
        name=PROGRAM,
        description="Banjun collector: receives what agents measure, judges and shows",
        command=(*start, "serve", *settings),
        state="banjun",
        folder=folder,
        user=user,
    )
