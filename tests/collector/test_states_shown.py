"""States and flips as people and programs get them: pages and admin API."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from collector.judge.standing import (
    AGENT_SILENT,
    CONTACT,
    NO_AGENT,
    REASONS,
    SITE_SILENT,
    SchoolStanding,
    Standing,
    States,
)
from collector.register.model import Flip, State, Watched
from config.threshold import Threshold
from config.threshold_file import load_thresholds
from probes.catalog import discover
from probes.text import Text

from .test_admin import get
from .test_web_pages import EN, page
from .web_scene import BIG, NOW, POOR, County, agent

ROWS: dict[str, Threshold] = {row.id: row for row in load_thresholds(discover()).rows}
LOSS, DISK = "gateway_path_loss", "disk_free"


def standing(id: str, state: State, value: float | None, reason: str = "") -> Standing:
    return Standing(
        watched=Watched(BIG, "agent-1", "collector" if id == LOSS else "local", id),
        threshold=ROWS[id],
        state=state,
        since=NOW - timedelta(minutes=12),
        value=value,
        n=0 if value is None else 5,
        last=None if value is None else NOW,
        reason=REASONS[reason] if reason else None,
    )


def flip(before: State, after: State, minutes: int, **more: object) -> Flip:
    given: dict[str, object] = {
        "watched": Watched(BIG, "agent-1", "collector", LOSS),
        "revision": "r1",
        "before": before,
        "after": after,
        "since": NOW - timedelta(minutes=minutes + 3),
        "at": NOW - timedelta(minutes=minutes),
        "value": 0.4,
        "unit": "ratio",
        "bound": 0.1,
        "n": 5,
    }
    return Flip(**{**given, **more})  # type: ignore[arg-type]


SILENCE = flip(
    State.UP, State.UNKNOWN, 300, watched=Watched(BIG, "", "", CONTACT.id), value=None,
    unit="boolean", bound=None, n=0, reason=SITE_SILENT, since=NOW - timedelta(minutes=300),
)  # fmt: skip


def shown() -> County:
    """One school whose line is bad and one without an agent."""
    titles = {row.id: row.title for row in (CONTACT, *ROWS.values())}
    bad = SchoolStanding(
        BIG, State.DEGRADED, NOW - timedelta(minutes=12), Text("下降：连接丢失。", "degraded: x.")
    )
    none = SchoolStanding(POOR, State.UNKNOWN, None, REASONS[NO_AGENT])
    standings = (
        standing(LOSS, State.DEGRADED, 0.4),
        standing(DISK, State.UNKNOWN, None, AGENT_SILENT),
    )
    return County(
        agents=[agent("agent-1")],
        now_states=States(NOW, {BIG: bad, POOR: none}, standings, "rev", titles),
        flips=[flip(State.UP, State.DEGRADED, 9), SILENCE],
    )


async def test_county_page_gives_each_school_its_worst_state_in_words() -> None:
    text = (await page(shown())).text
    assert "现在 ▼ 下降 1 ? 未知 1" in text
    assert "没有接入任何设备" in text


async def test_county_page_before_the_first_round_claims_nothing() -> None:
    text = (await page(County())).text
    assert "现在 ? 尚未判定 2" in text
    assert "✓ 正常" not in text


async def test_school_page_shows_state_value_bound_and_since_when() -> None:
    text = (await page(shown(), f"/schools/{BIG}")).text
    # 06:18 UTC is 14:18 in Shanghai.
    assert "▼ 下降 线路在丢包：网页变慢，直播和远程互动课堂会中断。 40%" in text
    assert "下降 ≥ 10%，中断 ≥ 90% （本项目设定） 2026-11-23 14:18" in text
    assert "? 未知 这台设备没有消息：可能已关机。 —" in text


async def test_school_page_lists_flips_with_their_evidence() -> None:
    text = (await page(shown(), f"/schools/{BIG}")).text
    loss = "2026-11-23 14:21 网关到采集器的连接丢失 gw-1 → collector ✓ 正常 →变为 ▼ 下降"
    assert loss in text
    assert "40%，界限 10% 起于 2026-11-23 14:18" in text
    assert "与学校的联系 ✓ 正常 →变为 ? 未知 全校没有消息" in text


async def test_figure_that_a_plan_asks_for_stands_among_the_verdicts_only() -> None:
    county = shown()
    county.schools[0] = replace(county.schools[0], adcode="140999")
    text = (await page(county, f"/schools/{BIG}")).text
    assert "上课时网络可到达 ≥ 95%" in text
    assert "数值为本项目设定；" in text
    assert "上课时出口连通率" not in text
    assert "上课时平台可访问率" in text


async def test_pages_speak_english_too() -> None:
    text = (await page(shown(), f"/schools/{BIG}", EN)).text
    assert "Connections from the gateway lost" in text
    assert "degraded ≥ 10%, down ≥ 90% (this project's own)" in text


async def test_states_are_answered_as_data() -> None:
    answer = await get(shown(), "/v1/states")
    first, second = answer["schools"]
    assert (first["state"], first["since"]) == ("degraded", "2026-11-23T06:18:00.000+00:00")
    assert (second["state"], second["since"]) == ("unknown", None)
    loss, disk = answer["states"]
    assert (loss["threshold"], loss["state"], loss["value"], loss["unit"]) == (
        LOSS, "degraded", 0.4, "ratio",
    )  # fmt: skip
    assert loss["bounds"] == {"degraded": 0.1, "down": 0.9}
    assert loss["revision"] == ROWS[LOSS].revision
    assert (disk["value"], disk["reason"]["en"].startswith("Nothing is heard")) == (None, True)


async def test_states_before_the_first_round_are_not_an_empty_list() -> None:
    problem = await get(County(), "/v1/states", status=503)
    assert "首次判定" in problem["error_zh"]


async def test_flips_are_answered_newest_first_and_can_be_narrowed() -> None:
    both = await get(shown(), "/v1/flips")
    assert [row["threshold"] for row in both] == [LOSS, CONTACT.id]
    assert (both[0]["from"], both[0]["to"], both[0]["value"]) == ("up", "degraded", 0.4)
    assert both[1]["reason"]["zh"].startswith("全校没有消息")
    assert len(await get(shown(), "/v1/flips", {"since": "1h"})) == 1
    assert len(await get(shown(), "/v1/flips", {"limit": "1"})) == 1
    assert await get(shown(), "/v1/flips", {"school": POOR}) == []


@pytest.mark.parametrize(("given", "named"), [({"limit": "0"}, "limit"), ({"schol": BIG}, "schol")])
async def test_wrong_question_about_flips_is_named(given: dict[str, str], named: str) -> None:
    problem = await get(shown(), "/v1/flips", given, 400)
    assert named in problem["error"]
