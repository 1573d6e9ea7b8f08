"""Finds candidates, and reminds people of clocks: at the start, at half time, shortly before the
end, and once when nothing was sent in time.

Each stage is owed once, in a table, whoever restarts when. What a message says is decided when it
is sent, and one about a report that was sent meanwhile is withdrawn.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Self

from collector.alert import retry
from collector.alert.alerting import Sender
from collector.alert.channel import Channel
from collector.alert.fault import NO_CHANNEL
from collector.alert.send import DELIVERED
from collector.register import reminders
from collector.register.incident import Progress
from collector.register.register import Register
from collector.register.reminders import Reached, Reminder, Stage
from collector.register.security_incident import SECURITY, Phase, SecurityIncident
from collector.response.clocks import ClockState, Ticking, clocks_of
from collector.response.detected import Finding, finding_id, findings_of, suspect
from collector.response.message import CONFIRM, Reminded, compose
from config.policy_folder import PolicyFolder
from config.reporting import ReportingRules
from config.reporting_file import load_reporting
from config.route_file import Route, channels_for
from probes.text import Language

log = logging.getLogger(__name__)

REMIND_SECONDS = 15.0
"""How often; at most one message a channel. With alerting's it stays below the 20 a minute that
robots take."""
LOG_TAMPERED = "log_tampered"
"""As policy names what was found."""
SEVERITY = "down"
"""By which routes that choose by severity take them."""


class Reminding:
    """One per collector. `work` is called on a beat, by one thread at a time."""

    def __init__(
        self,
        register: Register,
        rules: ReportingRules,
        routes: Sequence[Route],
        channels: Mapping[str, Channel],
        sender: Sender,
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._register = register
        self._incidents = register.security
        self._rules = rules
        self._routes = routes
        self._channels = channels
        self._sender = sender
        self._clock = clock
        self._jitter = jitter
        self._mark = register.generation()[:4]
        self._stopped = False

    @classmethod
    def of(
        cls,
        register: Register,
        folder: PolicyFolder,
        routes: Sequence[Route],
        channels: Mapping[str, Channel],
        sender: Sender,
        clock: Callable[[], datetime],
    ) -> Self:
        """By the rules of `folder`. Raises PolicyError."""
        return cls(register, load_reporting(folder), routes, channels, sender, clock=clock)

    def work(self) -> None:
        """Take up what was found, note what has been reached, and send what is due."""
        self.suspect()
        self.take()
        self.deliver()

    def stop(self) -> None:
        """No further message is begun."""
        self._stopped = True

    def suspect(self) -> None:
        """Operational incidents that may be security incidents become candidates."""
        operational = self._register.incidents(only_open=True)
        if not any(finding_id(one, self._rules) for one in operational):
            return
        held = self._incidents.find()
        names = {agent.id: agent.hostname for agent in self._register.agents()}
        untaken = (
            one
            for one in operational
            if not any(each.came_from(one.id, one.since) for each in held)
        )
        for finding in findings_of(untaken, self._rules, names):
            if (made := suspect(self._incidents, self._rules, finding)) is not None:
                log.info("security incident %d may be there: %s at %s", made.id, finding.id,
                         finding.school)  # fmt: skip

    def log_tampered(self, school: str, file: str) -> None:
        """A sealed log was touched: a candidate, which a person confirms or dismisses."""
        found = Finding(id=LOG_TAMPERED, school=school, first_seen=self._clock(), system=file)
        suspect(self._incidents, self._rules, found)

    def take(self) -> None:
        """What has been reached is owed to everybody whom a route names."""
        now = self._clock()
        for incident in self._incidents.find(only_open=True):
            with self._incidents.reading() as connection:
                known = reminders.known(connection, incident.id)
            channels = self._channels_of(incident)
            fresh = [
                (reached, channel)
                for reached in self._reached(incident, now)
                for channel in channels.items()
                if (reached, channel[0]) not in known
            ]
            if fresh:
                with self._incidents.writing() as connection:
                    for reached, channel in fresh:
                        reminders.owe(connection, incident.id, reached, channel, now)

    def deliver(self) -> None:
        """At most one message to each channel; the oldest that is due."""
        with self._incidents.reading() as connection:
            channels = reminders.MESSAGES.channels(connection)
        for id in channels:
            if id not in self._channels:
                self._give_up(id)
            elif not self._stopped:
                self._deliver_one(self._channels[id])

    def _reached(self, incident: SecurityIncident, now: datetime) -> list[Reached]:
        if incident.phase is Phase.CANDIDATE:
            return [Reached(CONFIRM, 0, Stage.START)]
        rounds = Counter(sent.clock for sent in incident.sent)
        return [
            Reached(each.clock.id, rounds[each.clock.id], stage_of(each, now))
            for each in clocks_of(incident, self._rules, now)
            if each.is_owed
        ]

    def _channels_of(self, incident: SecurityIncident) -> Mapping[str, Language]:
        school = self._register.school(incident.school, self._register.today())
        adcode = school.adcode if school else ""
        return channels_for(self._routes, SEVERITY, SECURITY, incident.school, adcode)

    def _give_up(self, channel: str) -> None:
        now = self._clock()
        with self._incidents.writing() as connection:
            before = now - retry.GIVE_UP_AFTER
            number = reminders.MESSAGES.give_up(connection, channel, before, now, NO_CHANNEL)
        if number:
            log.error("%d reminders to %s are given up: there is no such channel", number, channel)

    def _deliver_one(self, channel: Channel) -> None:
        now = self._clock()
        with self._incidents.writing() as connection:
            leased = reminders.lease(connection, channel.id, now, now + retry.LEASE)
        if not leased:
            return
        incident = self._incidents.one(leased[0].incident)
        fault = self._attempt(incident, leased, channel)
        self._note(leased, channel, fault)

    def _attempt(
        self, incident: SecurityIncident, leased: list[Reminder], channel: Channel
    ) -> str | None:
        """DELIVERED, or why not; None when nothing is owed any more."""
        now = self._clock()
        told = self._told(incident, leased, now)
        if told is None:
            return None
        try:
            message = compose(told, leased, self._mark, now)
        except Exception as exc:
            log.exception("no reminder can be made of security incident %d", incident.id)
            return f"fault {type(exc).__name__}"
        return self._sender(channel, message)

    def _told(
        self, incident: SecurityIncident, leased: list[Reminder], now: datetime
    ) -> Reminded | None:
        ticking = clocks_of(incident, self._rules, now)
        asked = {one.clock for one in leased}
        owed = tuple(each for each in ticking if each.is_owed and each.clock.id in asked)
        waits = incident.phase is Phase.CANDIDATE and CONFIRM in asked
        if not (owed and incident.is_open) and not waits:
            return None
        school = self._register.school(incident.school, self._register.today())
        return Reminded(incident, school, owed, self._rules)

    def _note(self, leased: list[Reminder], channel: Channel, fault: str | None) -> None:
        now, one = self._clock(), leased[0]
        ids = [each.id for each in leased]
        hopeless = now - one.created_at >= retry.GIVE_UP_AFTER
        with self._incidents.writing() as connection:
            if fault is None:
                reminders.MESSAGES.settle(connection, ids, Progress.WITHDRAWN, now)
            elif fault == DELIVERED:
                reminders.MESSAGES.settle(connection, ids, Progress.SENT, now)
            elif hopeless:
                reminders.MESSAGES.settle(connection, ids, Progress.FAILED, now, fault)
            else:
                reminders.MESSAGES.put_off(
                    connection, ids, now + retry.pause(one.attempts, self._jitter()), fault
                )
        if fault == DELIVERED:
            log.info("reminded %s (%s) of incident %d", channel.id, channel.schema, one.incident)
        elif fault is not None:
            log.warning("reminder of incident %d was not delivered to %s (%s), attempt %d: %s",
                        one.incident, channel.id, channel.schema, one.attempts, fault)  # fmt: skip


def stage_of(ticking: Ticking, now: datetime) -> Stage:
    """How far a clock that runs has come."""
    assert ticking.started_at is not None
    assert ticking.due_at is not None
    if ticking.state is ClockState.MISSED:
        return Stage.LATE
    if now >= ticking.due_at - ticking.clock.warn:
        return Stage.SOON
    return Stage.HALF if now >= ticking.started_at + ticking.clock.limit / 2 else Stage.START
