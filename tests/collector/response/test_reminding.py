"""Reminders: once at the start, at half time, before the end and when late, despite restarts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from collector.alert.channel import Channel
from collector.alert.scene import AlertPolicy, read_alert_policy
from collector.register import incidents, reminders
from collector.register.incident import Progress
from collector.register.model import Flip, State, Watched
from collector.register.reminders import Stage
from collector.register.security_incident import Phase
from collector.response.reminding import Reminding
from config.policy_folder import CountyFolder
from config.route_file import Route
from config.threshold_file import load_thresholds
from probes.catalog import discover
from probes.text import Language
from tests.collector.alert.desk import MAIL, ROBOT, Post
from tests.collector.response.town import EVENING, HOUR, MINUTE, SCHOOL, Town

EVERYTHING = Route("all", ("mail",), Language.ZH)
POLICY: AlertPolicy = read_alert_policy(load_thresholds(discover()).rows)


class Office:
    """Reminding over a town."""

    def __init__(self, town: Town, *routes: Route) -> None:
        self.town = town
        self.routes = routes or (EVERYTHING,)
        self.channels: Mapping[str, Channel] = {"mail": MAIL, "robot": ROBOT}
        self.post = Post()
        self.start()

    def start(self) -> None:
        self.reminding = Reminding(
            self.town.register, self.town.rules, self.routes, self.channels, self.post.send,
            clock=lambda: self.town.now, jitter=lambda: 0.0,
        )  # fmt: skip

    def restart(self) -> None:
        self.town.restart()
        self.start()

    def until(self, span: timedelta, step: timedelta = 5 * MINUTE) -> None:
        end = self.town.now + span
        while self.town.now < end:
            self.town.now = min(self.town.now + step, end)
            self.reminding.work()

    @property
    def subjects(self) -> list[str]:
        return [subject.partition(" (")[0] for subject in self.post.subjects]

    def stages(self, clock: str) -> list[tuple[Stage, Progress]]:
        with self.town.register.security.reading() as connection:
            found = reminders.of_incident(connection, 1)
        return [(one.stage, one.state) for one in found if one.clock == clock]


@pytest.fixture
def office(town: Town) -> Office:
    return Office(town)


def only_c4(town: Town) -> None:
    """An incident whose other clocks are met."""
    town.open("minors_data", case="no", illegal_content="no", **{"class": "general"})
    for clock in ("C4b", "C2a", "C2b", "C5", "C5b", "C6", "C6b"):
        town.send(clock)


def test_all_clocks_that_start_together_are_one_message(office: Office) -> None:
    office.town.open("minors_data")
    office.until(MINUTE)
    ((_, message),) = office.post.taken
    assert message.subject.startswith("【班均】网络安全事件须报告，剩 29 分：示范学校 · 未成年人")
    assert "C4 报网信等部门：11-24 02:30 CST 前" in message.body
    assert "（内部目标）" in message.body
    assert "incident report 1" in message.body
    assert len(f"{message.subject}\n{message.body}".encode()) <= 2048


def test_each_stage_is_told_once(office: Office) -> None:
    only_c4(office.town)
    office.until(6 * HOUR)
    assert [stage for stage, _ in office.stages("C4")] == [*Stage]
    assert office.subjects == [
        "【班均】网络安全事件须报告，剩 3 小时 55 分：示范学校 · 未成年人个人信息泄露",
        "【班均】网络安全事件须报告，剩 2 小时 0 分：示范学校 · 未成年人个人信息泄露",
        "【班均】报告时限将到，剩 30 分：示范学校 · 未成年人个人信息泄露",
        "【班均】报告已超时：示范学校 · 未成年人个人信息泄露",
    ]


def test_restarts_in_between_repeat_and_lose_nothing(office: Office) -> None:
    only_c4(office.town)
    for _ in range(12):
        office.until(HOUR / 2)
        office.restart()
    assert len(office.post.taken) == 4


def test_after_a_long_stop_only_where_things_stand_is_told(office: Office) -> None:
    only_c4(office.town)
    office.town.now += 3 * HOUR + 45 * MINUTE
    office.until(MINUTE)
    assert office.subjects == ["【班均】报告时限将到，剩 14 分：示范学校 · 未成年人个人信息泄露"]


def test_report_that_was_sent_ends_the_reminders(office: Office) -> None:
    only_c4(office.town)
    office.until(MINUTE)
    office.town.send("C4")
    office.until(6 * HOUR)
    assert len(office.post.taken) == 1


def test_reminder_that_became_pointless_while_it_waited_is_withdrawn(office: Office) -> None:
    office.post.down()
    only_c4(office.town)
    office.until(MINUTE)
    office.town.send("C4")
    office.post.back()
    office.until(HOUR)
    assert office.post.taken == []
    assert office.stages("C4") == [(Stage.START, Progress.WITHDRAWN)]


def test_message_that_could_not_be_delivered_says_the_time_that_is_left_then(
    office: Office,
) -> None:
    office.post.down()
    only_c4(office.town)
    office.until(HOUR)
    office.post.back()
    office.until(12 * MINUTE)
    (subject,) = office.subjects
    assert "剩 2 小时 4" in subject or "剩 2 小时 5" in subject


def test_attempt_that_was_cut_off_comes_again_and_says_so(office: Office) -> None:
    only_c4(office.town)
    office.reminding.take()
    now = office.town.now
    with office.town.register.security.writing() as connection:
        assert reminders.lease(connection, "mail", now, now + 2 * MINUTE)
    office.restart()
    office.until(3 * MINUTE)
    ((_, message),) = office.post.taken
    assert "这条可能重复" in message.body


def test_every_supplement_is_reminded_of_anew(office: Office) -> None:
    only_c4(office.town)
    office.town.send("C4")
    for persons in ("3", "5"):
        office.town.now += HOUR
        office.town.steps.set(1, {"persons": persons})
        office.town.steps.set(1, {"class": "general"})
        office.until(MINUTE)
        office.town.now += HOUR
        office.town.send("C9")
    assert office.stages("C9") == [(Stage.START, Progress.SENT)] * 2


def test_candidate_asks_for_a_person_and_is_told_once(office: Office) -> None:
    plant(office.town, "page_altered")
    office.until(HOUR)
    ((_, message),) = office.post.taken
    assert message.subject.startswith("【班均】可能要报告的事件，待确认：示范学校 · 网页被篡改")
    assert "incident confirm 1" in message.body


def test_operational_incident_with_a_kind_becomes_a_candidate_once(office: Office) -> None:
    plant(office.town, "page_altered")
    plant(office.town, "disk_free")
    office.until(10 * MINUTE)
    office.restart()
    office.until(10 * MINUTE)
    (found,) = office.town.register.security.find()
    assert (found.phase, found.kind, found.incidents) == (Phase.CANDIDATE, "defacement", (1,))
    assert found.first_seen == EVENING - 5 * MINUTE
    assert found.facts["system"] == "http://www.example.test/"


def test_sealed_log_that_was_touched_is_a_candidate_once(office: Office) -> None:
    for _ in range(2):
        office.reminding.log_tampered(SCHOOL, "gateway/2026-03-01.log.gz")
    office.until(HOUR)
    (found,) = office.town.register.security.find()
    assert (found.phase, found.kind) == (Phase.CANDIDATE, "intrusion")
    assert found.facts["system"] == "gateway/2026-03-01.log.gz"
    assert len(office.post.taken) == 1


def test_number_of_an_incident_that_was_given_again_is_another_incident(office: Office) -> None:
    plant(office.town, "page_altered")
    office.until(MINUTE)
    office.town.steps.dismiss(1, "演练")
    with office.town.register.alerting() as connection:
        incidents.change(connection, 1, closed_at=office.town.now)
        incidents.drop(connection, office.town.now + HOUR)
    office.town.now += HOUR
    plant(office.town, "page_altered")
    office.until(MINUTE)
    assert [one.incidents for one in office.town.register.security.find()] == [(1,), (1,)]


def test_incident_that_a_person_opened_from_another_makes_no_candidate(office: Office) -> None:
    plant(office.town, "page_altered")
    office.town.steps.open(SCHOOL, "defacement", incidents=[1])
    office.until(MINUTE)
    assert len(office.town.register.security.find()) == 1


def test_what_was_done_about_the_operational_incident_is_in_the_report(office: Office) -> None:
    plant(office.town, "page_altered")
    office.until(MINUTE)
    office.town.register.acknowledge(1, "王老师", "已断开网站服务器")
    office.town.steps.confirm(1)
    assert "王老师 已断开网站服务器" in office.town.report().body


def test_route_decides_who_is_reminded(town: Town) -> None:
    routes = (
        Route("mine", ("robot",), Language.EN, causes=frozenset({"security_incident"})),
        Route("others", ("mail",), Language.ZH, causes=frozenset({"line"})),
    )
    office = Office(town, *routes)
    only_c4(town)
    office.until(MINUTE)
    ((channel, message),) = office.post.taken
    assert channel == "robot"
    assert message.subject.startswith("[Banjun] security incident to be reported, 3 h 59 min left")


def test_route_may_name_security_incidents_as_a_cause(tmp_path: Path) -> None:
    text = '[[route]]\nid = "a"\nchannels = ["duty"]\ncauses = ["security_incident"]\n'
    (tmp_path / "routes.toml").write_text(text)
    read = read_alert_policy(load_thresholds(discover()).rows, CountyFolder(tmp_path))
    assert read.routes[0].causes == {"security_incident"}


def test_channel_that_is_no_more_is_given_up_after_a_day(office: Office) -> None:
    office.channels = {}
    office.start()
    only_c4(office.town)
    office.until(30 * HOUR, step=HOUR)
    assert office.stages("C4")[-1] == (Stage.LATE, Progress.FAILED)
    assert office.post.tries == 0


def test_nothing_more_is_sent_once_it_is_stopped(office: Office) -> None:
    only_c4(office.town)
    office.reminding.stop()
    office.until(HOUR)
    assert office.post.tries == 0


def plant(town: Town, threshold: str) -> None:
    """As alerting stores it."""
    watched = Watched(SCHOOL, "a" * 32, "http://www.example.test/", threshold)
    flip = Flip(
        watched=watched, revision="r1", before=State.UP, after=State.DOWN,
        since=town.now - 5 * MINUTE, at=town.now, value=1.0, unit="boolean", bound=0.0, n=1,
        reason="",
    )  # fmt: skip
    with town.register.alerting() as connection:
        times = (flip.since, town.now)
        id = incidents.open_one(connection, SCHOOL, threshold, State.DOWN, times)
        incidents.put_bad(connection, id, flip)


def test_school_that_is_not_in_the_register_is_still_told_of(office: Office) -> None:
    only_c4(office.town)
    office.town.register.close_school(SCHOOL, "test", office.town.register.today())
    office.until(MINUTE)
    assert SCHOOL in office.subjects[0]
