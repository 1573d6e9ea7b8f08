"""The pages as a browser gets them, over real HTTP on loopback."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import ClassVar

import pytest

from collector.register.register import ALWAYS
from collector.register.room import Room, RoomKind
from collector.store import LastRun
from collector.web import readings as readings_module
from collector.web.label_titles import label_title
from probes.catalog import Catalog, discover
from probes.model import Better, Metric, Outcome, Probe, Role, Unit
from probes.text import Text

from .web_scene import BIG, NOW, POOR, County, agent, not_run, reading, school, serve

EVIL = "<script>alert('x')</script>"
ZH = {"Accept-Language": "zh-CN,zh;q=0.9"}
EN = {"Accept-Language": "en-GB,en;q=0.9,zh;q=0.1"}


class Page(HTMLParser):
    """The words that a reader sees, and every start tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("td", "th", "dt", "dd", "br"):
            self.words.append(" ")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))


async def page(
    county: County, path: str = "/", headers: Mapping[str, str] = ZH, status: int = 200
) -> Page:
    async with serve(county.showing()) as client, client.get(path, headers=headers) as answer:
        assert answer.status == status
        assert answer.content_type == "text/html"
        return Page(await answer.text())


async def test_county_shows_each_school_with_symbol_and_word() -> None:
    shown = (await page(County())).text
    assert "示例实验学校" in shown
    assert "示例西岭初级中学" in shown
    assert "✗ 未达标" in shown
    assert "? 无法判定" in shown


async def test_county_shows_contract_per_class_and_gap_and_no_invented_measurement() -> None:
    shown = (await page(County())).text
    # 50 Mbit/s for 18 classes; 10 Mbit/s for each would be 180.
    assert "2.78 Mbit/s — 130 Mbit/s" in shown


async def test_county_says_who_was_counted_and_cites_the_clause() -> None:
    shown = (await page(County())).text
    assert "统计范围：县（市） 1 所，含教学点 0 所。" in shown
    assert "市区、县(市)全部学校班均出口达10M以上" in shown


async def test_county_filters_by_area() -> None:
    shown = (await page(County(), "/?area=county")).text
    assert "示例西岭初级中学" in shown
    assert "示例实验学校 9934000001" not in shown


async def test_county_filters_to_what_is_open_and_keeps_the_totals() -> None:
    # No policy binds a bureau's own office there, so nothing of it is open.
    office = replace(
        school("9934000009", "示例教育局机关", 0, 100), unit_kind="office", adcode="510104"
    )
    county = County(schools=[*County().schools, office])
    assert "示例教育局机关" in (await page(county)).text
    some = (await page(county, "/?only=open")).text
    assert "示例教育局机关" not in some
    assert "显示 2 / 3" in some
    assert "1 所学校 – 无判定" in some


async def test_duty_that_is_unknown_keeps_a_school_open() -> None:
    no_class = replace(school("9934000009", "示例新城学校", 0, 100), adcode="510104")
    county = County(schools=[no_class])
    shown = (await page(county, "/?only=open")).text
    assert "1 所学校 ? 有无法判定" in shown
    assert "显示 1 / 1" in shown


async def test_filter_that_fits_nothing_says_so() -> None:
    assert "没有符合条件的学校" in (await page(County(), "/?area=moon")).text


async def test_county_without_schools_says_how_to_import_some() -> None:
    assert "schools import" in (await page(County(schools=[], agents=[]))).text


async def test_page_before_the_first_judgement_says_so_and_loads_again() -> None:
    async with (
        serve(County(judged=False).showing()) as client,
        client.get("/", headers=ZH) as answer,
    ):
        assert answer.headers["Refresh"] == "5"
        assert "首次判定正在进行" in await answer.text()


async def test_provisional_year_is_announced() -> None:
    county = County(now=datetime(2031, 5, 6, 2, tzinfo=UTC))
    assert "2031 年的放假调休安排尚未录入" in (await page(county)).text


async def test_settled_year_is_not_called_provisional() -> None:
    assert "暂定" not in (await page(County())).text


async def test_school_page_gives_the_evidence_of_each_verdict() -> None:
    shown = (await page(County(), f"/schools/{POOR}")).text
    assert "合同带宽 2.78 Mbit/s，要求不低于 10 Mbit/s。" in shown
    assert "合肥市教育信息化重点工作(2016-2020年)，2020年，县（市）" in shown
    assert "按此要求合同带宽应为 180 Mbit/s（18 个班），还差 130 Mbit/s。" in shown
    assert "自 2026-09-01 起成立" in shown
    assert "登记册版本 rev-07" in shown


async def test_facts_whose_beginning_nobody_wrote_down_are_not_dated() -> None:
    county = County()
    county.schools[0] = replace(county.schools[0], valid_from=ALWAYS)
    shown = (await page(county, f"/schools/{BIG}")).text
    assert "起始日期未登记" in shown
    assert "2000-01-01" not in shown


async def test_duty_shows_its_articles_and_how_sure_their_text_is() -> None:
    shown = (await page(County(), f"/schools/{BIG}/duties/duty.host_firewall")).text
    assert "中华人民共和国网络安全法，第二十三条第（二）项 由条文顺延推得，待核对原文" in shown
    assert "第二十一条第（二）项 （已核对原文）" not in shown  # not in force in 2026


async def test_last_readings_have_units_ages_and_dashes() -> None:
    county = County(
        readings=[
            reading("icmp_echo", {"reachable": 1, "loss_ratio": 0.25, "rtt_seconds_median": 0.0123},
                    target="collector", labels={"method": "datagram"}, ago=90),
        ]
    )  # fmt: skip
    shown = (await page(county, f"/schools/{BIG}")).text
    assert "gw-1 collector datagram 90 秒前 是 25% — 12.3 毫秒 — —" in shown


@pytest.mark.parametrize(("language", "head"), [(ZH, "方式"), (EN, "Method")])
async def test_columns_of_labels_are_named_in_the_readers_language(
    language: Mapping[str, str], head: str
) -> None:
    pings = [reading("icmp_echo", {"reachable": 1}, labels={"method": "datagram"})]
    shown = await page(County(readings=pings), f"/schools/{BIG}", language)
    assert head in shown.text.split()
    assert ("td", {"data-label": head}) in shown.tags


def test_no_shipped_label_goes_by_its_own_name() -> None:
    labels = {label for probe in discover().values() for label in probe.labels}
    assert {label for label in labels if label_title(label).zh == label} == set()


async def test_value_that_is_older_than_its_row_says_so() -> None:
    county = County(
        readings=[
            reading("uptime", {"uptime_seconds": 60, "last_stop_clean": 1}, ago=7300),
            reading("uptime", {"uptime_seconds": 7200}, ago=30),
        ]
    )
    assert "30 秒前 2 小时 是 2 小时前" in (await page(county, f"/schools/{BIG}")).text


async def test_probe_that_could_not_run_says_why_and_what_it_needs() -> None:
    county = County(runs=[not_run("posture_firewall", "no_privilege")])
    shown = (await page(county, f"/schools/{BIG}")).text
    assert "主机防火墙：代理程序的权限不足，无法读取该事实。 所需权限：需要 root" in shown
    assert "最近一次未能测量 2 分钟前：代理程序的权限不足" in shown


async def test_failed_run_is_told_apart_from_one_that_measured_nothing() -> None:
    run = LastRun(BIG, "agent-1", "tcp_connect", "collector", NOW, Outcome.FAILED, "refused")
    shown = (await page(County(runs=[run]), f"/schools/{BIG}")).text
    assert "最近一次失败 0 秒前" in shown
    assert "未能测量" not in shown


async def test_rows_about_devices_name_them_and_their_trouble_once() -> None:
    ports = [
        reading("snmp_interfaces", {"link_up": 1}, target="core", labels={"interface": f"Port{n}"})
        for n in (1, 2)
    ]
    runs = [
        LastRun(BIG, "agent-1", "snmp_interfaces", name, NOW, Outcome.FAILED, "no_answer")
        for name in ("core", "silent")
    ]
    shown = (await page(County(readings=ports, runs=runs), f"/schools/{BIG}")).text
    assert "gw-1 core Port1" in shown
    assert "gw-1 silent —" in shown
    assert shown.count("最近一次失败") == 2


@pytest.mark.parametrize(("rows", "folded"), [(12, False), (13, True)])
async def test_long_table_is_folded_and_says_what_is_in_it(rows: int, folded: bool) -> None:
    ports = [
        reading("snmp_interfaces", {"link_up": 1}, target="core", labels={"interface": f"Port{n}"})
        for n in range(rows)
    ]
    run = LastRun(BIG, "agent-1", "snmp_interfaces", "core", NOW, Outcome.FAILED, "no_answer")
    shown = (await page(County(readings=ports, runs=[run]), f"/schools/{BIG}")).text
    assert ("13 行，其中 1 个对象最近一次没有测成" in shown) is folded


async def test_reason_that_this_version_does_not_know_is_shown_as_it_is() -> None:
    county = County(runs=[not_run("uptime", "sun_spots")])
    assert "sun_spots" in (await page(county, f"/schools/{BIG}")).text


async def test_chart_of_the_gateway_is_drawn_with_lessons_and_gaps() -> None:
    rates = {"received_bits_per_second": 8e6, "sent_bits_per_second": 1e6}
    minutes = [*range(1, 60), *range(180, 240)]
    county = County(
        readings=[
            reading("interface_rate", rates, ago=60 * m, labels={"interface": "eth0"})
            for m in minutes
        ]
    )
    shown = await page(county, f"/schools/{BIG}")
    curves = [
        a["d"] or "" for tag, a in shown.tags if tag == "path" and "line" in (a["class"] or "")
    ]
    assert curves[0].count("M") == 2
    assert any(tag == "rect" and a.get("class") == "band" for tag, a in shown.tags)
    assert "下行平均 8 Mbit/s，最高 8 Mbit/s" in shown.text


async def test_pc_traffic_is_not_drawn_as_the_school_line() -> None:
    county = County(
        agents=[agent("agent-1", role=Role.PC)],
        readings=[
            reading("interface_rate", {"received_bits_per_second": 8e6}, labels={"interface": "e"})
        ],
    )
    assert "最近 24 小时没有网关的流量读数" in (await page(county, f"/schools/{BIG}")).text


async def test_agent_shows_what_it_said_of_itself() -> None:
    county = County(
        states={"agent-1": {"version": "0.9", "spool_readings": 1240, "lost_readings": 7}}
    )
    shown = (await page(county, f"/schools/{BIG}")).text
    assert "最近联系 40 秒前 版本 0.9" in shown
    assert "待发送读数 1240 已丢失读数 7" in shown


async def test_sentinel_of_a_school_is_marked() -> None:
    agents = [agent("agent-1"), agent("agent-2", hostname="pc-2", role=Role.PC)]
    shown = (await page(County(agents=agents), f"/schools/{BIG}")).text
    assert "pc-2 教室电脑" in shown
    assert "教室电脑 当值哨兵" not in shown
    shown = (await page(County(agents=agents, sentinels={BIG: "agent-2"}), f"/schools/{BIG}")).text
    assert "gw-1 网关" in shown
    assert "pc-2 教室电脑 当值哨兵" in shown


async def test_agent_that_was_never_heard_has_dashes() -> None:
    shown = (await page(County(states={}), f"/schools/{BIG}")).text
    assert "采集器本次启动后尚未联系" in shown
    assert "待发送读数 —" in shown


async def test_hostile_words_of_an_agent_are_only_words() -> None:
    county = County(
        agents=[replace(agent("agent-1", hostname=EVIL), system=EVIL, version=EVIL)],
        states={"agent-1": {"version": EVIL, "spool_readings": EVIL, "lost_readings": EVIL}},
        readings=[
            reading("interface_rate", {"received_bits_per_second": 1e6}, target=EVIL,
                    labels={"interface": EVIL}),
        ],
        runs=[not_run("uptime", EVIL, target=EVIL)],
    )  # fmt: skip
    shown = await page(county, f"/schools/{BIG}")
    assert not [tag for tag, _ in shown.tags if tag == "script"]
    assert EVIL in shown.text


async def test_hostile_query_is_only_words() -> None:
    async with serve(County().showing()) as client:
        async with client.get("/", params={"area": f'">{EVIL}', "x": EVIL}) as answer:
            assert "<script" not in await answer.text()
        async with client.get(f"/schools/{EVIL}") as answer:
            assert answer.status == 404
            assert "<script" not in await answer.text()


async def test_nothing_on_a_page_is_forbidden_by_its_own_policy() -> None:
    rates = {"received_bits_per_second": 8e6}
    county = County(readings=[reading("interface_rate", rates, labels={"interface": "eth0"})])
    for path in ("/", f"/schools/{BIG}", "/nowhere"):
        async with serve(county.showing()) as client, client.get(path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            shown = Page(await answer.text())
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        for tag, attributes in shown.tags:
            assert tag not in ("script", "style", "iframe", "object")
            assert not [name for name in attributes if name == "style" or name.startswith("on")]
            for name in ("src", "href", "action"):
                assert "//" not in (attributes.get(name) or "")


@pytest.mark.parametrize(
    "path", ["/", f"/schools/{BIG}", "/static/style.css", "/nowhere", "/healthz"]
)
async def test_every_answer_carries_the_protective_headers(path: str) -> None:
    async with serve(County().showing()) as client, client.get(path) as answer:
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("path", "accept", "lang"),
    [
        ("/", "", "zh-CN"),
        ("/", "en-US,en;q=0.9", "en"),
        ("/", "fr, zh-TW;q=0.8, en;q=0.5", "zh-CN"),
        ("/", "zh;q=0, en;q=0.1", "en"),
        ("/", "en;q=high, zh", "zh-CN"),
        ("/?lang=en", "zh-CN", "en"),
        ("/?lang=zh", "en", "zh-CN"),
        ("/?lang=xx", "en", "en"),
    ],
)
async def test_language_is_chosen_by_address_then_browser(
    path: str, accept: str, lang: str
) -> None:
    shown = await page(County(), path, {"Accept-Language": accept})
    assert ("html", {"lang": lang}) in shown.tags


async def test_language_link_keeps_the_filter_and_other_links_keep_the_language() -> None:
    shown = await page(County(), "/?area=county&lang=en")
    links = [a["href"] for tag, a in shown.tags if tag == "a"]
    assert "/?area=county&lang=zh" in links
    assert f"/schools/{POOR}?lang=en" in links


async def test_english_page_has_no_chinese_words_of_its_own() -> None:
    county = County(
        schools=[school(BIG, "Example", 30, 300)],
        readings=[
            reading("interface_rate", {"received_bits_per_second": 8e6}, labels={"interface": "e"})
        ],
        runs=[not_run("posture_firewall", "no_privilege")],
    )
    for path in ("/", f"/schools/{BIG}"):
        async with serve(county.showing()) as client, client.get(path, headers=EN) as answer:
            html = await answer.text()
        html = re.sub(r"<blockquote>.*?</blockquote>", "", html, flags=re.DOTALL)  # quoted law
        found = set(re.findall(r"[\u4e00-\u9fff]+", Page(html).text))
        assert found <= {"班均", "中文", "主线", "示例电信"}


async def test_unknown_school_is_a_page_in_both_languages() -> None:
    shown = (await page(County(), "/schools/0000000000", status=404)).text
    assert "没有这个页面" in shown
    assert "There is no such page" in shown


async def test_fault_is_a_page_and_a_log_entry(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise RuntimeError("boom")

    showing = replace(County().showing(), judgement=broken)
    async with serve(showing) as client, client.get("/", headers=EN) as answer:
        assert answer.status == 500
        shown = await answer.text()
    assert "its log says why" in shown
    assert "boom" not in shown
    assert "boom" in caplog.text


async def test_new_probe_appears_on_the_school_page_with_no_edit() -> None:
    class ChalkDust(Probe[object]):
        name = "chalk_dust"
        title = Text("粉笔灰", "Chalk dust")
        measures = (
            Metric(
                name="dust_ratio",
                unit=Unit.RATIO,
                better=Better.LOWER,
                title=Text("含尘率", "Dust"),
                meaning=Text("", ""),
                resolution=0.01,
            ),
        )
        labels: ClassVar[Mapping[str, Text]] = {"board": Text("黑板", "Which board")}
        roles = frozenset({Role.PC})

    county = County(
        catalog=Catalog([*discover().values(), ChalkDust]),
        readings=[reading("chalk_dust", {"dust_ratio": 0.42}, labels={"board": "left"})],
    )
    shown = (await page(county, f"/schools/{BIG}")).text
    assert "粉笔灰 chalk_dust" in shown
    assert "left 60 秒前 42%" in shown
    assert "board" in shown.split()


async def test_probe_without_readings_is_named() -> None:
    shown = (await page(County(), f"/schools/{BIG}")).text
    assert "还没有读数的探测：" in shown
    assert "开机时间" in shown


async def test_rows_beyond_the_limit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings_module, "MOST_ROWS", 2)
    names = [f"agent-{n}" for n in range(5)]
    county = County(
        agents=[agent(name, hostname=name) for name in names],
        readings=[reading("uptime", {"uptime_seconds": 60}, agent=name) for name in names],
    )
    assert "另有 3 行未列出" in (await page(county, f"/schools/{BIG}")).text


async def test_readings_of_another_school_stay_there() -> None:
    county = County(readings=[reading("uptime", {"uptime_seconds": 4242}, code=POOR)])
    assert "70.7 分钟" not in (await page(county, f"/schools/{BIG}")).text


async def test_style_sheet_is_kept_for_good_under_its_mark_only() -> None:
    async with serve(County().showing()) as client:
        html = await (await client.get("/")).text()
        marked = re.search(r'href="(/static/style\.css\?v=\w+)"', html)
        assert marked
        async with client.get(marked[1]) as answer:
            assert "immutable" in answer.headers["Cache-Control"]
        async with client.get("/static/style.css") as answer:
            assert "immutable" not in answer.headers["Cache-Control"]
        async with client.get("/static/../showing.py") as answer:
            assert answer.status == 404
        async with client.get("/static/%2e%2e%2fshowing.py") as answer:
            assert answer.status == 404


async def test_where_plans_ask_much_the_line_has_columns_and_the_rest_is_counted() -> None:
    shown = (await page(County())).text
    assert "其他目标" in shown
    assert "教室、设备和应用的目标" in shown
    elsewhere = [replace(one, adcode="510104") for one in County().schools]
    assert "其他目标" not in (await page(County(schools=elsewhere))).text


async def test_school_shows_what_it_declares_and_its_rooms() -> None:
    room = Room(id="J101", kind=RoomKind.COMPUTER_ROOM, name="第一机房", seats=50, wifi=False)
    one = replace(
        County().schools[0],
        seat="county_town",
        counts={"student_terminals": 240},
        claims={"smart_campus": False},
        rooms=(room,),
    )
    shown = (await page(County(schools=[one]), f"/schools/{BIG}")).text
    assert "所在地 县城" in shown
    assert "学生终端数 240" in shown
    assert "智慧校园已验收 否" in shown
    assert "第一机房 J101 计算机教室 50 否 — 没有" in shown
    assert "要求“是”" in shown
