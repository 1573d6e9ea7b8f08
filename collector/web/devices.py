"""A school's agents as a page shows them: when they were heard, and what they could not measure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from collector.fleet.heard import LastWord
from collector.register.model import Agent
from collector.store import LastRun
from collector.web.presence import Presence
from collector.web.showing import Showing
from probes.catalog import AnyProbe
from probes.model import Outcome, Probe, Role
from probes.text import Text

NO_PRIVILEGE = "no_privilege"


@dataclass(frozen=True, slots=True)
class NotRun:
    """A probe from which nothing was learned, why, and what it would have said.

    `privilege`: what it needs, if that is what was missing; else None.
    """

    probe: AnyProbe
    target: str
    at: datetime
    reason: Text
    privilege: Text | None


@dataclass(frozen=True, slots=True)
class Device:
    """An agent. Figures that it did not send, or that are not numbers, are None; `presence` too,
    of one that is revoked. `sentinel`: it holds that role now."""

    agent: Agent
    heard: datetime | None
    version: str
    config: str
    waiting: int | None
    lost: int | None
    not_run: tuple[NotRun, ...]
    presence: Presence | None
    sentinel: bool


def devices(
    showing: Showing,
    agents: Sequence[Agent],
    runs: Iterable[LastRun],
    presences: Mapping[str, Presence],
) -> list[Device]:
    """Gateways first, revoked agents last."""
    runs = list(runs)
    made = [
        _device(
            agent,
            showing.last_word(agent.id),
            _not_run(showing, agent, runs),
            presences.get(agent.id),
            showing.sentinel(agent.school) == agent.id,
        )
        for agent in agents
    ]
    return sorted(made, key=_order)


def last_heard(showing: Showing, agents: Iterable[Agent]) -> datetime | None:
    """The newest push of any of them; None if none was heard since the collector started."""
    words = [showing.last_word(agent.id) for agent in agents]
    return max((word.at for word in words if word), default=None)


def _device(
    agent: Agent,
    word: LastWord | None,
    not_run: tuple[NotRun, ...],
    presence: Presence | None,
    sentinel: bool,
) -> Device:
    state = word.state if word else {}
    said = state.get("version")
    return Device(
        agent=agent,
        heard=word.at if word else None,
        version=said if isinstance(said, str) and said else agent.version,
        config=word.config if word else "",
        waiting=_count(state.get("spool_readings")),
        lost=_count(state.get("lost_readings")),
        not_run=not_run,
        presence=presence,
        sentinel=sentinel,
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _not_run(showing: Showing, agent: Agent, runs: Iterable[LastRun]) -> tuple[NotRun, ...]:
    return tuple(
        NotRun(
            probe=(probe := showing.catalog[run.probe]),
            target=run.target,
            at=run.at,
            reason=showing.catalog.reason(run.probe, run.reason),
            # A probe's own reason may be a missing permission too; its words say so.
            privilege=probe.privilege
            if run.reason == NO_PRIVILEGE or (run.reason in probe.reasons and _wants(probe))
            else None,
        )
        for run in runs
        if run.agent == agent.id and run.outcome is Outcome.NOT_RUN and run.probe in showing.catalog
    )


def _wants(probe: AnyProbe) -> bool:
    """Whether it says of itself that a privilege is of use to it."""
    return probe.privilege is not Probe.privilege


def _order(device: Device) -> tuple[object, ...]:
    agent = device.agent
    return (agent.revoked, agent.role is Role.PC, agent.hostname, agent.id)
