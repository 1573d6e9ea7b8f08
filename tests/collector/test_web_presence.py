"""What a school's page says of each device, in words and as a strip, over real HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from collector.store.memory import StoredReading
from probes.model import Role

from .test_web_pages import EN, ZH, page
from .web_scene import BIG, County, agent, reading, serve

HOUR = 3600.0


def beats(
    who: str, since: float, until: float, *, first: int = 1, last: Mapping[str, float] | None = None
) -> list[StoredReading]:
    """One each minute, from so many seconds ago to so many; the last one with these values."""
    count = round((since - until) / 60) + 1
    return [
        reading(
            "presence",
            {
                "beat_count_total": first + n,
                **({"since_boot_seconds": 20.0} if n == 0 else {"awake_seconds": 60.0}),
                **(dict(last or {}) if n == count - 1 else {}),
            },
            ago=since - 60 * n,
            agent=who,
        )
        for n in range(count)
    ]


def county(*readings: list[StoredReading], stopping: str = "") -> County:
    """A gateway that beats all day, and one classroom PC."""
    state = {"stopping": stopping} if stopping else {}
    return County(
        agents=[agent("agent-1"), agent("pc-1", hostname="三年级二班", role=Role.PC)],
        readings=[*beats("agent-1", 20 * HOUR, 60), *(r for each in readings for r in each)],
        states={"agent-1": {}, **({"pc-1": state} if stopping else {})},
    )


@pytest.mark.parametrize(
    ("headers", "on", "off"),
    [(ZH, "● 运行中", "○ 已关机（正常）"), (EN, "● on", "○ switched off in order")],
)
async def test_devices_say_what_they_are_in_words(
    headers: Mapping[str, str], on: str, off: str
) -> None:
    scene = county(beats("pc-1", 9 * HOUR, 2 * HOUR, last={"machine_stopping": 1}))
    shown = (await page(scene, f"/schools/{BIG}", headers)).text
    assert on in shown
    assert off in shown


async def test_device_that_went_silent_without_a_word_is_only_suspected() -> None:
    shown = (await page(county(beats("pc-1", 9 * HOUR, 2 * HOUR)), f"/schools/{BIG}")).text
    assert "! 疑似断电（未告知即失联，同校其他设备正常）" in shown


async def test_device_that_said_it_goes_down_is_off_before_its_last_beat_is_stored() -> None:
    scene = county(beats("pc-1", 9 * HOUR, 300), stopping="machine")
    assert "○ 已关机（正常）" in (await page(scene, f"/schools/{BIG}")).text


async def test_device_that_never_beat_is_unknown_and_not_off() -> None:
    assert "? 未知：近期没有心跳" in (await page(county(), f"/schools/{BIG}")).text


async def test_restore_card_is_named() -> None:
    scene = county(
        beats("pc-1", 9 * HOUR, 8 * HOUR, first=4),
        [replace(r, session="session-2") for r in beats("pc-1", 4 * HOUR, 120, first=4)],
    )
    assert "装有还原卡" in (await page(scene, f"/schools/{BIG}")).text


async def test_strip_is_sound_xml_that_tells_the_day_in_words() -> None:
    scene = county(beats("pc-1", 9 * HOUR, 2 * HOUR, last={"machine_stopping": 1}))
    async with (
        serve(scene.showing()) as client,
        client.get(f"/schools/{BIG}", headers=ZH) as answer,
    ):
        html = await answer.text()
    strips = [part.partition("</svg>")[0] for part in html.split('<svg class="strip"')[1:]]
    assert len(strips) == 2
    drawn = ElementTree.fromstring(f"<svg{strips[1]}</svg>")
    title = drawn.findtext("{http://www.w3.org/2000/svg}title") or ""
    assert "运行中" in title
    assert title.endswith("已关机（正常）")
    assert "style=" not in strips[1]


async def test_figures_are_shown_with_coverage_and_without_a_verdict() -> None:
    shown = (await page(county(beats("pc-1", 9 * HOUR, 60)), f"/schools/{BIG}")).text
    assert "班班通使用率（上课时间）" in shown
    assert "班班通就绪率 100%" in shown
    assert "没有目标值，仅供参考" in shown


async def test_page_of_a_school_without_beats_invents_no_figure() -> None:
    shown = (await page(county(), f"/schools/{BIG}")).text
    assert "还没有一台教室电脑发来心跳。" in shown
