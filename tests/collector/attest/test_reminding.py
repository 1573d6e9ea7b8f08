"""Reminders: once each, in one message a day, in working hours, whatever dies in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.alert.channel import Channel
from collector.alert.message import Message
from collector.attest.notices import Item
from collector.attest.reminding import Reminding
from collector.register.model import School
from config.calendar_file import load_calendar
from config.policy_folder import POLICY_FOLDER, CountyFolder
from config.record_file import load_record_rules
from config.route_file import Route, load_routes
from config.strict import PolicyError
from probes.text import Language
from tests.collector.alert.desk import MAIL, ROBOT, Post

from .office import PDF, WANG, A, B, Office

EVERYTHING = Route("all", ("mail",), Language.ZH)
HOUR = timedelta(hours=1)


class Bell:
    """Reminding over an office; time goes on only when the test says so."""

    def __init__(self, folder: Path, *routes: Route) -> None:
        self.office = Office(folder)
        self.post = Post()
        self.routes = routes or (EVERYTHING,)
        self.start()

    def start(self) -> None:
        """A new process over the same register."""
        self.office.start()
        self.reminding = Reminding(
            self.office.register,
            self.office.clerk,
            load_calendar(),
            load_record_rules(),
            self.routes,
            {"mail": MAIL, "robot": ROBOT},
            self._send,
            public_url="https://collector.example:8421",
            clock=lambda: self.office.now,
        )

    def _send(self, channel: Channel, message: Message) -> str:
        return self.post.send(channel, message)

    def hours(self, number: float) -> None:
        """It works each quarter of an hour."""
        for _ in range(int(number * 4)):
            self.office.now += HOUR / 4
            self.reminding.work()

    @property
    def bodies(self) -> list[str]:
        return [message.body for _, message in self.post.taken]


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[Bell]:
    made = Bell(tmp_path)
    yield made
    made.office.register.close()


def test_all_that_is_owed_comes_in_one_message_a_day(bell: Bell) -> None:
    bell.hours(8)
    [body] = bell.bodies
    # 23 November: the drill is due on the 30th, seven days ahead; the quarter's plan is not yet.
    assert "· 演练记录（2026-11-30 前，还有 7 天）：示范一小、示范二小" in body
    assert "· 负责人任命（尚未签署）：示范一小" in body
    assert "应急预案" not in body
    assert "https://collector.example:8421/attest?lang=zh" in body
    assert bell.post.subjects == ["【班均】签署提醒：3 项，2 所学校"]


def test_what_is_only_advice_reminds_nobody(bell: Bell) -> None:
    bell.hours(1)
    [body] = bell.bodies
    assert body.count("示范二小") == 1  # its level does not ask for the appointment


def test_each_reminder_is_given_once_and_the_next_when_its_day_comes(bell: Bell) -> None:
    told = []
    for _ in range(20 * 24):
        before = len(bell.bodies)
        bell.hours(1)
        told += [(bell.office.now + 8 * HOUR).date()] * (len(bell.bodies) - before)
    assert [str(day) for day in told] == ["2026-11-23", "2026-11-30"]
    assert "演练记录（今天到期）" in bell.bodies[1]
    assert "负责人任命" not in bell.bodies[1]


def test_overdue_at_the_first_look_is_said_once(tmp_path: Path) -> None:
    bell = Bell(tmp_path)
    bell.office.days(10)
    bell.hours(72)
    [body] = bell.bodies
    assert "演练记录（2026-11-30 已到期）" in body
    assert "其中逾期 2 项" in bell.post.subjects[0]
    bell.office.register.close()


@pytest.mark.parametrize(
    ("at", "comes"),
    [
        (datetime(2026, 11, 22, 0, 0, tzinfo=UTC), "2026-11-23 08:30"),  # a Sunday
        (datetime(2026, 11, 23, 11, 0, tzinfo=UTC), "2026-11-24 08:30"),  # after hours
        (datetime(2026, 11, 23, 1, 0, tzinfo=UTC), "2026-11-23 09:15"),  # in the morning
        (datetime(2026, 10, 1, 0, 0, tzinfo=UTC), "2026-10-08 08:30"),  # the national holiday
    ],
)
def test_message_comes_in_the_hours_of_a_working_day(bell: Bell, at: datetime, comes: str) -> None:
    bell.office.now = at
    while not bell.bodies:
        bell.hours(0.25)
    local = bell.office.now + timedelta(hours=8)
    assert f"{local:%Y-%m-%d %H:%M}" == comes


def test_restart_tells_nothing_twice(bell: Bell) -> None:
    bell.hours(1)
    bell.start()
    bell.hours(48)
    assert len(bell.bodies) == 1


def test_process_that_dies_while_sending_tells_it_later_and_says_so(bell: Bell) -> None:
    real = bell.post.send

    def die(channel: Channel, message: Message) -> str:
        raise KeyboardInterrupt

    bell.post.send = die  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        bell.hours(1)
    bell.post.send = real  # type: ignore[method-assign]
    bell.start()
    bell.hours(1)
    [body] = bell.bodies
    assert "这条可能重复" in body


def test_message_that_is_not_taken_is_tried_again_with_the_words_of_then(bell: Bell) -> None:
    bell.post.down()
    bell.hours(2)
    assert bell.post.tries > 2
    bell.office.sign("named")
    bell.post.back()
    bell.hours(1)
    [body] = bell.bodies
    assert "负责人任命" not in body
    assert "演练记录" in body


def test_message_is_withdrawn_when_all_of_it_was_signed(bell: Bell) -> None:
    bell.post.down()
    bell.hours(1)
    bell.office.sign("named")
    for school in (A, B):
        made = bell.office.sign("held", school, document=PDF)
        bell.office.clerk.book.confirm(made.number, WANG, "test")
    bell.post.back()
    bell.hours(24)
    assert bell.bodies == []


def test_what_could_not_be_told_for_a_day_is_in_a_later_message(bell: Bell) -> None:
    bell.post.down()
    bell.hours(30)
    bell.post.back()
    bell.hours(48)
    [body] = bell.bodies
    assert "演练记录" in body


def test_waiting_for_the_second_person_is_said(bell: Bell) -> None:
    bell.office.sign("held", document=PDF)
    bell.hours(1)
    assert "还有 7 天，待第二人确认）：示范一小" in bell.bodies[0]
    assert "李四" not in bell.bodies[0]


def test_routes_say_which_channel_hears_of_which_schools(tmp_path: Path) -> None:
    one = Route("one", ("robot",), Language.EN, schools=frozenset({A}))
    only_faults = Route("faults", ("mail",), Language.ZH, severities=frozenset({"down"}))
    bell = Bell(tmp_path, one, only_faults)
    bell.hours(1)
    [(channel, message)] = bell.post.taken
    assert channel == "robot"
    assert message.subject.startswith("[Banjun] To be signed: 2 at 1 schools")
    assert "record of the drill (by 2026-11-30, 7 days left): 示范一小" in message.body
    bell.office.register.close()


def test_route_can_be_for_reminders_alone(tmp_path: Path) -> None:
    text = '[[route]]\nid = "r"\nchannels = ["mail"]\ncauses = ["attest_due"]\n'
    (tmp_path / "routes.toml").write_text(text, "utf-8")
    [route] = load_routes([], CountyFolder(tmp_path))
    assert route.takes("", "attest_due", A, "340199")
    assert not route.takes("down", "line", A, "340199")


def test_sixty_schools_are_one_message_that_fits_every_robot(bell: Bell) -> None:
    schools = [
        School(code=f"99340001{n:02}", name=f"示范县第{n}实验学校", adcode="340199",
               tags=frozenset({"protection-level-3"})) for n in range(60)
    ]  # fmt: skip
    bell.office.register.put_schools(schools, actor="test")
    bell.hours(1)
    [(_, message)] = bell.post.taken
    assert "等 62 所" in message.body
    assert len(f"{message.subject}\n{message.body}".encode()) < 2048


def test_item_of_a_reminder_is_its_day_and_stage(bell: Bell) -> None:
    from collector.attest import notices

    bell.hours(1)
    with bell.office.register.database.read() as connection:
        told = notices.told(connection, "mail")
    assert Item(A, "test.drill", "held", "2026-11-30", 7) in told
    assert Item(A, "test.drill", "named", "", 30) in told


def test_rules_refuse_less_than_six_months_and_hours_that_end_before_they_begin(
    tmp_path: Path,
) -> None:
    text = (POLICY_FOLDER / "records.toml").read_text("utf-8")
    for old, new, said in (
        ("keep_days = 400", "keep_days = 90", "keep_days: 90 is not within 180"),
        ('until = "18:00"', 'until = "08:00"', "until: should be later"),
        ("largest_megabytes = 20", "largest_megabytes = 0", "largest_megabytes: 0"),
    ):
        assert old in text
        (tmp_path / "records.toml").write_text(text.replace(old, new), "utf-8")
        with pytest.raises(PolicyError, match=said):
            load_record_rules(CountyFolder(tmp_path))
