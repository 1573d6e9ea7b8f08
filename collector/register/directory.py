"""Who may push: all agents in memory, so that the hot path asks no database.

A revocation takes effect with the next refresh. Keys are known only as hashes; checking one costs
less than a microsecond, so nothing about a request is remembered.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Mapping

from collector.register.model import Agent
from collector.register.register import Register

_SCHEME = "Bearer "
_NOBODY = bytes(32)


class AgentDirectory:
    """`find` and `verify` are for the event loop; the others block and belong in a thread."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._agents: Mapping[str, Agent] = {}
        self._unconfirmed: set[str] = set()
        self._seen_count = -1
        self._lock = threading.Lock()
        self.refresh()

    def find(self, agent_id: str) -> Agent | None:
        return self._agents.get(agent_id)

    def verify(self, header: str) -> Agent | None:
        """The agent of an Authorization header, `Bearer <id>.<key>`; None if it names none of ours,
        or the key is wrong.

        An agent that is `revoked` is returned too: it gets a 403 where a stranger gets a 401.
        """
        if not header.startswith(_SCHEME):
            return None
        agent_id, _, key = header[len(_SCHEME) :].partition(".")
        agent = self._agents.get(agent_id)
        given = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
        # An unknown id is compared as well, so that time does not tell which ids exist.
        if not hmac.compare_digest(given, agent.key_sha256 if agent else _NOBODY):
            return None
        if agent and not agent.confirmed:
            self._unconfirmed.add(agent_id)
        return agent

    def enrolled(self) -> int:
        """How many agents may push; from any thread."""
        return sum(not agent.revoked for agent in self._agents.values())

    def refresh(self) -> bool:
        """Read the agents again if the register changed; returns whether it did.

        Also tells the register which agents used their keys for the first time.
        """
        with self._lock:
            self._confirm()
            count = self._register.change_count()
            if count == self._seen_count:
                return False
            self._agents = {agent.id: agent for agent in self._register.agents()}
            self._seen_count = count
            return True

    def _confirm(self) -> None:
        used = set(self._unconfirmed)
        self._register.confirm(sorted(used))
        self._unconfirmed -= used
