"""Detection while a collector runs: looks again each minute, and keeps what it found.

A finding is a state like any other, down while it lasts; its flips become incidents and messages by
the same machinery. The register is what is believed: a collector that starts again raises nothing
that is open already, and one that dies between two writes finds it again.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from collector.judge.standing import NO_DATA
from collector.lan.book import LanBook
from collector.lan.course import can_be_seen, first_kept, seen_again, state_unseen
from collector.lan.detector import Detector
from collector.lan.facts import CROWD, NO_FACTS, Facts, Sighting, gather
from collector.lan.kept import Kept
from collector.lan.known import Fact, Since
from collector.lan.look import Answers, Finding
from collector.lan.round import School, look_round
from collector.lan.site import Sites
from collector.lan.whereabouts import located
from collector.register.model import Agent, Change, Flip, Held, State, Watched
from collector.register.register import Register
from collector.store import LastRun, Store
from config.lan_file import LanPolicy
from probes.catalog import Catalog
from probes.model import Unit

log = logging.getLogger(__name__)

SECONDS = 60.0
PATIENCE = timedelta(minutes=20)
"""After a start: nothing is called unknown before everybody has had time to say something."""
MOST = 20
"""Open findings of one kind at one school: a flood of made-up addresses is one attack."""
MOST_SAID = 100
"""Sightings of one metric by one machine, of its own network, that are looked at."""
LONGEST = {"address": 64, "server": 64, "mac": 17}
"""Characters of labels that become subjects of findings and of what is learned."""
FORGET_AFTER = timedelta(minutes=10)
"""How long the state of what is over is kept: alerting has taken up its flip by then."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What does not change from round to round."""

    store: Store
    catalog: Catalog
    policy: LanPolicy
    detectors: Mapping[str, Detector]
    schools: Callable[[], Iterable[str]]
    sites: Callable[[], Sites]
    answers: Callable[[], Answers]
    now: Callable[[], datetime]
    retention: timedelta


class Detection:
    """One per collector; `work` is called by one thread."""

    def __init__(self, register: Register, sources: Sources) -> None:
        self._register = register
        self._sources = sources
        self._book = LanBook(register.database)
        self._known = self._book.known()
        self._held = self._own_states()
        # What was written down and never raised is found again, if it is still there.
        found = self._book.findings()
        self._kept = {watched: kept for watched, kept in found.items() if watched in self._held}
        self._started = sources.now()
        self._cleaned: datetime | None = None

    def _own_states(self) -> dict[Watched, Held]:
        attacks = self._sources.policy.attacks
        states = self._register.states()
        return {w: held for w, held in states.items() if w.threshold in attacks and not w.agent}

    def work(self) -> None:
        """Look once; blocks on store and register."""
        now = self._sources.now()
        agents = {a.id: a for a in self._register.agents() if not a.revoked}
        self._clean(agents, now)
        found = self._look(agents, now)
        self._keep(found, agents)
        self._take([c for w in sorted(self._kept) if (c := self._change(w, found, now))], now)

    # What is found

    def _look(self, agents: Mapping[str, Agent], now: datetime) -> dict[Watched, Finding]:
        sources = self._sources
        facts = gather(sources.store, sources.catalog, sources.policy.windows, now)
        sites, answers, known_schools = sources.sites(), sources.answers(), set(sources.schools())
        of_school: dict[str, dict[str, Agent]] = defaultdict(dict)
        for agent in agents.values():
            of_school[agent.school][agent.id] = agent
        found: dict[Watched, Finding] = {}
        new: dict[str, Mapping[Fact, Since]] = {}
        gone: dict[str, frozenset[Fact]] = {}
        for code in sorted(facts.keys() & known_schools):
            school = School(
                code=code,
                site=sites.get(code),
                facts=_of_agents(facts.get(code, NO_FACTS), of_school[code]),
                known=self._known.get(code, {}),
                open=self._open(code),
                agents=of_school[code],
            )
            looked = look_round(school, sources.detectors, sources.policy, answers, now)
            for kind, findings in looked.findings.items():
                found |= self._chosen(code, kind, findings)
            if looked.learned or looked.forgotten:
                new[code], gone[code] = looked.learned, looked.forgotten
        self._learn(new, gone)
        return found

    def _open(self, code: str) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for watched in self._kept:
            if watched.school == code:
                found[watched.threshold].add(watched.target)
        return {kind: frozenset(subjects) for kind, subjects in found.items()}

    def _chosen(self, code: str, kind: str, findings: Sequence[Finding]) -> dict[Watched, Finding]:
        every = {Watched(code, "", finding.subject, kind): finding for finding in findings}
        known = {watched: f for watched, f in every.items() if watched in self._kept}
        room = max(0, MOST - len(self._open(code).get(kind, ())))
        fresh = [watched for watched in every if watched not in known]
        if len(fresh) > room:
            log.warning("%s at school %s: %d more are not listed", kind, code, len(fresh) - room)
        return known | {watched: every[watched] for watched in fresh[:room]}

    def _learn(
        self,
        new: Mapping[str, Mapping[Fact, Since]],
        gone: Mapping[str, frozenset[Fact]],
    ) -> None:
        self._book.learn(new, gone)
        for code, facts in new.items():
            before = self._known.setdefault(code, {})
            before |= facts
        for code, forgotten in gone.items():
            for fact in forgotten:
                self._known[code].pop(fact, None)

    # What is kept of it

    def _keep(self, found: Mapping[Watched, Finding], agents: Mapping[str, Agent]) -> None:
        stored = {}
        for watched, finding in found.items():
            before = self._kept.get(watched)
            after = first_kept(watched, finding) if before is None else seen_again(before, finding)
            self._kept[watched] = after
            if after != before:
                stored[watched] = after
        # Once it is raised, only what is not known yet is looked for.
        wanted = [k for w, k in self._kept.items() if w in stored or not (k.port and k.vendor)]
        sources = self._sources
        for kept in located(wanted, sources.store, sources.catalog, agents).values():
            self._kept[kept.watched] = stored[kept.watched] = kept
        self._book.put(list(stored.values()))

    # What becomes of its state

    def _change(
        self, watched: Watched, found: Mapping[Watched, Finding], now: datetime
    ) -> Change | None:
        kept, attack = self._kept[watched], self._sources.policy.attacks[watched.threshold]
        before = self._held.get(watched)
        bad = State(attack.state)
        held = before.held if before is not None else bad
        if watched in found:
            state = held = bad
        elif before is None:
            return None
        else:
            state = self._state_unseen(kept, before, now)
            held = State.UP if state is State.UP else before.held
        if before is not None and before.state is state:
            return None
        since = kept.first_seen if state is bad else now
        after = Held(state, held, since, now)
        flip = Flip(
            watched=watched,
            revision=attack.revision,
            before=before.state if before is not None else State.UNKNOWN,
            after=state,
            since=since,
            at=now,
            value=None,
            unit=Unit.BOOLEAN.value,
            bound=None,
            n=len(kept.agents),
            reason=NO_DATA if state is State.UNKNOWN else "",
        )
        return Change(watched, before, after, flip)

    def _state_unseen(self, kept: Kept, before: Held, now: datetime) -> State:
        policy = self._sources.policy
        window = max(policy.windows[probe] for probe, _ in kept.seers)
        attack = policy.attacks[kept.watched.threshold]
        state = state_unseen(kept, before.state, attack, self._runs(kept), now - window)
        if state is State.UNKNOWN and now - self._started < PATIENCE:
            return before.state
        return state

    def _runs(self, kept: Kept) -> list[LastRun]:
        store, school = self._sources.store, kept.watched.school
        probes = {probe for probe, _ in kept.seers if probe in self._sources.catalog}
        return [run for probe in sorted(probes) for run in store.last_runs(probe, school)]

    def _take(self, changes: Sequence[Change], now: datetime) -> None:
        stored = self._register.take_states(changes)
        kept = []
        for change in stored:
            watched = change.watched
            self._held[watched] = change.after
            log.info("%s: %s %s is %s", watched.school, watched.threshold, watched.target,
                     change.after.state)  # fmt: skip
            self._kept[watched] = replace(self._kept[watched], state=change.after.state)
            if change.after.state is State.UP:
                kept.append(replace(self._kept.pop(watched), over_at=now))
            else:
                kept.append(self._kept[watched])
        self._book.put(kept)
        if len(stored) < len(changes):
            # Another process detects on the same register; what it stored is believed.
            self._held = self._own_states()

    def _clean(self, agents: Mapping[str, Agent], now: datetime) -> None:
        """Forget what is over, and what nobody is left to see."""
        at_school: dict[str, set[str]] = defaultdict(set)
        for agent in agents.values():
            at_school[agent.school].add(agent.id)
        retention = self._sources.retention
        lost = [
            watched
            for watched, kept in self._kept.items()
            if watched.threshold not in self._sources.policy.attacks
            or not can_be_seen(kept, at_school[watched.school], now, retention)
        ]
        over = [
            watched
            for watched, held in self._held.items()
            if watched not in self._kept and now - held.at >= FORGET_AFTER
        ]
        if lost or over:
            self._register.forget_states([*lost, *over])
            self._book.put([replace(self._kept.pop(watched), over_at=now) for watched in lost])
        for watched in (*lost, *over):
            self._held.pop(watched, None)
        if self._cleaned is None or now - self._cleaned >= _DAY:
            self._book.drop(now - retention)
            self._cleaned = now


def _of_agents(facts: Facts, agents: Mapping[str, Agent]) -> Facts:
    """Without what was said by agents that are not this school's any more."""
    kept = {
        metric: _bounded([s for s in sightings if s.agent in agents and _is_sound(s)])
        for metric, sightings in facts.sightings.items()
    }
    return Facts(kept)


def _is_sound(sighting: Sighting) -> bool:
    """Whether its addresses can be addresses, and fit the register."""
    said = [(sighting.labels.get(label, ""), most) for label, most in LONGEST.items()]
    return all(len(text) <= most and "\0" not in text for text, most in said)


def _bounded(sightings: Sequence[Sighting]) -> list[Sighting]:
    """Of each machine that speaks for itself the newest; more than that is made up."""
    said: Counter[str] = Counter()
    kept = []
    for sighting in sorted(sightings, key=lambda s: s.last, reverse=True):
        said[sighting.agent] += 1
        if sighting.probe not in CROWD or said[sighting.agent] <= MOST_SAID:
            kept.append(sighting)
    return kept
