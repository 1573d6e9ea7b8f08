"""The course of a finding: from the first sighting until those who saw it look and see it no more.

Silence ends nothing. While none of those who could see it looks, a finding is unknown and stays
open; it is over when one of them has looked again, and it was not seen for its hold time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from collector.lan.facts import CROWD
from collector.lan.kept import Kept
from collector.lan.look import Finding
from collector.register.model import State, Watched
from collector.store import LastRun
from config.lan_file import Attack
from probes.model import Outcome

_LISTENS = frozenset(
    {
        "arp_sweep",
        "dhcp_offers",
        "gateway_management",
        "lan_watch",
        "name_poisoning",
        "router_adverts",
    }
)
"""Probes whose run has looked although nobody answered."""


def first_kept(watched: Watched, finding: Finding) -> Kept:
    return Kept(
        watched=watched,
        address=finding.address,
        mac=finding.mac,
        vendor="",
        port="",
        port_at=None,
        owner="",
        ground=finding.ground,
        seers=frozenset((s.probe, s.agent) for s in finding.sightings),
        first_seen=min(s.first for s in finding.sightings),
        last_seen=max(s.last for s in finding.sightings),
    )


def seen_again(kept: Kept, finding: Finding) -> Kept:
    """What is known of it grows; a MAC that is not known this time is the one known before."""
    again = first_kept(kept.watched, finding)
    return replace(
        kept,
        address=again.address or kept.address,
        mac=again.mac or kept.mac,
        ground=again.ground,
        seers=kept.seers | again.seers,
        last_seen=max(kept.last_seen, again.last_seen),
        over_at=None,
    )


def state_unseen(
    kept: Kept, held: State, attack: Attack, runs: Sequence[LastRun], fresh_since: datetime
) -> State:
    """The state of a finding that is not seen now. `runs`: the newest ones of its probes."""
    looked = [run.at for run in runs if _has_looked(run, kept)]
    newest = max(looked, default=None)
    if newest is None or newest < fresh_since:
        return State.UNKNOWN
    if newest - kept.last_seen >= attack.hold:
        return State.UP
    return held


def _has_looked(run: LastRun, kept: Kept) -> bool:
    """Whether that run could have seen it: by one who did, or by whoever is the sentinel now."""
    if (run.probe, run.agent) not in kept.seers and run.probe in CROWD:
        return False
    listened = run.outcome is Outcome.FAILED and run.probe in _LISTENS
    return run.outcome is Outcome.OK or listened


def can_be_seen(kept: Kept, agents: Iterable[str], now: datetime, retention: timedelta) -> bool:
    """Whether anybody is left who could see it again."""
    if now - kept.last_seen > retention:
        return False
    left = set(agents)
    return any(agent in left if probe in CROWD else bool(left) for probe, agent in kept.seers)
