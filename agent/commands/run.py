"""`banjun-agent run`: measure and deliver until asked to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from agent.app import Agent
from agent.commands.terminal import OK, Terminal, complain_if_unwritable, prepare_state_dir
from agent.identity import Identity
from agent.lock import StateLock
from config.agent_settings import AgentSettings
from probes.catalog import CatalogOnDemand


def run(terminal: Terminal, settings: AgentSettings, state_dir: Path) -> int:
    with StateLock(prepare_state_dir(state_dir), "run") as lock:
        identity = Identity.load(state_dir)
        complain_if_unwritable(terminal, state_dir, lock.unwritable)
        terminal.say(
            f"代理 {identity.agent} 正在为 {identity.school_name} 测量；按 Ctrl-C 停止。",
            f"Agent {identity.agent} measures for {identity.school_name}; Ctrl-C stops it.",
        )
        asyncio.run(_run(settings, state_dir, identity))
    return OK


async def _run(settings: AgentSettings, state_dir: Path, identity: Identity) -> None:
    agent = Agent(
        settings=settings, state_dir=state_dir, identity=identity, catalog=CatalogOnDemand()
    )
    stop = asyncio.Event()
    stop_on_signals(stop)
    await agent.run(stop)


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` on SIGINT and SIGTERM; on Windows on Ctrl-Break, too, and a closed console."""
    loop = asyncio.get_running_loop()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform == "win32":
        numbers.append(signal.SIGBREAK)
    for number in numbers:
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
