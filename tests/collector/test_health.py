"""Readiness: what an unwell collector says to anybody who asks, and when it is well again."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from collector.api import health
from collector.api.health import Readiness
from collector.figures import Figures
from collector.store.commit_tally import CommitTally
from tests.collector.served import Site, serving, site

GIGABYTE = 1_000_000_000


async def ready(site: Site) -> tuple[int, list[str]]:
    status, _, text = await site.get("/readyz")
    return status, json.loads(text)["not_well"]


async def test_running_collector_is_ready_and_alive(tmp_path: Path) -> None:
    async with site(tmp_path) as running:
        assert await ready(running) == (200, [])
        assert (await running.get("/healthz"))[::2] == (200, "ok\n")


async def test_journal_that_cannot_be_written_is_named_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "FRESH_SECONDS", 0.0)
    async with site(tmp_path) as running:
        running.sql("PRAGMA query_only = 1")
        assert await ready(running) == (503, ["journal"])
        running.sql("PRAGMA query_only = 0")
        assert await ready(running) == (200, [])


async def test_failed_push_makes_it_unready_before_anything_is_tried(tmp_path: Path) -> None:
    async with site(tmp_path) as running:
        running.sql("PRAGMA max_page_count = 1")
        assert await running.push(1, readings=5000) == 507
        status, _, text = await running.get("/readyz")
        assert (status, json.loads(text)["not_well"]) == (503, ["journal"])
        assert "磁盘已满" in json.loads(text)["error_zh"]


async def test_many_questions_cost_one_write(tmp_path: Path) -> None:
    async with site(tmp_path) as running, asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(ready(running))
    assert sum(running.collector.committer.tally.by_duration) == 1


async def test_answer_holds_neither_path_nor_number(tmp_path: Path) -> None:
    async with site(tmp_path) as running:
        running.sql("PRAGMA query_only = 1")
        _, _, text = await running.get("/readyz")
    assert str(tmp_path) not in text
    assert not any(sign.isdigit() for sign in text)


@pytest.fixture
async def figures(tmp_path: Path) -> Figures:
    """With all well."""
    async with serving(tmp_path) as (collector, _):
        return replace(collector.gauges.read(), judging_age=1.0, disk_free_bytes=GIGABYTE)


def changed(figures: Figures, name: str, value: float) -> Figures:
    return replace(figures, **{name: value})  # type: ignore[arg-type]


def readiness(figures: Figures, now: float = 0.0) -> Readiness:
    """Of a collector that started at 0 and whose commits succeed."""
    commits, clock = CommitTally(), iter([0.0, now])

    async def try_out() -> None:
        commits.succeed(0, 0.001)

    return Readiness(lambda: figures, commits, try_out, 60.0, clock=lambda: next(clock))


@pytest.mark.parametrize(
    ("figure", "well", "unwell", "named"),
    [
        ("disk_free_bytes", health.LEAST_FREE_BYTES, health.LEAST_FREE_BYTES - 1, "disk"),
        ("judging_age", 600.0, 601.0, "judging"),
    ],
)
async def test_full_disk_and_late_judging_are_named(
    figures: Figures, figure: str, well: float, unwell: float, named: str
) -> None:
    assert await readiness(changed(figures, figure, well)).troubles() == []
    found = await readiness(changed(figures, figure, unwell)).troubles()
    assert [trouble.what for trouble in found] == [named]


async def test_first_judging_has_its_time_after_the_start(figures: Figures) -> None:
    starting = replace(figures, judging_age=None)
    assert await readiness(starting, 600.0).troubles() == []
    assert [t.what for t in await readiness(starting, 601.0).troubles()] == ["judging"]


async def test_write_that_does_not_end_is_named(
    figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.05)
    stuck = Readiness(lambda: figures, CommitTally(), asyncio.Event().wait, 60.0)  # type: ignore[arg-type]
    assert [t.what for t in await stuck.troubles()] == ["journal"]
