"""A simulated school day: uptime, use and states come out as a person would say them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from collector.judge.judge import Judge, Judgement, read_policies
from collector.judge.model import Figure
from collector.judge.presence.model import Cause, DeviceState, History
from config.calendar import Calendar
from probes.catalog import discover
from probes.model import Role
from tests.collector.judge.school_day import DAY, SCHOOL, Site, at

LESSON_MINUTES = 7 * 40


def plan(site: Site) -> None:
    """Bells ring from 08:20 to 16:20; at 18:00 only the gateway is on."""
    gateway = site.add("gateway", Role.GATEWAY)
    noon, crash, sleepy, frozen, late = map(site.add, ("noon", "crash", "sleepy", "frozen", "late"))
    site.when("07:30", gateway.power_on)
    site.when("11:15", gateway.kill_agent)
    site.when("11:22", gateway.start_agent)

    for device in (noon, crash, sleepy, late):
        site.when("08:00", device.power_on)
    site.when("12:00", noon.shut_down)

    site.when("10:40", crash.cut_power)
    site.when("13:50", crash.power_on)
    site.when("16:30", crash.shut_down, sleepy.shut_down)

    site.when("09:52", sleepy.fall_asleep)
    site.when("10:18", sleepy.wake)
    site.when("11:55", sleepy.fall_asleep)
    site.when("13:56", sleepy.wake)

    # The card was put in with the agent enrolled and its first beat taken.
    site.when("07:40", frozen.power_on, lambda: frozen.freeze(site.folder / "card"))
    site.when("07:41", frozen.cut_power)
    site.when("08:05", frozen.power_on)
    site.when("11:55", frozen.cut_power)
    site.when("13:55", frozen.power_on)
    site.when("16:26", frozen.cut_power)

    # Somebody pulls its network cable at 15:45; it is shut down in order, and nobody hears it.
    site.when("15:45", lambda: setattr(late, "plugged", False))
    site.when("16:30", late.shut_down)

    # The school's line is cut over the lunch break.
    site.when("12:30", lambda: site.look("12:30"), lambda: setattr(site, "line", False))
    site.when("13:00", lambda: site.look("13:00"))
    site.when("13:30", lambda: setattr(site, "line", True))
    site.when("10:10", lambda: site.look("10:10"))
    site.when("11:30", lambda: site.look("11:30"))
    site.when("17:30", lambda: site.look("17:30"))

    site.when("08:00", noon.power_on, frozen.power_on, late.power_on, day=1)
    site.when("08:00", lambda: setattr(late, "plugged", True), day=1)
    site.when("08:15", lambda: site.look("next morning"), day=1)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, calendar: Calendar) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("school"), calendar)
    plan(site)
    asyncio.run(site.live((at("07:30"), at("17:40")), (at("07:50", 1), at("08:20", 1))))
    assert not site.plan
    yield site
    site.house.close()


@pytest.fixture(scope="module")
def judged(day: Site, calendar: Calendar) -> Judgement:
    """Of the day alone, as it is known on the next morning."""
    day.set_periods()
    judge = Judge(discover(), read_policies(), calendar)
    now = at("08:19", 1)
    return judge.judge([SCHOOL], day.house.store, day.agents(), now.date(), now)


def seen(day: Site, when: str, device: str) -> History:
    return day.seen[when][f"agent-{device}"]


def words_now(day: Site, when: str, device: str) -> tuple[str, str]:
    stretch = seen(day, when, device).now
    assert stretch is not None
    return stretch.cause.words.zh, stretch.cause.words.en


def state_at(history: History, instant: datetime) -> tuple[DeviceState, Cause]:
    stretch = history.at(instant)
    assert stretch is not None
    return stretch.state, stretch.cause


def minutes(history: History, state: DeviceState) -> float:
    """Of the simulated day."""
    total = sum(
        (s.length for s in history.stretches if s.state is state and s.since < at("18:00")),
        timedelta(),
    )
    return total.total_seconds() / 60


def test_pc_that_was_shut_down_at_noon_is_off_and_not_down(day: Site) -> None:
    assert words_now(day, "12:30", "noon") == ("已关机（正常）", "switched off in order")
    whole = seen(day, "17:30", "noon")
    assert [s.state for s in whole.stretches[-2:]] == [DeviceState.ON, DeviceState.OFF]
    assert whole.stretches[-2].since == at("08:00")
    assert whole.stretches[-1].since == at("12:00")


def test_pc_that_lost_its_power_is_suspected_first_and_known_after_its_next_boot(
    day: Site,
) -> None:
    assert words_now(day, "11:30", "crash") == (
        "疑似断电（未告知即失联，同校其他设备正常）",
        "probably a power cut (silent without a word, while the school is heard)",
    )
    later = seen(day, "17:30", "crash")
    assert state_at(later, at("11:30")) == (DeviceState.CRASHED, Cause.TOLD_CRASH)
    (crashed,) = (s for s in later.stretches if s.state is DeviceState.CRASHED)
    assert at("10:35") <= crashed.since <= at("10:40")
    assert crashed.until == at("13:50")


def test_pc_asleep_over_the_breaks_is_asleep_and_not_crashed(day: Site) -> None:
    whole = seen(day, "17:30", "sleepy")
    asleep = [(s.since, s.until) for s in whole.stretches if s.state is DeviceState.ASLEEP]
    assert asleep == [(at("09:52"), at("10:18")), (at("11:55"), at("13:56"))]
    assert minutes(whole, DeviceState.CRASHED) == 0
    # That it sleeps often is known at noon, when it cannot say so itself.
    assert words_now(day, "12:30", "sleepy")[0] == "疑似睡眠（这台设备常睡眠）"


def test_pc_with_a_restore_card_is_no_crash_each_morning(day: Site) -> None:
    whole = seen(day, "next morning", "frozen")
    assert whole.restore_card
    assert whole.rolled_back >= 2
    assert state_at(whole, at("12:15"))[1].words.zh == "已关机（方式不明，还原卡抹去了记录）"
    assert minutes(whole, DeviceState.CRASHED) == 0
    assert whole.now is not None
    assert whole.now.state is DeviceState.ON


def test_other_pcs_are_not_taken_for_rolled_back(day: Site) -> None:
    assert [
        name
        for name in day.devices
        if seen(day, "next morning", name).rolled_back or seen(day, "17:30", name).restore_card
    ] == ["frozen"]


def test_gateway_whose_agent_was_killed_was_on_all_day(day: Site) -> None:
    whole = seen(day, "17:30", "gateway")
    assert state_at(whole, at("11:18")) == (DeviceState.ON, Cause.RAN_ON)
    assert minutes(whole, DeviceState.ON) == 600


@pytest.mark.parametrize("device", ["gateway", "noon", "sleepy", "late", "crash", "frozen"])
def test_nothing_is_known_of_any_device_of_a_silent_school(day: Site, device: str) -> None:
    assert words_now(day, "13:00", device) == (
        "未知：学校整体失联",
        "unknown: nothing is heard from the whole school",
    )


def test_beats_that_were_delivered_late_fill_the_silence(day: Site) -> None:
    for device in ("gateway", "late"):
        assert state_at(seen(day, "17:30", device), at("13:00"))[0] is DeviceState.ON


def test_pc_that_nobody_heard_shutting_down_tells_it_next_morning(day: Site) -> None:
    assert seen(day, "17:30", "late").now.cause is Cause.NO_WORD  # type: ignore[union-attr]
    morning = seen(day, "next morning", "late")
    assert state_at(morning, at("16:20")) == (DeviceState.ON, Cause.BEATS)
    assert state_at(morning, at("17:00")) == (DeviceState.OFF, Cause.GOODBYE)


def figure(judged: Judgement, indicator: str) -> Figure:
    (found,) = (f.figure for f in judged.figures if f.indicator == indicator)
    return found


def test_gateway_uptime_in_lessons_is_whole(judged: Judgement) -> None:
    found = figure(judged, "gateway_uptime_ratio")
    assert found.value == pytest.approx(1)
    assert found.n == 1


def test_use_of_sets_is_what_they_were_on_in_lessons(judged: Judgement) -> None:
    found = figure(judged, "bbt_use_ratio")
    # noon: 4 lessons; crash: two, half of one, three; the others all seven.
    on = 4 * 40 + (2 * 40 + 20 + 3 * 40) + 3 * LESSON_MINUTES
    assert found.value == pytest.approx(on / (5 * LESSON_MINUTES), abs=0.005)
    assert found.n == 5
    assert "5 台合计上课 23.3 小时，其中开机 20.3 小时" in found.reason.zh


def test_nothing_was_expected_before_the_first_beat_ever(judged: Judgement) -> None:
    """All agents were enrolled a month before."""
    assert figure(judged, "gateway_uptime_ratio").coverage == 1
    assert figure(judged, "bbt_use_ratio").coverage == 1


def test_sets_that_were_on_lately_are_ready(judged: Judgement) -> None:
    found = figure(judged, "bbt_ready_ratio")
    assert (found.value, found.reason.zh) == (1, "5 台中 5 台最近 5 个上课日内开过机。")


def test_judgement_is_of_the_simulated_day(judged: Judgement) -> None:
    assert judged.as_of == DAY.date() + timedelta(days=1)
