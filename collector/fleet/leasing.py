"""The leases in the answer to a push: which agent is its school's sentinel."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Awaitable, Callable, Mapping

from collector.fleet.schedule import SENTINEL
from collector.fleet.sentinels import Fitness, Holder, Sentinels
from collector.register.model import Agent
from probes.model import Role
from probes.wire import Push

log = logging.getLogger(__name__)

Leases = dict[str, dict[str, float]]
"""As `PushReply.leases`."""


class Leasing:
    """Lives in the event loop.

    Args:
        every: seconds between the pushes of an agent, by its configuration.
        keep: writes down who holds the role at a school; raises sqlite3.Error.
    """

    def __init__(
        self,
        sentinels: Sentinels,
        every: Callable[[Agent], float],
        keep: Callable[[str, Holder], Awaitable[None]],
    ) -> None:
        self._sentinels = sentinels
        self._every = every
        self._keep = keep

    async def leases(self, agent: Agent, push: Push) -> Leases:
        """What `agent` holds from now on. A client without a configuration runs no probe of ours,
        and is never sentinel."""
        if not push.config:
            return {}
        lease = self._sentinels.heard(
            agent.school, agent.id, fitness_of(agent, push.state), self._every(agent)
        )
        if lease is None:
            return {}
        if lease.fresh is not None:
            try:
                await self._keep(agent.school, lease.fresh)
            except sqlite3.Error as exc:
                log.error("sentinel of %s not written down, so not named: %s", agent.school, exc)
                return {}
            self._sentinels.kept(agent.school, lease.fresh)
            log.info("sentinel of %s is %s, epoch %d", agent.school, agent.id, lease.epoch)
        return {SENTINEL: {"epoch": lease.epoch, "until_seconds": lease.seconds}}

    def holder(self, school: str) -> str | None:
        """The id of the school's sentinel, from any thread; None while it has none."""
        return self._sentinels.holder(school)


def fitness_of(agent: Agent, state: Mapping[str, object]) -> Fitness:
    """From its role, and what it says of its own way out."""
    if agent.role is Role.GATEWAY:
        return Fitness.GATEWAY
    if agent.role is Role.SENTINEL:
        return Fitness.DEDICATED
    beside = state.get("link_wireless") is True or state.get("link_metered") is True
    return Fitness.BESIDE if beside else Fitness.WIRED
