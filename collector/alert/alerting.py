"""Alerting: takes up flips, keeps incidents, and sends the messages that are owed.

What is to be told is stored in one transaction with what it is about; sending comes after, under a
lease. A process that dies at any point leaves a message that is sent later, and only one that died
between the other side's answer and writing it down sends it twice, under the same number.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from collector.alert import retry
from collector.alert.channel import Channel
from collector.alert.fault import NO_CHANNEL
from collector.alert.grouping import Grouping
from collector.alert.message import Message, compose, message_id
from collector.alert.scene import AlertPolicy, Scene
from collector.alert.send import DELIVERED
from collector.alert.telling import next_message
from collector.lan.book import LanBook
from collector.register import outbox, states
from collector.register.incident import Delivery, Incident, Progress
from collector.register.register import Register
from config.strict import PolicyError
from probes.text import Text

log = logging.getLogger(__name__)

SECONDS = 5.0
"""How often flips are taken up and messages sent: at most one a channel, since robots take 20 a
minute."""
_DAY = timedelta(days=1)

Sender = Callable[[Channel, Message], str]


class UnknownChannelError(PolicyError):
    """A route names a channel that channels.toml does not have."""


class Alerting:
    """One per collector. `work` is called on a beat, by one thread at a time."""

    def __init__(
        self,
        register: Register,
        policy: AlertPolicy,
        channels: Mapping[str, Channel],
        sender: Sender,
        *,
        public_url: str,
        clock: Callable[[], datetime],
        retention: timedelta,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Raises UnknownChannelError."""
        check_channels(policy, channels)
        self._register = register
        self._findings = LanBook(register.database)
        self._policy = policy
        self._channels = channels
        self._sender = sender
        self._public_url = public_url
        self._clock = clock
        self._retention = retention
        self._jitter = jitter
        self._mark = register.generation()[:4]
        self._cleaned: datetime | None = None
        self._stopped = False

    def work(self) -> None:
        """Take up what flipped, then send what is due."""
        self.take()
        self.deliver()

    def stop(self) -> None:
        """No further message is begun."""
        self._stopped = True

    def figures(self) -> Mapping[str, int]:
        """For /v1/status: incidents and messages by state."""
        return self._register.alert_counts()

    def take(self) -> None:
        now = self._clock()
        if self._cleaned is None or now - self._cleaned >= _DAY:
            self._register.drop_incidents(now - self._retention)
            self._cleaned = now
        if not self._register.has_alert_work():
            return
        scene = self._scene()
        with self._register.alerting() as connection:
            Grouping(connection, scene, now).take(states.take_waiting(connection))

    def deliver(self) -> None:
        """At most one message to each channel; the oldest that is due."""
        for id in self._register.owed_channels():
            if id not in self._channels:
                self._give_up(id)
            elif not self._stopped:
                self._deliver_one(self._channels[id])

    def _give_up(self, channel: str) -> None:
        """What waits for a channel that is no more: for a day, somebody may put it back."""
        now = self._clock()
        with self._register.alerting() as connection:
            number = outbox.MESSAGES.give_up(
                connection, channel, now - retry.GIVE_UP_AFTER, now, NO_CHANNEL
            )
        if number:
            log.error("%d messages to %s are given up: there is no such channel", number, channel)

    def _deliver_one(self, channel: Channel) -> None:
        now = self._clock()
        with self._register.alerting() as connection:
            found = next_message(connection, channel.id, now, now + retry.LEASE)
        if found is None:
            return
        delivery, incident = found
        self._note(delivery, channel, self._attempt(delivery, incident, channel))

    def _attempt(self, delivery: Delivery, incident: Incident, channel: Channel) -> str:
        """DELIVERED, or why not. One message that cannot be composed holds up no other."""
        try:
            message = compose(delivery, incident, self._scene_of(incident), self._clock())
        except Exception as exc:
            log.exception("no message can be made of incident %d", incident.id)
            return f"fault {type(exc).__name__}"
        return self._sender(channel, message)

    def _note(self, delivery: Delivery, channel: Channel, fault: str) -> None:
        """What failed is given up only now, so that all is tried, however long nobody could."""
        now, id = self._clock(), message_id(self._mark, delivery)
        hopeless = fault != DELIVERED and now - delivery.created_at >= retry.GIVE_UP_AFTER
        with self._register.alerting() as connection:
            if fault == DELIVERED:
                outbox.MESSAGES.settle(connection, [delivery.id], Progress.SENT, now)
            elif hopeless:
                outbox.MESSAGES.settle(connection, [delivery.id], Progress.FAILED, now, fault)
            else:
                outbox.MESSAGES.put_off(
                    connection,
                    [delivery.id],
                    now + retry.pause(delivery.attempts, self._jitter()),
                    fault,
                )
        if fault == DELIVERED:
            log.info("message %s was delivered to %s (%s)", id, channel.id, channel.schema)
        else:
            log.warning("message %s was not delivered to %s (%s), attempt %d: %s", id, channel.id,
                        channel.schema, delivery.attempts, fault)  # fmt: skip
        if hopeless:
            log.error("message %s could not be delivered within a day and is given up", id)

    def _scene_of(self, incident: Incident) -> Scene:
        """With what was found on the network, where the incident is about that."""
        found = [p.watched for p in incident.parts if p.watched.threshold in self._policy.attacks]
        scene = self._scene()
        return replace(scene, findings=self._findings.findings_of(found)) if found else scene

    def _scene(self) -> Scene:
        schools = self._register.schools(self._register.today())
        return Scene(
            policy=self._policy,
            schools={school.code: school for school in schools},
            agents={agent.id: agent for agent in self._register.agents()},
            public_url=self._public_url,
            mark=self._mark,
        )


def check_channels(policy: AlertPolicy, channels: Mapping[str, Channel]) -> None:
    """Every channel that a route names must be there."""
    for route in policy.routes:
        for id in route.channels:
            if id not in channels:
                raise UnknownChannelError(
                    Text(
                        f"routes.toml 的路由 {route.id} 提到渠道“{id}”，"
                        "数据目录的 channels.toml 中没有。",
                        f"The route {route.id} in routes.toml names the channel {id!r}, which "
                        "channels.toml in the data directory does not have.",
                    )
                )
