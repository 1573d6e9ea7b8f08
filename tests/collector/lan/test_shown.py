"""What was found on a network, on the pages and in the API."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from collector.lan.kept import Kept, sentence
from collector.register.incident import Incident, Part
from collector.register.model import State, Watched
from probes.text import Text
from tests.collector.test_admin import get
from tests.collector.test_web_pages import EN, page
from tests.collector.web_scene import BIG, NOW, County

EVIL = "3c:46:d8:00:00:66"
SINCE = NOW - timedelta(minutes=12)
WATCHED = Watched(BIG, "", "192.168.0.1", "rogue_dhcp")
KEPT = Kept(
    watched=WATCHED, address="192.168.0.1", mac=EVIL, vendor="TP-LINK", port="core GE0/0/3",
    port_at=SINCE, owner="", ground=Text("登记的服务器是 10.1.0.1", "10.1.0.1 is listed"),
    seers=frozenset({("dhcp_offers", "a"), ("dhcp_lease", "a"), ("dhcp_lease", "b")}),
    first_seen=SINCE, last_seen=NOW,
)  # fmt: skip
PART = Part(
    watched=WATCHED, state=State.DOWN, since=SINCE, at=SINCE, over_at=None, value=None,
    unit="boolean", bound=None, reason="",
)  # fmt: skip
INCIDENT = Incident(
    id=3, school=BIG, cause="rogue_dhcp", severity=State.DOWN, since=SINCE, opened_at=SINCE,
    flips=1, parts=(PART,),
)  # fmt: skip


def shown(kept: Kept = KEPT) -> County:
    return County(incidents=[INCIDENT], findings={WATCHED: kept})


async def test_school_page_says_who_where_and_on_what_ground() -> None:
    text = (await page(shown(), f"/schools/{BIG}")).text
    assert "校园网内的发现" in text
    for said in (EVIL, "TP-LINK", "core GE0/0/3", "登记的服务器是 10.1.0.1", "2 个代理看见"):
        assert said in text


async def test_finding_that_nobody_can_see_any_more_is_shown_as_unknown_and_not_over() -> None:
    county = shown(replace(KEPT, state=State.UNKNOWN))
    text = (await page(county, f"/schools/{BIG}", EN)).text
    assert "None of those who saw it has looked again" in text


async def test_county_page_gives_the_evidence_beside_the_incident() -> None:
    text = (await page(shown())).text
    assert (
        f"未经许可的 DHCP 服务器 起于 2026-11-23 14:18 · 事件 3 · 地址 192.168.0.1，MAC {EVIL}"
        in text
    )


async def test_incident_has_its_title_in_the_api() -> None:
    (row,) = await get(shown(), "/v1/incidents")
    assert row["title"]["en"] == "Rogue DHCP server"
    assert row["parts"][0]["target"] == "192.168.0.1"


async def test_school_without_findings_has_no_empty_table() -> None:
    assert "校园网内的发现" not in (await page(County(), f"/schools/{BIG}")).text


def test_sentence_says_when_a_port_is_not_known_and_leaves_out_what_there_is_none_of() -> None:
    assert "switch port not known" in sentence(replace(KEPT, port="")).en
    storm = sentence(replace(KEPT, address="", mac="", port=""))
    assert storm.zh == "2 个代理看见。依据：登记的服务器是 10.1.0.1"
