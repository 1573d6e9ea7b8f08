"""What single cards are is said by the inventory alone: nothing else lists pupils' phones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from collector.export.stored import StoredLines
from collector.store import SchoolPeriod
from collector.store.memory import StoredReading
from collector.store.storehouse import Storehouse
from probes.catalog import Catalog, discover
from tests.collector.inventory.network import START
from tests.collector.inventory.scene import PHONE
from tests.collector.inventory.vocabulary import CATALOG
from tests.collector.store.stock import stock
from tests.collector.test_admin import get
from tests.collector.test_web_pages import page
from tests.collector.web_scene import BIG, NOW, County

SWEPT = [
    StoredReading(
        probe="arp_sweep", at=NOW - timedelta(minutes=1), school=BIG, agent="agent-1",
        target="10.1.1.0/24", labels=labels, values=values,
    )
    for labels, values in (
        ({"address": "10.1.1.90", "mac": PHONE}, {"seen": 1.0}),
        ({"address": "", "mac": "all"}, {"hosts_count": 57.0, "randomised_count": 41.0}),
    )
]  # fmt: skip


def county() -> County:
    known = {**CATALOG, **discover()}
    return County(readings=list(SWEPT), catalog=Catalog(list(known.values())), judged=False)


async def test_page_of_a_school_shows_counts_of_a_sweep_and_no_card() -> None:
    text = (await page(county(), f"/schools/{BIG}")).text
    assert "57" in text
    assert PHONE not in text
    assert "10.1.1.90" not in text


@pytest.mark.parametrize("question", ["by=mac", "by=school,address", f"where=mac:{PHONE}"])
async def test_query_names_no_card_of_a_sweep(question: str) -> None:
    path = f"/v1/query?metric=arp_sweep.seen&statistic=latest&{question}"
    answer = await get(county(), path, status=400)
    assert "inventory" in str(answer)


async def test_query_answers_for_the_whole() -> None:
    path = "/v1/query?metric=arp_sweep.hosts_count&statistic=latest&by=school,mac&where=mac:all"
    assert "57" in str(await get(county(), path))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Storehouse]:
    opened = Storehouse(tmp_path / "data", CATALOG, lambda: 0)
    yield opened
    opened.close()


@pytest.mark.parametrize("sealed", [False, True])
def test_export_tells_the_whole_and_no_card(house: Storehouse, sealed: bool) -> None:
    readings = [replace(reading, at=START) for reading in SWEPT]
    stock(house, readings)
    house.store.set_periods([SchoolPeriod(BIG, START, START + timedelta(hours=1), "lesson")])
    stored = StoredLines(CATALOG, house.cursor(), house.views, house.archive, house.timetable)
    stored.set_counties({BIG: "340199"})
    if sealed:
        (file,) = house.seal()
        (schools,) = stored.slices(file, 0)
        told = list(stored.of_schools(file, 0, schools) or ())
    else:
        told = stored.tail(0)[1]
    assert len(told) == 1
    assert "mac=all" in told[0]
    assert "hosts_count=57" in told[0]
