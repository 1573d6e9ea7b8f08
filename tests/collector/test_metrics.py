"""What a running collector tells Prometheus, and that it moves with what happens."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import Metric
from prometheus_client import parser as plain
from prometheus_client.openmetrics import parser as modern

from collector.api.metrics import FAMILIES, MetricsDoor
from collector.figures import Figures
from collector.tls.folder import TlsFolder
from collector.tls.names import checked
from collector.web.access import Access
from collector.web.admin_key import AdminKey
from config.measurement import PLATFORM
from probes.wire import Gap
from tests.collector.served import Site, serving, site
from tests.collector.web_scene import KEY, no_pause
from tests.lab.victoria import Victoria

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
OPEN_METRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}

Samples = Mapping[tuple[str, str], float]
"""(name, value of its label) -> number"""


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


Parse = Callable[[str], Iterable[Metric]]
read_plain: Parse = plain.text_string_to_metric_families
read_modern: Parse = modern.text_string_to_metric_families


async def metrics(site: Site) -> Samples:
    _, _, text = await site.get("/metrics")
    found = (s for family in read_plain(text) for s in family.samples)
    return {(s.name, next(iter(s.labels.values()), "")): s.value for s in found}


async def families(site: Site) -> list[Metric]:
    _, _, text = await site.get("/metrics", OPEN_METRICS)
    return list(read_modern(text))


async def test_push_moves_what_was_accepted_and_stored(running: Site) -> None:
    before = await metrics(running)
    assert await running.push(1, readings=7) == 200
    assert await running.push(1, readings=7) == 200
    after = await metrics(running)
    assert before["banjun_pushes_accepted_total", ""] == 0
    assert after["banjun_pushes_accepted_total", ""] == 2
    assert after["banjun_batches_total", "stored"] == 1
    assert after["banjun_batches_total", "duplicate"] == 1
    assert after["banjun_readings_stored_total", ""] == 7
    assert after["banjun_journal_batches", ""] == 1
    assert after["banjun_agents_heard", ""] == after["banjun_agents_enrolled", ""] == 1
    assert after["banjun_commit_duration_seconds_count", ""] == 1
    assert after["banjun_commit_duration_seconds_bucket", "+Inf"] == 1
    assert 0 < after["banjun_commit_duration_seconds_sum", ""] < 5


async def test_rejected_batch_is_counted_beside_the_push_that_brought_it(running: Site) -> None:
    await running.push(1, ahead=3_600_000)
    after = await metrics(running)
    assert after["banjun_pushes_accepted_total", ""] == 1
    assert after["banjun_batches_total", "rejected"] == 1
    assert after["banjun_readings_stored_total", ""] == 0


async def test_refused_push_is_counted_by_its_reason_alone(running: Site) -> None:
    assert await running.push(1, authorization="Bearer nobody.key") == 401
    assert await running.push(1, school="9934000002") == 403
    after = await metrics(running)
    assert after["banjun_pushes_refused_total", "unknown_agent"] == 1
    assert after["banjun_pushes_refused_total", "wrong_school"] == 1
    assert after["banjun_pushes_refused_total", "revoked"] == 0
    assert after["banjun_pushes_accepted_total", ""] == 0


@pytest.mark.parametrize(
    ("limit", "reason", "refusal"),
    [
        ("PRAGMA query_only = 1", "other", "not_committed"),
        ("PRAGMA max_page_count = 1", "disk_full", "disk_full"),
    ],
)
async def test_failed_commit_is_counted_and_stores_nothing(
    running: Site, limit: str, reason: str, refusal: str
) -> None:
    running.sql(limit)
    # as large as a full disk needs to be felt
    assert await running.push(1, readings=5000) in (503, 507)
    after = await metrics(running)
    assert after["banjun_commit_failures_total", reason] == 1
    assert after["banjun_pushes_refused_total", refusal] == 1
    assert after["banjun_readings_stored_total", ""] == 0
    assert after["banjun_batches_total", "stored"] == 0
    assert after["banjun_commit_duration_seconds_count", ""] == 0


async def test_lost_readings_are_counted_once_and_over_a_restart(tmp_path: Path) -> None:
    gap = Gap(since=1, until=2, count=40, reason="disk_full", id="gap-1")
    async with site(tmp_path) as made:
        await made.push(1, gaps=[gap])
        await made.push(2, gaps=[gap])
        assert (await metrics(made))["banjun_readings_lost_total", ""] == 40
    async with site(tmp_path) as again:
        assert (await metrics(again))["banjun_readings_lost_total", ""] == 40


async def test_judging_shows_how_long_ago_and_how_long_it_took(running: Site) -> None:
    found: Samples = {}
    while ("banjun_judging_age_seconds", "") not in found:
        await asyncio.sleep(0.05)
        found = await metrics(running)
    assert 0 <= found["banjun_judging_age_seconds", ""] < 10
    assert 0 < found["banjun_judging_duration_seconds", ""] < 10


async def test_page_lists_exactly_what_is_exposed(running: Site) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| [^|]+ \| ([^|]+) \|$", _page(), re.M)
    told = {name: (kind, labels.strip("`–"), text) for name, kind, labels, text in rows}
    exposed = {}
    for family in await families(running):
        total = "_total" if family.type == "counter" else ""
        labels = {label for s in family.samples for label in s.labels} - {"le"}
        exposed[family.name + total] = (family.type, ", ".join(labels), family.documentation)
    assert told == exposed


async def test_no_name_of_an_agent_or_a_school_is_exposed(running: Site) -> None:
    await running.push(1)
    _, _, text = await running.get("/metrics")
    assert running.agent not in text
    assert "9934000001" not in text


async def test_form_follows_the_accept_header(running: Site) -> None:
    _, plain, text = await running.get("/metrics")
    _, modern, open_text = await running.get("/metrics", OPEN_METRICS)
    assert plain.startswith("text/plain; version=0.0.4")
    assert modern.startswith("application/openmetrics-text; version=1.0.0")
    assert open_text.endswith("# EOF\n")
    assert "# EOF" not in text


async def test_foreign_name_is_refused_on_loopback(running: Site) -> None:
    status, _, text = await running.get("/metrics", {"Host": "evil.example"})
    assert status == 421
    assert "banjun_" not in text


async def test_key_is_wanted_where_pages_want_it() -> None:
    def read() -> Figures:
        raise AssertionError("it looked before it asked")

    access = Access(AdminKey(KEY, pause=no_pause), open_pages=False)
    app = web.Application()
    app.add_routes(MetricsDoor(read, access).routes())
    async with TestClient(TestServer(app)) as client:
        for headers in ({}, {"Authorization": encode_basic_auth("banjun", "b" * 64)}):
            async with client.get("/metrics", headers=headers) as answer:
                assert answer.status == 401
                assert answer.headers["WWW-Authenticate"].startswith("Basic ")


async def test_engine_is_told_every_figure_that_was_promised(tmp_path: Path) -> None:
    async with serving(tmp_path) as (collector, _):
        found = collector.gauges.read().for_status()
    own = [f.name for f in PLATFORM.fields if not f.name.startswith("export_")]
    assert [name for name in own if name.removesuffix("_count") not in found] == []


async def test_scraper_configured_as_the_page_says_gets_in(tmp_path: Path) -> None:
    """With TLS and the admin key, by VictoriaMetrics, which reads Prometheus's configuration."""
    data = tmp_path / "data"
    folder = TlsFolder(data)
    folder.make(checked(["127.0.0.1"]), datetime.now(UTC))
    async with serving(data, host="0.0.0.0", public_url="https://127.0.0.1") as (collector, _):
        assert collector.gauges.read().certificate_until == folder.facts().until
        serves = json.loads((data / "serving.json").read_text())["url"].rpartition(":")[2]
        written = re.findall(r"```yaml\n(scrape_configs:.*?)```", _page(), re.S)[0]
        for said, here in {
            "/etc/prometheus/banjun.key": str(data / "admin.key"),
            "/etc/prometheus/banjun-ca.pem": str(folder.authority),
            "banjun.example.edu.cn:8421": f"127.0.0.1:{serves}",
            "scrape_interval: 30s": "scrape_interval: 1s",
        }.items():
            assert said in written
            written = written.replace(said, here)
        scraping = tmp_path / "scrape.yml"
        scraping.write_text(written)
        await asyncio.to_thread(_scraped, tmp_path, scraping)


def _scraped(folder: Path, configuration: Path) -> None:
    """Returns once the scraper has what it came for."""
    last: Mapping[str, Any] = {}
    with Victoria(folder, f"-promscrape.config={configuration}") as scraper:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            for last in json.loads(scraper.ask("/api/v1/targets"))["data"]["activeTargets"]:
                if last["health"] == "up" and last["lastSamplesScraped"] > len(FAMILIES):
                    return
            time.sleep(0.1)
    pytest.fail(f"not scraped: {last}")


def _page() -> str:
    return PAGE.read_text("utf-8")
