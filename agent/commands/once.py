"""`banjun-agent once`: one round of everything, for cron."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path

import msgspec

from agent.app import Agent, OnceResult
from agent.commands.terminal import (
    FAILED,
    OK,
    Terminal,
    complain_if_unwritable,
    prepare_state_dir,
)
from agent.identity import Identity
from agent.lock import StateLock
from agent.schedule import phase
from config.agent_settings import AgentSettings
from probes.catalog import CatalogOnDemand


def run(
    terminal: Terminal, settings: AgentSettings, state_dir: Path, *, jitter: float = 0.0
) -> int:
    if jitter:
        time.sleep(phase(jitter, Identity.load(state_dir).agent, "once"))
    with StateLock(prepare_state_dir(state_dir), "once") as lock:
        identity = Identity.load(state_dir)
        complain_if_unwritable(terminal, state_dir, lock.unwritable)
        result = asyncio.run(_once(settings, state_dir, identity))
    if terminal.json:
        terminal.dump(_data(result))
    else:
        _show(terminal, result)
    if result.error is not None:
        terminal.complain(result.error)
    delivered = result.held or not result.left.batches
    return OK if result.records and result.error is None and delivered else FAILED


async def _once(settings: AgentSettings, state_dir: Path, identity: Identity) -> OnceResult:
    agent = Agent(
        settings=settings, state_dir=state_dir, identity=identity, catalog=CatalogOnDemand()
    )
    return await agent.once()


def _data(result: OnceResult) -> dict[str, object]:
    return {
        "records": msgspec.to_builtins(result.records),
        "left_readings": result.left.readings + result.left.unsealed,
        "held_back": result.held,
        "error": None if result.error is None else {"zh": result.error.zh, "en": result.error.en},
    }


def _show(terminal: Terminal, result: OnceResult) -> None:
    outcomes = Counter(record.outcome for record in result.records)
    left = result.left.readings + result.left.unsealed
    if not result.records:
        terminal.show("还没有任何任务。", "There is no task yet.")
    terminal.show(
        f"读数 {len(result.records)} 条：正常 {outcomes['ok']}，目标失败 {outcomes['failed']}，"
        f"未能运行 {outcomes['not_run']}；待送达 {left} 条。",
        f"{len(result.records)} readings: {outcomes['ok']} ok, {outcomes['failed']} failed, "
        f"{outcomes['not_run']} not run; {left} wait to be delivered.",
    )
    if result.held and left:
        terminal.show(
            "链路按流量计费或当天流量将尽，大量读数有意留待以后送达。",
            "Bulk readings wait on purpose: the link is metered, or the day's bytes are running "
            "out.",
        )
