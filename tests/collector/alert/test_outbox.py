"""Messages that are owed: sent once, whatever fails and whenever a process dies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa

from collector.alert.alerting import UnknownChannelError
from collector.alert.channel import Channel
from collector.alert.message import Message, compose
from collector.alert.retry import GIVE_UP_AFTER, LEASE
from collector.alert.send import DELIVERED
from collector.register.incident import Delivery, Incident, Kind, NoIncidentError, Progress
from config.route_file import Route
from probes.text import Language
from tests.collector.alert.desk import DEGRADED, DISK, DOWN, MINUTE, ROBOT, UP, A, B, Desk

pytestmark = pytest.mark.long


class KilledError(BaseException):
    """The process is no more."""


def test_message_waits_for_a_notifier_that_is_down_and_comes_once(desk: Desk) -> None:
    desk.post.down()
    desk.flip(desk.watched(DISK), DOWN, 1e8)
    desk.minutes(5)
    desk.start()  # the collector is restarted meanwhile
    desk.minutes(5)
    assert (desk.post.taken, desk.post.tries) == ([], 6)
    desk.post.back()
    desk.minutes(30)
    assert len(desk.post.taken) == 1
    assert desk.alerting.figures()["deliveries_sent"] == 1


def test_pauses_between_attempts_grow_up_to_a_limit(desk: Desk) -> None:
    desk.post.down()
    desk.flip(desk.watched(DISK), DOWN, 1e8)
    tried = []
    for _ in range(360):
        before = desk.post.tries
        desk.minutes(0.5)
        tried += [desk.now] if desk.post.tries > before else []
    pauses = [(b - a) / MINUTE for a, b in pairwise(tried)]
    assert pauses[:7] == [0.5, 0.5, 1, 2, 4, 8, 10]
    assert set(pauses[7:]) == {10}


def test_incident_that_ends_while_the_notifier_is_down_is_one_message(desk: Desk) -> None:
    desk.post.down()
    desk.cut()
    desk.minutes(10)
    desk.mend()
    desk.minutes(10)
    desk.post.back()
    desk.minutes(20)
    assert desk.post.subjects == ["【班均】曾失联，已恢复：示范学校01 · 出口线路"]
    assert "起于：2026-11-23 08:25 CST，止于：2026-11-23 08:40 CST" in desk.post.taken[0][1].body


def test_cut_that_is_mended_before_its_message_goes_is_one_message(desk: Desk) -> None:
    desk.cut()
    desk.minutes(1)
    desk.mend()
    desk.minutes(1)
    assert desk.post.taken == []
    desk.minutes(10)
    assert desk.post.subjects == [
        "【班均】失联：示范学校01 · 出口线路",
        "【班均】恢复：示范学校01 · 出口线路",
    ]


def test_message_that_could_not_be_sent_for_a_day_is_given_up_and_recorded(desk: Desk) -> None:
    desk.post.down()
    desk.flip(desk.watched(DISK), DOWN, 1e8)
    desk.minutes(1)
    desk.now += GIVE_UP_AFTER
    desk.minutes(1)
    (delivery,) = desk.register.deliveries(1)
    assert (delivery.state, delivery.fault) == (Progress.FAILED, "no_answer")
    assert desk.alerting.figures()["deliveries_failed"] == 1
    desk.post.back()
    desk.flip(desk.watched(DISK), UP, 5e9)
    desk.minutes(20)
    assert desk.post.taken == []  # nobody knew of it, so nobody is told of its end
    assert len(desk.register.deliveries(1)) == 1


def test_message_of_a_collector_that_was_off_for_days_is_tried_before_it_is_given_up(
    desk: Desk,
) -> None:
    desk.flip(desk.watched(DISK), DOWN, 1e8)
    desk.alerting.take()
    desk.now += 3 * GIVE_UP_AFTER
    desk.start()
    desk.minutes(1)
    assert desk.post.subjects == ["【班均】中断：示范学校01 · 系统盘剩余空间"]


def test_message_to_a_channel_that_is_no_more_is_given_up_after_a_day(desk: Desk) -> None:
    desk.flip(desk.watched(DISK), DOWN, 1e8)
    desk.alerting.take()
    desk.policy, desk.channels = (
        _routed(desk, Route("r", ("robot",), Language.ZH)),
        {"robot": ROBOT},
    )
    desk.start()
    desk.minutes(1)
    assert desk.register.deliveries(1)[0].state is Progress.PENDING
    desk.now += GIVE_UP_AFTER
    desk.minutes(1)
    (delivery,) = desk.register.deliveries(1)
    assert (delivery.state, delivery.fault) == (Progress.FAILED, "no_channel")
    assert desk.post.tries == 0


def test_channel_that_fails_holds_up_no_other(desk: Desk) -> None:
    desk.policy = _routed(desk, Route("r", ("mail", "robot"), Language.ZH))
    desk.start()
    real = desk.post.send

    def mail_is_down(channel: Channel, message: Message) -> str:
        return "refused 451" if channel.id == "mail" else real(channel, message)

    desk.post.send = mail_is_down  # type: ignore[method-assign]
    desk.cut(A)
    desk.cut(B)
    desk.minutes(10)
    assert [channel for channel, _ in desk.post.taken] == ["robot", "robot"]


def test_message_that_cannot_be_composed_holds_up_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = compose

    def fails_for_one(delivery: Delivery, incident: Incident, *rest: Any) -> Message:
        if incident.school == A:
            raise ValueError("no words")
        return real(delivery, incident, *rest)

    monkeypatch.setattr("collector.alert.alerting.compose", fails_for_one)
    desk.flip(desk.watched(DISK, A), DOWN, 1e8)
    desk.flip(desk.watched(DISK, B), DOWN, 1e8)
    desk.minutes(5)
    assert len(desk.post.taken) == 1
    assert desk.register.deliveries(1)[0].fault == "fault ValueError"
    assert "no words" in caplog.text


def test_at_most_one_message_a_channel_goes_out_on_a_beat(desk: Desk) -> None:
    desk.flip(desk.watched(DISK, A), DOWN, 1e8)
    desk.flip(desk.watched(DISK, B), DOWN, 1e8)
    desk.alerting.work()
    assert len(desk.post.taken) == 1
    desk.alerting.work()
    assert len(desk.post.taken) == 2


def test_message_under_way_when_the_process_died_comes_again_under_the_same_number(
    desk: Desk,
) -> None:
    desk.flip(desk.watched(DISK), DOWN, 1e8)
    real = desk.post.send

    def dies(channel: Channel, message: Message) -> str:
        real(channel, message)
        raise KilledError

    desk.post.send = dies  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        desk.alerting.work()
    desk.post.send = real  # type: ignore[method-assign]
    desk.start()
    desk.minutes(1)
    assert len(desk.post.taken) == 1  # the lease of the dead has to run out
    desk.minutes(LEASE / MINUTE)
    (_, first), (_, second) = desk.post.taken
    assert first.id == second.id
    assert first.id in first.subject
    assert first.id in first.body
    assert "可能重复" not in first.body
    assert "可能重复" in second.body


def test_incident_that_ends_before_its_cut_off_message_is_sent_again_is_told_of_whole(
    desk: Desk,
) -> None:
    desk.post.down()
    desk.cut()
    desk.minutes(6.5)
    desk.mend()
    desk.minutes(4)
    real = desk.post.send

    def dies(channel: Channel, message: Message) -> str:
        raise KilledError

    desk.post.send = dies  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        desk.minutes(1)
    desk.post.send = real  # type: ignore[method-assign]
    desk.post.back()
    desk.start()
    desk.minutes(10)
    assert desk.post.subjects == ["【班均】曾失联，已恢复：示范学校01 · 出口线路"]
    assert "可能重复" in desk.post.taken[0][1].body
    assert [(d.kind, d.state) for d in desk.register.deliveries(1)] == [
        (Kind.WHOLE, Progress.SENT), (Kind.CLOSED, Progress.WITHDRAWN),
    ]  # fmt: skip


def test_incident_that_gets_worse_while_the_notifier_is_down_is_one_message(desk: Desk) -> None:
    desk.post.down()
    desk.flip(desk.watched(DISK), DEGRADED, 1e9)
    desk.minutes(3)
    desk.flip(desk.watched(DISK), DOWN, 1e8)
    desk.minutes(3)
    desk.post.back()
    desk.minutes(20)
    assert desk.post.subjects == ["【班均】中断：示范学校01 · 系统盘剩余空间"]


def test_incident_that_gets_worse_after_its_message_was_cut_off_is_told_in_order(
    desk: Desk,
) -> None:
    real = desk.post.send

    def dies(channel: Channel, message: Message) -> str:
        raise KilledError

    desk.post.send = dies  # type: ignore[method-assign]
    desk.flip(desk.watched(DISK), DEGRADED, 1e9)
    with pytest.raises(KilledError):
        desk.minutes(1)
    desk.post.send = real  # type: ignore[method-assign]
    desk.start()
    desk.flip(desk.watched(DISK), DOWN, 1e8)
    desk.minutes(10)
    assert [s[4:6] for s in desk.post.subjects] == ["中断", "变坏"]


def _routed(desk: Desk, route: Route):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return replace(desk.policy, routes=(route,))


# Crash points: the process dies before the n-th statement, for every n until it gets through.


def _dies_before_statement(desk: Desk, number: int) -> Callable[[], None]:
    """Returns what brings the database back to order."""
    engine = desk.register._database._engine
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            raise KilledError

    sa.event.listen(engine, "before_cursor_execute", count)
    return lambda: sa.event.remove(engine, "before_cursor_execute", count)


def _story(desk: Desk) -> list[Callable[[Desk], None]]:
    """What happens, step by step; alerting works after each."""
    disk = desk.watched(DISK)
    return [
        lambda desk: desk.flip(disk, DOWN, 1e8),
        lambda desk: desk.cut(B),
        lambda desk: _later(desk, 3),
        lambda desk: desk.flip(disk, UP, 5e9),
        lambda desk: desk.mend(B),
        lambda desk: _later(desk, 6),
        lambda desk: _later(desk, 1),
    ]


def _later(desk: Desk, minutes: float) -> None:
    desk.now += timedelta(minutes=minutes)


def _nothing(desk: Desk) -> None:
    """The process has only been started again."""


TOLD = [
    "【班均】中断：示范学校01 · 系统盘剩余空间",
    "【班均】失联：示范学校02 · 出口线路",
    "【班均】恢复：示范学校01 · 系统盘剩余空间",
    "【班均】恢复：示范学校02 · 出口线路",
]


@pytest.mark.long
@pytest.mark.parametrize("step", range(6))
def test_death_between_any_two_statements_loses_and_doubles_nothing(
    step: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    deaths = 0
    begun = Desk(tmp_path_factory.mktemp("desk"))
    for happens in _story(begun)[:step]:
        happens(begun)
        begun.alerting.work()
    _story(begun)[step](begun)
    for number in range(1, 200):
        desk = begun.fork(tmp_path_factory.mktemp("desk"))
        heal = _dies_before_statement(desk, number)
        sent = len(desk.post.taken)
        try:
            desk.alerting.work()
        except KilledError:
            deaths += 1
            sent = len(desk.post.taken) - sent
        else:
            sent = 0
        heal()
        survived = number > deaths
        desk.start()
        for happens in [_nothing, *_story(desk)[step + 1 :]]:
            happens(desk)
            desk.now += LEASE
            desk.minutes(1)
        unique = {message.id: message.subject.partition(" (")[0] for _, message in desk.post.taken}
        desk.register.close()
        assert sorted(unique.values()) == sorted(TOLD), (step, number)
        # Only a death between the other side's answer and writing it down may double.
        assert len(desk.post.taken) - len(unique) <= sent, (step, number)
        if survived:
            break
    begun.register.close()
    assert deaths > 3
    assert survived


# What people do


def test_acknowledgement_is_kept_and_audited(desk: Desk) -> None:
    desk.cut()
    desk.minutes(1)
    (incident,) = desk.incidents()
    found = desk.register.acknowledge(incident.id, "cli:li", "已报修，单号 123")
    assert (found.acknowledged, found.acknowledged_by, found.note) == (
        True,
        "cli:li",
        "已报修，单号 123",
    )
    entry = desk.register.audit_entries(1)[0]
    assert (entry.action, entry.actor, entry.subject) == ("incident.ack", "cli:li", "1")
    with pytest.raises(NoIncidentError, match="was acknowledged by cli:li"):
        desk.register.acknowledge(incident.id, "cli:wang", "me too")
    with pytest.raises(NoIncidentError, match="no incident 99"):
        desk.register.acknowledge(99, "cli:wang", "")


def test_old_incidents_are_dropped_with_their_messages(desk: Desk) -> None:
    desk.cut()
    desk.minutes(5)
    desk.mend()
    desk.minutes(10)
    desk.now += timedelta(days=200)
    desk.minutes(1)
    assert (desk.incidents(), desk.register.deliveries(1)) == ([], [])


def test_route_to_a_channel_that_is_not_there_is_refused_at_the_start(desk: Desk) -> None:
    desk.policy = _routed(desk, Route("r", ("pager",), Language.ZH))
    with pytest.raises(UnknownChannelError, match="names the channel 'pager'"):
        desk.start()


def test_kinds_and_times_of_deliveries_are_on_record(desk: Desk) -> None:
    desk.cut()
    desk.minutes(5)
    desk.mend()
    desk.minutes(10)
    found = desk.register.deliveries(1)
    assert [(d.number, d.kind, d.state) for d in found] == [
        (1, Kind.OPENED, Progress.SENT), (2, Kind.CLOSED, Progress.SENT),
    ]  # fmt: skip
    assert all(d.settled_at and d.fault == DELIVERED for d in found)
