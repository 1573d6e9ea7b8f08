"""The inventory in a running collector: from a push to the page."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

from probes.wire import JSON, VERSION, Batch, Push, Record, encode
from tests.collector.served import SCHOOL, Site, site


async def push_a_beat(to: Site) -> int:
    now = time.time_ns() // 1_000_000
    beat = Record(probe="presence", at=now, target="local", values={"beat_count_total": 1.0})
    batch = Batch(session="session-1", seq=1, readings=[beat])
    fields = {"v": VERSION, "school": SCHOOL.code, "session": "session-1", "wall": now}
    body = encode(Push(batches=[batch], **fields), JSON)  # type: ignore[arg-type]
    headers = {"Content-Type": JSON, "Authorization": to._key}
    async with to._client.post(f"{to._url}/v1/push", data=body, headers=headers) as answer:
        return answer.status


async def test_agent_that_pushed_is_a_device_on_the_page_after_the_next_look(
    tmp_path: Path,
) -> None:
    async with site(tmp_path) as running:
        key = (tmp_path / "admin.key").read_text().strip()
        bearer = {"Authorization": f"Bearer {key}"}
        devices = running.collector.devices
        assert devices.inventory.of(SCHOOL.code) == ()
        assert await push_a_beat(running) == 200
        await asyncio.to_thread(running.collector.house.fill)
        await asyncio.to_thread(devices._gathering.gather)
        (found,) = devices.inventory.of(SCHOOL.code)
        assert (found.agent, found.kind.value) == (running.agent, "gateway")
        status, _, text = await running.get(f"/schools/{SCHOOL.code}/devices?lang=en", bearer)
        assert status == 200
        assert "It has an agent, whose role is gateway." in text
        _, _, shown = await running.get("/v1/status", bearer)
        assert json.loads(shown)["inventory_devices"] == 1
