"""`banjun-agent enrol STRING`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from agent.commands.terminal import FAILED, OK, Terminal, prepare_state_dir
from agent.enrol import RefusedError, enrol
from agent.health import agent_version
from agent.link import UnreachableError
from agent.lock import StateLock
from config.agent_settings import AgentSettings
from config.enrolment import Enrolment


def run(
    terminal: Terminal, settings: AgentSettings, state_dir: Path, *, string: str, replace: bool
) -> int:
    enrolment = Enrolment.parse(string)
    with StateLock(prepare_state_dir(state_dir), "enrol"):
        terminal.say(f"正在向 {enrolment.url} 注册…", f"Enrolling with {enrolment.url} ...")
        try:
            identity = asyncio.run(
                enrol(
                    enrolment,
                    state_dir,
                    version=agent_version(),
                    ca_file=settings.ca_file,
                    replace=replace,
                )
            )
        except (RefusedError, UnreachableError) as exc:
            terminal.complain(exc.text)
            return FAILED
    if terminal.json:
        names = ("agent", "school", "school_name", "role", "url")
        terminal.dump({name: getattr(identity, name) for name in names})
    else:
        terminal.show(
            f"已注册：{identity.school_name}（{identity.school}），代理 {identity.agent}，"
            f"角色 {identity.role}。接下来运行 banjun-agent run。",
            f"Enrolled: agent {identity.agent} of {identity.school_name} ({identity.school}), "
            f"role {identity.role}. Next: banjun-agent run.",
        )
    return OK
