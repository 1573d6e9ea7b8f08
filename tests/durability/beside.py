"""A real collector with a real engine beside it, and agents that push."""

from __future__ import annotations

import time
from pathlib import Path

from collector.app import milliseconds
from collector.commands.client import ask
from tests.durability.contents import stored
from tests.durability.processes import (
    PATIENCE,
    CollectorProgram,
    found_school,
    free_port,
    wait_until,
)
from tests.durability.sender import Senders
from tests.lab.victoria import Victoria

AGENTS = 6
SEAL_SECONDS = 2.0
EVERY_SECONDS = 0.2


class Site:
    """A collector with an engine beside it, and agents."""

    def __init__(self, folder: Path, engine: Victoria) -> None:
        self.engine = engine
        self.data_dir = folder / "data"
        port = free_port()
        _, agents = found_school(self.data_dir, f"http://127.0.0.1:{port}", AGENTS)
        self.collector = CollectorProgram(
            self.data_dir, port, SEAL_SECONDS, folder / "diary", folder / "collector.log"
        )
        settings = self.data_dir / "collector.toml"
        settings.write_text(
            f'{settings.read_text()}[export]\nurl = "{engine.url}"\nevery = {EVERY_SECONDS}\n'
        )
        self.collector.start()
        self.senders = Senders(port, agents, milliseconds() - 60_000)

    def push_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.senders.push(5)
            time.sleep(0.02)

    def told_all(self, patience: float = PATIENCE) -> None:
        """Wait until the engine has been told everything."""

        def is_done() -> bool:
            status = ask(self.data_dir, "/v1/status")
            return (
                status["export_trouble"] is None
                and status["export_owed_rows"] == 0
                and status["export_lag_seconds"] < 0.5
                and self.held() >= self.senders.acknowledged
            )

        wait_until(is_done, "the engine has been told everything", patience)

    def held(self) -> set[tuple[str, int, float]]:
        """(agent, instant, number) of every tick that the engine holds."""
        return {
            (dict(labels)["agent"], at, value)
            for labels, at, value in self.engine.points("tick_tick_count")
        }

    def close(self) -> None:
        self.senders.close()
        self.collector.close()

    def check(self, patience: float = PATIENCE) -> None:
        """Engine, archive and what was acknowledged are the same."""
        self.told_all(patience)
        acknowledged = self.senders.acknowledged
        points = self.engine.points("tick_tick_count")
        assert self.held() == acknowledged
        assert points.total() == len(acknowledged)
        assert len(self.engine.points("tick_outcome_code")) == len(acknowledged)
        numbers = {(agent, number) for agent, _, number in acknowledged}
        rows = stored(self.data_dir)
        assert {(agent, number) for agent, _, _, number in rows} == numbers
        assert rows.total() == len(acknowledged)
