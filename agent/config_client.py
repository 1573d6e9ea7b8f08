"""Fetches the configuration that the collector wants in force, and refuses what it must."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from random import Random

from agent.answer import Answer
from agent.clock import Clock
from agent.config_trial import ConfigTrial
from agent.link import UnreachableError
from probes import wire
from probes.text import BanjunError, Text

log = logging.getLogger(__name__)

SPREAD = 30.0
"""Seconds over which agents spread their fetches of a new revision."""


class ConfigClient:
    """Follows the revision that the replies to pushes name.

    Args:
        get: fetches /v1/config, given the revision in force.
        check: raises BanjunError for a configuration that this agent refuses.

    Attributes:
        error: why the last configuration was refused; None if it was not.
    """

    def __init__(
        self,
        *,
        trial: ConfigTrial,
        get: Callable[[str], Awaitable[Answer]],
        check: Callable[[wire.AgentConfig], None],
        clock: Clock,
        rng: Random,
    ) -> None:
        self._trial = trial
        self._get = get
        self._check = check
        self._clock = clock
        self._rng = rng
        self._wanted = asyncio.Event()
        self._refused = ""
        self.error: Text | None = None

    def told(self, revision: str) -> None:
        """The collector wants `revision`."""
        if revision != self._refused and self._trial.wants(revision):
            self._wanted.set()

    @property
    def is_wanted(self) -> bool:
        """Whether the collector wants another configuration than the one in force."""
        return self._wanted.is_set()

    async def run(self) -> None:
        while True:
            await self._wanted.wait()
            if self._trial.in_force is not None:
                await self._clock.sleep(self._rng.uniform(0, SPREAD))
            self._wanted.clear()
            try:
                await self.fetch()
            except Exception:
                log.exception("configuration could not be fetched by a fault of the agent")

    async def fetch(self) -> bool:
        """Fetch and offer it; True if a new one is in force. Failure waits for the next reply."""
        try:
            answer = await self._get(self._trial.revision)
        except UnreachableError as exc:
            log.debug("configuration not fetched why=%s", exc)
            return False
        if answer.status != 200:
            log.debug("configuration not fetched status=%d", answer.status)
            return False
        try:
            config = wire.decode(answer.body, wire.AgentConfig)
        except wire.WireError as exc:
            self.error = exc.text
            log.warning("configuration cannot be read why=%s", exc)
            return False
        return self._offer(config)

    def _offer(self, config: wire.AgentConfig) -> bool:
        if config.revision == self._refused or not self._trial.wants(config.revision):
            return False
        try:
            self._check(config)
        except BanjunError as exc:
            self._refused, self.error = config.revision, exc.text
            log.error("configuration refused revision=%s why=%s", config.revision, exc)
            return False
        self._refused, self.error = "", None
        self._trial.offer(config)
        return True
