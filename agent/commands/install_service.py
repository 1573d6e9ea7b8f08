"""`banjun-agent install-service`: have this machine keep the agent running.

It writes one file, or shows it, and names the commands that put it in force; it runs none itself.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path, PurePath

from agent.commands.terminal import OK, USAGE, Terminal
from config.units import cron, systemd, windows_task
from probes.text import Text

NAME = "banjun-agent"
MEMORY_MAX, MEMORY_MAX_LAN = "256M", "512M"
"""With frames and SNMP two short-lived processes of 60 to 120 MB may run beside the agent."""
CAPABILITIES = {"icmp": "CAP_NET_RAW", "firewall": "CAP_NET_ADMIN", "lan": "CAP_NET_RAW"}
"""What --allow may grant: raw ICMP, reading the rules of the firewall, and frames of the LAN."""
LAN_FAMILIES = ("AF_PACKET",)
SYSTEMD_RUNS = Path("/run/systemd/system")
ONCE_EVERY = 5
ONCE_JITTER = 120
"""Seconds, so that not all machines of a county push at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for on the command line."""

    show: bool = False
    user: bool = False
    run_as: str = ""
    allow: tuple[str, ...] = ()
    config: Path | None = None
    state_dir: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be done. `path` None: a line for a person to put where it belongs."""

    kind: str
    path: PurePath | None
    content: bytes
    commands: tuple[str, ...]
    uninstall: tuple[str, ...]

    @property
    def text(self) -> str:
        return self.content.decode("utf-16" if self.kind == "task" else "utf-8")


def run(terminal: Terminal, wish: Wish, default_state_dir: Path) -> int:
    plan = _plan(wish, default_state_dir)
    if isinstance(plan, Text):
        terminal.complain(plan)
        return USAGE
    written = plan.path is not None and not wish.show
    if plan.path is not None and written:
        path = Path(plan.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(plan.content)
    if terminal.json:
        terminal.dump(
            {
                "kind": plan.kind,
                "path": None if plan.path is None else str(plan.path),
                "written": written,
                "content": plan.text,
                "commands": plan.commands,
                "uninstall": plan.uninstall,
            }
        )
    else:
        _explain(terminal, plan, written=written)
    return OK


def _explain(terminal: Terminal, plan: Plan, *, written: bool) -> None:
    if written:
        terminal.say(f"已写入 {plan.path}", f"Written: {plan.path}")
    else:
        terminal.show(plan.text.rstrip("\n"), plan.text.rstrip("\n"))
    if plan.path is None:
        terminal.say(
            "没有 systemd：请用 crontab -e 加入以上一行；卸载即删除该行。",
            "There is no systemd: add this line with `crontab -e`; to uninstall, remove it.",
        )
        return
    terminal.say("接下来以管理员身份运行：", "Next, as the administrator:")
    for command in plan.commands:
        terminal.say(f"  {command}", f"  {command}")
    terminal.say("卸载：", "To uninstall:")
    for command in plan.uninstall:
        terminal.say(f"  {command}", f"  {command}")


def _plan(wish: Wish, default_state_dir: Path) -> Plan | Text:
    """What to do on this machine, or why not."""
    if sys.platform == "win32":
        return windows_plan(wish, program(), wish.state_dir or default_state_dir)
    if not SYSTEMD_RUNS.is_dir() and not wish.show:
        return cron_plan(wish, program(), default_state_dir)
    return systemd_plan(wish, program())


@dataclass(frozen=True, slots=True)
class Program:
    """How this agent is started: words with whole paths, and from where if that matters."""

    words: tuple[str, ...]
    folder: str = ""


def program() -> Program:
    """The installed command; else Python and our sources."""
    beside = Path(sys.executable).parent
    for path in (beside / NAME, beside / f"{NAME}.exe"):
        if path.exists():
            return Program((str(path),))
    return Program((sys.executable, "-m", "agent"), str(Path(__file__).parents[2]))


def systemd_plan(wish: Wish, start: Program) -> Plan | Text:
    folder = wish.state_dir or Path("/var/lib") / NAME
    if folder.parent != Path("/var/lib"):
        return Text(
            f"--state-dir {folder}：systemd 服务的状态目录须直接位于 /var/lib 之下，"
            "例如 /var/lib/banjun-agent。",
            f"--state-dir {folder}: the state directory of a systemd service lies directly below "
            "/var/lib, such as /var/lib/banjun-agent.",
        )
    service = systemd.Service(
        name=NAME,
        description="Banjun agent: measures this machine and the school's network",
        command=(*start.words, "run", *_config(wish)),
        folder=start.folder,
        state=folder.name,
        memory_max=MEMORY_MAX_LAN if "lan" in wish.allow else MEMORY_MAX,
        user=wish.run_as,
        capabilities=tuple(dict.fromkeys(CAPABILITIES[each] for each in wish.allow)),
        families=LAN_FAMILIES if "lan" in wish.allow else (),
    )
    mode = "systemctl --user" if wish.user else "systemctl"
    home = Path.home() / ".config/systemd/user" if wish.user else Path("/etc/systemd/system")
    unit = systemd.user_unit(service) if wish.user else systemd.system_unit(service)
    path = home / f"{NAME}.service"
    linger = ("loginctl enable-linger",) if wish.user else ()
    return Plan(
        kind="systemd",
        path=path,
        content=unit.encode(),
        commands=(f"{mode} daemon-reload", f"{mode} enable --now {NAME}", *linger),
        uninstall=(f"{mode} disable --now {NAME}", f"rm {path}", f"{mode} daemon-reload"),
    )


def cron_plan(wish: Wish, start: Program, default_state_dir: Path) -> Plan:
    folder = wish.state_dir or default_state_dir
    if not folder.is_absolute():  # nobody said where: a relative one is for trying things out
        folder = Path("/var/lib") / NAME
    jitter = ("--jitter", str(ONCE_JITTER))
    command = [*start.words, "once", "--state-dir", str(folder), *jitter, *_config(wish)]
    text = cron.line(ONCE_EVERY, command, start.folder) + "\n"
    return Plan(kind="cron", path=None, content=text.encode(), commands=(), uninstall=())


def windows_plan(wish: Wish, start: Program, folder: PurePath) -> Plan | Text:
    if wish.user or wish.allow or wish.run_as not in ("", "SYSTEM"):
        return Text(
            "Windows 上没有 --user 和 --allow；--run-as 只能是 SYSTEM，缺省为权限很小的 "
            "LOCAL SERVICE。",
            "On Windows there is no --user and no --allow; --run-as takes SYSTEM only, and "
            "without it the agent runs as LOCAL SERVICE, which may little.",
        )
    log = ("--log-file", str(folder / "agent.log"))
    task = windows_task.Task(
        name="Banjun\\Agent",
        description="班均代理程序 Banjun agent",
        command=(*start.words, "run", "--state-dir", str(folder), *log, *_config(wish)),
        state=str(folder),
        folder=start.folder,
        account=windows_task.SYSTEM if wish.run_as else windows_task.LOCAL_SERVICE,
    )
    path = folder / f"{NAME}.xml"
    return Plan(
        kind="task",
        path=path,
        content=windows_task.task_xml(task),
        commands=windows_task.install_commands(task, str(path)),
        uninstall=windows_task.uninstall_commands(task),
    )


def _config(wish: Wish) -> tuple[str, ...]:
    return () if wish.config is None else ("--config", str(wish.config.absolute()))
