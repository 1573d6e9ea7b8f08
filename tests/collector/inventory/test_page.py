"""The page of a school's devices."""

from __future__ import annotations

import re

from tests.collector.inventory.network import HERE, Network, mac
from tests.collector.inventory.scene import HOSTILE, PHONE, furnish, serve_devices


async def shown(network: Network, query: str = "?lang=zh") -> str:
    async with (
        serve_devices(network) as client,
        client.get(f"/schools/{HERE}/devices{query}") as got,
    ):
        assert got.status == 200
        return await got.text()


async def test_page_shows_counts_differences_and_grounds(network: Network) -> None:
    furnish(network)
    text = await shown(network)
    for words in ("各类数量", "登记与实测不符", "有代理程序，角色为教室电脑。", "它应答 PJLink。",
                  "自 2026-03-02 起在 10.1.1.0/24", "已报废，仍在用"):  # fmt: skip
        assert words in text


async def test_new_devices_come_first(network: Network) -> None:
    furnish(network)
    text = await shown(network)
    standings = re.findall(r'class="tag(?: late)?">(新发现|在册|已报废)<', text)
    assert standings == sorted(standings, key=["新发现", "在册", "已报废"].index)
    assert standings.count("新发现") == 1


async def test_phone_is_a_number_on_the_page(network: Network) -> None:
    furnish(network)
    text = await shown(network)
    assert PHONE not in text
    assert re.search(r"<dt>手机</dt><dd>2 ", text)
    assert re.search(r"<dt>随机地址</dt><dd>38 ", text)


async def test_name_that_a_machine_gives_itself_is_only_text(network: Network) -> None:
    furnish(network)
    text = await shown(network)
    assert HOSTILE not in text
    assert "=HYPERLINK(1)&lt;b&gt;x" in text


async def test_filter_shows_one_kind(network: Network) -> None:
    furnish(network)
    text = await shown(network, "?lang=en&kind=switch")
    assert "showing 1 / 8" in text
    assert mac(0x20) not in text


async def test_school_without_devices_says_why(network: Network) -> None:
    text = await shown(network)
    assert "还没有见到任何设备" in text
    assert "没有查看过" in text


async def test_school_that_there_is_not_is_not_found(network: Network) -> None:
    async with serve_devices(network) as client, client.get("/schools/1/devices") as got:
        assert got.status == 404
