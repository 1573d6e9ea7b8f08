"""What messages say, in both languages, and that every channel takes them whole."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from collector.alert.message import Message
from config.route_file import Route
from probes.text import Language
from tests.collector.alert.desk import DISK, DOWN, LOSS, POLICY, A, Desk, contact

MOST_BYTES = 2048
"""Of a text to a WeCom robot."""


def told(desk: Desk) -> list[Message]:
    return [message for _, message in desk.post.taken]


@pytest.fixture
def english(tmp_path: Path) -> Desk:
    return Desk(tmp_path, Route("all", ("mail",), Language.EN))


def test_message_about_a_cut_says_what_where_since_when_and_what_to_do(desk: Desk) -> None:
    desk.cut()
    desk.minutes(3)
    (message,) = told(desk)
    mark = desk.register.generation()[:4]
    assert message.subject == f"【班均】失联：示范学校01 · 出口线路 (BJ-{mark}-1-1)"
    assert message.body.splitlines() == [
        "示范学校01：全校没有消息：可能断网、停电，或设备已关机。",
        "起于：2026-11-23 08:25 CST，已 8 分钟",
        "先做：",
        "1. 给学校打电话：有没有电？别的网站能打开吗？",
        "2. 有电无网：看光猫和网关的指示灯，重启一次；仍不通就向运营商报障。",
        "3. 能上网却没有消息：在网关上运行 banjun-agent status，看它最后一次送出的时间和原因。",
        f"学校页面：https://collector.example:8421/schools/{A}?lang=zh#now",
        "处置手册：https://collector.example:8421/runbook/site_contact?lang=zh",
        f"编号：BJ-{mark}-1-1",
    ]


def test_message_about_a_bound_says_value_bound_unit_and_machine(english: Desk) -> None:
    english.flip(english.watched(LOSS), DOWN, 0.95)
    english.minutes(1)
    (message,) = told(english)
    assert message.subject.startswith("[Banjun] down: 示范学校01 · The line out (BJ-")
    assert message.body.splitlines()[:3] == [
        "示范学校01: Connections from the gateway lost 95%, bound 10% (gw-0 → collector).",
        "Since: 2026-11-23 08:25 CST, for 6 min",
        "First:",
    ]


def test_length_of_an_incident_is_whole_minutes_and_hours(english: Desk) -> None:
    english.cut()
    english.minutes(130)
    english.mend()
    english.minutes(10)
    assert ", 2 h 15 min" in told(english)[1].body


def test_message_names_one_machine_and_counts_the_others(desk: Desk) -> None:
    for number in range(3):
        desk.flip(desk.watched(DISK, agent=f"pc-{number}"), DOWN, 1e8)
    desk.minutes(1)
    first = told(desk)[0].body.splitlines()[0]
    assert first == "示范学校01：系统盘剩余空间 95.4 MiB，界限 0.1 B（pc-0）。另有 2 项。"


def test_message_about_the_end_says_from_when_to_when(english: Desk) -> None:
    english.cut()
    english.minutes(5)
    english.mend()
    english.minutes(10)
    body = told(english)[1].body
    assert "From 2026-11-23 08:25 CST to 2026-11-23 08:35 CST, 10 min" in body
    assert body.startswith("示范学校01, then: Nothing is heard")
    assert "First:" not in body


def test_message_about_the_collector_counts_and_names_schools(tmp_path: Path) -> None:
    desk = Desk(tmp_path, schools=12)
    for code in desk.codes[:9]:
        desk.flip(contact(code), desk.held[contact(code)].state.UNKNOWN)
    desk.minutes(1)
    body = told(desk)[0].body
    assert "没有消息的学校 9 所，应有消息的 12 所：示范学校01、示范学校02、示范学校03等。" in body
    assert "/runbook/collector_uplink?lang=zh" in body


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("alert", POLICY.runbook)
def test_every_message_fits_every_channel(tmp_path: Path, language: Language, alert: str) -> None:
    desk = Desk(tmp_path, Route("all", ("mail",), language), schools=6)
    if alert == "collector_uplink":
        for code in desk.codes:
            desk.cut(code)
    elif alert == "site_contact":
        desk.cut()
    else:
        desk.flip(desk.watched(alert), DOWN, 0.95)
    desk.now += timedelta(minutes=3)
    desk.alerting.work()
    desk.minutes(3)
    (message,) = told(desk)
    assert f"/runbook/{alert}?" in message.body
    assert len(f"{message.subject}\n{message.body}".encode()) <= MOST_BYTES - 200


def test_runbook_pages_are_those_of_the_policy() -> None:
    from collector.alert.pages import PAGES, render

    folder = Path(__file__).parents[3] / "docs" / "runbook"
    pages = render(POLICY.runbook)
    assert PAGES.stale(pages, folder) == []
    assert {path.name for path in folder.glob("*.md")} == pages.keys()
