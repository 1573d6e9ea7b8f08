"""A real agent with one probe that writes down every reading it takes: what kill tests kill.

`python -m tests.agent.victim STATE_DIR DIARY`. Everything but the probe is as shipped.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any, ClassVar

from agent.app import Agent
from agent.commands.run import stop_on_signals
from agent.identity import Identity
from agent.lock import StateLock
from config.agent_settings import AgentSettings
from tests.fakes.tick import Ticking


class TickProbe(Ticking):
    diary: ClassVar[int]

    def write(self, number: int) -> None:
        os.write(self.diary, f"{number}\n".encode())


async def main(state_dir: Path, diary: Path) -> None:
    TickProbe.diary = os.open(diary, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    catalog: dict[str, Any] = {"tick": TickProbe}
    agent = Agent(
        settings=AgentSettings(),
        state_dir=state_dir,
        identity=Identity.load(state_dir),
        catalog=catalog,
    )
    stop = asyncio.Event()
    stop_on_signals(stop)
    await agent.run(stop)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    with StateLock(place):
        asyncio.run(main(place, Path(sys.argv[2])))
