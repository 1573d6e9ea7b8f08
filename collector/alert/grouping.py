"""Flips become incidents: one cause at one school is one incident, and a cut line is one cause.

Everything happens in one transaction with the flips being taken up. While nothing is heard of a
school, and until that has settled, whatever else flips there belongs to the same incident.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from collector.alert.scene import Scene, contact_of
from collector.alert.telling import is_told, tell_bad, tell_closed, withdraw
from collector.judge.standing import CONTACT
from collector.register import incidents, states
from collector.register.incident import COLLECTOR, Incident, Part, is_worse
from collector.register.model import Flip, State, Watched

_BAD = (State.DEGRADED, State.DOWN)
_AT_ONCE = timedelta(0)


class Grouping:
    """Lives as long as one transaction."""

    def __init__(self, connection: sa.Connection, scene: Scene, now: datetime) -> None:
        self._connection = connection
        self._scene = scene
        self._rules = scene.policy.rules
        self._now = now
        self._open: dict[int, Incident] = {}
        self._home: dict[Watched, int] = {}
        for incident in reversed(incidents.find(connection, only_open=True)):
            self._remember(incident)

    def take(self, flips: Sequence[Flip]) -> None:
        for flip in flips:
            self._take(flip)
        self._forget()
        self._suspect_uplink()
        for incident in list(self._open.values()):
            self._close_if_over(incident)

    def _remember(self, incident: Incident) -> None:
        self._open[incident.id] = incident
        for part in incident.parts:
            self._home[part.watched] = incident.id

    def _reload(self, id: int) -> Incident:
        incident = incidents.one(self._connection, id)
        self._remember(incident)
        return incident

    # Flips

    def _take(self, flip: Flip) -> None:
        home = self._home.get(flip.watched)
        if self._is_bad(flip):
            self._put(self._home_for(flip) if home is None else home, flip)
        elif home is not None:
            # What is no longer known is not over.
            if flip.after is State.UP:
                incidents.put_over(self._connection, home, flip.watched, flip.at)
            incidents.count_flip(self._connection, home)
            self._reload(home)

    def _is_bad(self, flip: Flip) -> bool:
        if flip.watched.threshold == CONTACT.id:
            return flip.after is State.UNKNOWN and flip.watched.school in self._scene.expected
        return flip.after in _BAD

    def _home_for(self, flip: Flip) -> int:
        watched = flip.watched
        cut = self._home.get(contact_of(watched.school))
        if cut is not None:
            return cut
        uplink = self._find("", COLLECTOR)
        if watched.threshold == CONTACT.id and uplink is not None:
            return uplink
        return self._find_or_open(watched, flip.after, flip.since)

    def _find_or_open(self, watched: Watched, severity: State, since: datetime) -> int:
        cause = self._rules.cause(watched.threshold)
        found = self._find(watched.school, cause)
        if found is not None:
            return found
        times = (since, self._now)
        return incidents.open_one(self._connection, watched.school, cause, severity, times)

    def _find(self, school: str, cause: str) -> int | None:
        of_cause = (i for i in self._open.values() if (i.school, i.cause) == (school, cause))
        return next((i.id for i in of_cause), None)

    def _put(self, id: int, flip: Flip) -> None:
        incidents.put_bad(self._connection, id, flip)
        incidents.count_flip(self._connection, id)
        before = self._open.get(id)
        if before is not None and is_worse(flip.after, before.severity):
            incidents.change(self._connection, id, severity=flip.after.value)
        after = self._reload(id)
        if before is None or before.severity is not after.severity:
            self._tell(after, flip.watched)

    def _tell(self, incident: Incident, watched: Watched) -> None:
        is_contact = watched.threshold == CONTACT.id and incident.cause != COLLECTOR
        wait = self._rules.contact_wait if is_contact else _AT_ONCE
        tell_bad(self._connection, incident, self._scene, self._now, wait)

    # What no flip says

    def _forget(self) -> None:
        """What is watched no more, or no longer expected, will never flip back."""
        unwatched = incidents.without_state(self._connection)
        for incident in list(self._open.values()):
            bad = [part.watched for part in incident.parts if part.is_bad]
            gone = [w for w in bad if w in unwatched or self._is_not_expected(w)]
            for watched in gone:
                incidents.put_over(self._connection, incident.id, watched, self._now)
            if gone:
                self._reload(incident.id)

    def _is_not_expected(self, watched: Watched) -> bool:
        return watched.threshold == CONTACT.id and watched.school not in self._scene.expected

    def _suspect_uplink(self) -> None:
        """Many schools that fall silent at once are one cause. Whoever was told stays told."""
        if self._find("", COLLECTOR) is not None:
            return
        since = self._now - self._rules.uplink.within
        silent = [i for i in self._open.values() if any(p.at >= since for p in _cuts(i.parts))]
        untold = [i for i in silent if not is_told(self._connection, i)]
        if not untold:
            return
        known = states.holders(self._connection, CONTACT.id) & self._scene.expected
        if not self._rules.uplink.suspects(len(silent), len(known)):
            return
        began = min(part.since for i in untold for part in _cuts(i.parts))
        times = (began, self._now)
        id = incidents.open_one(self._connection, "", COLLECTOR, State.UNKNOWN, times)
        for incident in untold:
            self._merge(incident, id)
        tell_bad(self._connection, self._reload(id), self._scene, self._now, _AT_ONCE)

    def _merge(self, incident: Incident, into: int) -> None:
        for part in incident.parts:
            incidents.move(self._connection, incident.id, part.watched, into)
        incidents.count_flip(self._connection, into, incident.flips)
        withdraw(self._connection, incident, self._now)
        incidents.change(self._connection, incident.id, closed_at=self._now, merged_into=into)
        del self._open[incident.id]

    # The end

    def _close_if_over(self, incident: Incident) -> None:
        own = [part for part in incident.parts if self._is_own(incident, part)]
        bad = sum(1 for part in own if part.is_bad)
        if bad >= (self._rules.uplink.least if incident.cause == COLLECTOR else 1):
            return
        # None of its own: policy has joined its thresholds in another way since.
        backs = [part.over_at for part in own if part.over_at is not None]
        ended = max(backs, default=incident.opened_at)
        if self._now - ended >= self._rules.settle:
            self._close(incident, ended)

    def _is_own(self, incident: Incident, part: Part) -> bool:
        """Whether it has to be back before the incident is over. Others only happened meanwhile."""
        if incident.cause == COLLECTOR:
            return part.watched.threshold == CONTACT.id
        return self._rules.cause(part.watched.threshold) == incident.cause

    def _close(self, incident: Incident, ended: datetime) -> None:
        incidents.change(self._connection, incident.id, closed_at=ended)
        del self._open[incident.id]
        for part in incident.parts:
            self._home.pop(part.watched, None)
        for part in incident.parts:
            if part.is_bad:
                self._rehome(incident.id, part)
        tell_closed(self._connection, incident, self._now)

    def _rehome(self, left: int, part: Part) -> None:
        """It was bad meanwhile, and still is: from now on it is an incident of its own."""
        id = self._find_or_open(part.watched, part.state, part.since)
        before = self._open.get(id)
        if before is not None and is_worse(part.state, before.severity):
            incidents.change(self._connection, id, severity=part.state.value)
        incidents.move(self._connection, left, part.watched, id)
        after = self._reload(id)
        if before is None or before.severity is not after.severity:
            tell_bad(self._connection, after, self._scene, self._now, _AT_ONCE)


def _cuts(parts: Iterable[Part]) -> list[Part]:
    """Schools of which nothing is heard."""
    return [part for part in parts if part.is_bad and part.watched.threshold == CONTACT.id]
