"""Reminds of what is to be signed, through the channels and routes of alerts.

Each reminder is given once. All that a channel is to be told comes in one message a day, made in
the working hours of a working day.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta

from collector.alert import retry
from collector.alert.alerting import Sender
from collector.alert.channel import Channel
from collector.alert.fault import NO_CHANNEL
from collector.alert.send import DELIVERED
from collector.attest import notices
from collector.attest.clerk import Clerk
from collector.attest.notice_words import compose_notice
from collector.attest.notices import Item, Notice
from collector.attest.owed import Owed
from collector.register.incident import Progress
from collector.register.register import HOME, Register
from config.calendar import Calendar
from config.record_file import RecordRules
from config.route_file import ATTEST_DUE, Route, channels_for
from probes.text import Language

log = logging.getLogger(__name__)

SECONDS = 60.0
"""How often it is looked whether a message is to be made or sent."""
NOTICE_LOCK = 0x6E6F74696365  # any number that no other program on the server uses
KEEP = timedelta(days=800)
"""A reminder that was given is remembered longer than the two years that it may be about."""


class Reminding:
    """One per collector. `work` is called on a beat, by one thread at a time."""

    def __init__(
        self,
        register: Register,
        clerk: Clerk,
        calendar: Calendar,
        rules: RecordRules,
        routes: Sequence[Route],
        channels: Mapping[str, Channel],
        sender: Sender,
        *,
        public_url: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._register = register
        self._clerk = clerk
        self._calendar = calendar
        self._rules = rules
        self._routes = routes
        self._channels = channels
        self._sender = sender
        self._public_url = public_url
        self._clock = clock
        self._mark = register.generation()[:4]
        self._made_on: date | None = None

    def work(self) -> None:
        """Make the day's messages, then send what is owed."""
        self._make()
        self._deliver()

    def _make(self) -> None:
        now = self._clock()
        local = now.astimezone(HOME)
        today = local.date()
        if self._made_on == today or not self._is_time(local):
            return
        by_channel = self._reminders(today)
        with self._register.database.write_alone(NOTICE_LOCK) as connection:
            notices.drop(connection, now - KEEP)
            for channel, (language, items) in by_channel.items():
                new = items - notices.told(connection, channel)
                if new and not notices.has_day(connection, channel, today):
                    notices.add(connection, channel, language, today, new, now)
        self._made_on = today

    def _is_time(self, local: datetime) -> bool:
        hours = self._rules.remind_from <= local.time() < self._rules.remind_until
        return hours and self._calendar.is_working_day(local.date())

    def _reminders(self, today: date) -> Mapping[str, tuple[Language, set[Item]]]:
        """By channel, all that it is to have been reminded of by now."""
        found: dict[str, set[Item]] = defaultdict(set)
        languages: dict[str, Language] = {}
        if not self._routes:
            return {}
        for one in self._clerk.owed():
            item = _item_or_none(one, today)
            if item is None:
                continue
            school = one.school
            told = channels_for(self._routes, "", ATTEST_DUE, school.code, school.adcode)
            for channel, language in told.items():
                found[channel].add(item)
                languages.setdefault(channel, language)
        return {channel: (languages[channel], items) for channel, items in found.items()}

    def _deliver(self) -> None:
        with self._register.database.read() as connection:
            owed = notices.MESSAGES.channels(connection)
        for id in owed:
            self._deliver_one(id)

    def _deliver_one(self, id: str) -> None:
        now = self._clock()
        with self._register.database.write_alone(NOTICE_LOCK) as connection:
            notice = notices.lease(connection, id, now, now + retry.LEASE)
        if notice is None:
            return
        still = self._still_owed(notice)
        if not still:
            self._settle(notice, Progress.WITHDRAWN)
            return
        today = now.astimezone(HOME).date()
        channel = self._channels.get(id)
        fault = NO_CHANNEL
        if channel is not None:
            message = compose_notice(notice, still, today, self._public_url, self._mark)
            fault = self._sender(channel, message)
        self._note(notice, fault)

    def _still_owed(self, notice: Notice) -> list[Owed]:
        """Without what was signed since the message was made."""
        keys = {(item.school, item.duty, item.attest, item.due_on) for item in notice.items}
        return [
            one
            for one in self._clerk.owed()
            if one.is_owed and (one.school.code, one.duty.id, one.attest.id, _day(one)) in keys
        ]

    def _note(self, notice: Notice, fault: str) -> None:
        now = self._clock()
        if fault == DELIVERED:
            log.info("reminder %d was delivered to %s", notice.id, notice.channel)
            self._settle(notice, Progress.SENT)
        elif now - notice.created_at >= retry.GIVE_UP_AFTER:
            log.error("reminder %d to %s is given up: %s", notice.id, notice.channel, fault)
            self._settle(notice, Progress.FAILED, fault)
        else:
            log.warning("reminder %d was not delivered to %s: %s", notice.id, notice.channel, fault)
            pause = retry.pause(notice.attempts)
            with self._register.database.write_alone(NOTICE_LOCK) as connection:
                notices.MESSAGES.put_off(connection, [notice.id], now + pause, fault)

    def _settle(self, notice: Notice, state: Progress, fault: str = "") -> None:
        with self._register.database.write_alone(NOTICE_LOCK) as connection:
            notices.MESSAGES.settle(connection, [notice.id], state, self._clock(), fault)


def _item_or_none(one: Owed, today: date) -> Item | None:
    """The newest reminder whose day has come; None while it is too early, or for advice."""
    if one.advice or not one.is_owed or not one.attest.remind_days:
        return None
    left = one.days_left(today)
    stages = [days for days in one.attest.remind_days if left is None or left <= days]
    if not stages:
        return None
    return Item(one.school.code, one.duty.id, one.attest.id, _day(one), min(stages))


def _day(one: Owed) -> str:
    return "" if one.by is None else one.by.isoformat()
