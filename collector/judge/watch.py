"""Each round of judging: readings against thresholds -> states, and flips where they change.

States and flips go to the register in one transaction, and only then are they believed here. A
round that dies leaves nothing behind, and one that is repeated changes nothing.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from collector.judge.moment import Moment, Sources
from collector.judge.standing import (
    AGENT_SILENT,
    CONTACT,
    NEVER,
    NO_AGENT,
    NO_DATA,
    OUTSIDE,
    REASONS,
    SITE_SILENT,
    STARTING,
    SchoolStanding,
    Standing,
    States,
    pending,
    worst,
)
from collector.judge.state import Track, bound_of, resume, step
from collector.register.model import Agent, Change, Flip, Held, School, State, Watched
from collector.register.register import Register
from config.threshold import Threshold
from probes.model import Role
from probes.text import Text

log = logging.getLogger(__name__)

FORGET_AFTER = timedelta(days=7)
"""A target of a talking agent that gave nothing for so long is not asked for any more."""
_DAY = timedelta(days=1)


class Watch:
    """One per collector; `judge` is called by one thread, `states` may be read by any."""

    def __init__(
        self, register: Register, sources: Sources, revision: str, retention: timedelta
    ) -> None:
        self._register = register
        self._sources = sources
        self._revision = revision
        self._retention = retention
        self._held = self._own_states()
        self._tracks = {watched: resume(held) for watched, held in self._held.items()}
        self._back: dict[str, datetime] = {}
        self._cleaned: datetime | None = None
        self.states = States()

    def _own_states(self) -> dict[Watched, Held]:
        """Without what was found on networks, which collector/lan keeps: no agent has it."""
        held = self._register.states()
        return {w: h for w, h in held.items() if w.agent or w.threshold == CONTACT.id}

    def judge(self, schools: Sequence[School], agents: Sequence[Agent], now: datetime) -> States:
        """Judge once, at `now`; blocks on store and register."""
        moment = Moment(self._sources, schools, agents, now)
        self._clean(moment)
        told = self._tell(moment)
        self._take(told, moment)
        self.states = self._show(moment)
        return self.states

    # What is told to the tracks

    def _tell(self, moment: Moment) -> dict[Watched, Track]:
        told = {}
        for watched in sorted(self._tracks.keys() | moment.observed.keys()):
            if watched.threshold == CONTACT.id or not moment.is_watched(watched):
                continue
            threshold = self._sources.thresholds[watched.threshold]
            if self._was_silent(watched.school, threshold, moment):
                continue
            if not moment.in_period(moment.schools[watched.school], threshold):
                continue
            observed = moment.observed.get(watched)
            if observed is None and self._may_be_absent(watched, threshold, moment):
                continue
            track = self._tracks.get(watched, Track())
            value = observed.value if observed else None
            told[watched] = step(track, threshold, moment.now, value)
        return told | self._tell_contacts(moment)

    def _was_silent(self, school: str, threshold: Threshold, moment: Moment) -> bool:
        """A school that was silent within the window: what came since was taken while nobody could
        hear of it, and decides nothing, as after a start of the collector."""
        contact, back = self._tracks.get(_contact(school)), self._back.get(school)
        if contact is not None and contact.state is State.UNKNOWN:
            return True
        return back is not None and moment.now - back < threshold.window

    def _may_be_absent(self, watched: Watched, threshold: Threshold, moment: Moment) -> bool:
        """One cause, one flip: the silence of a whole machine is not a flip of each of its parts,
        and a collector that has just started knows too little to call anything silent."""
        agent = moment.agents[watched.agent]
        return moment.is_starting(threshold.window) or moment.may_be_silent(agent)

    def _tell_contacts(self, moment: Moment) -> dict[Watched, Track]:
        of_school: dict[str, list[Agent]] = defaultdict(list)
        for agent in moment.agents.values():
            of_school[agent.school].append(agent)
        told = {}
        for code, agents in of_school.items():
            watched = _contact(code)
            talks = not all(moment.is_silent(agent) for agent in agents)
            patience = max(moment.patience(agent.role) for agent in agents)
            was_heard = watched in self._tracks
            if talks or (was_heard and not moment.is_starting(patience)):
                track = self._tracks.get(watched, Track())
                told[watched] = step(track, CONTACT, moment.now, 1.0 if talks else None)
        return told

    # What is stored

    def _take(self, told: Mapping[Watched, Track], moment: Moment) -> None:
        changes = [c for w, track in told.items() if (c := self._change(w, track, moment))]
        stored = self._register.take_states(changes)
        for flip in (change.flip for change in stored if change.flip):
            log.info("%s: %s went from %s to %s", flip.watched.school, flip.watched.threshold,
                     flip.before, flip.after)  # fmt: skip
        self._tracks |= told
        self._back |= {f.watched.school: f.at for f in _returns(stored)}
        self._held |= {change.watched: change.after for change in stored}
        if len(stored) < len(changes):
            # Another process judges on the same register; what it stored is believed.
            self._held = self._own_states()
            lost = {c.watched for c in changes} - {c.watched for c in stored}
            self._tracks |= {w: resume(self._held[w]) for w in lost if w in self._held}

    def _change(self, watched: Watched, track: Track, moment: Moment) -> Change | None:
        before = self._held.get(watched)
        if before is None and track.state is State.UNKNOWN:
            return None  # never known: there is nothing to keep
        if before is not None and (before.state, before.held) == (track.state, track.held):
            return None
        after = Held(track.state, track.held, track.since or moment.now, moment.now)
        was = before.state if before else State.UNKNOWN
        # That something is up at first sight is no change of state.
        quiet = was is track.state or (before is None and track.state is State.UP)
        flip = None if quiet else self._flip(watched, was, track, moment)
        return Change(watched, before, after, flip)

    def _flip(self, watched: Watched, was: State, track: Track, moment: Moment) -> Flip:
        threshold = self._sources.thresholds.get(watched.threshold, CONTACT)
        unknown = track.state is State.UNKNOWN
        bound = bound_of(threshold, track.state) or bound_of(threshold, was)
        observed = moment.observed.get(watched)
        silence = SITE_SILENT if threshold is CONTACT else NO_DATA
        return Flip(
            watched=watched,
            revision=threshold.revision,
            before=was,
            after=track.state,
            since=track.since or moment.now,
            at=moment.now,
            value=None if threshold is CONTACT else track.value,
            unit=threshold.unit.value,
            bound=None if unknown or bound is None else float(bound.value),
            n=observed.n if observed else 0,
            reason=silence if unknown else "",
        )

    def _clean(self, moment: Moment) -> None:
        """Forget what is watched no more; once a day, flips that are too old."""
        gone = [w for w in self._tracks if not moment.is_watched(w) or self._is_stale(w, moment)]
        if gone:
            self._register.forget_states(gone)
        for watched in gone:
            self._tracks.pop(watched)
            self._held.pop(watched, None)
        if self._cleaned is None or moment.now - self._cleaned >= _DAY:
            self._register.drop_flips(moment.now - self._retention)
            self._cleaned = moment.now

    def _is_stale(self, watched: Watched, moment: Moment) -> bool:
        track = self._tracks[watched]
        known = track.state is not State.UNKNOWN or watched.threshold == CONTACT.id
        return not known and track.since is not None and moment.now - track.since > FORGET_AFTER

    # What is shown

    def _show(self, moment: Moment) -> States:
        of_school: dict[str, list[Standing]] = defaultdict(list)
        for watched in sorted(self._tracks):
            if watched.threshold != CONTACT.id and moment.is_watched(watched):
                of_school[watched.school].append(self._standing(watched, moment))
        with_agents = {agent.school for agent in moment.agents.values()}
        schools = {
            code: self._school(code, code in with_agents, of_school[code], moment)
            for code in moment.schools
        }
        every = tuple(s for standings in of_school.values() for s in standings)
        rows = (CONTACT, *self._sources.thresholds.values())
        titles = {row.id: row.title for row in rows}
        return States(moment.now, schools, every, self._revision, titles)

    def _school(
        self, code: str, has_agents: bool, standings: Iterable[Standing], moment: Moment
    ) -> SchoolStanding:
        contact = self._tracks.get(_contact(code))
        if not has_agents:
            return SchoolStanding(code, State.UNKNOWN, None, REASONS[NO_AGENT])
        if contact is None or contact.since is None:
            return SchoolStanding(code, State.UNKNOWN, None, REASONS[NEVER])
        if contact.state is State.UNKNOWN:
            return SchoolStanding(code, State.UNKNOWN, contact.since, REASONS[SITE_SILENT])
        return worst(code, standings)

    def _standing(self, watched: Watched, moment: Moment) -> Standing:
        threshold, track = self._sources.thresholds[watched.threshold], self._tracks[watched]
        observed, agent = moment.observed.get(watched), moment.agents[watched.agent]
        state, reason, counts = self._state_shown(watched, threshold, moment)
        return Standing(
            watched=watched,
            threshold=threshold,
            state=state,
            since=track.since if state is track.state else None,
            value=observed.value if observed else None,
            n=observed.n if observed else 0,
            last=observed.last if observed else None,
            reason=reason,
            # A PC that is switched off says nothing about its school.
            counts=counts and not (agent.role is Role.PC and moment.is_silent(agent)),
        )

    def _state_shown(
        self, watched: Watched, threshold: Threshold, moment: Moment
    ) -> tuple[State, Text | None, bool]:
        """The state, why it is so where the value does not say it, and whether it counts."""
        track = self._tracks[watched]
        if not moment.in_period(moment.schools[watched.school], threshold):
            return track.state, REASONS[OUTSIDE], False
        if watched in moment.observed:
            return track.state, pending(track, threshold), True
        contact = self._tracks.get(_contact(watched.school))
        if contact is not None and contact.state is State.UNKNOWN:
            return State.UNKNOWN, REASONS[SITE_SILENT], True
        if moment.is_starting(threshold.window):
            return track.state, REASONS[STARTING], True
        if moment.is_silent(moment.agents[watched.agent]):
            return State.UNKNOWN, REASONS[AGENT_SILENT], True
        return State.UNKNOWN, moment.why_absent(watched, threshold), True


def _returns(stored: Iterable[Change]) -> list[Flip]:
    """The flips by which schools are heard again."""
    flips = [change.flip for change in stored if change.flip]
    return [f for f in flips if f.watched.threshold == CONTACT.id and f.after is State.UP]


def _contact(school: str) -> Watched:
    return Watched(school, "", "", CONTACT.id)
