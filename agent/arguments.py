"""The command line of `banjun-agent`, in the reader's language."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from probes.text import BanjunError, Language, Text

DESCRIPTION = Text(
    "班均代理程序：测量本机和学校网络，把读数送到采集器。它不开放任何端口，也不需要 root。",
    "The Banjun agent: measures this machine and the school's network, and delivers the readings "
    "to the collector. It opens no port and needs no root.",
)
EPILOG = Text(
    """\
第一次使用：
  banjun-agent probes                      看看能测什么
  banjun-agent probe tcp_connect 127.0.0.1:443  立即测一次，不需要注册
  banjun-agent enrol enr1.…                用采集器给出的注册串注册本机
  banjun-agent run                         持续测量，Ctrl-C 停止
  banjun-agent status                      查看是否送达、暂存多少、最近的错误

退出码：0 正常；1 所测或所求的事失败了；2 用法或配置有误；3 另一个代理进程正在使用同一状态目录。
数据写到标准输出，进度和错误写到标准错误。""",
    """\
for a start:
  banjun-agent probes                      what can be measured
  banjun-agent probe tcp_connect 127.0.0.1:443  measure once, now; no enrolment needed
  banjun-agent enrol enr1...               enrol this machine with the collector's string
  banjun-agent run                         measure and deliver until Ctrl-C
  banjun-agent status                      delivered? how much waits? the last error

exit codes: 0 ok; 1 what was measured or asked for failed; 2 wrong usage or configuration;
3 another agent works on the same state directory.
Data goes to stdout, progress and errors to stderr.""",
)
COMMANDS = {
    "enrol": Text("用注册串让本机加入一所学校", "join a school with an enrolment string"),
    "run": Text("持续测量并送达，直到被停止", "measure and deliver until stopped"),
    "once": Text(
        "全部任务运行一次、送达、退出，适合 cron", "run every task once, deliver, exit; for cron"
    ),
    "status": Text("查看本机代理的状况", "how the agent on this machine is doing"),
    "probe": Text("立即运行一个探测并显示结果", "run one probe now and show what it says"),
    "probes": Text("列出能测什么", "list what can be measured"),
    "install-service": Text("让本机开机后一直运行代理", "have this machine keep the agent running"),
    "backup-done": Text(
        "备份作业成功后调用，记下备份", "for a backup job to say that it succeeded"
    ),
}
EXAMPLES = {
    "enrol": Text(
        "例：\n  banjun-agent enrol enr1.eyJzIjoi….3f2a9c01\n"
        "注册串由采集器上的 banjun-collector token create 给出，整串粘贴即可。\n"
        "已注册的机器要换成新身份，加 --replace；旧身份尚未送达的读数会另存，不会混入新学校。",
        "example:\n  banjun-agent enrol enr1.eyJzIjoi....3f2a9c01\n"
        "`banjun-collector token create` prints the string; paste all of it. To give an enrolled\n"
        "machine a new identity add --replace; readings that the old one has not delivered are\n"
        "set aside and never mixed into the new school's.",
    ),
    "run": Text(
        "例：\n  banjun-agent run --state-dir /var/lib/banjun --config /etc/banjun/agent.toml",
        "example:\n  banjun-agent run --state-dir /var/lib/banjun --config /etc/banjun/agent.toml",
    ),
    "once": Text(
        "例（crontab，每 5 分钟；各机器固定地错开，最多 120 秒）：\n"
        "  */5 * * * * banjun-agent once --state-dir /var/lib/banjun --jitter 120 --lang zh\n"
        "先取配置，每个任务测一次，送达全部暂存后退出。不需要终端，也不需要语言环境。\n"
        "退出码：0 已测量并送达；1 没有任务，或未能全部送达（已暂存，下次再送）；2 用法或\n"
        "配置有误；3 run 或另一个 once 正在使用同一状态目录，本次什么也没有做。",
        "example (crontab, every 5 minutes, machines spread over up to 120 seconds):\n"
        "  */5 * * * * banjun-agent once --state-dir /var/lib/banjun --jitter 120 --lang en\n"
        "Fetches the configuration, runs every task once, delivers all that waits, exits.\n"
        "It needs no terminal and no locale.\n"
        "exit codes: 0 measured and delivered; 1 no task, or not everything was delivered (it is\n"
        "kept, and goes next time); 2 wrong usage or configuration; 3 `run` or another `once`\n"
        "works on the same state directory, and nothing was done.",
    ),
    "status": Text(
        "例：\n  banjun-agent status --json | jq .status.state.spool_readings\n"
        "代理没有运行或送不出去时，退出码为 1。",
        "example:\n  banjun-agent status --json | jq .status.state.spool_readings\n"
        "The exit code is 1 if the agent does not run or cannot deliver.",
    ),
    "probe": Text(
        "例：\n  banjun-agent probe host_resources\n  banjun-agent probe icmp_echo 127.0.0.1\n"
        "  banjun-agent probe tcp_connect collector   （已注册时，指采集器）\n"
        "  banjun-agent probe name_lookup system --set name=www.moe.gov.cn\n"
        "  banjun-agent probe web_fetch 127.0.0.1:80 --set tls=false --set path=/index.html\n"
        "  banjun-agent probe udp_jitter collector    （端口和密钥取自采集器下发的配置）\n"
        "结果只显示，不保存，不送达。",
        "examples:\n  banjun-agent probe host_resources\n  banjun-agent probe icmp_echo 127.0.0.1\n"
        "  banjun-agent probe tcp_connect collector   (the collector, once enrolled)\n"
        "  banjun-agent probe name_lookup system --set name=www.moe.gov.cn\n"
        "  banjun-agent probe web_fetch 127.0.0.1:80 --set tls=false --set path=/index.html\n"
        "  banjun-agent probe udp_jitter collector    (port and key as the collector gave them)\n"
        "The result is shown; it is neither kept nor delivered.",
    ),
    "probes": Text("例：\n  banjun-agent probes --json", "example:\n  banjun-agent probes --json"),
    "install-service": Text(
        "例：\n  banjun-agent install-service --print\n"
        "  banjun-agent install-service --allow icmp --config /etc/banjun/agent.toml\n"
        "Linux：写 systemd 单元（无 systemd 时给出 cron 的一行）；Windows：写任务计划的 XML。\n"
        "只写一个文件，接下来的命令和卸载命令都显示出来，由您运行。",
        "examples:\n  banjun-agent install-service --print\n"
        "  banjun-agent install-service --allow icmp --config /etc/banjun/agent.toml\n"
        "Linux: writes a systemd unit, or without systemd shows a line for cron. Windows: writes\n"
        "the XML of a scheduled task. It writes one file, and shows the commands to run next, and\n"
        "those that uninstall it; it runs none.",
    ),
    "backup-done": Text(
        "例（crontab；&& 保证备份失败时不会报告成功）：\n"
        "  30 2 * * * pg_dump -Fc school > /backup/school.dump && banjun-agent backup-done \\\n"
        "    --job school --file /backup/school.dump --state-dir /var/lib/banjun-agent\n"
        "在代理的状态目录下写 backups/<作业名>.json：大小、SHA-256 和备份文件的修改时间。\n"
        "代理据此报告备份的年龄和大小（posture_backup）。也可由脚本自己写，见 docs/backups.md。",
        "example (crontab; && keeps a backup that failed from being told as done):\n"
        "  30 2 * * * pg_dump -Fc school > /backup/school.dump && banjun-agent backup-done \\\n"
        "    --job school --file /backup/school.dump --state-dir /var/lib/banjun-agent\n"
        "Writes backups/<job>.json in the agent's state directory: size, SHA-256, and when the\n"
        "backup's file was changed. The agent reports age and size from it (posture_backup). A\n"
        "script may write the file itself: docs/backups.md.",
    ),
}


MOST_JITTER = 3600.0


class UsageError(BanjunError):
    """The command line cannot be understood."""


class _Parser(argparse.ArgumentParser):
    """Leaves it to the caller to print an error and exit."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(
            Text(
                f"命令行有误：{message}。\n{self.format_usage()}帮助：{self.prog} --help",
                f"{message}.\n{self.format_usage()}Help: {self.prog} --help",
            )
        )


def build_parser(language: Language) -> argparse.ArgumentParser:
    """`parse_args` raises UsageError, or SystemExit after --help and --version."""
    parser = _Parser(
        prog="banjun-agent",
        description=DESCRIPTION(language),
        epilog=EPILOG(language),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    _add_common(parser, language, top=True)
    commands = parser.add_subparsers(
        dest="command",
        required=True,
        title=Text("命令", "commands")(language),
        metavar=Text("命令", "COMMAND")(language),
        parser_class=_Parser,
    )
    for name, summary in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=summary(language),
            description=summary(language),
            epilog=EXAMPLES[name](language),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            add_help=False,
        )
        _add_own(command, name, language)
        _add_common(command, language, top=False)
    return parser


def _add_own(parser: argparse.ArgumentParser, name: str, language: Language) -> None:
    add = {
        "enrol": _add_enrol,
        "run": _add_log_file,
        "once": _add_once,
        "probe": _add_probe,
        "install-service": _add_install,
        "backup-done": _add_backup_done,
    }.get(name)
    if add is not None:
        add(parser.add_argument_group(Text("参数", "arguments")(language)), language)


def _add_enrol(group: argparse._ArgumentGroup, language: Language) -> None:
    group.add_argument(
        "string",
        metavar=Text("注册串", "STRING")(language),
        help=Text("enr1. 开头的整串；- 表示从标准输入读取", "all of enr1...; - reads stdin")(
            language
        ),
    )
    group.add_argument(
        "--replace",
        action="store_true",
        help=Text("替换已有的身份", "replace the identity that is there")(language),
    )


def _add_log_file(group: argparse._ArgumentGroup, language: Language) -> None:
    group.add_argument(
        "--log-file",
        type=Path,
        metavar=Text("文件", "FILE")(language),
        help=Text(
            "日志写入文件（最多三个，各 1 MiB），而不是标准错误",
            "log to this file (at most three of 1 MiB) and not to stderr",
        )(language),
    )


def _add_once(group: argparse._ArgumentGroup, language: Language) -> None:
    _add_log_file(group, language)
    group.add_argument(
        "--jitter",
        type=_jitter,
        default=0.0,
        metavar=Text("秒", "SECONDS")(language),
        help=Text(
            f"先等待 0 至这么多秒；每台机器固定不变，各不相同（最多 {MOST_JITTER:.0f}）",
            "wait up to so many seconds first: always the same on one machine, another on each "
            f"(at most {MOST_JITTER:.0f})",
        )(language),
    )


def _jitter(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MOST_JITTER:
        raise UsageError(
            Text(
                f"--jitter {text}：应为 0 至 {MOST_JITTER:.0f} 秒。",
                f"--jitter {text}: write seconds, from 0 to {MOST_JITTER:.0f}.",
            )
        )
    return seconds


def _add_probe(group: argparse._ArgumentGroup, language: Language) -> None:
    group.add_argument(
        "name",
        metavar=Text("探测", "NAME")(language),
        help=Text("探测的名称，见 probes", "name of the probe, see `probes`")(language),
    )
    group.add_argument(
        "target",
        nargs="?",
        metavar=Text("目标", "TARGET")(language),
        help=Text("主机、主机:端口 或 collector", "host, host:port or collector")(language),
    )
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar=Text("名称=值", "NAME=VALUE")(language),
        help=Text("探测的设置，可多次使用", "a setting of the probe; may be repeated")(language),
    )


def _add_install(group: argparse._ArgumentGroup, language: Language) -> None:
    group.add_argument(
        "--print",
        action="store_true",
        help=Text("只显示，不写文件", "show it; write nothing")(language),
    )
    whose = group.add_mutually_exclusive_group()
    whose.add_argument(
        "--system",
        dest="user",
        action="store_false",
        default=False,
        help=Text("整机服务（缺省）", "for the whole machine (the default)")(language),
    )
    whose.add_argument(
        "--user",
        action="store_true",
        default=False,
        help=Text("仅为当前用户", "for this user only")(language),
    )
    group.add_argument(
        "--run-as",
        metavar=Text("用户", "USER")(language),
        help=Text(
            "以已有的用户运行；缺省由 systemd 临时生成，Windows 为 LOCAL SERVICE",
            "an account that exists; by default systemd makes one, on Windows LOCAL SERVICE",
        )(language),
    )
    group.add_argument(
        "--allow",
        action="append",
        default=[],
        choices=["icmp", "firewall", "lan"],
        help=Text(
            "授予发送原始 ICMP、读取防火墙规则、收发局域网帧（哨兵）的权限，可多次使用",
            "let it send raw ICMP, read the rules of the firewall, or see frames of the LAN "
            "(sentinels); may be repeated",
        )(language),
    )


def _add_backup_done(group: argparse._ArgumentGroup, language: Language) -> None:
    group.add_argument(
        "--job",
        required=True,
        metavar=Text("作业", "NAME")(language),
        help=Text(
            "作业名：小写字母、数字、- 和 _", "the job's name: lower-case letters, digits, - and _"
        )(language),
    )
    group.add_argument(
        "--file",
        type=Path,
        required=True,
        metavar=Text("文件", "PATH")(language),
        help=Text("刚做好的备份文件", "the backup that was just made")(language),
    )
    group.add_argument(
        "--place",
        choices=["local", "offsite"],
        default="local",
        help=Text("备份在本地还是异地", "where the backup is")(language),
    )


def _add_common(parser: argparse.ArgumentParser, language: Language, *, top: bool) -> None:
    """The same options before and after the command; a later one wins."""
    group = parser.add_argument_group(Text("通用选项", "options")(language))
    unset = None if top else argparse.SUPPRESS
    group.add_argument(
        "-h", "--help", action="help", help=Text("显示帮助", "show this help")(language)
    )
    group.add_argument(
        "--lang",
        choices=[member.value for member in Language],
        default=unset,
        help=Text("显示语言，默认取自 LANG", "language, by default from LANG")(language),
    )
    group.add_argument(
        "--state-dir",
        type=Path,
        default=unset,
        metavar=Text("目录", "DIR")(language),
        help=Text(
            "身份和暂存所在目录，默认 $STATE_DIRECTORY，否则 var/agent；"
            "Windows 为 %%ProgramData%%\\Banjun",
            "where identity and spool are; by default $STATE_DIRECTORY, else var/agent; "
            "on Windows %%ProgramData%%\\Banjun",
        )(language),
    )
    group.add_argument(
        "--config",
        type=Path,
        default=unset,
        metavar=Text("文件", "FILE")(language),
        help=Text("本机设置 agent.toml，可省略", "agent.toml of this machine; optional")(language),
    )
    group.add_argument(
        "--json",
        action="store_true",
        default=False if top else argparse.SUPPRESS,
        help=Text("以 JSON 输出数据", "print data as JSON")(language),
    )
    group.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        default=False if top else argparse.SUPPRESS,
        help=Text("显示调试日志", "show debug logs")(language),
    )
