"""Which configuration is in force: the last good one, or a newer one on trial.

A new configuration is good once a push has gone through under it. If none does within five minutes
the last good one comes back, and the new one is not tried again; unless pushes go on failing, which
shows that it was not to blame. The last good one is kept on disk, so an agent that starts without a
network measures on; until there is one, so is the first that ever went on trial.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from config.durable import replace_file
from probes.wire import AgentConfig, Task

log = logging.getLogger(__name__)

TRIAL = 300.0
"""Seconds within which a push must go through."""
BLAME = 600.0
"""Seconds after going back; if no push goes through by then, the network is to blame."""
MAX_INTERRUPTED = 3
"""A configuration under which the agent died so often is taken to have killed it."""
MAX_FAILED = 16


class _Kept(msgspec.Struct):
    """The file `config.json`. `first`: on trial while there is no good one."""

    agent: str
    good: AgentConfig | None = None
    first: AgentConfig | None = None
    failed: list[str] = []
    trial: str = ""
    interrupted: int = 0


@dataclass(slots=True)
class _Trial:
    config: AgentConfig
    until: float


@dataclass(slots=True)
class _Rollback:
    revision: str
    at: float


class ConfigTrial:
    """Applies, commits and rolls back configurations.

    Args:
        path: where the last good one is kept.
        agent: the identity; the file of another one is ignored.
        apply: puts a configuration in force.
        monotonic: seconds.
    """

    def __init__(
        self,
        path: Path,
        *,
        agent: str,
        apply: Callable[[AgentConfig], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._path = path
        self._apply = apply
        self._monotonic = monotonic
        self._kept = _load(path, agent)
        self._trial: _Trial | None = None
        self._rollback: _Rollback | None = None
        self._judge_interrupted_trial()
        self._resume_first()

    @property
    def in_force(self) -> AgentConfig | None:
        return self._trial.config if self._trial else self._kept.good

    @property
    def revision(self) -> str:
        """Of the configuration in force; empty when there is none."""
        return self.in_force.revision if self.in_force else ""

    @property
    def on_trial(self) -> bool:
        return self._trial is not None

    def wants(self, revision: str) -> bool:
        """Whether to fetch `revision`, which the collector says should be in force."""
        return bool(revision) and revision not in (self.revision, *self._kept.failed)

    def offer(self, config: AgentConfig) -> None:
        """Put a checked configuration in force, on trial."""
        self._trial = _Trial(config, self._monotonic() + TRIAL)
        if self._kept.trial != config.revision:
            self._kept.interrupted = 0
        self._kept.trial = config.revision
        self._kept.first = config if self._kept.good is None else None
        self._save()
        log.info("configuration on trial revision=%s tasks=%d", config.revision, len(config.tasks))
        self._apply(config)

    def pushed(self, revision: str) -> None:
        """A push that named `revision` as in force went through."""
        if self._trial is not None and revision == self._trial.config.revision:
            self._commit(self._trial.config)
        if self._rollback is not None:
            if self._monotonic() - self._rollback.at > BLAME:
                log.info("configuration was not to blame revision=%s", self._rollback.revision)
                innocent = self._rollback.revision
                self._kept.failed = [r for r in self._kept.failed if r != innocent]
                self._save()
            self._rollback = None

    def check_time(self) -> None:
        """Roll back a trial that has run out. To be called every few seconds."""
        if self._trial is None or self._monotonic() < self._trial.until:
            return
        if self._kept.good is None:
            return  # There is nothing to go back to, and a trial is better than nothing.
        failed = self._trial.config.revision
        log.error("no push went through; configuration rolled back revision=%s", failed)
        self._trial = None
        self._rollback = _Rollback(failed, self._monotonic())
        self._fail(failed)
        self._apply(self._kept.good)

    def slept(self, seconds: float) -> None:
        """So long no push could go through, whatever the configuration."""
        if self._trial is not None:
            self._trial.until += seconds

    def break_off(self) -> None:
        """The agent stops because it was asked to; the trial is not to blame."""
        if self._kept.trial:
            self._kept.trial, self._kept.interrupted = "", 0
            self._save()

    @property
    def failed(self) -> tuple[str, ...]:
        """Revisions that are not tried again."""
        return tuple(self._kept.failed)

    def forget_good(self) -> None:
        """The last good one cannot be used any more, for example after a change of agent.toml."""
        self._kept.good = self._kept.first = self._trial = None

    def _commit(self, config: AgentConfig) -> None:
        self._trial = None
        self._kept.good, self._kept.first = config, None
        self._kept.trial, self._kept.interrupted = "", 0
        log.info("configuration is good revision=%s", config.revision)
        self._save()

    def _fail(self, revision: str) -> None:
        self._kept.failed = [*self._kept.failed, revision][-MAX_FAILED:]
        self._kept.trial, self._kept.interrupted = "", 0
        self._save()

    def _judge_interrupted_trial(self) -> None:
        """A power cut is innocent once; a configuration that crashes the agent is not."""
        if not self._kept.trial:
            return
        self._kept.interrupted += 1
        if self._kept.interrupted >= MAX_INTERRUPTED and self._kept.good is not None:
            log.error("agent died under trial; not tried again revision=%s", self._kept.trial)
            self._fail(self._kept.trial)
            return
        if self._kept.interrupted >= MAX_INTERRUPTED:
            self._kept.first, self._kept.trial, self._kept.interrupted = None, "", 0
        self._save()

    def _resume_first(self) -> None:
        """The collector may be away for long, and a trial is better than nothing."""
        if self._kept.good is None and self._kept.first is not None:
            self._trial = _Trial(self._kept.first, self._monotonic() + TRIAL)
            self._kept.trial = self._kept.first.revision
            self._save()

    def _save(self) -> None:
        try:
            replace_file(self._path, msgspec.json.encode(self._kept))
        except OSError as exc:
            log.warning("configuration could not be kept on disk why=%s", exc)


def kept_tasks(path: Path, agent: str) -> Sequence[Task]:
    """The tasks of the last good configuration in the file `path`; none if it has none."""
    good = _load(path, agent).good
    return good.tasks if good else ()


def _load(path: Path, agent: str) -> _Kept:
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
    except FileNotFoundError:
        return _Kept(agent)
    except (OSError, msgspec.DecodeError) as exc:
        log.warning("kept configuration cannot be read; it will be fetched again why=%s", exc)
        return _Kept(agent)
    return kept if kept.agent == agent else _Kept(agent)
