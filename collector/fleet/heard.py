"""What the agents say of themselves with each push; kept in memory, so known since this start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from collector.register.model import Agent
from probes.wire import AgentState, Push


@dataclass(frozen=True, slots=True)
class LastWord:
    """What an agent said of itself in its newest push.

    Attributes:
        at: when it was received.
        state: as it came; whoever holds an agent's key can write anything into it.
        config: the revision of the configuration that it has in force.
    """

    at: datetime
    state: Mapping[str, object]
    config: str = ""


class Heard:
    """The newest push of each agent. `note` is for the event loop, the others for any thread."""

    def __init__(self) -> None:
        self._newest: dict[str, tuple[int, AgentState, str]] = {}

    def note(self, agent: Agent, push: Push, now: int) -> None:
        """`now` in ms."""
        self._newest[agent.id] = (now, push.state, push.config)

    def last_word(self, agent_id: str) -> LastWord | None:
        found = self._newest.get(agent_id)
        if found is None:
            return None
        at, state, config = found
        return LastWord(datetime.fromtimestamp(at / 1000, UTC), state, config)

    def since(self, at: int) -> int:
        """How many agents were heard at `at` (ms) or later."""
        return sum(newest >= at for newest, _, _ in list(self._newest.values()))
