"""Which flips become incidents, and of how many messages that makes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from collector.register.incident import COLLECTOR, Kind
from config.route_file import Route
from probes.model import Role
from probes.text import Language
from tests.collector.alert.desk import (
    DEGRADED,
    DISK,
    DOWN,
    LOSS,
    MINUTE,
    START,
    UNKNOWN,
    UP,
    A,
    B,
    Desk,
    contact,
    put_school,
)


def test_cut_line_is_one_incident_and_one_message_with_its_end(desk: Desk) -> None:
    desk.cut()
    desk.minutes(20)
    (incident,) = desk.incidents()
    assert (incident.school, incident.cause, incident.severity) == (A, "line", UNKNOWN)
    assert incident.since == START - 5 * MINUTE
    desk.mend()
    mended = desk.now
    desk.minutes(10)
    (incident,) = desk.incidents()
    assert (incident.closed_at, incident.flips) == (mended, 2)
    assert desk.post.subjects == [
        "【班均】失联：示范学校01 · 出口线路",
        "【班均】恢复：示范学校01 · 出口线路",
    ]


def test_other_flips_of_a_cut_school_belong_to_its_incident(desk: Desk) -> None:
    desk.cut()
    desk.minutes(1)
    desk.flip(desk.watched(LOSS), DOWN, 1.0)
    desk.flip(desk.watched(DISK), DEGRADED, 1e9)
    desk.minutes(4)
    (incident,) = desk.incidents()
    assert {part.watched.threshold for part in incident.parts} == {"site_contact", LOSS, DISK}
    assert len(desk.post.taken) == 1


def test_line_that_got_bad_before_it_was_cut_is_the_same_incident(desk: Desk) -> None:
    desk.flip(desk.watched(LOSS), DEGRADED, 0.4)
    desk.minutes(5)
    desk.cut()
    desk.minutes(5)
    (incident,) = desk.incidents()
    assert incident.severity is UNKNOWN
    assert desk.post.subjects == [
        "【班均】下降：示范学校01 · 出口线路",
        "【班均】变坏，失联：示范学校01 · 出口线路",
    ]


def test_line_that_comes_and_goes_is_told_of_once(desk: Desk) -> None:
    for _ in range(10):
        desk.cut()
        desk.minutes(3)
        desk.mend()
        desk.minutes(3)
    desk.minutes(10)
    (incident,) = desk.incidents()
    assert (incident.flips, incident.is_open) == (20, False)
    assert len(desk.post.taken) == 2


def test_what_is_still_bad_after_the_cut_becomes_an_incident_of_its_own(desk: Desk) -> None:
    desk.cut()
    desk.minutes(1)
    desk.flip(desk.watched(DISK), DOWN, 1e8)
    desk.minutes(5)
    desk.mend()
    desk.minutes(10)
    line, disk = desk.incidents()
    assert (line.is_open, disk.is_open) == (False, True)
    assert (disk.cause, disk.severity) == (DISK, DOWN)
    assert [s[4:6] for s in desk.post.subjects] == ["失联", "中断", "恢复"]


def test_many_full_disks_of_a_school_are_one_incident(desk: Desk) -> None:
    for number in range(10):
        desk.flip(desk.watched(DISK, agent=f"pc-{number}"), DEGRADED, 1e9)
        desk.minutes(1)
    (incident,) = desk.incidents()
    assert (len(incident.parts), len(desk.post.taken)) == (10, 1)


def test_incidents_of_two_schools_and_two_causes_are_apart(desk: Desk) -> None:
    desk.cut(A)
    desk.cut(B)
    desk.minutes(1)
    desk.mend(A)
    desk.minutes(7)
    desk.flip(desk.watched(DISK), DOWN, 1e8)
    desk.flip(desk.watched(LOSS), DOWN, 1.0)
    desk.minutes(1)
    assert sorted((i.school, i.cause) for i in desk.incidents(only_open=True)) == [
        (A, DISK), (A, "line"), (B, "line"),
    ]  # fmt: skip


def test_unknown_for_want_of_readings_is_no_incident_and_ends_none(desk: Desk) -> None:
    loss = desk.watched(LOSS)
    desk.flip(loss, UNKNOWN)
    desk.minutes(1)
    assert desk.incidents() == []
    desk.flip(loss, DOWN, 1.0)
    desk.minutes(1)
    desk.flip(loss, UNKNOWN)
    desk.minutes(20)
    assert [i.is_open for i in desk.incidents()] == [True]
    desk.flip(loss, UP, 0.0)
    desk.minutes(10)
    assert [i.is_open for i in desk.incidents()] == [False]


def test_school_with_only_pcs_falls_silent_every_evening_and_nobody_is_told(desk: Desk) -> None:
    code = "9934000009"
    put_school(desk.register, code, Role.PC, Role.PC)
    desk.flip(contact(code), UNKNOWN)
    desk.minutes(10)
    assert (desk.incidents(), desk.post.taken) == ([], [])


def test_gateway_that_was_never_heard_is_not_missed(desk: Desk) -> None:
    code = "9934000009"
    put_school(desk.register, code, Role.PC)
    put_school(desk.register, code, Role.GATEWAY, heard=False)
    desk.flip(contact(code), UNKNOWN)
    desk.minutes(10)
    assert desk.incidents() == []


def test_incident_of_what_is_watched_no_more_is_over(desk: Desk) -> None:
    disk = desk.watched(DISK)
    desk.flip(disk, DOWN, 1e8)
    desk.minutes(1)
    desk.register.forget_states([disk])
    desk.minutes(10)
    assert [i.is_open for i in desk.incidents()] == [False]


def test_silence_of_a_school_whose_gateway_was_revoked_is_over(desk: Desk) -> None:
    desk.cut()
    desk.minutes(5)
    desk.register.revoke(desk.gateways[A], actor="test")
    desk.minutes(10)
    assert [i.is_open for i in desk.incidents()] == [False]


def test_incident_whose_cause_policy_has_dropped_goes_on_under_another(desk: Desk) -> None:
    desk.flip(desk.watched(LOSS), DOWN, 1.0)
    desk.minutes(10)
    desk.policy = replace(desk.policy, rules=replace(desk.policy.rules, cause_of={}))
    desk.start()
    desk.minutes(1)
    assert [(i.cause, i.is_open) for i in desk.incidents()] == [("line", False), (LOSS, True)]


@pytest.fixture
def county(tmp_path: Path) -> Desk:
    return Desk(tmp_path, schools=20)


def test_schools_that_fall_silent_at_once_are_one_incident_of_the_collector(county: Desk) -> None:
    for code in county.codes[:8]:
        county.cut(code)
    county.minutes(1)
    for code in county.codes[8:]:
        county.cut(code)
    county.minutes(10)
    (incident,) = county.incidents()
    assert (incident.school, incident.cause, len(incident.parts)) == ("", COLLECTOR, 20)
    assert county.post.subjects == ["【班均】失联：采集器 · 许多学校同时没有消息"]
    for code in county.codes:
        county.mend(code)
    county.minutes(10)
    assert county.post.subjects[1:] == ["【班均】恢复：采集器 · 许多学校同时没有消息"]
    assert county.incidents(only_open=True) == []


def test_few_of_many_silent_schools_are_incidents_of_their_own(county: Desk) -> None:
    for code in county.codes[:9]:
        county.cut(code)
    county.minutes(10)
    assert [i.cause for i in county.incidents()] == ["line"] * 9
    assert len(county.post.taken) == 9


def test_school_that_stays_silent_after_the_others_is_told_of(county: Desk) -> None:
    for code in county.codes:
        county.cut(code)
    county.minutes(5)
    for code in county.codes[1:]:
        county.mend(code)
    county.minutes(10)
    (left,) = county.incidents(only_open=True)
    assert (left.school, left.cause) == (county.codes[0], "line")
    assert left.since < county.now - 15 * MINUTE


def test_school_of_which_people_were_told_stays_told_when_all_fall_silent(county: Desk) -> None:
    county.cut(county.codes[0])
    county.minutes(4)
    for code in county.codes[1:]:
        county.cut(code)
    county.minutes(2)
    assert sorted(i.cause for i in county.incidents()) == [COLLECTOR, "line"]
    for code in county.codes:
        county.mend(code)
    county.minutes(10)
    assert [s[4:6] for s in county.post.subjects] == ["失联", "失联", "恢复", "恢复"]


def test_routes_choose_by_severity_cause_area_and_school(tmp_path: Path) -> None:
    zh = Language.ZH
    desk = Desk(
        tmp_path,
        Route("b", ("mail",), zh, schools=frozenset({B})),
        Route("disks", ("robot",), Language.EN, causes=frozenset({DISK}), areas=("3401",)),
        Route("elsewhere", ("mail",), zh, areas=("3402",)),
        Route("worst", ("mail",), zh, severities=frozenset({"down"})),
    )
    desk.flip(desk.watched(DISK), DEGRADED, 1e9)
    desk.minutes(1)
    assert [channel for channel, _ in desk.post.taken] == ["robot"]
    assert desk.post.subjects == ["[Banjun] degraded: 示范学校01 · Room on the system disk"]
    desk.flip(desk.watched(DISK), DOWN, 1e8)
    desk.minutes(1)
    assert [channel for channel, _ in desk.post.taken] == ["robot", "mail", "robot"]
    (incident,) = desk.incidents()
    kinds = [(d.channel, d.kind) for d in desk.register.deliveries(incident.id)]
    assert sorted(kinds) == [
        ("mail", Kind.OPENED), ("robot", Kind.OPENED), ("robot", Kind.WORSE),
    ]  # fmt: skip


@contextmanager
def statements() -> Iterator[list[str]]:
    """What databases are asked meanwhile."""
    asked: list[str] = []

    def note(*arguments: object) -> None:
        asked.append(str(arguments[2]))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


def test_beat_in_which_nothing_changes_asks_no_more_of_many_incidents(desk: Desk) -> None:
    asked = []
    for code in (A, B):
        for pc in put_school(desk.register, code, *[Role.PC] * 4):
            desk.flip(desk.watched(DISK, code, pc), DOWN, 1e8)
        desk.minutes(5)
        with statements() as one_beat:
            desk.minutes(0.5)
        asked.append(len(one_beat))
    assert len(desk.incidents(only_open=True)) == 2
    assert asked[0] == asked[1]
