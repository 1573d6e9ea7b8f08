"""Lines against their contracts as people and programs get them: page, API, command line."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.__main__ import main
from collector.commands import lines as lines_command
from collector.export.facts import JudgedFacts
from collector.judge.premises import Premises
from collector.lan.site import Uplink
from collector.register.model import Link
from collector.store.memory import StoredReading
from probes.model import Role
from probes.text import Language
from tests.fakes.capacity_probe import capacity_reading, with_capacity

from .test_web_pages import EN, ZH, Page, page
from .web_scene import BIG, KEY, MBIT, NOW, POOR, County, agent, school, serve

ADMIN = {"Authorization": f"Bearer {KEY}"}
LINE = f"/schools/{BIG}/line"


def county() -> County:
    """A line of 300 Mbit/s that brings 298, and from the 9th of November on 160; another school
    has 50 Mbit/s for 18 classes, and its UDP is blocked."""
    readings = []
    for day in range(60):
        for hour in (1, 2, 3, 7):
            at = NOW - timedelta(days=day, hours=hour)
            mbit = 160 if at.month == 11 and at.day >= 9 else 298
            readings.append(capacity_reading(BIG, at, mbit))
    readings += [
        capacity_reading(POOR, NOW - timedelta(hours=n), validity="blocked", why="nothing_arrived")
        for n in range(1, 9)
    ]
    return County(readings=readings, catalog=with_capacity())


@pytest.fixture(scope="module")
def shown() -> County:
    return county()


def wired(polled: bool) -> County:
    """A school without a gateway agent: its sentinel measures, and may poll the uplink's port."""
    made = County(catalog=with_capacity())
    made.agents = [agent("s1", role=Role.SENTINEL)]
    made.premises = Premises(uplinks={BIG: Uplink("core", "GE0/0/24")})
    for day in (9, 10, 11, 12, 13):
        for number in range(4):
            at = datetime(2026, 11, day, 1, 10 * number, tzinfo=UTC)
            made.readings.append(capacity_reading(BIG, at, 291, agent="s1", vantage="wired"))
    rates = {"received_bits_per_second": 90e6, "link_speed_bits_per_second": 1e9}
    made.readings += [
        StoredReading(
            probe="snmp_interfaces",
            at=one.at + timedelta(minutes=5 * number),
            school=BIG,
            agent="s1",
            target="core",
            values=rates,
            labels={"interface": "GE0/0/24"},
        )
        for one in list(made.readings)
        for number in (-1, 0, 1)
        if polled
    ]
    return made


async def test_pages_say_that_a_wired_sentinel_measured_and_what_confirms_it() -> None:
    made = wired(polled=True)
    said = "测量位置 有线哨兵，经 core GE0/0/24 的计数确认"
    assert said in (await page(made, LINE)).text
    assert said in (await page(made, f"/schools/{BIG}")).text
    assert "✓ 达到合同" in (await page(made, LINE)).text
    english = (await page(made, f"/schools/{BIG}", EN)).text
    assert "wired sentinel, confirmed by the counters of core GE0/0/24" in english


async def test_pages_say_why_wired_readings_do_not_count() -> None:
    text = (await page(wired(polled=False), LINE)).text
    assert "20 次测量没有得到 core GE0/0/24 计数的确认" in text
    assert "20 次前后缺少该端口的计数" in text
    assert "测量位置" not in text


async def test_page_says_that_a_gateway_measured(shown: County) -> None:
    assert "测量位置 网关" in (await page(shown, LINE)).text


async def test_page_of_a_line_says_all_that_a_contract_manager_needs(shown: County) -> None:
    text = (await page(shown, LINE)).text
    assert "✗ 低于合同" in text
    assert "合同 300 Mbit/s，实测中位数只有 160 Mbit/s，为合同的 53.3%，低于 90%" in text
    for fact in (
        "示例电信",
        f"学校代码 {BIG}",
        "中位数不低于 270 Mbit/s",
        "2026-10-25 至 2026-11-23",
    ):
        assert fact in text
    assert "最低的几天：2026-11-09 160 Mbit/s" in text
    assert "共 11 天低于要求" in text
    assert "2026-11-06 4 298 Mbit/s 298 Mbit/s 99.3% ✓ 达到" in text
    assert "电脑、Wi-Fi 和传输层的测量不计入" in text
    assert f"banjun-collector lines --school {BIG} --csv FILE.csv" in text


async def test_page_speaks_english_too(shown: County) -> None:
    text = (await page(shown, LINE, EN)).text
    assert "below contract" in text
    assert "measured median only 160 Mbit/s" in text


async def test_month_that_is_over_has_its_own_finding(shown: County) -> None:
    text = (await page(shown, f"{LINE}?month=2026-10")).text
    assert "✓ 达到合同" in text
    assert "2026-10-01 至 2026-10-31" in text
    assert "--month 2026-10 --csv" in text


@pytest.mark.parametrize("path", [f"{LINE}?month=2026-11", f"{LINE}?month=x", "/schools/1/line"])
async def test_month_that_is_not_over_and_unknown_schools_are_not_found(
    shown: County, path: str
) -> None:
    await page(shown, path, status=404)


async def test_picture_has_a_bar_for_each_day_and_no_style_of_its_own(shown: County) -> None:
    found: Page = await page(shown, LINE)
    bars = [attrs for tag, attrs in found.tags if tag == "rect" and "bar" in (attrs["class"] or "")]
    assert [bar["class"] for bar in bars].count("bar low") == 11
    assert len(bars) == 21
    assert not any("style" in attrs for _, attrs in found.tags)


async def test_school_without_a_line_has_a_page_that_says_so() -> None:
    bare = County(catalog=with_capacity())
    bare.schools = [replace(bare.schools[0], links=())]
    assert "登记册没有这所学校的主用线路" in (await page(bare, LINE)).text


async def test_page_before_the_first_judgement_says_so_and_accuses_nobody() -> None:
    early = County(catalog=with_capacity(), judged=False)
    text = (await page(early, LINE)).text
    assert "首次判定正在进行" in text
    assert "登记册没有" not in text


async def test_names_from_the_register_are_escaped_on_the_page(shown: County) -> None:
    evil = "<script>alert('x')</script>"
    made = county()
    made.schools = [
        replace(s, name=evil, links=(replace(s.links[0], name=evil, isp=evil),))
        for s in made.schools
    ]
    async with serve(made.showing()) as client, client.get(LINE, headers=ZH) as answer:
        assert "<script" not in await answer.text()


async def test_school_page_leads_to_the_evidence_and_says_why_nothing_is_known(
    shown: County,
) -> None:
    found = await page(shown, f"/schools/{BIG}")
    assert LINE in [attrs.get("href") for tag, attrs in found.tags if tag == "a"]
    assert "低于合同" in found.text
    poor = (await page(shown, f"/schools/{POOR}")).text
    assert "8 次测量被阻断，速率未知，这不等于慢" in poor


async def test_county_lists_lines_below_their_contract_and_the_cheapest_way(shown: County) -> None:
    text = (await page(shown)).text
    assert "低于合同的线路 1" in text
    assert "还差 1 所；最省的办法是 1 所合计增加合同带宽 130 Mbit/s。" in text
    assert "增加合同带宽（1 所） 示例西岭初级中学 增加 130 Mbit/s，到 180 Mbit/s" in text
    assert "由运营商履约（1 所） 示例实验学校" in text


async def test_api_gives_the_lines_of_a_month_and_of_a_school(shown: County) -> None:
    async with serve(shown.showing()) as client:
        async with client.get("/v1/lines", headers=ADMIN) as answer:
            assert {row["school"] for row in await answer.json()} == {BIG, POOR}
        query = f"/v1/lines?school={BIG}&month=2026-10"
        async with client.get(query, headers=ADMIN) as answer:
            (row,) = await answer.json()
        assert (row["verdict"], row["median"]) == ("met", 298e6)
        async with client.get("/v1/lines?month=2026-11", headers=ADMIN) as answer:
            assert answer.status == 400
            assert "2026-11" in await answer.text()
        async with client.get("/v1/lines") as answer:
            assert answer.status == 401


def test_engine_is_told_of_lines_and_plans(shown: County) -> None:
    told = JudgedFacts(shown.showing(), {}).lines(NOW)
    (line,) = [text for text in told if text.startswith("line_delivery") and BIG in text]
    assert "share_ratio=0.533" in line
    assert "verdict_code=0" in line
    areas = [text for text in told if text.startswith("area_verdict")]
    assert any("cheapest_contract_bits_per_second=130000000" in text for text in areas)


@pytest.fixture
def rows(shown: County, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What the command asks, and gets the collector's own answer to."""
    from collector.judge.rows import line_row

    judgement = shown.showing().judgement()
    assert judgement is not None
    answer = [line_row(found) for found in judgement.lines]
    asked: list[dict[str, str]] = []

    def ask(folder: Path, path: str, given: dict[str, str]) -> object:
        asked.append({"path": path, **{k: v for k, v in given.items() if v}})
        return json.loads(json.dumps(answer))

    monkeypatch.setattr(lines_command, "ask", ask)
    return asked


def test_command_shows_lines_and_asks_for_the_month(
    rows: list[dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lines", "--month", "2026-10", "--lang", "zh"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert rows == [{"path": "/v1/lines", "month": "2026-10"}]
    assert "示例实验学校 主线 下行 示例电信 300 Mbit/s 160 Mbit/s" in out
    assert "低于合同" in out


def test_command_narrows_to_lines_below_their_contract(
    rows: list[dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lines", "--below", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["school"] for row in found] == [BIG]


def test_csv_is_a_spreadsheet_in_the_readers_language(
    rows: list[dict[str, str]], tmp_path: Path
) -> None:
    file = tmp_path / "lines.csv"
    assert main(["lines", "--csv", str(file), "--lang", "zh"]) == 0
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    (first, second) = csv.DictReader(io.StringIO(file.read_text("utf-8-sig")))
    assert (first["学校"], first["方向"], first["结论"]) == ("示例实验学校", "下行", "低于合同")
    assert float(first["实测中位数（bit/s）"]) == 160e6
    assert (first["测量位置"], second["测量位置"]) == ("网关", "")
    assert (first["起"], first["止"], first["容差"]) == ("2026-10-25", "2026-11-23", "0.9")
    assert second["实测中位数（bit/s）"] == ""  # not measured is empty, never 0


def test_csv_of_days_has_a_row_for_each(
    rows: list[dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lines", "--days", "--csv", "-", "--lang", "en"]) == 0
    found = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(found) == 21
    assert (found[-1]["day"], found[-1]["median_bits_per_second"]) == ("2026-11-23", "160000000.0")


def test_name_that_looks_like_a_formula_is_text_in_the_spreadsheet() -> None:
    made = County(catalog=with_capacity())
    rate = 100 * MBIT
    made.schools = [
        replace(
            school(BIG, "=HYPERLINK(1)", 10, 100),
            links=(Link(name="wan", contract_down_bits_per_second=rate),),
        )
    ]
    from collector.judge.rows import line_row

    judgement = made.showing().judgement()
    assert judgement is not None
    text = lines_command._csv([line_row(f) for f in judgement.lines], False, Language.ZH)
    assert "'=HYPERLINK(1)" in text
